import { lifetimeMs } from "../../shared/contracts/define.ts";
import { limitsCurrent, type StandingLimit } from "../../shared/contracts/limits.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { BalancerSettings } from "./balancer.config.ts";
import { type Cap, isReachable, type Point, phasesUsed } from "./point.core.ts";
import type { BalancerState } from "./state.core.ts";

/** Nominal voltage between what is set in W and what is regulated in A (spec control 0). */
const NOMINAL_V = 230;
/** `limits.current` older than this no longer tells the time; limits from outside go on until they end by themselves. */
const LIFETIME_MS = lifetimeMs(limitsCurrent);
/** CAP MODE = Interval stays this much below its power (spec control 11). */
const INTERVAL_MARGIN_W = 100;

/** The current that a power is, in sum of the phases. */
export function sumAOf(powerW: number): number {
  return Math.max(0, powerW) / NOMINAL_V;
}

/** Limits from outside that have not ended. Silence of their owner lifts none. */
export function standingLimits({ standing }: BalancerState, now: Instant): readonly StandingLimit[] {
  if (standing === null) return [];
  return standing.current.limits.filter(({ expiresInMs }) => expiresInMs === null || now - standing.at < expiresInMs);
}

/** What the quarter hour leaves for the site, sum of the phases, and until when; the flat limit while nobody follows it. */
export function quarterLimit(
  { standing }: BalancerState,
  { peakFloorW }: BalancerSettings,
  now: Instant,
): { readonly limitA: number; readonly endsInMs: number | null } | null {
  if (peakFloorW === null) return null;
  const flat = { limitA: sumAOf(peakFloorW), endsInMs: null };
  if (standing === null || now - standing.at > LIFETIME_MS) return flat;
  const { quarter } = standing.current;
  if (quarter === null || quarter.limitW === null || quarter.allowedW === null) return flat;
  const endsInMs = quarter.endsInMs - (now - standing.at);
  // The next quarter hour begins with the average that it may have.
  return endsInMs > 0
    ? { limitA: sumAOf(quarter.allowedW), endsInMs }
    : { limitA: sumAOf(quarter.limitW), endsInMs: null };
}

/** CAP MODE = Interval: what the site may draw at this time of the day, sum of the phases; null in other modes. */
export function intervalA({ standing }: BalancerState, settings: BalancerSettings, now: Instant): number | null {
  if (settings.intervalFloorW === null) return null;
  const told = standing !== null && now - standing.at <= LIFETIME_MS ? standing.current.intervalW : null;
  return sumAOf((told ?? settings.intervalFloorW) - INTERVAL_MARGIN_W);
}

/** The grid operator limits the site: a relay is open, or the point that reads it is silent. */
export function relayIsOpen({ points }: BalancerState, { gridRelayAt }: BalancerSettings, now: Instant): boolean {
  return points.some(
    point => gridRelayAt.includes(point.id) && (!isReachable(point, now) || point.status?.gridRelayOpen !== false),
  );
}

/** Whether limits may have been set of which this balancer, which has just begun, knows nothing. */
function areUnheard({ keepsLimits, standing }: BalancerState): boolean {
  return keepsLimits && standing === null;
}

/**
 * Every point with the least that limits from outside leave it alone; below MIN that is nothing. While they are not known it
 * keeps what it was given by a balancer that knew them: their sum, too, was within all of them, and limits left alone only end.
 */
export function withCaps(state: BalancerState, minA: number, now: Instant): readonly Point[] {
  const unheard = areUnheard(state);
  const limits = standingLimits(state, now).filter(({ evseId }) => evseId !== null);
  if (!unheard && limits.length === 0 && state.points.every(({ cap }) => cap === null)) return state.points;
  return state.points.map(point => {
    const cap = unheard ? inheritedCap(point, minA) : capOf(point, limits, minA, now);
    return cap?.limitA === point.cap?.limitA && cap?.boundBy === point.cap?.boundBy ? point : { ...point, cap };
  });
}

function inheritedCap({ inheritedA }: Point, minA: number): Cap {
  return { limitA: inheritedA < minA ? 0 : inheritedA, boundBy: "limits-unheard" };
}

function capOf(point: Point, limits: readonly StandingLimit[], minA: number, now: Instant): Cap | null {
  let least: Cap | null = null;
  for (const { evseId, owner, maxA, maxW } of limits) {
    if (evseId !== point.id) continue;
    const allowedA = maxA ?? sumAOf(maxW ?? 0) / phasesUsed(point, now).length;
    const limitA = allowedA < minA ? 0 : Math.floor(allowedA * 10) / 10;
    if (least === null || limitA < least.limitA) least = { limitA, boundBy: `limit.${owner}` };
  }
  return least;
}
