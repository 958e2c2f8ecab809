import type { Mounting } from "../../services/meter/meter.port.ts";

/** Values with the unit in their names, or why there are none. */
export type DecodedLine = Readonly<Record<string, unknown>>;

/** Frames are decoded as the meter counts, whatever the cabinet it sits in. */
export const STRAIGHT: Mounting = { reversed: false, phaseRotation: ["l1", "l2", "l3"] };

export function rejected(reason: string): DecodedLine {
  return { reject: true, reason };
}
