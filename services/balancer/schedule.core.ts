import type { ScheduleTurn } from "../../shared/contracts/schedule.ts";
import { MIN_OFFER_A } from "../../shared/iec61851/duty.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { ScheduleSettings } from "./balancer.config.ts";
import { limitsOn, weightOn } from "./limits.core.ts";
import { ceilingOf, isLost, isReachable, isSolar, leastA, type Point, solarWish, withLimit } from "./point.core.ts";
import type { Scene } from "./scene.core.ts";
import type { BalancerState } from "./state.core.ts";
import { FINISHED_MS, IDLE_A, IDLE_DRAW_MS, IDLE_REST_MS, TURN_WAIT_MS } from "./tuning.core.ts";
import { activated, inactive, paused } from "./turn.core.ts";

/*
 * Who charges when there is not enough for all (spec control 6.7). The rest of the balancer says how many fit; here is said
 * which ones: those that have their turn, then the others in the order of a ring. The ring is the strategy's order, begun at
 * the point that a turn was last handed over to. Nothing that regulates moves it.
 */

/** Most ids that are told of those whose turn it is. */
const TOLD_IDS = 4;

/** Everybody who wants a share, in the strategy's order, beginning with the point where the ring stands. */
export function ringOf(
  { points, pointer }: Pick<BalancerState, "points" | "pointer">,
  { priority }: ScheduleSettings,
  now: Instant,
): readonly Point[] {
  const members = points.filter(point => isMember(point, now));
  // The order of the site file is the order of the addresses; sorting keeps it among equals.
  if (priority === "first-connected") members.sort((a, b) => (a.connectedAt ?? 0) - (b.connectedAt ?? 0));
  if (priority === "last-connected") members.sort((a, b) => (b.connectedAt ?? 0) - (a.connectedAt ?? 0));
  const at = members.findIndex(({ id }) => id === pointer);
  return at <= 0 ? members : [...members.slice(at), ...members.slice(0, at)];
}

/** In a shortage, who keeps its current before whom: those that have their turn, then the others, each in ring order. */
export function keepingOrder(points: readonly Point[], ranks: ReadonlyMap<string, number>): readonly Point[] {
  const rank = (point: Point): number =>
    (ranks.get(point.id) ?? ranks.size) + (point.turn.place === "active" ? 0 : 2 * ranks.size);
  return [...points].sort((a, b) => rank(a) - rank(b));
}

export function ranksOf(ring: readonly Point[]): ReadonlyMap<string, number> {
  return new Map(ring.map(({ id }, rank) => [id, rank]));
}

/** Its car wants a share. A lost point keeps its place for as long as it may still draw. */
function isMember(point: Point, now: Instant): boolean {
  if (!isReachable(point, now)) return !isLost(point, now) && point.turn.place !== "inactive";
  const stands = ceilingOf(point).limitA >= MIN_OFFER_A && !(isSolar(point) && solarWish(point, now) === null);
  return point.status?.inLine === true && stands;
}

/** Brings the places up to date with what the cars do; nobody is paused or activated here. */
export function seat(state: BalancerState, schedule: ScheduleSettings, now: Instant): BalancerState {
  const points = state.points.map(point => seated(point, schedule, now));
  return { ...state, points, pointer: pointerAfter(state, points, now) };
}

function seated(point: Point, { idleMs }: ScheduleSettings, now: Instant): Point {
  const { turn, status } = point;
  const withTurn = (next: Point["turn"]): Point => (next === turn ? point : { ...point, turn: next });
  if (!isReachable(point, now) && !isLost(point, now)) return point;
  if (!isMember(point, now)) return withTurn(inactive(turn, status?.carConnected === true, now));
  if (turn.place !== "active") return point.admitted ? withTurn(activated(turn, now)) : point;
  const asks = status?.asksPower === true || status?.mayDraw === true;
  const quiet = point.limitA > 0 && (asks ? point.admitted && isIdle(point, now) : true);
  const quietSince = quiet ? (turn.quietSince ?? now) : null;
  // A car that was offered its share and shows 9 V has had enough: it keeps the offer, but no place.
  const finished = quiet && !asks && now - turn.since >= idleMs && now - (quietSince ?? now) >= FINISHED_MS;
  if (finished) return withTurn(inactive(turn, true, now));
  return withTurn(quietSince === turn.quietSince ? turn : { ...turn, quietSince });
}

