import type { NumberType, Quantity } from "./meter-row.ts";
import { numberIn, widthOf } from "./numbers.core.ts";
import type { MeterProfile, Register } from "./profiles.ts";
import type { Words } from "./registers.core.ts";

/** Name of the type in site files, and on faces. */
export const SUNSPEC = { key: "sunspec", label: "SunSpec" } as const;

/** Where the map may begin, and what stands there: "SunS" (SunSpec information model specification 4.2). */
export const SUNSPEC_BASES: readonly number[] = [40_000, 50_000, 0];
export const SUNSPEC_MARK: readonly [number, number] = [0x5375, 0x6e53];
export const END_OF_CHAIN = 0xffff;

/** The common model names the maker: 16 registers of text after model id and length. */
export const COMMON_MODEL = 1;
export const MAKER = { offset: 2, registers: 16 } as const;

/** Meters: single phase, split phase, wye, delta; with scale factors, or as floats. */
const INTEGER_METERS: readonly number[] = [201, 202, 203, 204];
const FLOAT_METERS: readonly number[] = [211, 212, 213, 214];

/** Points by their distance from the model id (meter models 201..204). */
const INTEGER_POINTS: readonly (readonly [Quantity, number, NumberType, exponentAt: number])[] = [
  ["currentL1", 3, "int16", 6],
  ["currentL2", 4, "int16", 6],
  ["currentL3", 5, "int16", 6],
  ["voltageL1", 8, "int16", 15],
  ["voltageL2", 9, "int16", 15],
  ["voltageL3", 10, "int16", 15],
  ["frequency", 16, "int16", 17],
  ["totalPower", 18, "int16", 22],
  ["powerL1", 19, "int16", 22],
  ["powerL2", 20, "int16", 22],
  ["powerL3", 21, "int16", 22],
  ["exportEnergy", 38, "uint32", 54],
  ["importEnergy", 46, "uint32", 54],
];
/** The same of models 211..214: every point a float32. */
const FLOAT_POINTS: readonly (readonly [Quantity, number])[] = [
  ["currentL1", 4],
  ["currentL2", 6],
  ["currentL3", 8],
  ["voltageL1", 12],
  ["voltageL2", 14],
  ["voltageL3", 16],
  ["frequency", 26],
  ["totalPower", 28],
  ["powerL1", 30],
  ["powerL2", 32],
  ["powerL3", 34],
  ["exportEnergy", 60],
  ["importEnergy", 68],
];
/** Registers of a meter model that hold what is wanted here. */
export const METER_MODEL_REGISTERS = 76;
/** A model is there as a whole, so its gaps may be read across. */
const BRIDGE = 12;
const MOST_REGISTERS = 125;

export function isMeterModel(id: number): boolean {
  return INTEGER_METERS.includes(id) || FLOAT_METERS.includes(id);
}

/** The text in registers, two characters each, as far as it goes. */
export function textIn(words: readonly number[]): string {
  const bytes = words.flatMap(word => [word >> 8, word & 0xff]);
  const end = bytes.indexOf(0);
  return String.fromCharCode(...(end < 0 ? bytes : bytes.slice(0, end))).trim();
}

/**
 * A meter model as a row of the table. Points that the device marks as not implemented are left out: a meter on one
 * phase has no second current. Null: it has no current at all. SolarEdge counts power towards the grid as positive.
 */
export function sunspecProfile(modelId: number, at: number, words: Words, maker: string): MeterProfile | null {
  const registers = (INTEGER_METERS.includes(modelId) ? integerRegisters(at) : floatRegisters(at)).filter(register =>
    isImplemented(register, words),
  );
  if (!registers.some(({ quantity }) => quantity === "currentL1")) return null;
  const phases = registers.some(({ quantity }) => /^currentL[23]$/.test(quantity)) ? 3 : 1;
  return {
    key: SUNSPEC.key,
    label: SUNSPEC.label,
    name: `SunSpec meter model ${modelId} at ${at}${maker === "" ? "" : ` of ${maker}`}`,
    typeId: null,
    fn: 3,
    phases,
    current: "signed",
    powerSign: /^solaredge\b/i.test(maker) ? -1 : 1,
    byteOrder: "abcd",
    maxRegisters: MOST_REGISTERS,
    bridge: BRIDGE,
    reversed: false,
    registers,
    mark: { address: at, word: modelId },
  };
}

function integerRegisters(at: number): readonly Register[] {
  return INTEGER_POINTS.map(([quantity, offset, type, exponentAt]) => ({
    quantity,
    address: at + offset,
    type,
    scale: { exponentAt: at + exponentAt },
  }));
}

function floatRegisters(at: number): readonly Register[] {
  return FLOAT_POINTS.map(([quantity, offset]) => ({ quantity, address: at + offset, type: "float32", scale: 1 }));
}

function isImplemented({ address, type, scale, quantity }: Register, words: Words): boolean {
  const wire = Array.from({ length: widthOf(type) }, (_, index) => words.get(address + index));
  if (!wire.every(word => word !== undefined)) return false;
  const raw = numberIn(wire, type, "abcd");
  if (raw === null || Number.isNaN(raw)) return false;
  // An accumulator of 0 with an unused scale factor counts nothing.
  const exponent = typeof scale === "number" ? 0 : words.get(scale.exponentAt);
  return exponent !== 0x8000 || !quantity.endsWith("Energy");
}
