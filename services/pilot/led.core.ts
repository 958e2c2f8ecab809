import type { LedSignal, Rgb } from "../../shared/contracts/pilot.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { type Draft, freshGrant } from "./state.core.ts";

/** The patterns' periods (spec control 10.4). `alarm` is a multiple of the 50 ms in which the pilot steps. */
const ALARM_MS = 200;
const BLINK_MS = 1_280;
const BREATHE_MS = 1_280;
const BREATHE_SLOW_MS = 2_560;
/** Of a blink's period, the part that is lit. */
const LIT_OF_BLINK = 0.1;
/** A lost byte is not noticed otherwise; nor is one of the pins' modes, whose repetition shows as a flicker. */
const LIGHT_AGAIN_MS = 1_000;
const SET_UP_AGAIN_MS = 10_000;
const OFF: LedSignal = { rgb: [0, 0, 0], pattern: "steady" };

/** Brings the LED to what its signal shows at this moment. */
export function lightLed(draft: Draft, now: Instant): Draft {
  const { state } = draft;
  if (!state.fitted.led || state.phase !== "up") return draft;
  const rgb = shownAt(freshGrant(state, now)?.led ?? OFF, now);
  const { led } = state;
  const same = led !== null && led.value.every((part, index) => part === rgb[index]);
  if (same && now - led.at < LIGHT_AGAIN_MS) return draft;
  const setUp = led === null || now - led.setUpAt >= SET_UP_AGAIN_MS;
  return {
    state: { ...state, led: { value: rgb, at: now, setUpAt: setUp ? now : led.setUpAt } },
    outputs: [...draft.outputs, { kind: "send", command: { kind: "light", rgb, setUp } }],
  };
}

/** The colour of a signal at an instant. */
export function shownAt({ rgb, pattern }: LedSignal, now: Instant): Rgb {
  const [red, green, blue] = rgb;
  const share = shareOf(pattern, now);
  return [Math.round(red * share), Math.round(green * share), Math.round(blue * share)];
}

function shareOf(pattern: LedSignal["pattern"], now: Instant): number {
  switch (pattern) {
    case "steady":
      return 1;
    case "alarm":
      return phaseOf(now, ALARM_MS) < 0.5 ? 1 : 0;
    case "blink":
      return phaseOf(now, BLINK_MS) < LIT_OF_BLINK ? 1 : 0;
    case "breathe":
      return breath(phaseOf(now, BREATHE_MS));
    case "breathe-slow":
      return breath(phaseOf(now, BREATHE_SLOW_MS));
  }
}

function phaseOf(now: Instant, periodMs: number): number {
  return (now % periodMs) / periodMs;
}

/** Full brightness, down to none, and up again: a triangle, eased at both ends. */
function breath(phase: number): number {
  const triangle = Math.abs(1 - 2 * phase);
  return triangle < 0.5 ? 2 * triangle * triangle : 1 - 2 * (1 - triangle) * (1 - triangle);
}
