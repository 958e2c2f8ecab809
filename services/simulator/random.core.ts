/** Mulberry32: a small generator whose whole state is one 32-bit number, the same in every language. */
export interface Random {
  readonly seed: number;
}

export function seeded(seed: number): Random {
  return { seed: seed >>> 0 };
}

/** The next number in [0, 1), and the generator after it. */
export function draw(random: Random): { readonly value: number; readonly random: Random } {
  const seed = (random.seed + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1) >>> 0;
  mixed = (mixed ^ ((mixed + (Math.imul(mixed ^ (mixed >>> 7), mixed | 61) >>> 0)) >>> 0)) >>> 0;
  return { value: ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296, random: { seed } };
}
