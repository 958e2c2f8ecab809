/** What a register holds. Energies in Wh, power in W, current in A, voltage in V, frequency in Hz. */
export const QUANTITIES = [
  "voltageL1",
  "voltageL2",
  "voltageL3",
  "currentL1",
  "currentL2",
  "currentL3",
  "powerL1",
  "powerL2",
  "powerL3",
  "totalPower",
  "importPower",
  "exportPower",
  "frequency",
  "importEnergy",
  "exportEnergy",
  "totalEnergy",
  "importEnergyL1",
  "importEnergyL2",
  "importEnergyL3",
  "exportEnergyL1",
  "exportEnergyL2",
  "exportEnergyL3",
] as const;
export type Quantity = (typeof QUANTITIES)[number];

type PhaseFamily = "voltage" | "current" | "power" | "importEnergy" | "exportEnergy";
type Total = Exclude<Quantity, `${PhaseFamily}L${1 | 2 | 3}`>;

export type NumberType = "int16" | "uint16" | "int32" | "uint32" | "int64" | "uint64" | "float32" | "float64";
/** Order on the wire of the bytes of a 32-bit value, `a` the most significant; of 16 bits the order within a register. */
export type ByteOrder = "abcd" | "badc" | "cdab" | "dcba";

/**
 * What the number is multiplied with to give V, A, W, Wh or Hz; or the register that holds the power of ten.
 * `otherwise` is the exponent where that register was not read.
 */
export type Scale = number | { readonly exponentAt: number; readonly otherwise?: number };

/** One register per phase L1, L2, L3, or one for the whole. Numbers are those on the wire, beginning at 0. */
export type RegisterRow =
  | readonly [family: PhaseFamily, addresses: readonly number[], type: NumberType, scale: Scale]
  | readonly [total: Total, address: number, type: NumberType, scale: Scale];

/** A make of meter: everything that is known about it. Adding a make is adding a row. */
export interface MeterRow {
  /** Name in site files. */
  readonly key: string;
  readonly name: string;
  /** What SmartEVSE calls it: the key of its table, the number and the text of the menu; null = not in its menu. */
  readonly smartevse?: { readonly key: string; readonly id: number | null; readonly label: string };
  readonly fn: 3 | 4;
  readonly phases: 1 | 3;
  /** Whether the current registers tell the direction. Where a phase power is known, that one tells it anyway. */
  readonly current: "magnitude" | "signed";
  /** -1: the device counts power towards the grid as positive. */
  readonly powerSign?: -1;
  /** Most significant byte and word first unless said otherwise. */
  readonly byteOrder?: ByteOrder;
  /** How it comes from the factory; 9600 8N1 unless said otherwise. */
  readonly serial?: string;
  /** What the device gives at once. */
  readonly maxRegisters?: number;
  /** So many registers between two wanted ones may be read across; the device has them all. */
  readonly bridge?: number;
  /** Made to be mounted with supply and load exchanged: directions turn round, import and export change places. */
  readonly reversed?: boolean;
  readonly registers: readonly RegisterRow[];
  readonly notes?: readonly string[];
}
