import type { BoundBy } from "../../shared/contracts/units.ts";
import { MIN_OFFER_A } from "../../shared/iec61851/duty.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { isRegulated, limitsOn, weightOn } from "./limits.core.ts";
import { ceilingOf, isReachable, isSolar, type Point, solarWish, withLimit } from "./point.core.ts";
import type { Scene } from "./scene.core.ts";
import type { Trust } from "./trust.core.ts";
import { JOIN_WAIT_MS, LOST_POINT_MS, RETRY_MS } from "./tuning.core.ts";

/** Takes everything from points that do not want, or must not have, current. */
export function withoutClaim(point: Point, trust: Trust, circuitSilent: boolean, now: Instant): Point {
  const refuse = (boundBy: BoundBy): Point => ({
    ...withLimit(point, 0, boundBy, now),
    admitted: false,
    askingSince: null,
  });
  const { status } = point;
  if (status === null || !isReachable(point, now)) {
    const lostForMs = point.heardAt === null ? Infinity : now - point.heardAt;
    return lostForMs > LOST_POINT_MS ? refuse("unreachable") : point;
  }
  // Told whether or not there is a car: who plugs in now would wait for the meter.
  if (trust === "stop" && status.mode !== "normal") return refuse("mains-silent");
  if (circuitSilent) return refuse("circuit-silent");
  if (isSolar(point) && solarWish(point, now) === null) return refuse("mode-unavailable");
  if (!status.wantsCurrent) return refuse("not-charging");
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

/** Admits a waiting point to an offer when the others, lowered to their minimum, leave room for its own. */
export function considerWaiting(point: Point, index: number, points: readonly Point[], scene: Scene): Point {
  const { now, settings, limits } = scene;
  if (point.limitA > 0 || point.status?.wantsCurrent !== true || !isReachable(point, now)) return point;
  if (scene.circuitSilent || ceilingOf(point).limitA < MIN_OFFER_A || waitsForSun(point, now)) return point;
  if (isRegulated(point) && scene.trust !== "regulate")
    return point.boundBy === "not-charging" ? { ...point, boundBy: "settling" } : point;
  const uses = limitsOn(point, limits, now);
  if (uses.some(used => limits[used]?.settled === false)) return { ...point, boundBy: "settling" };
  const ahead = points
    .slice(0, index)
    .filter(other => other.limitA === 0 && other.retryAt <= now && other.status?.wantsCurrent === true)
    .filter(other => !waitsForSun(other, now));
  const short = uses.find(used => {
    const limit = limits[used];
    // Whether there is sun for one more is the solar controller's decision.
    if (limit === undefined || limit.shortage === "wished") return false;
    const leastA = (other: Point): number => settings.minA * weightOn(other, limit, now);
    const aheadA = ahead
      .filter(other => limitsOn(other, limits, now).includes(used))
      .reduce((sumA, other) => sumA + leastA(other), 0);
    return limit.budget.roomA - limit.load.minimumA - aheadA < leastA(point);
  });
  if (short !== undefined) {
    return { ...point, boundBy: limits[short]?.boundBy ?? "no-current", retryAt: now + RETRY_MS };
  }
  if (point.retryAt > now) return { ...point, boundBy: "retry-wait" };
  return withLimit(point, settings.minA, "settling", now);
}

/** In mode Solar the solar controller says who may start. */
export function waitsForSun(point: Point, now: Instant): boolean {
  return isSolar(point) && solarWish(point, now)?.go !== true;
}

export function refusedOrWaiting(point: Point, boundBy: BoundBy, scene: Scene): Point {
  const waitedMs = point.askingSince === null ? 0 : scene.now - point.askingSince;
  if (waitedMs <= JOIN_WAIT_MS || scene.trust === "hold") return { ...point, boundBy };
  return { ...withLimit(point, 0, boundBy, scene.now), askingSince: null, retryAt: scene.now + RETRY_MS };
}