/** Measured below 1 A. Without an EV meter a car in state C counts as drawing. */
function isIdle(point: Point, now: Instant): boolean {
  const newest = point.pastDraws.at(-1);
  return newest !== undefined && now - newest.at <= IDLE_DRAW_MS && Math.max(...newest.houseA) < IDLE_A;
}

/** The car at which the ring stood has gone: it goes on with the one after it. */
function pointerAfter(before: BalancerState, points: readonly Point[], now: Instant): string | null {
  const { pointer } = before;
  const there = (id: string): boolean => points.some(point => point.id === id && isMember(point, now));
  if (pointer === null || there(pointer)) return pointer;
  return before.ring.find(there) ?? null;
}

/** Hands the turn over where that is due: to the car after an idle one, to a newcomer that goes before, to the next when the time is up. */
export function takeTurns(state: BalancerState, scene: Scene): BalancerState {
  const { now, settings, trust } = scene;
  const { idleMs, rotationMs } = settings.schedule;
  const ring = ringOf(state, settings.schedule, now);
  const actives = ring.filter(({ turn }) => turn.place === "active");
  const waiting = ring.some(({ turn }) => turn.place === "paused");
  if (actives.length === 0) return { ...state, rotatingSince: null };
  // Enough for all: without rotation the next shortage begins with the strategy's first again.
  if (!waiting) return { ...state, rotatingSince: null, pointer: rotationMs === null ? null : state.pointer };
  const trusted = trust === "regulate" || trust === "unmetered";
  // At most one change per IDLE TMO, of the site as of each point.
  if (!trusted || now - state.turnedAt < idleMs) return state;
  const settled = actives.filter(({ turn, limitA }) => limitA > 0 && now - turn.since >= idleMs);
  const longest = [...settled].sort((a, b) => a.turn.since - b.turn.since)[0];
  if (longest === undefined) return state;

  for (const point of settled) {
    if (point.turn.quietSince === null || now - point.turn.quietSince < idleMs) continue;
    const next = nextAfter(
      point,
      ring,
      scene,
      ({ turn }) => turn.idledAt === null || now - turn.idledAt >= IDLE_REST_MS,
    );
    if (next !== null) return handOver(state, { ...point, turn: { ...point.turn, idledAt: now } }, next, scene);
  }
  if (rotationMs === null) return preempt({ ...state, rotatingSince: null }, settled, scene);
  const rotatingSince = state.rotatingSince ?? now;
  if (now - rotatingSince >= rotationMs) {
    const next = nextAfter(longest, ring, scene, () => true);
    if (next !== null) return handOver(state, longest, next, scene);
  }
  return { ...state, rotatingSince };
}

/**
 * Without rotation the strategy decides: a car that has just come, and goes before one that charges, takes its place. Not one
 * that has waited for longer: it goes first by another strategy than that of its day.
 */
function preempt(state: BalancerState, settled: readonly Point[], scene: Scene): BalancerState {
  const order = ringOf({ points: state.points, pointer: null }, scene.settings.schedule, scene.now);
  const last = order.filter(point => settled.includes(point)).at(-1);
  if (last === undefined) return state;
  const before = order
    .slice(0, order.indexOf(last))
    .filter(({ turn }) => !turn.served && scene.now - turn.since <= scene.settings.schedule.idleMs + TURN_WAIT_MS);
  const next = nextAfter(last, before, scene, () => true);
  return next === null ? state : handOver(state, last, next, scene);
}

