import { draw, type Random, seeded } from "../../services/simulator/random.core.ts";

export const NOISE_SEED = 20_261;

/** Random numbers that come the same for the same seed. */
export class Rng {
  #random: Random;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  /** In [0, 1). */
  next(): number {
    const { value, random } = draw(this.#random);
    this.#random = random;
    return value;
  }

  /** A whole number in 0..count - 1. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** The same bytes with so many different bits turned over. */
  flipBits(bytes: readonly number[], count: number): number[] {
    const flipped = [...bytes];
    const bits = new Set<number>();
    while (bits.size < count) bits.add(this.below(bytes.length * 8));
    for (const bit of bits) flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return flipped;
  }
}
