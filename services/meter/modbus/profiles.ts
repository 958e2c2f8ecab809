/** First register of a value per terminal L1, L2, L3; null where the device has none. */
export type PhaseRegisters = readonly [number | null, number | null, number | null];

/** Order on the wire of the bytes of a 32-bit value, `a` the most significant; of 16 bits the order within a register. */
export type ByteOrder = "abcd" | "badc" | "cdab" | "dcba";
export type NumberType = "int16" | "int32" | "float32";

/** A meter as data. Register numbers are those on the wire, beginning at 0. */
export interface MeterProfile {
  /** Number of the type in MAINS MET and EV METER. */
  readonly typeId: number;
  /** Name of the type in the menu and on the REST face. */
  readonly label: string;
  readonly fn: 3 | 4;
  readonly byteOrder: ByteOrder;
  readonly numberType: NumberType;
  /** What the device gives at once. */
  readonly maxRegisters: number;
  readonly registers: {
    readonly currentA: PhaseRegisters;
    /** Null where the device has no power per phase; then the current's own sign counts. */
    readonly powerW: PhaseRegisters | null;
    /** Null where the total is the sum of the phases. */
    readonly totalPowerW: number | null;
    readonly importKWh: number | null;
    readonly exportKWh: number | null;
  };
  /** value = raw / 10^n, in A, W, kWh. */
  readonly divisors: { readonly currentA: number; readonly powerW: number; readonly energyKWh: number };
  /** Supply and load are exchanged: powers count the other way and import is what the device calls export. */
  readonly reversed: boolean;
}

/** SDM630, SDM72D-M v2, SDM54, X96-1A: currents are magnitudes, the direction is in the powers. */
const eastron3P: MeterProfile = {
  typeId: 4,
  label: "Eastron3P",
  fn: 4,
  byteOrder: "abcd",
  numberType: "float32",
  maxRegisters: 80,
  registers: {
    currentA: [0x06, 0x08, 0x0a],
    powerW: [0x0c, 0x0e, 0x10],
    totalPowerW: null,
    importKWh: 0x48,
    exportKWh: 0x4a,
  },
  divisors: { currentA: 0, powerW: 0, energyKWh: 0 },
  reversed: false,
};

/** The meters that can be read, in the order of the menu. */
export const meterProfiles: readonly MeterProfile[] = [
  {
    // EEM-350-D-MCB: signed currents, total power only, an import counter only.
    typeId: 2,
    label: "Phoenix C",
    fn: 4,
    byteOrder: "cdab",
    numberType: "int32",
    maxRegisters: 11,
    registers: {
      currentA: [0x0c, 0x0e, 0x10],
      powerW: null,
      totalPowerW: 0x28,
      importKWh: 0x3e,
      exportKWh: null,
    },
    divisors: { currentA: 3, powerW: 1, energyKWh: 1 },
    reversed: false,
  },
  eastron3P,
  { ...eastron3P, typeId: 5, label: "InvEastrn", reversed: true },
];

/** The row of a type number; undefined for types that cannot be read. */
export function profileOf(typeId: number): MeterProfile | undefined {
  return meterProfiles.find(profile => profile.typeId === typeId);
}
