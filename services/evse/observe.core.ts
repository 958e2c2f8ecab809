import type { CpState } from "../../shared/contracts/pilot.ts";
import { cableCapacityA } from "../../shared/iec61851/proximity.ts";
import { C_DEBOUNCE_MS } from "../../shared/iec61851/timing.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { boardIsUp } from "./faults.core.ts";
import { startSession } from "./session.core.ts";
import type { EvseCoreState } from "./state.core.ts";
import { CP_RECONNECT_MS, PILOT_FAULT_MS, RESUME_BELOW_C } from "./timing.core.ts";

/** Brings what is sensed into the state: the believed pilot class, the car, the cable, the temperature. */
export function observe(state: EvseCoreState, now: Instant): EvseCoreState {
  return observeTemperature(observePlug(observePilot(endCut(state), now), now));
}

/** The pilot shows power is asked for, long enough to be meant (spec control 1.5). */
export function asksPower(state: EvseCoreState, now: Instant): boolean {
  return state.connectedAt !== null && state.cp === "C" && now - state.cpSince >= C_DEBOUNCE_MS;
}

/** A car is there: 9 V at once, or 6 V that lasts (simplified test boxes never show 9 V; spec control 1.9-3). */
export function isCarClass(cp: CpState): boolean {
  return cp === "B" || cp === "C" || cp === "D";
}

/** A cut is over when the board has been heard since: what it told before that is the open line, and would be an unplugging. */
function endCut(state: EvseCoreState): EvseCoreState {
  const { cpCutUntil, sensed } = state;
  const over = cpCutUntil !== null && sensed !== null && sensed.at >= cpCutUntil + CP_RECONNECT_MS;
  return over ? { ...state, cpCutUntil: null } : state;
}

function observePilot(state: EvseCoreState, now: Instant): EvseCoreState {
  // While the line is cut or driven to -12 V, the pilot shows nothing of the car; a lost board shows nothing at all.
  if (state.cpCutUntil !== null || state.state === "activate" || state.sensed === null || !boardIsUp(state, now))
    return state;
  const { cp: shown, openedLocally } = state.sensed.value;
  const openedSince = openedLocally ? (state.openedSince ?? now) : null;
  const changed = { ...state, openedSince, ...(shown === state.cp ? {} : { cp: shown, cpSince: now }) };
  const strange = changed.cp === "invalid" || changed.cp === "E" || changed.cp === "F";
  const pilotFault = strange && now - changed.cpSince >= PILOT_FAULT_MS;
  // 3 V: the car wants ventilation, which no point here has (spec control 1.9-1); refused until it leaves.
  const ventilationRefused =
    changed.ventilationRefused || (changed.cp === "D" && now - changed.cpSince >= PILOT_FAULT_MS);
  return { ...changed, pilotFault, ventilationRefused };
}

function observePlug(state: EvseCoreState, now: Instant): EvseCoreState {
  const { sensed } = state;
  let next = state;
  if (next.connectedAt === null && isCarClass(next.cp)) {
    next = { ...next, connectedAt: now, session: startSession(now + next.civilOffsetMs, now) };
  }
  if (next.connectedAt === null || sensed === null || next.settings === null || !boardIsUp(next, now)) return next;
  if (next.settings.outlet === "fixed") return { ...next, cableA: null, plugOpenSince: null, ...diodeOf(next, now) };
  const cableA = cableCapacityA(sensed.value.ppOhm);
  const plugOpenSince = cableA === null ? (next.plugOpenSince ?? now) : null;
  return { ...next, cableA: cableA ?? next.cableA, plugOpenSince, ...diodeOf(next, now) };
}

/** Since when the car has asked for power without showing its diode. */
function diodeOf(state: EvseCoreState, now: Instant): Pick<EvseCoreState, "diodeMissingSince"> {
  const offered = state.state === "B2" || state.state === "C2";
  const missing = offered && state.cp === "C" && state.sensed?.value.diodeSeen === false;
  return { diodeMissingSince: missing ? (state.diodeMissingSince ?? now) : null };
}

/** Stops at MAX TEMP, resumes at 55 degC or 10 below it, whichever is lower (spec control 7.3 R). */
function observeTemperature(state: EvseCoreState): EvseCoreState {
  const temperatureC = state.sensed?.value.temperatureC ?? null;
  if (temperatureC === null || state.settings === null) return state;
  const { maxTemperatureC } = state.settings;
  const hot = state.hot
    ? temperatureC > Math.min(RESUME_BELOW_C, maxTemperatureC - 10)
    : temperatureC >= maxTemperatureC;
  return hot === state.hot ? state : { ...state, hot };
}
