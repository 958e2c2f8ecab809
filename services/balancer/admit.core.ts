import type { BoundBy } from "../../shared/contracts/units.ts";
import { MIN_OFFER_A } from "../../shared/iec61851/duty.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { isRegulated, limitsOn, weightOn } from "./limits.core.ts";
import { ceilingOf, isLost, isReachable, isSolar, leastA, type Point, solarWish, withLimit } from "./point.core.ts";
import type { Scene } from "./scene.core.ts";
import { keepingOrder, pausedPoint } from "./schedule.core.ts";
import type { BalancerState } from "./state.core.ts";
import type { Trust } from "./trust.core.ts";
import { JOIN_WAIT_MS, RETRY_MS, ROOM_LASTS_MS, TURN_WAIT_MS } from "./tuning.core.ts";
import { activated, inactive, paused } from "./turn.core.ts";

/** Takes everything from points that do not want, or must not have, current. */
export function withoutClaim(point: Point, trust: Trust, circuitSilent: boolean, now: Instant): Point {
  const refuse = (boundBy: BoundBy): Point => ({
    ...withLimit(point, 0, boundBy, now),
    admitted: false,
    askingSince: null,
  });
  const { status } = point;
  if (status === null || !isReachable(point, now)) {
    return isLost(point, now) ? refuse("unreachable") : point;
  }
  // Told whether or not there is a car: who plugs in now would wait for the meter.
  if (trust === "stop" && status.mode !== "normal") return refuse("mains-silent");
  if (circuitSilent) return refuse("circuit-silent");
  if (isSolar(point) && solarWish(point, now) === null) return refuse("mode-unavailable");
  if (!status.wantsCurrent)
    return refuse(point.turn.place === "paused" && status.inLine ? point.boundBy : "not-charging");
  const ceiling = ceilingOf(point);
  if (ceiling.limitA < MIN_OFFER_A) return refuse(ceiling.boundBy);
  if (isRegulated(point)) {
    if (trust === "unmetered") return refuse("no-mains-meter");
    if (trust === "stop") return refuse("mains-silent");
  }
  if (waitsForSun(point, now)) return refuse("solar-start");
  // A car that no longer asks keeps its offer, but its current is free for others.
  if (!status.asksPower) {
    const { limitA, boundBy } = ceiling;
    const within = point.limitA > limitA ? withLimit(point, limitA, boundBy, now) : point;
    if (point.admitted) return { ...within, admitted: false, askingSince: null };
    return point.askingSince === null ? within : { ...within, askingSince: null };
  }
  return point.admitted || point.askingSince !== null ? point : { ...point, askingSince: now };
}

/**
 * Offers the minimum to those who wait, in the order of the ring, as far as the others, lowered to theirs, leave room for it.
 * Who does not fit beside those that have their turn is paused; where nobody has one, there is a shortage.
 */
export function offerToWaiting(state: BalancerState, scene: Scene): BalancerState {
  const { now, limits } = scene;
  const waiting = state.points.filter(
    point =>
      !point.admitted &&
      isReachable(point, now) &&
      point.status?.inLine === true &&
      ceilingOf(point).limitA >= MIN_OFFER_A,
  );
  if (waiting.length === 0 || scene.circuitSilent) return state;
  const takenA = limits.map(limit => limit.load.minimumA);
  const next = new Map<string, Point>();
  for (const point of keepingOrder(waiting, scene.ranks)) {
    const considered = waitsForSun(point, now) ? withoutSun(point, state.points, now) : consider(point, takenA, scene);
    if (considered !== point) next.set(point.id, considered);
  }
  return next.size === 0 ? state : { ...state, points: state.points.map(point => next.get(point.id) ?? point) };
}

function consider(point: Point, takenA: number[], scene: Scene): Point {
  const { now, settings, limits } = scene;
  const { turn } = point;
  const wants = point.status?.wantsCurrent === true;
  const uses = limitsOn(point, limits, now);
  const needA = (used: number): number => leastA(point, settings.minA) * weightOn(point, limits[used], now);
  const take = (): void => {
    for (const used of uses) takenA[used] = (takenA[used] ?? 0) + needA(used);
  };
  if (point.limitA > 0 && turn.place === "active") {
    take();
    return point;
  }
  // Offered without a place: a car that has had enough, or one that only looks on. It needs a place once it asks.
  if (point.limitA > 0 && point.askingSince === null) return point;
  const unsure = isRegulated(point) && scene.trust !== "regulate";
  if (unsure || uses.some(used => limits[used]?.settled === false)) {
    const told = turn.place !== "paused" && wants && (point.boundBy === "not-charging" || !unsure);
    return told && point.limitA === 0 ? { ...point, boundBy: "settling" } : point;
  }
  const short = uses.find(used => {
    const limit = limits[used];
    // Whether there is sun for one more is the solar controller's decision.
    if (limit === undefined || limit.shortage === "wished") return false;
    return limit.budget.roomA - (takenA[used] ?? 0) < needA(used);
  });
  if (short !== undefined) {
    if (turn.place === "active" && now - turn.since < TURN_WAIT_MS) return point;
    const others = (takenA[short] ?? 0) > 0;
    const boundBy = others ? "turn" : (limits[short]?.boundBy ?? "no-current");
    const retryAt = Math.max(point.retryAt, now + (others ? ROOM_LASTS_MS : RETRY_MS));
    return { ...pausedPoint(point, boundBy, now), retryAt };
  }
  if (turn.place !== "active" && point.retryAt > now) {
    return point.boundBy === "turn" ? point : { ...point, boundBy: "retry-wait" };
  }
  if (turn.place === "active" || wants) take();
  if (!wants) return point;
  const limitA = Math.max(point.limitA, leastA(point, settings.minA));
  const seated = turn.place === "active" ? turn : activated(turn, now);
  return { ...withLimit(point, limitA, "settling", now), turn: seated };
}

/** Waiting for the sun while others have it is waiting for a turn; while nobody has it, nobody has a place. */
function withoutSun(point: Point, points: readonly Point[], now: Instant): Point {
  const held = points.some(other => other !== point && isSolar(other) && other.turn.place === "active");
  const { turn } = point;
  if (turn.place === "active" && (!held || now - turn.since < TURN_WAIT_MS)) return point;
  const place = held ? paused(turn, now) : inactive(turn, true, now);
  return place === turn ? point : { ...point, turn: place };
}

/** In mode Solar the solar controller says who may start. */
export function waitsForSun(point: Point, now: Instant): boolean {
  return isSolar(point) && solarWish(point, now)?.go !== true;
}

/** A car that asks and for which no room was made: some seconds are borne, then it goes back into the ring. */
export function refusedOrWaiting(point: Point, boundBy: BoundBy, others: boolean, scene: Scene): Point {
  const waitedMs = point.askingSince === null ? 0 : scene.now - point.askingSince;
  if (waitedMs <= JOIN_WAIT_MS || scene.trust === "hold") return { ...point, boundBy };
  const retryAt = scene.now + (others ? ROOM_LASTS_MS : RETRY_MS);
  return { ...pausedPoint(point, others ? "turn" : boundBy, scene.now), retryAt };
}
