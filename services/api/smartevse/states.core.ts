import type { EvseFault, EvseState, EvseStatus } from "../../../shared/contracts/evse.ts";

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

/** Error ids: the highest set bit of the firmware's flags, counted from 1 (spec interfaces 0.3). */
const ERROR_TEXTS = [
  "None",
  "No Power Available",
  "Communication Error",
  "Temperature High",
  "EV Meter Comm Error",
  "RCM Tripped",
  "RCM Test",
  "Circuit Meter Comm Error",
] as const;
const OTHER_ERROR = { id: 9, text: "Multiple Errors" } as const;
const LESS_6A = 1;
const COMMUNICATION_ERROR = 2;

/** Clients compare with "None" only: a fault the firmware has no bit for must still be an error to them. */
const ERROR_IDS: Readonly<Record<EvseFault, number>> = {
  "no-current": LESS_6A,
  "mains-reading-lost": COMMUNICATION_ERROR,
  "board-lost": COMMUNICATION_ERROR,
  "settings-missing": COMMUNICATION_ERROR,
  "over-temperature": 3,
  "ev-meter-lost": 4,
  "rcm-trip": 5,
  "rcm-test-failed": 6,
  "circuit-reading-lost": 7,
  // Like NO_SUN of the firmware: no current, nothing broken.
  "solar-unavailable": 0,
  "pilot-invalid": OTHER_ERROR.id,
  "ventilation-unsupported": OTHER_ERROR.id,
  "diode-missing": OTHER_ERROR.id,
  "proximity-open": OTHER_ERROR.id,
  "contactor-weld": OTHER_ERROR.id,
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
  const errorId = believed && last !== null ? errorIdOf(last.faults) : COMMUNICATION_ERROR;
  const soft = errorId === 0 || errorId === LESS_6A;
  // A real error stands before it (spec control 7.1 R).
  const lacksPower = errorId === LESS_6A;
  const error = errorText(errorId);
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

function errorIdOf(faults: readonly EvseFault[]): number {
  return Math.max(0, ...faults.map(fault => ERROR_IDS[fault]));
}

function errorText(id: number): string {
  return ERROR_TEXTS[id] ?? OTHER_ERROR.text;
}
