import type { Instant } from "../../shared/time/clock.ts";
import type { BalancerSettings } from "./balancer.config.ts";
import { SHORTAGE_STOP, shortageWeight } from "./budget.core.ts";
import { type Limit, limitsInForce, limitsOn, weightOn } from "./limits.core.ts";
import { leastA, type Point } from "./point.core.ts";
import type { Scene } from "./scene.core.ts";
import { keepingOrder, pausedPoint } from "./schedule.core.ts";
import { quarterLimit } from "./standing.core.ts";
import type { BalancerState, Shortage } from "./state.core.ts";
import { MARGIN_A, RESPONSE_MS, RETRY_MS, ROOM_LASTS_MS } from "./tuning.core.ts";

/** What a shortage is judged by, before the limits of the decision are known. */
type ShortageScene = Omit<Scene, "limits" | "news" | "circuitSilent">;

/** A sum of three phases is short only by more than what their meter cannot tell. */
const SUM_NOISE_A = 3 * MARGIN_A;

/** Near the end of the quarter hour charging goes on at the minimum (spec control 11). */
const KEEP_MINIMUM_MS = 60_000;

const NONE: Shortage = { score: 0, since: null };

interface Shed {
  readonly state: BalancerState;
  /** In force for it. */
  readonly limits: readonly Limit[];
}

/**
 * Stops points while a limit does not even carry the minimum of all that charge, the last of the ring first. A limit that is only
 * a sum of what is given is never exceeded; a measured one counts a score with each of its samples; CAPACITY may be
 * exceeded at the minimum for CAP STOP, then everything stops that counts against it (spec control 4.5).
 */
export function shed(state: BalancerState, scene: ShortageScene): Shed {
  const { settings, trust, now } = scene;
  let limits = limitsInForce(state, settings, trust, now);
  let current: BalancerState = { ...state, shortage: judged(state, limits, scene) };
  // Each round stops at least one point, so that it ends.
  for (;;) {
    const short = limits.find(
      limit => mustStop(limit, current, scene) && usersOf(limit, limits, current, scene).length > 0,
    );
    if (short === undefined) return { state: current, limits };
    const users = usersOf(short, limits, current, scene);
    const stopping = new Set(toStop(users, short, scene).map(point => point.id));
    // Who has to wait while others go on is paused, which is no error; only when nobody is left there is a shortage.
    const others = users.length > stopping.size;
    const boundBy = others ? "turn" : short.boundBy;
    const retryAt = now + (others ? Math.max(ROOM_LASTS_MS, settings.schedule.idleMs) : RETRY_MS);
    const points = current.points.map(point =>
      stopping.has(point.id) ? { ...pausedPoint(point, boundBy, now), retryAt } : point,
    );
    // What was stopped for one limit has also left the others: they are judged anew.
    current = { ...current, points, changedAt: now, shortage: {} };
    limits = limitsInForce(current, settings, trust, now);
  }
}

/** The worst score there is, for those who look on. */
export function worstScore(state: BalancerState): number {
  return Math.max(0, ...Object.values(state.shortage).map(({ score }) => score));
}

/** Until everything that counts against a limit is stopped for CAP STOP; null = nothing is coming. */
export function capStopInMs(state: BalancerState, now: Instant): number | null {
  const { settings } = state;
  const since = Object.values(state.shortage).flatMap(shortage => shortage.since ?? []);
  if (settings === null || since.length === 0) return null;
  return Math.max(0, Math.min(...since) + settings.capStopMs - now);
}

/** Takes the sample that has just come into account, for the limits that are judged by it. */
function judged(
  state: BalancerState,
  limits: readonly Limit[],
  { fresh, now }: ShortageScene,
): Readonly<Record<string, Shortage>> {
  const next: Record<string, Shortage> = {};
  for (const limit of limits) {
    const before = state.shortage[limit.key] ?? NONE;
    const after = limit.meter === null || limit.meter !== fresh ? before : nextShortage(before, limit, state, now);
    if (after.score > 0 || after.since !== null) next[limit.key] = after;
  }
  return next;
}

function nextShortage(before: Shortage, limit: Limit, state: BalancerState, now: Instant): Shortage {
  const { load, budget, loadShare, limitA } = limit;
  if (load.minimumA <= 0) return NONE;
  if (limit.shortage === "tolerated" && budget.shortageA > SUM_NOISE_A) {
    return { score: 0, since: before.since ?? now };
  }
  if (loadShare > 2) return { score: SHORTAGE_STOP, since: null };
  const weight = shortageWeight(budget.shortageA, limitA);
  if (weight > 0) return { score: before.score + weight, since: null };
  return { score: now - state.changedAt >= RESPONSE_MS ? Math.max(0, before.score - 1) : before.score, since: null };
}

function mustStop(limit: Limit, state: BalancerState, { settings, now }: ShortageScene): boolean {
  const { score, since } = state.shortage[limit.key] ?? NONE;
  switch (limit.shortage) {
    case "scored":
      return score >= SHORTAGE_STOP;
    case "tolerated":
      if (limit.key === "peak" && quarterIsOver(limit, state, settings, now)) return false;
      return score >= SHORTAGE_STOP || (since !== null && now - since >= settings.capStopMs);
    case "at-once":
      return limit.budget.shortageA > 1e-6;
    case "wished":
      return false;
  }
}

/** The quarter hour ends so soon that stopping would save less than one more meter period and the car's reaction cost. */
function quarterIsOver(limit: Limit, state: BalancerState, settings: BalancerSettings, now: Instant): boolean {
  const endsInMs = quarterLimit(state, settings, now)?.endsInMs ?? null;
  if (endsInMs === null || endsInMs > KEEP_MINIMUM_MS) return false;
  return limit.budget.shortageA * endsInMs <= limit.load.minimumA * (state.mains.cadenceMs + RESPONSE_MS);
}

/** Of those that charge against a limit, the last of the ring first. */
function usersOf(
  limit: Limit,
  limits: readonly Limit[],
  { points }: BalancerState,
  { ranks, now }: ShortageScene,
): readonly Point[] {
  const index = limits.indexOf(limit);
  const users = points.filter(point => point.admitted && limitsOn(point, limits, now).includes(index));
  return keepingOrder(users, ranks).toReversed();
}

/** All of them when CAP STOP is over; otherwise as many of the last as make the rest fit. */
function toStop(users: readonly Point[], limit: Limit, { settings, now }: ShortageScene): readonly Point[] {
  if (limit.shortage === "tolerated" && settings.capStopMs > 0) return users;
  let missingA = limit.budget.shortageA;
  return users.filter((point, place) => {
    if (place > 0 && missingA <= 1e-6) return false;
    missingA -= leastA(point, settings.minA) * weightOn(point, limit, now);
    return true;
  });
}
