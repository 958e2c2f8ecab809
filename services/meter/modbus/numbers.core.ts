import type { ByteOrder, NumberType } from "./meter-row.ts";

const WIDTH: Readonly<Record<NumberType, number>> = {
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
  float32: 2,
  int64: 4,
  uint64: 4,
  float64: 4,
};

/** Registers a number takes. */
export function widthOf(type: NumberType): number {
  return WIDTH[type];
}

/**
 * The number in the words of its registers. Null: the device marks the quantity as not available (all ones, or the
 * smallest or greatest of a signed type; of 16 bits only the smallest, since real meters stop counting at the greatest).
 */
export function numberIn(words: readonly number[], type: NumberType, order: ByteOrder): number | null {
  const view = new DataView(new ArrayBuffer(2 * words.length));
  const lowWordFirst = order === "cdab" || order === "dcba";
  const lowByteFirst = order === "badc" || order === "dcba";
  for (const [index, word] of (lowWordFirst ? [...words].reverse() : words).entries()) {
    view.setUint16(2 * index, word, lowByteFirst);
  }
  switch (type) {
    case "int16":
      return unless(view.getInt16(0), -0x8000);
    case "uint16":
      return unless(view.getUint16(0), 0xffff);
    case "int32":
      return unless(view.getInt32(0), -0x8000_0000, 0x7fff_ffff);
    case "uint32":
      return unless(view.getUint32(0), 0xffff_ffff);
    case "int64":
      return unlessBig(view.getBigInt64(0), -0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn);
    case "uint64":
      return unlessBig(view.getBigUint64(0), 0xffff_ffff_ffff_ffffn);
    case "float32":
      return view.getFloat32(0);
    case "float64":
      return view.getFloat64(0);
  }
}

/** Powers of ten below one are no binary fractions: dividing by a whole number rounds once, multiplying twice. */
export function scaled(raw: number, times: number): number {
  return times >= 1 ? raw * times : raw / Math.round(1 / times);
}

function unless(value: number, ...markers: readonly number[]): number | null {
  return markers.includes(value) ? null : value;
}

function unlessBig(value: bigint, ...markers: readonly bigint[]): number | null {
  return markers.includes(value) ? null : Number(value);
}
