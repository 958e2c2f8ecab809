import type { EvseFault } from "../../shared/contracts/evse.ts";
import type { BoardFault } from "../../shared/contracts/pilot.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { EvseCoreState } from "./state.core.ts";
import { BOARD_LIFETIME_MS, DIODE_MISSING_MS, PLUG_OPEN_MS } from "./timing.core.ts";

/** Board faults that a charge point shows under its own name; the others heal by themselves within a second. */
const FROM_BOARD: Readonly<Partial<Record<BoardFault, EvseFault>>> = {
  "rcm-trip": "rcm-trip",
  "rcm-line": "rcm-trip",
  "rcm-test-failed": "rcm-test-failed",
  "contactor-weld": "contactor-weld",
  "wrong-firmware": "board-lost",
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
  if (state.hot) faults.add("over-temperature");
  if (state.pilotFault) faults.add("pilot-invalid");
  if (state.ventilationRefused) faults.add("ventilation-unsupported");
  if (state.plugOpenSince !== null && now - state.plugOpenSince >= PLUG_OPEN_MS) faults.add("proximity-open");
  if (state.diodeMissingSince !== null && now - state.diodeMissingSince >= DIODE_MISSING_MS)
    faults.add("diode-missing");
  if (state.settings?.mode === "solar") faults.add("solar-unavailable");
  return [...faults];
}

/** A missing diode keeps the contactor open by itself; it is told, but the offer stays, so that the next car state is seen. */
export function blocks(fault: EvseFault): boolean {
  return fault !== "diode-missing";
}

/** Faults that must not wait for the car to stop drawing. */
export function opensAtOnce(fault: EvseFault): boolean {
  return fault === "rcm-trip" || fault === "contactor-weld" || fault === "board-lost" || fault === "pilot-invalid";
}
