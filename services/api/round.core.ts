import type { PhaseCurrentsA } from "../../shared/contracts/units.ts";

/** Whole milliseconds; null stays null. */
export function wholeMs<T extends number | null>(ms: T): T {
  return (ms === null ? null : Math.round(ms)) as T;
}

/** To a hundredth: what a meter of this class can tell, without the tail of its float. Never -0. */
export function hundredths<T extends number | null>(value: T): T {
  return (value === null ? null : Math.round(value * 100) / 100 + 0) as T;
}

export function phaseHundredths<T extends PhaseCurrentsA | null>(currentA: T): T {
  if (currentA === null) return currentA;
  return { l1: hundredths(currentA.l1), l2: hundredths(currentA.l2), l3: hundredths(currentA.l3) } as T;
}
