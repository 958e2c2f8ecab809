import type { EvseState, EvseStatus } from "../../../shared/contracts/evse.ts";
import { ERROR_ID, ERROR_TEXTS, type EvseFault, FAULTS } from "../../../shared/contracts/fault.ts";

/** Charging states as the firmware numbers and names them (spec interfaces 0.2). */
const STATES: Readonly<
  Record<EvseState, { readonly id: number; readonly text: string; readonly iec: string; readonly sub: string }>
> = {
  A: { id: 0, text: "Ready to Charge", iec: "A", sub: "A" },
  B2: { id: 1, text: "Connected to EV", iec: "B", sub: "B2" },
  C2: { id: 2, text: "Charging", iec: "C", sub: "C2" },
  activate: { id: 8, text: "Activate", iec: "B", sub: "B" },
  B1: { id: 9, text: "Charging Stopped", iec: "B", sub: "B1" },
  C1: { id: 10, text: "Stop Charging", iec: "C", sub: "C1" },
};

export interface LegacyState {
  readonly carConnected: boolean;
  readonly state: string;
  readonly stateId: number;
  readonly error: string;
  readonly errorId: number;
  readonly iec: string;
  readonly substate: string;
  readonly chargingEnabled: boolean;
}

/**
 * State and error as a SmartEVSE would tell them. `last` is what the charge point last said, `believed` whether that
 * still holds: a silent point offers nothing that we know of, and that is a communication error.
 */
export function legacyState(last: EvseStatus | null, believed: boolean): LegacyState {
  const state: EvseState = last === null ? "A" : believed ? last.state : last.carConnected ? "B1" : "A";
  const { id, text, iec, sub } = STATES[state];
  const errorId = believed && last !== null ? errorIdOf(last.faults) : ERROR_ID.communication;
  const soft = errorId === 0 || errorId === ERROR_ID.less6A;
  // A real error stands before it (spec control 7.1 R).
  const lacksPower = errorId === ERROR_ID.less6A || (errorId === 0 && believed && last !== null && waitsForSun(last));
  const error = lacksPower ? ERROR_TEXTS[ERROR_ID.less6A] : errorText(errorId);
  return {
    carConnected: last?.carConnected ?? false,
    // While power is short, REST tells it in the state and not as an error (spec interfaces 0.3).
    state: lacksPower ? `${text} - ${error}` : text,
    stateId: id,
    error: lacksPower ? "None" : error,
    errorId: lacksPower ? 0 : errorId,
    iec: soft ? iec : "E",
    substate: soft ? sub : "E",
    chargingEnabled: state === "C2" || state === "C1",
  };
}

/** To the firmware, too little sun is a lack of power like any other. */
function waitsForSun({ carConnected, access, offerA, boundBy }: EvseStatus): boolean {
  const sun = boundBy === "solar" || boundBy === "solar-start" || boundBy === "solar-stop";
  return sun && carConnected && access === "on" && offerA === 0;
}

function errorIdOf(faults: readonly EvseFault[]): number {
  return Math.max(0, ...faults.map(fault => FAULTS[fault].errorId));
}

function errorText(id: number): string {
  return ERROR_TEXTS[id] ?? ERROR_TEXTS[ERROR_ID.none];
}
