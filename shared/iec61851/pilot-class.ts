import type { CpState } from "../contracts/pilot.ts";

/** Bands of the control pilot's high part (IEC 61851-1 table A.2): nominal 12, 9, 6, 3 and 0 V, each +-1 V. */
export function classifyHighV(highV: number): CpState {
  if (!Number.isFinite(highV)) return "invalid";
  if (highV >= 10.5) return "A";
  if (highV >= 7.5) return "B";
  if (highV >= 4.5) return "C";
  if (highV >= 1.5) return "D";
  if (highV >= -1.5) return "E";
  return highV <= -10 ? "F" : "invalid";
}

/** The car's diode keeps the low part at -12 V (+-1 V); above -10 V it is missing or bridged (spec firmata-board 4). */
export const DIODE_LOW_MAX_V = -10;
