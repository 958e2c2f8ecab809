import type { ParamsOf } from "../../shared/contracts/define.ts";
import type { limitsSet, limitsWithdraw, StandingLimit } from "../../shared/contracts/limits.ts";
import { LimitNotYours, LimitRefused, PointUnknown } from "../../shared/errors.ts";
import type { KeptLimit } from "./limits.port.ts";

/** More than this is no site but a mistake of somebody's loop. */
export const MOST_LIMITS = 200;

/**
 * Sets a limit, or replaces that of the same id. Throws `PointUnknown`, `LimitNotYours` for the limit of another owner, and
 * `LimitRefused` when there are too many.
 */
export function setLimit(
  limits: readonly KeptLimit[],
  { limitId, owner, evseId, maxA, maxW, expiresInS }: ParamsOf<typeof limitsSet>,
  points: readonly string[],
  civilMs: number,
): readonly KeptLimit[] {
  if (evseId !== null && !points.includes(evseId)) throw new PointUnknown(evseId, points);
  const others = without(limits, limitId, owner);
  if (others.length >= MOST_LIMITS) {
    throw new LimitRefused(`there are ${MOST_LIMITS} limits already; withdraw those that are no longer meant`);
  }
  const endsAtMs = expiresInS === null ? null : civilMs + expiresInS * 1_000;
  return [...others, { limitId, owner, evseId, maxA, maxW, endsAtMs }];
}

/** Withdraws a limit. Throws `LimitNotYours` for that of another owner. */
export function withdrawLimit(
  limits: readonly KeptLimit[],
  { limitId, owner }: ParamsOf<typeof limitsWithdraw>,
): readonly KeptLimit[] {
  return without(limits, limitId, owner);
}

/** Those that have not ended. */
export function stillSet(limits: readonly KeptLimit[], civilMs: number): readonly KeptLimit[] {
  return limits.filter(({ endsAtMs }) => endsAtMs === null || endsAtMs > civilMs);
}

/** As they are told: with the time that they still have. */
export function toldLimits(limits: readonly KeptLimit[], civilMs: number): readonly StandingLimit[] {
  return stillSet(limits, civilMs).map(({ endsAtMs, ...limit }) => ({
    ...limit,
    expiresInMs: endsAtMs === null ? null : endsAtMs - civilMs,
  }));
}

/** The civil clock was set: what was set for so many seconds in this process still ends after so many seconds. */
export function shifted(
  limits: readonly KeptLimit[],
  setHere: ReadonlySet<string>,
  jumpMs: number,
): readonly KeptLimit[] {
  return limits.map(limit =>
    limit.endsAtMs !== null && setHere.has(limit.limitId) ? { ...limit, endsAtMs: limit.endsAtMs + jumpMs } : limit,
  );
}

function without(limits: readonly KeptLimit[], limitId: string, owner: string): readonly KeptLimit[] {
  const before = limits.find(limit => limit.limitId === limitId);
  if (before !== undefined && before.owner !== owner) throw new LimitNotYours(limitId, before.owner);
  return limits.filter(limit => limit !== before);
}
