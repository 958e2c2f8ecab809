import { atPhase, baseA, type Measured, type Sample, SUM_OF_PHASES } from "./measured.core.ts";
import { BLIND_RAISE_MAX_A, MARGIN_A, TRIM_A, UNUSED_CUT_A } from "./tuning.core.ts";

/** What the regulated points hold and may draw on one phase. */
export interface PhaseLoad {
  /** Sum of their limits. */
  readonly allottedA: number;
  /** Sum of the minimum over the points that charge. */
  readonly minimumA: number;
  /** The cars have had the time to follow their offers: what they leave unused now, they leave for good. */
  readonly followed: boolean;
  /** The most that points without a fresh EV meter may be drawing now; 0 when every draw is known. */
  readonly unknownA: number;
}

/** What one measured limit allows on one phase or their sum, in total for the regulated points. */
export interface PhaseBudget {
  /** More than this must not stay allotted: the newest sample says so. Infinity when it does not. */
  readonly cutToA: number;
  /** Up to this may be given to points that charge already. */
  readonly raiseToA: number;
  /** Up to this may be counted on when another point is to join. */
  readonly roomA: number;
  /** What the newest sample leaves in total, whether or not it may be given yet. */
  readonly freeNowA: number;
  /** By how much the limit is exceeded even with every point at its minimum; <= 0 is no shortage. */
  readonly shortageA: number;
}

/**
 * The regulator (asymmetric): what is measured above the limit is cut at once and in full; what is free is given back only
 * when it has been free in every sample of the settling time. Where the points' draw is metered, the rest of the load is
 * known exactly and one step suffices; where it is not, half of the room is taken at a time. `settled` are the samples of the
 * settling time, null while there are too few.
 */
export function budgetOf(
  measured: Measured,
  settled: readonly Sample[] | null,
  limitA: number,
  phase: number,
  load: PhaseLoad,
): PhaseBudget {
  const newest = measured.samples.at(-1);
  if (newest === undefined) return { cutToA: 0, raiseToA: 0, roomA: 0, freeNowA: 0, shortageA: 0 };
  // Margins are those of one phase; a sum has them three times.
  const phases = phase === SUM_OF_PHASES ? 3 : 1;
  const measuredA = atPhase(newest.measuredA, phase);
  const drawnA = atPhase(newest.exact ? newest.drawnA : newest.drawnAtMostA, phase);
  const freeNowA = limitA - measuredA + drawnA + load.unknownA;
  const excessA = measuredA - limitA;
  const known = load.unknownA === 0;
  const lackingA = load.minimumA - freeNowA;
  // A car that began to draw between the reading of its meter and this one, or is about to, looks like a load of the house: until
  // all have followed, only what is overloaded is short.
  const shortageA = newest.exact && load.followed ? lackingA : Math.min(lackingA, excessA);
  const lastingA = known ? lastingFreeA(measured, limitA, phase) : Infinity;
  const unused = load.allottedA > lastingA + UNUSED_CUT_A * phases;
  const cutToA = excessA > 1e-6 ? freeNowA - MARGIN_A * phases : unused ? lastingA - MARGIN_A * phases : Infinity;

  if (settled === null) return { cutToA, raiseToA: load.allottedA, roomA: 0, freeNowA, shortageA };
  if (known) {
    // The newest sample is not always among the settled ones, but what it forbids is forbidden.
    // A sum has the noise of three phases: what is raised to its very edge is cut by the next sample.
    const edgeA = phases === 1 ? 0 : MARGIN_A * phases;
    const settledA = Math.min(freeNowA, limitA - Math.max(...settled.map(sample => baseA(sample, phase))) - edgeA);
    // A car that draws a little less than it is offered leaves that little unused for ever; it may be offered the difference.
    const unusedA = limitA - Math.max(...settled.map(sample => atPhase(sample.measuredA, phase)));
    const trimmedA = load.followed ? Math.min(load.allottedA + unusedA, settledA + (phases === 1 ? TRIM_A : 0)) : 0;
    return { cutToA, raiseToA: Math.max(load.allottedA, settledA, trimmedA), roomA: settledA, freeNowA, shortageA };
  }
  const headroomA = limitA - Math.max(...settled.map(sample => atPhase(sample.measuredA, phase))) - MARGIN_A * phases;
  const stepA = Math.max(0, Math.min(headroomA / 2, BLIND_RAISE_MAX_A * phases));
  return { cutToA, raiseToA: load.allottedA + stepA, roomA: load.allottedA + headroomA, freeNowA, shortageA };
}

/**
 * What the last two samples both leave. Nothing is overloaded yet, so one sample alone is believed in nothing: a car that moved
 * between the reading of its meter and that of the mains looks like a load of the house in it.
 */
function lastingFreeA(measured: Measured, limitA: number, phase: number): number {
  const [before, newest] = measured.samples.slice(-2);
  if (before?.exact !== true || newest?.exact !== true) return Infinity;
  return limitA - Math.min(baseA(before, phase), baseA(newest, phase));
}

/** How much one sample of shortage weighs: 10 points stop a car, after about 20, 10, 6 or 2 s (samples every 2 s). */
export function shortageWeight(shortageA: number, limitA: number): number {
  if (shortageA <= 0) return 0;
  const share = shortageA / limitA;
  if (share <= 0.05) return 1;
  if (share <= 0.15) return 2;
  return share <= 0.5 ? 4 : 10;
}

/** Shortage points at which a point is stopped. */
export const SHORTAGE_STOP = 10;
