import type { ReadBlock } from "./blocks.core.ts";
import type { Quantity } from "./meter-row.ts";
import { numberIn, scaled, widthOf } from "./numbers.core.ts";
import type { MeterProfile, Register } from "./profiles.ts";

/** Words by register number, as they came from the device. */
export type Words = ReadonlyMap<number, number>;

/** In V, A, W, Wh and Hz, as the device counts them but for the direction of power: that is from the grid inward. */
export type RawValues = Readonly<Partial<Record<Quantity, number>>>;

export type Decoded<T> = { readonly ok: true; readonly values: T } | { readonly ok: false; readonly reason: string };

/** SunSpec permits scale factors from -10 to 10. */
const MAX_EXPONENT = 10;

/** The words of a reply. Refuses one of another length. */
export function wordsOf(block: ReadBlock, data: Uint8Array): Decoded<Words> {
  const wantedBytes = 2 * block.quantity;
  if (data.length !== wantedBytes) {
    return {
      ok: false,
      reason: `${data.length} data bytes for a request of ${block.quantity} registers (${wantedBytes} expected)`,
    };
  }
  const words = new Map<number, number>();
  for (let index = 0; index < block.quantity; index += 1) {
    words.set(block.start + index, ((data[2 * index] ?? 0) << 8) | (data[2 * index + 1] ?? 0));
  }
  return { ok: true, values: words };
}

/**
 * The values whose registers are there. Refuses numbers that are none, and a current or power that the device marks as
 * not available; of other quantities so marked nothing is known.
 */
export function decodeWords(profile: MeterProfile, words: Words): Decoded<RawValues> {
  const { mark } = profile;
  const found = mark === undefined ? undefined : words.get(mark.address);
  if (mark !== undefined && found !== undefined && found !== mark.word) {
    return { ok: false, reason: `register ${mark.address} holds ${found} instead of ${mark.word}: the map has moved` };
  }
  const values: Partial<Record<Quantity, number>> = {};
  for (const register of profile.registers) {
    const { quantity, address, type } = register;
    const wire = wordsFrom(words, address, widthOf(type));
    if (wire === null) continue;
    const raw = numberIn(wire, type, profile.byteOrder);
    const times = raw === null ? null : timesOf(register, words);
    if (raw === null || times === null) {
      if (!/^(current|power)L/.test(quantity)) continue;
      return { ok: false, reason: `${inWords(quantity)} is marked as not available` };
    }
    if (!Number.isFinite(raw)) return { ok: false, reason: `${inWords(quantity)} is ${raw}, not a number` };
    if (typeof times === "string") return { ok: false, reason: `${inWords(quantity)}: ${times}` };
    values[quantity] = scaled(raw, times) * (/[pP]ower/.test(quantity) ? profile.powerSign : 1);
  }
  return { ok: true, values };
}

/** "current L1", "import energy L2", "total power". */
export function inWords(quantity: Quantity): string {
  return quantity.replace(/L[123]$/, " $&").replace(/([a-z])([A-Z])(?![123])/g, (_, a: string, b: string) => {
    return `${a} ${b.toLowerCase()}`;
  });
}

function wordsFrom(words: Words, address: number, width: number): readonly number[] | null {
  const found: number[] = [];
  for (let index = 0; index < width; index += 1) {
    const word = words.get(address + index);
    if (word === undefined) return null;
    found.push(word);
  }
  return found;
}

/** The factor of a register; null: its exponent is marked as not available; text: what is wrong with it. */
function timesOf({ scale }: Register, words: Words): number | string | null {
  if (typeof scale === "number") return scale;
  const word = words.get(scale.exponentAt);
  const exponent = word === undefined ? scale.otherwise : numberIn([word], "int16", "abcd");
  if (exponent === null) return null;
  if (exponent === undefined) return `its scale factor in register ${scale.exponentAt} was not read`;
  if (Math.abs(exponent) > MAX_EXPONENT) return `scale factor ${exponent}; expected -10..10`;
  return 10 ** exponent;
}
