/** Random damage to frames, the same in every run. */

export type Random = () => number;

/** Mulberry32: small, fast, good enough to break frames with. */
export function randomOf(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Damage = (frame: Buffer, random: Random) => Buffer;

/** What a line does to a frame: all of it is found by length, address or checksum. */
const onSerial: Readonly<Record<string, Damage>> = {
  // One to three flipped bits never pass a CRC-16 in frames of this length.
  bits: (frame, random) => flipped(frame, 1 + below(random, 3), random),
  burst: (frame, random) => {
    const bits = Buffer.from(frame);
    const at = below(random, bits.length - 1);
    bits.writeUInt16BE(bits.readUInt16BE(at) ^ (1 + below(random, 0xffff)), at);
    return bits;
  },
  cut: (frame, random) => frame.subarray(0, below(random, frame.length)),
  beheaded: (frame, random) => frame.subarray(1 + below(random, frame.length - 1)),
  lost: (frame, random) => {
    const at = below(random, frame.length);
    const lost = 1 + below(random, 4);
    return frame.equals(without(frame, at, lost)) ? Buffer.alloc(0) : without(frame, at, lost);
  },
  inserted: (frame, random) => {
    const at = 1 + below(random, frame.length - 1);
    return Buffer.concat([frame.subarray(0, at), noise(1 + below(random, 4), random), frame.subarray(at)]);
  },
  noise: (_frame, random) => noise(1 + below(random, 64), random),
  silence: () => Buffer.alloc(0),
  held: frame => Buffer.alloc(frame.length, 0xff),
};

/** What a gateway does to a message: found by header, address, function or length. Data are covered by TCP itself. */
const onTcp: Readonly<Record<string, Damage>> = {
  header: (frame, random) => {
    const changed = Buffer.from(frame);
    const at = below(random, 9);
    changed.writeUInt8(changed.readUInt8(at) ^ (1 + below(random, 255)), at);
    return changed;
  },
  cut: (frame, random) => frame.subarray(0, below(random, frame.length)),
  beheaded: (frame, random) => frame.subarray(1 + below(random, frame.length - 1)),
  inserted: (frame, random) => {
    const at = 2 + below(random, 7);
    return Buffer.concat([frame.subarray(0, at), noise(1 + below(random, 4), random), frame.subarray(at)]);
  },
  noise: (_frame, random) => noise(1 + below(random, 64), random),
  silence: () => Buffer.alloc(0),
};

/** A damaged copy of a frame, and the name of the damage. */
export function mangled(framing: "rtu" | "tcp", frame: Buffer, random: Random): { damage: string; bytes: Buffer } {
  const damages = Object.entries(framing === "rtu" ? onSerial : onTcp);
  const [damage, change] = damages[below(random, damages.length)] ?? ["silence", () => Buffer.alloc(0)];
  const bytes = change(frame, random);
  // Noise around a frame that stayed whole is no damage.
  return bytes.includes(frame) ? { damage: "silence", bytes: Buffer.alloc(0) } : { damage, bytes };
}

function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

function noise(length: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length }, () => below(random, 256)));
}

function without(frame: Buffer, at: number, count: number): Buffer {
  return Buffer.concat([frame.subarray(0, at), frame.subarray(at + count)]);
}

function flipped(frame: Buffer, count: number, random: Random): Buffer {
  const changed = Buffer.from(frame);
  const places = new Set<number>();
  while (places.size < count) places.add(below(random, 8 * frame.length));
  for (const place of places) changed[place >> 3] = (changed[place >> 3] ?? 0) ^ (1 << (place & 7));
  return changed;
}
