import type { EvseFault } from "../../shared/contracts/fault.ts";
import type { LedSignal, Rgb } from "../../shared/contracts/pilot.ts";
import type { RfidRead } from "../../shared/contracts/rfid.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { PointSettings } from "./evse.config.ts";
import { blocks, faultsOf } from "./faults.core.ts";
import type { EvseCoreState } from "./state.core.ts";

const BLACK: Rgb = [0, 0, 0];
const RED: Rgb = [255, 0, 0];
const GREEN: Rgb = [0, 255, 0];
const BLUE: Rgb = [0, 0, 255];
const GREY: Rgb = [128, 128, 128];
/** A waiting point in the public scheme. */
const ORANGE: Rgb = [255, 127, 0];
/** Ready, no car: a glow. */
const READY = 40 / 255;
/** What a card did is shown for a moment (spec control 10.4). */
const CARD_READ_MS = 200;
const CARD_ACCEPTED_MS = 1_000;
const CARD_REJECTED_MS = 2_000;

/** What a person must look at; the firmware's own, and what it does not know of. */
const ALARMS: ReadonlySet<EvseFault> = new Set([
  "rcm-trip",
  "mains-reading-lost",
  "ev-meter-lost",
  "circuit-reading-lost",
  "over-temperature",
  "temperature-sensor",
  "contactor-weld",
  "contactor-stuck-open",
  "over-current",
  "lock-failed",
  "pilot-invalid",
]);

/** What the LED of this point shows: the first of these rules that fits (spec control 10.4). */
export function ledOf(state: EvseCoreState, now: Instant): LedSignal {
  const { settings } = state;
  if (settings === null) return steady(BLACK);
  const faults = faultsOf(state, now);
  if (faults.some(fault => ALARMS.has(fault))) return { rgb: RED, pattern: "alarm" };
  const open = settings.access !== "off";
  if (!open && settings.customFlag) return steady(settings.colours.custom);
  if (settings.ledScheme === "public") return publicSignal(state, settings, faults, now);
  if (!open) return steady(settings.colours.off);
  const colour = settings.customFlag ? settings.colours.custom : settings.colours[settings.mode];
  if (waits(state, faults, now)) return { rgb: colour, pattern: "blink" };
  return byState(state, colour, colour, settings.mode === "solar" ? "breathe-slow" : "breathe");
}

/** For points that anybody may use: colours tell the state, not the mode. */
function publicSignal(
  state: EvseCoreState,
  settings: PointSettings,
  faults: readonly EvseFault[],
  now: Instant,
): LedSignal {
  const card = cardSignal(state, now);
  if (card !== null) return card;
  if (settings.access !== "off" && waits(state, faults, now)) return { rgb: ORANGE, pattern: "blink" };
  return byState(state, GREEN, BLUE, "breathe");
}

function cardSignal({ lastCard }: EvseCoreState, now: Instant): LedSignal | null {
  if (lastCard === null) return null;
  const passedMs = now - lastCard.at;
  if (passedMs < CARD_READ_MS) return steady(GREY);
  switch (verdictOf(lastCard.value)) {
    case "accepted":
      return passedMs < CARD_ACCEPTED_MS ? steady(GREEN) : null;
    case "rejected":
      return passedMs < CARD_REJECTED_MS ? steady(RED) : null;
    case "none":
      return null;
  }
}

function verdictOf(outcome: RfidRead["outcome"]): "accepted" | "rejected" | "none" {
  switch (outcome) {
    case "granted":
    case "stored":
    case "deleted":
      return "accepted";
    case "ended":
    case "ignored":
    case "unknown":
    case "already-stored":
    case "not-stored":
    case "full":
    case "directory-away":
      return "rejected";
    case "forwarded":
    case "disabled":
      return "none";
  }
}

/** Something is in the way, or a delay runs. */
function waits(state: EvseCoreState, faults: readonly EvseFault[], now: Instant): boolean {
  return faults.some(fault => blocks(fault) || fault === "no-current") || now < state.chargeDelayUntil;
}

function byState(state: EvseCoreState, idle: Rgb, busy: Rgb, charging: LedSignal["pattern"]): LedSignal {
  switch (state.state) {
    case "A":
      return steady([dim(idle[0]), dim(idle[1]), dim(idle[2])]);
    case "B1":
    case "B2":
    case "activate":
    case "C1":
      return steady(busy);
    case "C2":
      return { rgb: busy, pattern: charging };
  }
}

function dim(part: number): number {
  return Math.round(part * READY);
}

function steady(rgb: Rgb): LedSignal {
  return { rgb, pattern: "steady" };
}
