import { SAMPLE_LIFETIME_MS } from "../../shared/contracts/meter.ts";
import type { BoundBy } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { BalancerSettings } from "./balancer.config.ts";
import { budgetOf, type PhaseBudget, type PhaseLoad } from "./budget.core.ts";
import { ageMs, atPhase, type Measured, SUM_OF_PHASES, settledSamples } from "./measured.core.ts";
import { drawAtMostA, drawNow, isSolar, mayDraw, type Point, phasesUsed, solarWish } from "./point.core.ts";
import type { BalancerState } from "./state.core.ts";
import type { Trust } from "./trust.core.ts";
import { BUDGET_LIFETIME_MS, RESPONSE_MS } from "./tuning.core.ts";

/** Whose samples a limit is judged by: what `fresh` names when one has just come. */
export type MeterKey = "mains" | "circuit";

/** Which points count against a limit. */
type Binds = "all" | "regulated" | "solar";

/** One limit on one house phase (or on their sum), and what it allows the points that count against it. */
export interface Limit {
  /** The same limit from one decision to the next. */
  readonly key: string;
  readonly boundBy: BoundBy;
  readonly phase: number;
  readonly limitA: number;
  readonly binds: Binds;
  /** Measured limits react to samples of this meter; null: it only bounds the sum of what is given. */
  readonly meter: MeterKey | null;
  /** Whether enough samples exist to say anything about room. */
  readonly settled: boolean;
  /** Largest current measured against the limit, as a share of it; 0 where nothing is measured. */
  readonly loadShare: number;
  readonly load: PhaseLoad;
  readonly budget: PhaseBudget;
  /**
   * What follows when not even the minimum of all fits: `scored` the last are stopped the sooner the worse it is, `at-once`
   * they are stopped now, `tolerated` CAP STOP says how long it may last, `wished` nobody is stopped or made to wait for it.
   */
  readonly shortage: "scored" | "at-once" | "tolerated" | "wished";
}

const MAINS: readonly BoundBy[] = ["mains.l1", "mains.l2", "mains.l3"];
const CIRCUIT: readonly BoundBy[] = ["circuit.l1", "circuit.l2", "circuit.l3"];
const HOUSE_PHASES = [0, 1, 2] as const;

/** What all limits of one decision are made from. */
interface Ground {
  readonly state: BalancerState;
  readonly settings: BalancerSettings;
  /** The cars have had the time to follow the last change. */
  readonly followed: boolean;
  readonly now: Instant;
}

/** A limit before it is set against what is measured and given. */
type Rule = Pick<Limit, "key" | "boundBy" | "phase" | "limitA" | "binds" | "shortage">;

/** Every limit in force, mains phases first. MAINS and CAPACITY bind Smart and Solar points, a circuit all, the sun Solar. */
export function limitsInForce(
  state: BalancerState,
  settings: BalancerSettings,
  trust: Trust,
  now: Instant,
): readonly Limit[] {
  const ground: Ground = { state, settings, followed: now - state.changedAt >= RESPONSE_MS, now };
  const limits: Limit[] = [];
  if (trust !== "unmetered") {
    for (const phase of HOUSE_PHASES) {
      const boundBy = MAINS[phase] ?? "mains.l1";
      limits.push(
        measuredLimit(ground, state.mains, "mains", {
          key: boundBy,
          boundBy,
          phase,
          limitA: settings.mainsA,
          binds: "regulated",
          shortage: "scored",
        }),
      );
    }
    if (settings.capacityA !== null) {
      limits.push(
        measuredLimit(ground, state.mains, "mains", {
          key: "capacity",
          boundBy: "capacity",
          phase: SUM_OF_PHASES,
          limitA: settings.capacityA,
          binds: "regulated",
          shortage: "tolerated",
        }),
      );
    }
  }
  if (settings.circuitA !== null) {
    const circuitAge = ageMs(state.circuit, now);
    const metered = circuitAge !== null && circuitAge <= SAMPLE_LIFETIME_MS.circuit;
    for (const phase of HOUSE_PHASES) {
      const boundBy = CIRCUIT[phase] ?? "circuit.l1";
      const rule = { key: boundBy, boundBy, phase, limitA: settings.circuitA, binds: "all" } as const;
      limits.push(
        metered
          ? measuredLimit(ground, state.circuit, "circuit", { ...rule, shortage: "scored" })
          : unmeteredLimit(ground, { ...rule, shortage: "at-once" }),
      );
    }
  }
  if (state.sun !== null && now - state.sun.at <= BUDGET_LIFETIME_MS && state.points.some(isSolar)) {
    limits.push(
      unmeteredLimit(ground, {
        key: "solar",
        boundBy: "solar",
        phase: SUM_OF_PHASES,
        limitA: state.sun.chargingA,
        binds: "solar",
        shortage: "wished",
      }),
    );
  }
  return limits;
}

