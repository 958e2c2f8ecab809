import { FEATURE_ID } from "./codes.ts";

/** Polynomial x^7 + x^3 + 1. Firmata has no checksum, and one flipped bit could turn "open" into "close". */
const POLYNOMIAL = 0x09;

/** crc7 over 7-bit bytes, start value 0, most significant bit (bit 6) first. */
export function crc7(bytes: readonly number[]): number {
  let crc = 0;
  for (const byte of bytes) {
    for (let bit = 6; bit >= 0; bit--) {
      const feedback = ((crc >> 6) ^ (byte >> bit)) & 1;
      crc = ((crc << 1) & 0x7f) ^ (feedback === 1 ? POLYNOMIAL : 0);
    }
  }
  return crc;
}

/** Two 7-bit bytes, low one first. Throws on what does not fit: a bug of the caller. */
export function u14(value: number, what: string): readonly [number, number] {
  if (!Number.isInteger(value) || value < 0 || value > 16_383) {
    throw new RangeError(`${what} ${value}: expected a whole number in 0..16383`);
  }
  return [value & 0x7f, value >> 7];
}

/** One 7-bit byte. */
export function u7(value: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value > 127) {
    throw new RangeError(`${what} ${value}: expected a whole number in 0..127`);
  }
  return value;
}

/** What stands between F0 and F7: feature id, sub id, payload, checksum. */
export function seal(sub: number, payload: readonly number[]): readonly number[] {
  return [FEATURE_ID, sub, ...payload, crc7([sub, ...payload])];
}

/** The whole frame with its delimiters. */
export function frame(body: readonly number[]): Uint8Array {
  return Uint8Array.of(0xf0, ...body, 0xf7);
}

/** A frame's content, or why it must not be believed. `sub` is null when not even that could be read. */
export type Opened =
  | { readonly ok: true; readonly sub: number; readonly payload: readonly number[] }
  | { readonly ok: false; readonly sub: number | null; readonly reason: string };

/** Checks what stands between the feature id and F7. */
export function unseal(bytes: readonly number[]): Opened {
  const [sub] = bytes;
  if (sub === undefined) return { ok: false, sub: null, reason: "empty: expected a sub id, a payload and a checksum" };
  const stray = bytes.find(byte => !Number.isInteger(byte) || byte < 0 || byte > 0x7f);
  if (stray !== undefined) return { ok: false, sub: null, reason: `byte ${stray}: expected 7-bit bytes only` };
  const payload = bytes.slice(1, -1);
  const found = bytes.length > 1 ? bytes[bytes.length - 1] : undefined;
  const expected = crc7([sub, ...payload]);
  if (found !== expected) {
    return { ok: false, sub, reason: `checksum ${found ?? "missing"} on sub id ${sub}: expected ${expected}` };
  }
  return { ok: true, sub, payload };
}

/** Reads u7 and u14 fields in turn. The caller has checked the length. */
export class FieldReader {
  readonly #bytes: readonly number[];
  #at = 0;

  constructor(bytes: readonly number[]) {
    this.#bytes = bytes;
  }

  u7(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  u14(): number {
    const low = this.u7();
    return low | (this.u7() << 7);
  }
}
