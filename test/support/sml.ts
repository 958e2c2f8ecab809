import { crc16X25, smlTransmission } from "../../services/meter/sources/sml-frame.core.ts";

/** What a German meter says, byte by byte. */

function octets(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([bytes.length + 1]), bytes]);
}

function integer(type: 0x50 | 0x60, value: number, bytes: number): Buffer {
  const whole = Buffer.alloc(8);
  whole.writeBigInt64BE(BigInt(value));
  return Buffer.concat([Buffer.from([type | (bytes + 1)]), whole.subarray(8 - bytes)]);
}

const unsigned = (value: number, bytes: number): Buffer => integer(0x60, value, bytes);
const signed = (value: number, bytes: number): Buffer => integer(0x50, value, bytes);
/** What is left out. */
const nothing = Buffer.from([0x01]);

/** More elements than a nibble counts take a second byte. */
function list(...elements: readonly Buffer[]): Buffer {
  const count = elements.length;
  const head = count <= 0x0f ? [0x70 | count] : [0xf0 | (count >> 4), count & 0x0f];
  return Buffer.concat([Buffer.from(head), ...elements]);
}

function message(number: number, tag: number, body: Buffer): Buffer {
  const whole = list(
    octets(Buffer.from([0, 0, 0, number])),
    unsigned(0, 1),
    unsigned(0, 1),
    list(unsigned(tag, 2), body),
    nothing,
    Buffer.from([0]),
  );
  // The checksum covers what stands before it.
  const before = whole.subarray(0, -2);
  return Buffer.concat([before, unsigned(crc16X25(before), 2), Buffer.from([0])]);
}

const UNITS = { W: 27, Wh: 30, A: 33, V: 35 } as const;

/** A value by its reference C.D.E, as value times ten to the power of `scaler`. */
export function smlEntry(
  reference: readonly [number, number, number],
  unit: keyof typeof UNITS,
  scaler: number,
  value: number,
  bytes = 8,
): Buffer {
  const name = octets(Buffer.from([1, 0, ...reference, 0xff]));
  return list(name, nothing, nothing, unsigned(UNITS[unit], 1), signed(scaler, 1), signed(value, bytes), nothing);
}

const SERIAL = octets(Buffer.from("0a0145425a0000000000", "hex"));
let files = 0;

/** A file with these values, each with a number of its own, between its escape sequences. */
export function smlFile(entries: readonly Buffer[]): Buffer {
  files = (files + 1) & 0xffff;
  const number = unsigned(files, 4);
  const opening = list(nothing, nothing, octets(Buffer.from([files >> 8, files & 0xff])), SERIAL, nothing, nothing);
  const values = list(nothing, SERIAL, nothing, list(unsigned(1, 1), number), list(...entries), nothing, nothing);
  return smlTransmission(
    Buffer.concat([message(1, 0x0101, opening), message(2, 0x0701, values), message(3, 0x0201, list(nothing))]),
  );
}

/** What a meter with three phases says at these amperes on each of them; positive flows from the grid. */
export function smlFileOf(amps: number): Buffer {
  return smlFile([
    smlEntry([1, 8, 0], "Wh", -1, 12_345_000),
    smlEntry([2, 8, 0], "Wh", -1, 672_500),
    smlEntry([16, 7, 0], "W", 0, Math.round(690 * amps), 4),
    ...[0, 20, 40].flatMap(base => [
      smlEntry([36 + base, 7, 0], "W", -2, Math.round(23_000 * amps), 4),
      smlEntry([31 + base, 7, 0], "A", -3, Math.round(1_000 * Math.abs(amps)), 4),
      smlEntry([32 + base, 7, 0], "V", -1, 2_300, 2),
    ]),
  ]);
}
