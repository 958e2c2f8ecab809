import type { EvseStatus } from "../../shared/contracts/evse.ts";
import type { SolarPoint } from "../../shared/contracts/solar.ts";
import type { BoundBy } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import {
  BUDGET_LIFETIME_MS,
  DRAW_WINDOW_MS,
  IDLE_A,
  LOST_POINT_MS,
  NARROW_MS,
  RESPONSE_MS,
  SLACK_A,
  STARTED_MS,
  STATUS_LIFETIME_MS,
  STEADY_A,
  STEADY_LIMIT_A,
} from "./tuning.core.ts";
import { NO_TURN, type Turn } from "./turn.core.ts";

/** A limit and when it was set. */
interface PastLimit {
  readonly at: Instant;
  readonly limitA: number;
}

/** Measured draw on the phases of the house. */
interface PastDraw {
  readonly at: Instant;
  readonly houseA: readonly [number, number, number];
}

/** What limits from outside leave a point, and whose the least of them is. */
export interface Cap {
  readonly limitA: number;
  readonly boundBy: BoundBy;
}

/** Identity and wiring of a charge point as the balancer needs it. */
export interface PointWiring {
  readonly id: string;
  /** House phase (0..2) of each of its terminals L1, L2, L3. */
  readonly rotation: readonly [number, number, number];
  readonly supplyPhases: 1 | 3;
  readonly safeCurrentA: number;
  /** Less than this is of no use to it, A per phase; MIN when left out. */
  readonly minimumA?: number | undefined;
  /** Its part when there is not enough for all, relative to the others; 1 when left out. */
  readonly part?: number | undefined;
}

/** What the balancer knows of one charge point. */
export interface Point extends PointWiring {
  readonly status: EvseStatus | null;
  readonly heardAt: Instant | null;
  readonly limitA: number;
  /** What it was charging with, by another balancer's word, when this one began to decide. */
  readonly inheritedA: number;
  readonly admitted: boolean;
  readonly admittedAt: Instant;
  readonly boundBy: BoundBy;
  /** Not admitted before this. */
  readonly retryAt: Instant;
  /** Since when its car asks without having been admitted. */
  readonly askingSince: Instant | null;
  readonly pastLimits: readonly PastLimit[];
  readonly pastDraws: readonly PastDraw[];
  /** What the mains showed when its contactor was permitted: the load without its car. */
  readonly baseBeforeA: readonly [number, number, number] | null;
  /** The mains has risen since then as if its car had begun to draw. */
  readonly seenDrawing: boolean;
  /** Since when its car has left part of its limit unused. */
  readonly slackSince: Instant | null;
  /** Since when only its first terminal has carried current. */
  readonly narrowSince: Instant | null;
  /** The least of the limits from outside that are set for it; null = none. */
  readonly cap: Cap | null;
  /** Until then its EV meter, at the head of a sub-panel, is known to measure other loads, too; null = the car alone. */
  readonly sharedMeterUntil: Instant | null;
  /** Phases its contactors shall connect. */
  readonly phases: 1 | 3;
  /** What the solar controller last wished for it, and when. */
  readonly solar: { readonly wish: SolarPoint; readonly at: Instant } | null;
  /** When its car was plugged in; null without one. */
  readonly connectedAt: Instant | null;
  /** Its place among those that share the current. */
  readonly turn: Turn;
}

export function freshPoint(wiring: PointWiring): Point {
  return {
    ...wiring,
    status: null,
    heardAt: null,
    limitA: 0,
    inheritedA: 0,
    admitted: false,
    admittedAt: 0,
    boundBy: "unreachable",
    retryAt: 0,
    askingSince: null,
    pastLimits: [],
    pastDraws: [],
    baseBeforeA: null,
    seenDrawing: false,
    slackSince: null,
    narrowSince: null,
    cap: null,
    sharedMeterUntil: null,
    phases: 3,
    solar: null,
    connectedAt: null,
    turn: NO_TURN,
  };
}

/** Whether the point's own status is fresh enough to be believed. */
export function isReachable(point: Point, now: Instant): boolean {
  return point.heardAt !== null && now - point.heardAt <= STATUS_LIFETIME_MS;
}

/** Silent for so long that it has surely fallen to its safe current. */
export function isLost(point: Point, now: Instant): boolean {
  return point.heardAt === null || now - point.heardAt > LOST_POINT_MS;
}

/** The least it is given when it is given anything: its own minimum where it has one, as far as its ceiling allows it; else MIN. */
export function leastA(point: Point, minA: number): number {
  const { minimumA } = point;
  if (minimumA === undefined || minimumA <= minA) return minA;
  return Math.max(minA, Math.min(minimumA, ceilingOf(point).limitA));
}

/** Whether current may be flowing: its contactor is, or may still be, closed. */
export function mayDraw(point: Point, now: Instant): boolean {
  if (!isReachable(point, now)) return point.heardAt !== null || point.safeCurrentA > 0;
  return point.admitted || point.status?.mayDraw === true;
}

/** The most the point may ever be given now, and who says so: itself, or a limit from outside. */
export function ceilingOf({ status, cap }: Point): Cap {
  const own: Cap = { limitA: status?.ceilingA ?? 0, boundBy: status?.ceilingBy ?? "max" };
  return cap !== null && cap.limitA < own.limitA ? cap : own;
}

/** Charges by the sun. */
export function isSolar(point: Point): boolean {
  return point.status?.mode === "solar";
}

/** What the solar controller wishes for it, while that is believed. */
export function solarWish(point: Point, now: Instant): SolarPoint | null {
  return point.solar !== null && now - point.solar.at <= BUDGET_LIFETIME_MS ? point.solar.wish : null;
}

