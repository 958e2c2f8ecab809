import type { Rng } from "../rng.ts";
import type { LifeSite } from "./life-site.ts";

export const DAY_S = 86_400;

/** Whether a thing that happens so often a day happens in this second; if it does, the site is brought up to this second. */
export function happens(site: LifeSite, rng: Rng, timesPerDay: number): boolean {
  if (rng.next() >= timesPerDay / DAY_S) return false;
  site.touch();
  return true;
}

export function oneOf<T>(rng: Rng, values: readonly [T, ...T[]]): T {
  return values[rng.below(values.length)] ?? values[0];
}