/** The sun is a wish, no fuse: nobody is stopped or waited for because of what the cars still draw. */
const NO_LOAD: PhaseLoad = { allottedA: 0, minimumA: 0, followed: true, unknownA: 0 };

/** How many times a point's current counts against a limit that it uses: a sum of phases sees each of its phases. */
export function weightOn(point: Point, limit: Limit | undefined, now: Instant): number {
  if (limit?.phase !== SUM_OF_PHASES) return 1;
  return limit.shortage === "wished" ? (solarWish(point, now)?.counts ?? 3) : phasesUsed(point, now).length;
}

/** Indices of the limits that a point's current counts against. */
export function limitsOn(point: Point, limits: readonly Limit[], now: Instant): readonly number[] {
  const phases = phasesUsed(point, now);
  const indices: number[] = [];
  limits.forEach((limit, index) => {
    if (!isBound(point, limit)) return;
    if (limit.phase === SUM_OF_PHASES || phases.includes(limit.phase)) indices.push(index);
  });
  return indices;
}

/** What a point takes of a limit at this moment: what it keeps, or what it may still be drawing, whichever is more. */
export function heldOn(point: Point, limit: Limit | undefined, keptA: number, now: Instant): number {
  if (limit === undefined) return 0;
  if (limit.phase !== SUM_OF_PHASES) return Math.max(drawAtMostA(point, limit.phase, now), keptA);
  const keptSumA = keptA * weightOn(point, limit, now);
  return limit.shortage === "wished" ? keptSumA : Math.max(drawSumA(point, now), keptSumA);
}

/** The most the point may be drawing now against a limit, on its phase or in sum. */
export function mayDrawOn(point: Point, limit: Limit, now: Instant): number {
  return limit.phase === SUM_OF_PHASES ? drawSumA(point, now) : drawAtMostA(point, limit.phase, now);
}

/** Smart and Solar points keep the main fuse; Normal points charge at their own maximum (spec control 3.1). */
export function isRegulated(point: Point): boolean {
  return point.status?.mode !== "normal";
}

function isBound(point: Point, { binds }: Pick<Limit, "binds">): boolean {
  if (binds === "all") return true;
  return binds === "solar" ? isSolar(point) : isRegulated(point);
}

function measuredLimit(ground: Ground, measured: Measured, meter: MeterKey, rule: Rule): Limit {
  const { state, now } = ground;
  const load = loadOf(ground, rule);
  const newest = measured.samples.at(-1);
  return {
    ...rule,
    meter,
    settled: settledSamples(measured, state.patienceMs, now) !== null,
    loadShare: newest === undefined ? 0 : atPhase(newest.measuredA, rule.phase) / Math.max(0.1, rule.limitA),
    load,
    budget: budgetOf(measured, rule.limitA, rule.phase, load, state.patienceMs, now),
  };
}

function unmeteredLimit(ground: Ground, rule: Rule): Limit {
  const { limitA } = rule;
  const load = rule.shortage === "wished" ? NO_LOAD : loadOf(ground, rule);
  return {
    ...rule,
    meter: null,
    settled: true,
    loadShare: 0,
    load,
    budget: { cutToA: limitA, raiseToA: limitA, roomA: limitA, freeNowA: limitA, shortageA: load.minimumA - limitA },
  };
}

function loadOf({ state, settings, followed, now }: Ground, rule: Pick<Limit, "phase" | "binds">): PhaseLoad {
  let allottedA = 0;
  let minimumA = 0;
  let unknownA = 0;
  for (const point of state.points) {
    if (!isBound(point, rule) || !mayDraw(point, now)) continue;
    const phases = phasesUsed(point, now);
    const weight = rule.phase === SUM_OF_PHASES ? phases.length : phases.includes(rule.phase) ? 1 : 0;
    allottedA += point.limitA * weight;
    if (point.admitted) minimumA += settings.minA * weight;
    if (drawNow(point, now) !== null) continue;
    unknownA += rule.phase === SUM_OF_PHASES ? drawSumA(point, now) : drawAtMostA(point, rule.phase, now);
  }
  return { allottedA, minimumA, followed, unknownA };
}

function drawSumA(point: Point, now: Instant): number {
  return HOUSE_PHASES.reduce<number>((sumA, phase) => sumA + drawAtMostA(point, phase, now), 0);
}