/** The first that is paused and would fit in the place of one that leaves. */
function nextAfter(leaving: Point, ring: readonly Point[], scene: Scene, may: (point: Point) => boolean): Point | null {
  return (
    ring.find(
      point =>
        point.turn.place === "paused" &&
        isReachable(point, scene.now) &&
        may(point) &&
        // Where the sun does not suffice for both, only one that gives up the sun makes room.
        (solarWish(point, scene.now)?.go === true || !isSolar(point) || isSolar(leaving)) &&
        fitsFor(point, leaving, scene),
    ) ?? null
  );
}

function fitsFor(point: Point, leaving: Point, scene: Scene): boolean {
  const { limits, now, settings } = scene;
  const left = limitsOn(leaving, limits, now);
  return limitsOn(point, limits, now).every(used => {
    const limit = limits[used];
    if (limit === undefined || limit.shortage === "wished") return true;
    const freedA =
      left.includes(used) && leaving.admitted ? leastA(leaving, settings.minA) * weightOn(leaving, limit, now) : 0;
    const takenA = limit.load.minimumA - freedA;
    return limit.settled && limit.budget.roomA - takenA >= leastA(point, settings.minA) * weightOn(point, limit, now);
  });
}

function handOver(state: BalancerState, from: Point, to: Point, { now, settings }: Scene): BalancerState {
  const points = state.points.map(point => {
    if (point.id === from.id) return { ...pausedPoint(from, "turn", now), retryAt: now + settings.schedule.idleMs };
    return point.id === to.id ? { ...to, turn: activated(to.turn, now), retryAt: 0 } : point;
  });
  return { ...state, points, pointer: to.id, rotatingSince: null, turnedAt: now, changedAt: now };
}

/** Takes its current from a point that goes on waiting in the ring. */
export function pausedPoint(point: Point, boundBy: Point["boundBy"], now: Instant): Point {
  return {
    ...withLimit(point, 0, boundBy, now),
    admitted: false,
    askingSince: null,
    turn: paused(point.turn, now),
  };
}

/** How long until the turn goes on, at the latest; null = not by time. */
export function rotatesInMs(state: BalancerState, schedule: ScheduleSettings, now: Instant): number | null {
  const { rotationMs, idleMs } = schedule;
  if (rotationMs === null || !state.points.some(({ turn }) => turn.place === "paused")) return null;
  if (state.rotatingSince !== null) return Math.max(0, state.rotatingSince + rotationMs - now);
  const since = state.points.filter(({ turn }) => turn.place === "active").map(({ turn }) => turn.since);
  return since.length === 0 ? null : Math.max(0, Math.min(...since) + idleMs - now) + rotationMs;
}

/** The place of each point in words of the contract. */
export function turnsOf(
  state: BalancerState,
  schedule: ScheduleSettings,
  now: Instant,
): ReadonlyMap<string, ScheduleTurn> {
  const ring = ringOf(state, schedule, now);
  const ranks = ranksOf(ring);
  const actives = keepingOrder(
    ring.filter(({ turn }) => turn.place === "active"),
    ranks,
  ).map(({ id }) => id);
  const firstMs = rotatesInMs(state, schedule, now);
  const eachMs = (schedule.rotationMs ?? 0) + schedule.idleMs;
  const waiting = ring.filter(({ turn }) => turn.place === "paused").map(({ id }) => id);
  return new Map(
    state.points.map(({ id, turn }) => {
      const place = waiting.indexOf(id);
      return [
        id,
        {
          place: turn.place,
          rank: ranks.get(id) ?? ring.length,
          forMs: Math.max(0, now - turn.since),
          served: turn.served,
          ringHere: id === state.pointer,
          rotatingMs: state.rotatingSince === null || turn.place !== "active" ? null : now - state.rotatingSince,
          idledMs: turn.idledAt === null ? null : now - turn.idledAt,
          turnOf: turn.place === "paused" ? actives.slice(0, TOLD_IDS) : [],
          nextInMs: place < 0 || firstMs === null ? null : firstMs + place * eachMs,
        },
      ] as const;
    }),
  );
}
