import { SAMPLE_LIFETIME_MS } from "../../shared/contracts/meter.ts";
import { type BoundBy, PHASES } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { BalancerSettings } from "./balancer.config.ts";
import { budgetOf, type PhaseBudget, type PhaseLoad } from "./budget.core.ts";
import { type Circuit, isMetered, unmeteredA } from "./circuits.core.ts";
import {
  ageMs,
  atPhase,
  type Measured,
  nothingMeasured,
  type Sample,
  SUM_OF_PHASES,
  settledSamples,
} from "./measured.core.ts";
import {
  drawAtMostA,
  drawNow,
  hasFollowed,
  isSolar,
  leastA,
  mayDraw,
  type Point,
  phasesUsed,
  solarWish,
} from "./point.core.ts";
import { intervalA, quarterLimit, relayIsOpen, standingLimits, sumAOf } from "./standing.core.ts";
import type { BalancerState } from "./state.core.ts";
import type { Trust } from "./trust.core.ts";
import { BUDGET_LIFETIME_MS, RESPONSE_MS } from "./tuning.core.ts";

/** Whose samples a limit is judged by: what `fresh` names when one has just come. `circuit` is that of all points. */
export type MeterKey = "mains" | "circuit" | `circuit.${string}`;

/** Which points count against a limit: all, those of a mode, or those of a circuit. */
type Binds = "all" | "regulated" | "solar" | ReadonlySet<string>;

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

/** 4.2 kW at 230 V, sum of the phases of all points: what a grid operator's relay leaves (spec control 4.2). */
const GRID_RELAY_A = 18;

/**
 * Every limit in force, mains phases first. What is measured at the mains binds Smart and Solar points, circuits, the grid
 * operator's relay and limits from outside all, the sun Solar.
 */
export function limitsInForce(
  state: BalancerState,
  settings: BalancerSettings,
  trust: Trust,
  now: Instant,
): readonly Limit[] {
  const followed = now - state.changedAt >= RESPONSE_MS && state.points.every(point => hasFollowed(point, now));
  const ground: Ground = { state, settings, followed, now };
  return [
    ...(trust === "unmetered" ? [] : mainsLimits(ground)),
    ...circuitLimits(ground),
    ...state.circuits.flatMap(circuit => nestedLimits(ground, circuit)),
    ...outsideLimits(ground),
    ...sunLimit(ground),
  ];
}

/** The meter of the circuit of all points has been silent for too long: nobody charges there (spec control 8). */
export function circuitIsSilent(state: BalancerState, settings: BalancerSettings, now: Instant): boolean {
  if (settings.circuitA === null || !settings.circuitMeter) return false;
  return (ageMs(state.circuit, now) ?? now - state.startedAt) > SAMPLE_LIFETIME_MS.circuit;
}

/** The meter whose samples a limit is judged by. */
export function measuredOf(state: BalancerState, meter: MeterKey): Measured {
  if (meter === "mains" || meter === "circuit") return state[meter];
  return state.circuits.find(({ id }) => meter === `circuit.${id}`)?.measured ?? nothingMeasured;
}

function mainsLimits(ground: Ground): readonly Limit[] {
  const { state, settings, now } = ground;
  const phases = HOUSE_PHASES.map(phase => {
    const boundBy: BoundBy = MAINS[phase] ?? "mains.l1";
    return { key: boundBy, boundBy, phase, limitA: settings.mainsA, shortage: "scored" as const };
  });
  const sum = { phase: SUM_OF_PHASES, shortage: "tolerated" as const };
  const limitA = intervalA(state, settings, now);
  const quarter = quarterLimit(state, settings, now);
  const sums = [
    settings.capacityA === null
      ? null
      : ({ ...sum, key: "capacity", boundBy: "capacity", limitA: settings.capacityA } as const),
    limitA === null ? null : ({ ...sum, key: "interval", boundBy: "capacity", limitA } as const),
    quarter === null ? null : ({ ...sum, key: "peak", boundBy: "peak", limitA: quarter.limitA } as const),
  ];
  const evidence = evidenceOf(ground, state.mains, "mains");
  return [...phases, ...sums.filter(rule => rule !== null)].map(rule =>
    measuredLimit(ground, evidence, { ...rule, binds: "regulated" }),
  );
}

