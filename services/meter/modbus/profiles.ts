import type { ByteOrder, MeterRow, NumberType, Quantity, RegisterRow, Scale } from "./meter-row.ts";
import { metersAToC } from "./rows/a-c.ts";
import { metersDToE } from "./rows/d-e.ts";
import { metersFToN } from "./rows/f-n.ts";
import { metersOToZ } from "./rows/o-z.ts";
import { metersOfSmartevse } from "./rows/smartevse.ts";

const rows = [...metersAToC, ...metersDToE, ...metersFToN, ...metersOToZ, ...metersOfSmartevse] as const;

/** Every make of meter there is a row for. */
export type MeterKey = (typeof rows)[number]["key"];

export interface Register {
  readonly quantity: Quantity;
  readonly address: number;
  readonly type: NumberType;
  readonly scale: Scale;
}

/** A meter as data, its row spelled out. */
export interface MeterProfile {
  readonly key: string;
  /** Name of the type in the menu and on the REST face; for others the key. */
  readonly label: string;
  readonly name: string;
  /** Number of the type in MAINS MET and EV METER; null where the menu has none. */
  readonly typeId: number | null;
  readonly fn: 3 | 4;
  readonly phases: 1 | 3;
  readonly current: "magnitude" | "signed";
  readonly powerSign: 1 | -1;
  readonly byteOrder: ByteOrder;
  readonly maxRegisters: number;
  readonly bridge: number;
  readonly reversed: boolean;
  readonly registers: readonly Register[];
  /** A register that says that the map is still where it was found; read with the currents. */
  readonly mark?: { readonly address: number; readonly word: number };
}

/** Registers a reply can hold (Modbus application protocol 6.3). */
const MOST_REGISTERS = 125;

/** The rows of the table, as they stand there. */
export const meterRows: readonly MeterRow[] = rows;

/** The meters of the table, by key. */
export const meterProfiles: readonly MeterProfile[] = meterRows.map(spelledOut);

/** The row of a type number of the menu; undefined where that is no meter of the table. */
export function profileOf(typeId: number): MeterProfile | undefined {
  return meterProfiles.find(profile => profile.typeId === typeId);
}

/** The row of a key, or of a text of the menu. */
export function profileNamed(name: string): MeterProfile | undefined {
  return meterProfiles.find(({ key }) => key === name) ?? meterProfiles.find(({ label }) => label === name);
}

/** A row with its defaults and one register per quantity. */
export function spelledOut(row: MeterRow): MeterProfile {
  return {
    key: row.key,
    label: row.smartevse?.label ?? row.key,
    name: row.name,
    typeId: row.smartevse?.id ?? null,
    fn: row.fn,
    phases: row.phases,
    current: row.current,
    powerSign: row.powerSign ?? 1,
    byteOrder: row.byteOrder ?? "abcd",
    maxRegisters: row.maxRegisters ?? MOST_REGISTERS,
    bridge: row.bridge ?? 0,
    reversed: row.reversed ?? false,
    registers: row.registers.flatMap(registersOf),
  };
}

function registersOf(row: RegisterRow): readonly Register[] {
  const [what, at, type, scale] = row;
  if (typeof at === "number") return [{ quantity: what as Quantity, address: at, type, scale }];
  return at.map((address, index) => ({ quantity: `${what}L${index + 1}` as Quantity, address, type, scale }));
}
