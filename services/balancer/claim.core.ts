import type { BoundBy } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { type Claim } from "./distribute.core.ts";
import { isRegulated, limitsOn, weightOn } from "./limits.core.ts";
import { ceilingOf, drawNow, isSolar, leastA, type Point, solarWish } from "./point.core.ts";
import type { Scene } from "./scene.core.ts";
import { RAISE_DEADBAND_A, SLACK_MS, SLACK_ROOM_A, SOLAR_START_MS } from "./tuning.core.ts";

/** What a point can use: its ceiling; the minimum while it starts by the sun; less when, among several, its car leaves what it has; the minimum while the meter is in doubt. */
export function claimOf(point: Point, sharers: number, scene: Scene): Claim {
  const { now, settings, trust } = scene;
  const uses = limitsOn(point, scene.limits, now);
  const floorA = leastA(point, settings.minA);
  const weights = uses.map(used => weightOn(point, scene.limits[used], now));
  const shared = { uses, weights, floorA, part: point.part ?? 1 };
  const ceilingA = Math.max(floorA, ceilingOf(point).limitA);
  if (trust === "minimum" && isRegulated(point)) return { ...shared, floorA: settings.minA, capA: settings.minA };
  if (isStartingBySun(point, now)) return { ...shared, capA: floorA };
  if (sharers > 1 && point.slackSince !== null && now - point.slackSince >= SLACK_MS && drawNow(point, now) !== null) {
    const usedA = Math.max(...point.pastDraws.flatMap(past => past.houseA));
    return { capA: Math.min(ceilingA, Math.max(floorA, Math.ceil(usedA + SLACK_ROOM_A))), ...shared };
  }
  // Without an EV meter, room is only room once the car has been seen to draw: until then it is what the car will take.
  const unseen = point.admitted && !point.seenDrawing && isRegulated(point) && drawNow(point, now) === null;
  return { capA: unseen ? Math.min(ceilingA, Math.max(floorA, point.limitA)) : ceilingA, ...shared };
}

function isStartingBySun(point: Point, now: Instant): boolean {
  return isSolar(point) && point.admitted && now - point.admittedAt < SOLAR_START_MS;
}

export function reasonFor(
  point: Point,
  limitA: number,
  capA: number,
  potentialA: number,
  stoppedBy: number | null,
  scene: Scene,
): BoundBy {
  if (scene.trust === "minimum" && isRegulated(point)) return "mains-silent";
  const ceiling = ceilingOf(point);
  if (isStartingBySun(point, scene.now) && limitA >= capA - 0.05) return "solar-start";
  if (limitA >= capA - 0.05) return capA >= ceiling.limitA - 0.05 ? ceiling.boundBy : "not-charging";
  if (potentialA >= limitA + RAISE_DEADBAND_A || stoppedBy === null) return "settling";
  const boundBy = scene.limits[stoppedBy]?.boundBy ?? "settling";
  return boundBy === "solar" ? (solarWish(point, scene.now)?.boundBy ?? "solar") : boundBy;
}

export function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