/** CIRCUIT: measured where something is there to measure it, otherwise the sum of what is given. */
function circuitLimits(ground: Ground): readonly Limit[] {
  const { state, settings, now } = ground;
  const { circuitA } = settings;
  if (circuitA === null) return [];
  const metered = settings.circuitMeter || isMetered({ measured: state.circuit }, now);
  const evidence = evidenceOf(ground, state.circuit, "circuit");
  return HOUSE_PHASES.map(phase => {
    const boundBy: BoundBy = CIRCUIT[phase] ?? "circuit.l1";
    const rule = { key: boundBy, boundBy, phase, limitA: circuitA, binds: "all" } as const;
    return metered
      ? measuredLimit(ground, evidence, { ...rule, shortage: "scored" })
      : unmeteredLimit(ground, { ...rule, shortage: "at-once" });
  });
}

function nestedLimits(ground: Ground, circuit: Circuit): readonly Limit[] {
  const binds = new Set(circuit.members);
  const metered = isMetered(circuit, ground.now);
  const evidence = evidenceOf(ground, circuit.measured, `circuit.${circuit.id}`);
  return HOUSE_PHASES.map(phase => {
    const boundBy: BoundBy = `circuit.${circuit.id}.${PHASES[phase]}`;
    const rule = { key: boundBy, boundBy, phase, binds } as const;
    const limitA = circuit.limitA[phase];
    return metered
      ? measuredLimit(ground, evidence, { ...rule, limitA, shortage: "scored" })
      : unmeteredLimit(ground, { ...rule, limitA: unmeteredA(circuit, phase), shortage: "at-once" });
  });
}

/** The grid operator's relay, and limits that somebody has set for the whole site. */
function outsideLimits(ground: Ground): readonly Limit[] {
  const { state, settings, now } = ground;
  const rule = { binds: "all", shortage: "at-once" } as const;
  const relay = relayIsOpen(state, settings, now)
    ? [{ ...rule, key: "grid-relay", boundBy: "grid-relay", phase: SUM_OF_PHASES, limitA: GRID_RELAY_A } as const]
    : [];
  const set = standingLimits(state, now)
    .filter(({ evseId }) => evseId === null)
    .flatMap(({ limitId, owner, maxA, maxW }) => {
      const boundBy: BoundBy = `limit.${owner}`;
      if (maxA === null)
        return [{ ...rule, key: `limit.${limitId}`, boundBy, phase: SUM_OF_PHASES, limitA: sumAOf(maxW ?? 0) }];
      return HOUSE_PHASES.map(phase => ({ ...rule, key: `limit.${limitId}.${phase}`, boundBy, phase, limitA: maxA }));
    });
  return [...relay, ...set].map(one => unmeteredLimit(ground, one));
}

function sunLimit(ground: Ground): readonly Limit[] {
  const { sun, points } = ground.state;
  if (sun === null || ground.now - sun.at > BUDGET_LIFETIME_MS || !points.some(isSolar)) return [];
  const rule = { key: "solar", boundBy: "solar", binds: "solar", shortage: "wished" } as const;
  return [unmeteredLimit(ground, { ...rule, phase: SUM_OF_PHASES, limitA: sun.chargingA })];
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
  if (binds === "solar") return isSolar(point);
  return binds === "regulated" ? isRegulated(point) : binds.has(point.id);
}

/** What one meter has shown, as all limits that it measures are judged by it. */
interface Evidence {
  readonly meter: MeterKey;
  readonly measured: Measured;
  readonly settled: readonly Sample[] | null;
}

function evidenceOf({ state, now }: Ground, measured: Measured, meter: MeterKey): Evidence {
  return { meter, measured, settled: settledSamples(measured, state.patienceMs, now) };
}

function measuredLimit(ground: Ground, { meter, measured, settled }: Evidence, rule: Rule): Limit {
  const load = loadOf(ground, rule);
  const newest = measured.samples.at(-1);
  return {
    ...rule,
    meter,
    settled: settled !== null,
    loadShare: newest === undefined ? 0 : atPhase(newest.measuredA, rule.phase) / Math.max(0.1, rule.limitA),
    load,
    budget: budgetOf(measured, settled, rule.limitA, rule.phase, load),
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
    if (point.admitted) minimumA += leastA(point, settings.minA) * weight;
    if (drawNow(point, now) !== null) continue;
    unknownA += rule.phase === SUM_OF_PHASES ? drawSumA(point, now) : drawAtMostA(point, rule.phase, now);
  }
  return { allottedA, minimumA, followed, unknownA };
}

function drawSumA(point: Point, now: Instant): number {
  return HOUSE_PHASES.reduce<number>((sumA, phase) => sumA + drawAtMostA(point, phase, now), 0);
}
