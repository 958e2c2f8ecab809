import type { Instant } from "../../shared/time/clock.ts";
import { isSteady, mayDraw, type Point } from "./point.core.ts";
import { RESPONSE_MS } from "./tuning.core.ts";

/** An EV meter that was seen to measure more than the car is not taken for the car for this long. */
export const SHARED_MS = 600_000;
/** More than this beside the car is another load. */
const OTHER_A = 1;

/**
 * Whether an EV meter at the head of a sub-panel shows more than its car: current while the contactor is open, or a
 * steady draw above what is offered. A car that is still on its way down is not steady.
 */
export function seesOtherLoads(point: Point, houseA: readonly [number, number, number], at: Instant): boolean {
  const mostA = Math.max(...houseA);
  const sinceChangeMs = at - (point.pastLimits.at(-1)?.at ?? -Infinity);
  if (!mayDraw(point, at)) return sinceChangeMs > RESPONSE_MS && mostA > OTHER_A;
  return isSteady(point, at) && mostA > point.limitA + OTHER_A;
}

/** Forgets what the meter said of the car: it counts as any car without an EV meter. */
export function withSharedMeter(point: Point, at: Instant): Point {
  return { ...point, pastDraws: [], slackSince: null, narrowSince: null, sharedMeterUntil: at + SHARED_MS };
}
