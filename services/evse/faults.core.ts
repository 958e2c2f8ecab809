import { type EvseFault, FAULTS } from "../../shared/contracts/fault.ts";
import { SAMPLE_LIFETIME_MS } from "../../shared/contracts/meter.ts";
import type { BoardFault } from "../../shared/contracts/pilot.ts";
import type { BoundBy } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { lockStuck } from "./lock.core.ts";
import type { EvseCoreState } from "./state.core.ts";
import { ALLOCATION_LIFETIME_MS, BOARD_LIFETIME_MS, BURNING_K, DIODE_MISSING_MS, PLUG_OPEN_MS } from "./timing.core.ts";
import { mustWait } from "./tries.core.ts";

/** Board faults that a charge point shows under its own name; the others heal by themselves within a second. */
const FROM_BOARD: Readonly<Partial<Record<BoardFault, EvseFault>>> = {
  "rcm-trip": "rcm-trip",
  "rcm-line": "rcm-trip",
  "contactor-weld": "contactor-weld",
  "wrong-firmware": "board-lost",
  "temperature-sensor": "temperature-sensor",
};

/** Whether the board answers and is the right one. */
export function boardIsUp(state: EvseCoreState, now: Instant): boolean {
  return state.sensed !== null && state.sensed.value.link === "up" && now - state.sensed.at <= BOARD_LIFETIME_MS;
}

/** Everything that is wrong now, each by its code. */
export function faultsOf(state: EvseCoreState, now: Instant): readonly EvseFault[] {
  const faults = new Set<EvseFault>();
  if (state.settings === null) faults.add("settings-missing");
  if (!boardIsUp(state, now)) faults.add("board-lost");
  for (const fault of state.sensed?.value.faults ?? []) {
    const own = FROM_BOARD[fault];
    if (own !== undefined) faults.add(own);
  }
  if (state.rcm.trip !== null) faults.add("rcm-trip");
  if (rcmTestFailed(state, now)) faults.add("rcm-test-failed");
  if (mustWait(state.contactorTries, now)) faults.add("contactor-stuck-open");
  if (mustWait(state.overdrawTries, now)) faults.add("over-current");
  const stuck = lockStuck(state);
  if (stuck !== null) faults.add(stuck);
  if (state.hot) faults.add("over-temperature");
  if (state.pilotFault) faults.add("pilot-invalid");
  if (state.ventilationRefused) faults.add("ventilation-unsupported");
  if (state.plugOpenSince !== null && now - state.plugOpenSince >= PLUG_OPEN_MS) faults.add("proximity-open");
  if (state.diodeMissingSince !== null && now - state.diodeMissingSince >= DIODE_MISSING_MS)
    faults.add("diode-missing");
  if (evMeterIsLost(state, now)) faults.add("ev-meter-lost");
  const refused = refusal(state, now);
  if (refused === "mains-silent") faults.add("mains-reading-lost");
  else if (refused === "circuit-silent") faults.add("circuit-reading-lost");
  else if (refused === "ev-meter-silent") faults.add("ev-meter-lost");
  else if (refused === "mode-unavailable") faults.add("solar-unavailable");
  else if (refused !== null && isShort(refused)) faults.add("no-current");
  return [...faults];
}

/** Told, but no obstacle of its own: the balancer withholds the current, or the board keeps the contactor open without a diode. */
export function blocks(fault: EvseFault): boolean {
  return FAULTS[fault].effect !== "told";
}

/** The point's own tests decide where RCMON is on; a latch of the board that nothing here set needs a person. */
function rcmTestFailed({ settings, sensed, rcmTries }: EvseCoreState, now: Instant): boolean {
  if (settings?.rcmMonitor === true) return mustWait(rcmTries, now);
  return sensed?.value.faults.includes("rcm-test-failed") === true;
}

/** Why the balancer refuses current at this moment; null when it does not, or is silent. */
function refusal(state: EvseCoreState, now: Instant): BoundBy | null {
  const { allocation } = state;
  if (allocation === null || now - allocation.at > ALLOCATION_LIFETIME_MS || allocation.value.limitA > 0) return null;
  return allocation.value.boundBy;
}

/** A limit that says: not even the minimum is left. */
function isShort(boundBy: BoundBy): boolean {
  return (
    /^(mains|circuit|limit)\./.test(boundBy) || boundBy === "capacity" || boundBy === "peak" || boundBy === "grid-relay"
  );
}

/** A configured EV meter that has said nothing for 64 s of a car's visit (spec control 8); Normal does not need it. */
function evMeterIsLost(state: EvseCoreState, now: Instant): boolean {
  const { settings, connectedAt, draw } = state;
  if (settings?.evMeter !== true || settings.mode === "normal" || connectedAt === null) return false;
  return now - Math.max(connectedAt, draw?.at ?? connectedAt) > SAMPLE_LIFETIME_MS.ev;
}

/** Something that must not wait for the car to stop drawing. */
export function mustOpenAtOnce(state: EvseCoreState, now: Instant): boolean {
  const temperatureC = state.sensed?.value.temperatureC ?? null;
  const burning =
    state.settings !== null && temperatureC !== null && temperatureC >= state.settings.maxTemperatureC + BURNING_K;
  return burning || faultsOf(state, now).some(fault => FAULTS[fault].effect === "opens");
}
