import type { ByteOrder, NumberType, Quantity } from "./meter-row.ts";
import { widthOf } from "./numbers.core.ts";
import type { MeterProfile, Register } from "./profiles.ts";

/** A value of a custom meter: its first register on the wire, and the power of ten by which the number is divided. */
export interface CustomValue {
  readonly register: number;
  readonly divisor: number;
}

/** The meter that is described by the settings emcustom_*. */
export interface CustomMeter {
  readonly byteOrder: ByteOrder;
  readonly type: NumberType;
  readonly fn: 3 | 4;
  readonly current: CustomValue;
  /** Null where it is not read. */
  readonly voltage: CustomValue | null;
  readonly totalPower: CustomValue | null;
  readonly importEnergy: CustomValue | null;
}

/** In the order of the setting BYTE ORD. */
export const CUSTOM_BYTE_ORDERS = ["dcba", "badc", "cdab", "abcd"] as const satisfies readonly ByteOrder[];
/** In the order of the setting DATA TYPE. */
export const CUSTOM_TYPES = ["int32", "float32", "int16"] as const satisfies readonly NumberType[];

/** Registers a reply can hold (Modbus application protocol 6.3). */
const MOST_REGISTERS = 125;

/** A custom meter as a row of the table: the three phases follow each other, the current register is signed. */
export function customProfile({ byteOrder, type, fn, ...values }: CustomMeter): MeterProfile {
  const one = (quantity: Quantity, value: CustomValue | null, times: number): readonly Register[] =>
    value === null ? [] : [{ quantity, address: value.register, type, scale: times * 10 ** -value.divisor }];
  const perPhase = (family: "current" | "voltage", value: CustomValue | null): readonly Register[] =>
    value === null
      ? []
      : [0, 1, 2].flatMap(index =>
          one(`${family}L${index + 1}` as Quantity, { ...value, register: value.register + index * widthOf(type) }, 1),
        );
  return {
    key: "custom",
    label: "Custom",
    name: "Custom meter",
    typeId: 19,
    fn,
    phases: 3,
    current: "signed",
    powerSign: 1,
    byteOrder,
    maxRegisters: MOST_REGISTERS,
    bridge: 0,
    reversed: false,
    registers: [
      ...perPhase("voltage", values.voltage),
      ...perPhase("current", values.current),
      ...one("totalPower", values.totalPower, 1),
      // The setting means kWh.
      ...one("importEnergy", values.importEnergy, 1_000),
    ],
  };
}
