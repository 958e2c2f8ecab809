import { claimOf, round1 } from "./claim.core.ts";
import { distribute } from "./distribute.core.ts";
import { ceilingOf, isReachable, leastA, type Point, withLimit } from "./point.core.ts";
import type { Scene } from "./scene.core.ts";

/** A car that is connected but does not ask sees what it would get; nothing is reserved for it. */
export function offerToGuests(points: readonly Point[], charging: readonly Point[], scene: Scene): readonly Point[] {
  const { now, settings, limits } = scene;
  const taking = new Set(charging.map(point => point.id));
  const guests = points.filter(point => point.limitA > 0 && !taking.has(point.id) && isReachable(point, now));
  const seen = scene.fresh !== null || (scene.news && limits.every(limit => limit.settled));
  if (guests.length === 0 || !(seen || scene.trust === "unmetered")) return points;
  const everyone = [...points.filter(point => taking.has(point.id) && point.admitted), ...guests];
  const roomA = limits.map(limit => Math.max(limit.budget.roomA, limit.load.allottedA));
  const shares = distribute(
    everyone.map(point => claimOf(point, 1, scene)),
    settings.minA,
    roomA,
  );
  const offers = new Map(everyone.map((point, index) => [point.id, index] as const));
  return points.map(point => {
    if (!guests.includes(point)) return point;
    const index = offers.get(point.id) ?? 0;
    const shareA = Math.max(leastA(point, settings.minA), shares.sharesA[index] ?? 0);
    const ceiling = ceilingOf(point);
    const limitA = Math.abs(shareA - point.limitA) >= 1 ? shareA : Math.min(point.limitA, ceiling.limitA);
    const stoppedBy = shares.stoppedBy[index] ?? null;
    const boundBy = stoppedBy === null ? ceiling.boundBy : (limits[stoppedBy]?.boundBy ?? "settling");
    return withLimit(point, round1(limitA), boundBy, now);
  });
}
