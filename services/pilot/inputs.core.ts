import type { Instant } from "../../shared/time/clock.ts";
import { type Draft, noInputs, type PilotState } from "./state.core.ts";

/** Bytes may be lost, and a board that was reset has forgotten its pins: the question sets them up again. */
const ASK_AGAIN_MS = 1_000;
/** A sensor that tells nothing that can be true for this long is broken (spec control 7.3 R). */
const SENSOR_LOST_MS = 5_000;
/** MCP9700A: 500 mV at 0 degC, 10 mV/K (spec peripherals 3). */
const ZERO_MV = 500;
const MV_PER_K = 10;
/** What the sensor can tell; a broken wire is 0 mV or full scale. */
const LEAST_C = -40;
const MOST_C = 125;

/** Keeps asking for what hangs on the free pins. */
export function askInputs(draft: Draft, now: Instant): Draft {
  const { state } = draft;
  if (!state.fitted.inputs || state.phase !== "up" || now - state.inputs.askedAt < ASK_AGAIN_MS) return draft;
  return {
    state: { ...state, inputs: { ...state.inputs, askedAt: now } },
    outputs: [...draft.outputs, { kind: "send", command: { kind: "read-inputs" } }],
  };
}

export function hearSwitch(draft: Draft, closed: boolean): Draft {
  const { state } = draft;
  return { ...draft, state: { ...state, inputs: { ...state.inputs, switchClosed: closed } } };
}

/** A value that cannot be true is no value; the last one that can stays until the sensor counts as broken. */
export function hearTemperature(draft: Draft, milliV: number, now: Instant): Draft {
  const temperatureC = Math.round(milliV - ZERO_MV) / MV_PER_K;
  if (!(temperatureC >= LEAST_C && temperatureC <= MOST_C)) return draft;
  const { state } = draft;
  return { ...draft, state: { ...state, inputs: { ...state.inputs, temperatureC, plausibleAt: now } } };
}

/** What is believed of the inputs. */
export function inputsNow(
  state: PilotState,
  now: Instant,
): { readonly switchClosed: boolean | null; readonly temperatureC: number | null; readonly sensorBroken: boolean } {
  if (state.phase !== "up") return { switchClosed: null, temperatureC: null, sensorBroken: false };
  const { inputs, fitted } = state;
  const sensorBroken = fitted.temperature && now - inputs.plausibleAt >= SENSOR_LOST_MS;
  return {
    switchClosed: inputs.switchClosed,
    temperatureC: sensorBroken ? null : inputs.temperatureC,
    sensorBroken,
  };
}

/** A board that comes up is asked anew. */
export function forgetInputs(now: Instant): PilotState["inputs"] {
  return { ...noInputs, plausibleAt: now };
}
