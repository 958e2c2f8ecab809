import { SAMPLE_LIFETIME_MS } from "../../shared/contracts/meter.ts";
import type { BoundBy } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { BalancerSettings } from "./balancer.config.ts";
import { budgetOf, type PhaseBudget, type PhaseLoad } from "./budget.core.ts";
import { ageMs, type Measured, settledSamples } from "./measured.core.ts";
import { drawAtMostA, drawNow, isSolar, mayDraw, type Point, phasesUsed, solarWish } from "./point.core.ts";
import type { BalancerState } from "./state.core.ts";
import type { Trust } from "./trust.core.ts";
import { BUDGET_LIFETIME_MS, RESPONSE_MS } from "./tuning.core.ts";

/** Stands where a limit is no phase's but bounds the sum of all three. */
export const SUM_OF_PHASES = -1;

/** One limit on one house phase (or on their sum), and what it allows the points that count against it. */
export interface Limit {
  readonly boundBy: BoundBy;
  readonly phase: number;
  readonly limitA: number;
  /** Measured limits react to samples; a circuit without a meter only bounds the sum of what is given. */
  readonly measured: boolean;
  /** Whether enough samples exist to say anything about room. */
  readonly settled: boolean;
  /** Largest current measured against the limit, as a share of it; 0 where nothing is measured. */
  readonly loadShare: number;
  readonly load: PhaseLoad;
  readonly budget: PhaseBudget;
}

const MAINS: readonly BoundBy[] = ["mains.l1", "mains.l2", "mains.l3"];
const CIRCUIT: readonly BoundBy[] = ["circuit.l1", "circuit.l2", "circuit.l3"];
const HOUSE_PHASES = [0, 1, 2] as const;

/** Every limit in force, mains phases first. A mains limit binds Smart and Solar points, a circuit limit all, the sun Solar. */
export function limitsInForce(
  state: BalancerState,
  settings: BalancerSettings,
  trust: Trust,
  now: Instant,
): readonly Limit[] {
  const limits: Limit[] = [];
  const followed = now - state.changedAt >= RESPONSE_MS;
  if (trust !== "unmetered") {
    const smart = state.points.filter(isRegulated);
    for (const phase of HOUSE_PHASES) {
      const load = loadOf(smart, phase, settings.minA, followed, now);
      limits.push(
        measuredLimit(state.mains, MAINS[phase] ?? "mains.l1", settings.mainsA, phase, load, state.patienceMs, now),
      );
    }
  }
  if (settings.circuitA !== null) {
    const circuitAge = ageMs(state.circuit, now);
    const metered = circuitAge !== null && circuitAge <= SAMPLE_LIFETIME_MS.circuit;
    for (const phase of HOUSE_PHASES) {
      const load = loadOf(state.points, phase, settings.minA, followed, now);
      const boundBy = CIRCUIT[phase] ?? "circuit.l1";
      limits.push(
        metered
          ? measuredLimit(state.circuit, boundBy, settings.circuitA, phase, load, state.patienceMs, now)
          : unmeteredLimit(boundBy, settings.circuitA, phase, load),
      );
    }
  }
  if (state.sun !== null && now - state.sun.at <= BUDGET_LIFETIME_MS && state.points.some(isSolar)) {
    limits.push(unmeteredLimit("solar", state.sun.chargingA, SUM_OF_PHASES, NO_LOAD));
  }
  return limits;
}

/** The sun is a wish, no fuse: nobody is stopped or waited for because of what the cars still draw. */
const NO_LOAD: PhaseLoad = { allottedA: 0, minimumA: 0, followed: true, unknownA: 0 };

/** How many times a point's current counts against a limit that it uses. */
export function weightOn(point: Point, limit: Limit | undefined, now: Instant): number {
  return limit?.phase === SUM_OF_PHASES ? (solarWish(point, now)?.counts ?? 3) : 1;
}

/** Indices of the limits that a point's current counts against. */
export function limitsOn(point: Point, limits: readonly Limit[], now: Instant): readonly number[] {
  const phases = phasesUsed(point, now);
  const indices: number[] = [];
  limits.forEach((limit, index) => {
    if (limit.phase === SUM_OF_PHASES ? !isSolar(point) : !phases.includes(limit.phase)) return;
    if (limit.boundBy.startsWith("mains") && !isRegulated(point)) return;
    indices.push(index);
  });
  return indices;
}

/** Smart and Solar points keep the main fuse; Normal points charge at their own maximum (spec control 3.1). */
export function isRegulated(point: Point): boolean {
  return point.status?.mode !== "normal";
}

function measuredLimit(
  measured: Measured,
  boundBy: BoundBy,
  limitA: number,
  phase: number,
  load: PhaseLoad,
  patienceMs: number,
  now: Instant,
): Limit {
  return {
    boundBy,
    phase,
    limitA,
    measured: true,
    settled: settledSamples(measured, patienceMs, now) !== null,
    loadShare: (measured.samples.at(-1)?.measuredA[phase] ?? 0) / limitA,
    load,
    budget: budgetOf(measured, limitA, phase, load, patienceMs, now),
  };
}

function unmeteredLimit(boundBy: BoundBy, limitA: number, phase: number, load: PhaseLoad): Limit {
  return {
    boundBy,
    phase,
    limitA,
    measured: false,
    settled: true,
    loadShare: 0,
    load,
    budget: { cutToA: limitA, raiseToA: limitA, roomA: limitA, freeNowA: limitA, shortageA: load.minimumA - limitA },
  };
}

function loadOf(points: readonly Point[], phase: number, minA: number, followed: boolean, now: Instant): PhaseLoad {
  let allottedA = 0;
  let minimumA = 0;
  let unknownA = 0;
  for (const point of points) {
    if (!mayDraw(point, now)) continue;
    const uses = phasesUsed(point, now).includes(phase);
    if (uses) allottedA += point.limitA;
    if (uses && point.admitted) minimumA += minA;
    if (drawNow(point, now) === null) unknownA += drawAtMostA(point, phase, now);
  }
  return { allottedA, minimumA, followed, unknownA };
}