/** House phases that the point loads or would load. */
export function phasesUsed(point: Point, now: Instant): readonly number[] {
  const narrow = point.narrowSince !== null && now - point.narrowSince >= NARROW_MS;
  const connected = point.status?.phases === 1 ? 1 : point.supplyPhases;
  return narrow || connected === 1 ? [point.rotation[0]] : point.rotation;
}

/** The newest measured draw, where it is fresh. */
export function drawNow(point: Point, now: Instant): readonly [number, number, number] | null {
  const newest = point.pastDraws.at(-1);
  return newest !== undefined && now - newest.at <= DRAW_WINDOW_MS ? newest.houseA : null;
}

/** Its car has had time to follow its limit, but for changes that are nothing to it, and its last two draws are alike. */
export function isSteady(point: Point, at: Instant): boolean {
  const [before, newest] = point.pastDraws.slice(-2);
  if (before === undefined || newest === undefined || !limitStood(point, at)) return false;
  return newest.houseA.every((drawA, phase) => Math.abs(drawA - (before.houseA[phase] ?? 0)) < STEADY_A);
}

/** No limit that a car may still be following differs from the present one by as much as counts as a move. */
function limitStood(point: Point, at: Instant): boolean {
  return point.pastLimits.every((past, index) => {
    const replacedAt = point.pastLimits[index + 1]?.at ?? Infinity;
    return at - replacedAt >= RESPONSE_MS || Math.abs(past.limitA - point.limitA) < STEADY_LIMIT_A;
  });
}

/** Its car has reached what it takes of its limit: one that has just been let in, or still ramps up, has not. */
export function hasFollowed(point: Point, now: Instant): boolean {
  const drawA = drawNow(point, now);
  if (!point.admitted || drawA === null || now - point.admittedAt >= STARTED_MS) return true;
  return Math.max(...drawA) >= IDLE_A && isSteady(point, point.pastDraws.at(-1)?.at ?? now);
}

/** Looks in a mains sample for the car of a point that has no EV meter: at least half of its limit must have come on top. */
export function lookForCar(point: Point, measuredA: readonly [number, number, number], now: Instant): Point {
  const { baseBeforeA } = point;
  if (!point.admitted || point.seenDrawing || baseBeforeA === null) return point;
  const rose = phasesUsed(point, now).some(
    phase => (measuredA[phase] ?? 0) - (baseBeforeA[phase] ?? 0) >= point.limitA / 2,
  );
  return rose ? { ...point, seenDrawing: true } : point;
}

/** The most the point may be drawing on one house phase at this moment. */
export function drawAtMostA(point: Point, phase: number, now: Instant): number {
  if (!isReachable(point, now)) return phasesUsed(point, now).includes(phase) ? lostDrawA(point, now) : 0;
  if (!mayDraw(point, now)) return 0;
  if (drawNow(point, now) !== null) return Math.max(0, ...point.pastDraws.map(draw => draw.houseA[phase] ?? 0));
  return phasesUsed(point, now).includes(phase) ? highestLimitA(point, now) : 0;
}

/** The largest limit in force during the last response time; a cut that the point has not confirmed is no cut yet. */
export function highestLimitA(point: Point, now: Instant): number {
  let highest = Math.max(point.limitA, point.status?.offerA ?? 0);
  for (const [index, past] of point.pastLimits.entries()) {
    const replacedAt = point.pastLimits[index + 1]?.at ?? now;
    if (now - replacedAt <= RESPONSE_MS) highest = Math.max(highest, past.limitA);
  }
  return highest;
}

/** A silent point counts with what it was last given until it has surely stopped, then with its safe current. */
function lostDrawA(point: Point, now: Instant): number {
  if (point.heardAt === null) return point.safeCurrentA;
  const lostForMs = now - point.heardAt;
  return lostForMs <= LOST_POINT_MS ? highestLimitA(point, now) : point.safeCurrentA;
}

/** Sets a limit and remembers the one it replaces for as long as a car may still follow it. */
export function withLimit(point: Point, limitA: number, boundBy: BoundBy, now: Instant): Point {
  if (limitA === point.limitA) return boundBy === point.boundBy ? point : { ...point, boundBy };
  const pastLimits = point.pastLimits.length === 0 ? [{ at: now, limitA: point.limitA }] : point.pastLimits;
  const kept = pastLimits.filter((_past, index) => now - (pastLimits[index + 1]?.at ?? now) <= RESPONSE_MS);
  return { ...point, limitA, boundBy, pastLimits: [...kept, { at: now, limitA }] };
}

/** Currents on the point's terminals, as the phases of the house see them. */
export function onHouse(
  { rotation }: Pick<Point, "rotation">,
  terminalA: readonly [number, number, number],
): [number, number, number] {
  const houseA: [number, number, number] = [0, 0, 0];
  rotation.forEach((phase, terminal) => {
    houseA[phase] = (houseA[phase] ?? 0) + Math.max(0, terminalA[terminal] ?? 0);
  });
  return houseA;
}

/** Takes in one sample of the point's EV meter, given on the point's own terminals. */
export function withDraw(point: Point, terminalA: readonly [number, number, number], at: Instant): Point {
  const houseA = onHouse(point, terminalA);
  const slack = Math.max(...houseA) < point.limitA - SLACK_A;
  const onlyFirst = terminalA[0] > 3 && terminalA[1] < 0.5 && terminalA[2] < 0.5;
  return {
    ...point,
    pastDraws: [...point.pastDraws.filter(draw => at - draw.at < DRAW_WINDOW_MS && draw.at < at), { at, houseA }],
    slackSince: slack ? (point.slackSince ?? at) : null,
    narrowSince: onlyFirst ? (point.narrowSince ?? at) : null,
  };
}
