import type { PhaseCurrentsA } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { PATIENCE_MAX_MS, SETTLED_SAMPLES } from "./tuning.core.ts";

/** One sample of a limit's meter, with what the points drew at that moment as far as their meters say. */
export interface Sample {
  readonly at: Instant;
  readonly measuredA: readonly [number, number, number];
  /** Part of it that is known to be the regulated points' draw. */
  readonly drawnA: readonly [number, number, number];
  /** The most it may have been: meters are read one after the other, and a car may have moved in between. */
  readonly drawnAtMostA: readonly [number, number, number];
  /** Every draw was measured at the same moment, or of a car that does not move: the rest of the load is known. */
  readonly exact: boolean;
}

/** The recent past of one meter. */
export interface Measured {
  readonly samples: readonly Sample[];
  /** Learnt time between samples. */
  readonly cadenceMs: number;
}

export const nothingMeasured: Measured = { samples: [], cadenceMs: 2_000 };

/** How long samples are kept: every window that looks back ends before. */
const KEPT_MS = PATIENCE_MAX_MS + 10_000;

export function withSample(measured: Measured, sample: Sample): Measured {
  const previous = measured.samples.at(-1);
  const gapMs = previous === undefined ? measured.cadenceMs : sample.at - previous.at;
  const cadenceMs = Math.min(10_000, Math.max(200, measured.cadenceMs + (gapMs - measured.cadenceMs) / 4));
  const before = measured.samples.findLastIndex(past => sample.at - past.at >= KEPT_MS);
  return { samples: [...measured.samples.slice(before + 1), sample], cadenceMs };
}

/** Stands where a limit is no phase's but bounds the sum of all three. */
export const SUM_OF_PHASES = -1;

/** The value of one phase, or the sum of all three. */
export function atPhase(valuesA: readonly [number, number, number], phase: number): number {
  return phase === SUM_OF_PHASES ? valuesA[0] + valuesA[1] + valuesA[2] : (valuesA[phase] ?? 0);
}

/** Age of the newest sample; null when there is none. */
export function ageMs(measured: Measured, now: Instant): number | null {
  const newest = measured.samples.at(-1);
  return newest === undefined ? null : now - newest.at;
}

/** The load of everything but the regulated points, on one phase or in sum, in one sample. */
export function baseA(sample: Sample, phase: number): number {
  return atPhase(sample.measuredA, phase) - atPhase(sample.drawnA, phase);
}

/** The samples a raise rests on; null while there are too few of them or they reach back too short. */
export function settledSamples(measured: Measured, patienceMs: number, now: Instant): readonly Sample[] | null {
  const reachMs = Math.max(patienceMs, (SETTLED_SAMPLES - 0.8) * measured.cadenceMs);
  // The newest stand last, and most of what is kept is too old.
  const before = measured.samples.findLastIndex(sample => now - sample.at > reachMs);
  const exact = measured.samples.slice(before + 1).filter(sample => sample.exact);
  return exact.length >= SETTLED_SAMPLES ? exact : null;
}

/** Per-phase record to tuple, in the order L1, L2, L3. */
export function toTuple(currents: PhaseCurrentsA): [number, number, number] {
  return [currents.l1, currents.l2, currents.l3];
}
