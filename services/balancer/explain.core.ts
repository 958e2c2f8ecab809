import type { BalancerInsight, LimitInsight, Reconsider } from "../../shared/contracts/insight.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { isRegulated, type Limit, limitsInForce, limitsOn, measuredOf, weightOn } from "./limits.core.ts";
import { ageMs } from "./measured.core.ts";
import { isReachable, type Point } from "./point.core.ts";
import { turnsOf } from "./schedule.core.ts";
import { capStopInMs } from "./shortage.core.ts";
import type { BalancerState } from "./state.core.ts";
import type { Trust } from "./trust.core.ts";
import { JOIN_WAIT_MS, RESPONSE_MS } from "./tuning.core.ts";

/** Every limit that this point counts against, and what it would allow alone; null when no such point is known. */
export function explainAllocation(
  state: BalancerState,
  evseId: string,
  trust: Trust,
  now: Instant,
): BalancerInsight | null {
  const point = state.points.find(one => one.id === evseId);
  if (point === undefined) return null;
  const limits = state.settings === null ? [] : limitsInForce(state, state.settings, trust, now);
  return {
    evseId,
    limitA: point.limitA,
    boundBy: point.boundBy,
    limits: limitsOn(point, limits, now).flatMap(index => {
      const limit = limits[index];
      return limit === undefined ? [] : [insightOf(limit, limits, point, state, now)];
    }),
    reconsider: reconsiderOf(state, point, trust, now),
  };
}

function insightOf(
  limit: Limit,
  limits: readonly Limit[],
  point: Point,
  state: BalancerState,
  now: Instant,
): LimitInsight {
  const { boundBy, limitA } = limit;
  const age = ageOf(limit, state, now);
  // A meter that has told nothing yet says nothing about room.
  const allowsA = limit.meter !== null && age === null ? null : allowedA(limit, limits, point, state, now);
  return { boundBy, allowsA, ofA: limitA, ageMs: age };
}

function ageOf({ boundBy, meter }: Limit, state: BalancerState, now: Instant): number | null {
  if (boundBy === "solar") return state.sun === null ? null : now - state.sun.at;
  return meter === null ? null : ageMs(measuredOf(state, meter), now);
}

/** What the limit would give this point if the others kept what they have. */
function allowedA(limit: Limit, limits: readonly Limit[], point: Point, state: BalancerState, now: Instant): number {
  const index = limits.indexOf(limit);
  const othersA = state.points
    .filter(other => other !== point && other.limitA > 0 && (other.admitted || other.status?.mayDraw === true))
    .filter(other => limitsOn(other, limits, now).includes(index))
    .reduce((sum, other) => sum + other.limitA * weightOn(other, limit, now), 0);
  // Room that has not lasted yet is what the newest sample leaves.
  const seenA = limit.settled ? limit.budget.roomA : limit.budget.freeNowA;
  const totalA = limit.meter !== null ? seenA : limit.limitA;
  return Math.max(0, Math.round(((totalA - othersA) / weightOn(point, limit, now)) * 10) / 10);
}

function reconsiderOf(state: BalancerState, point: Point, trust: Trust, now: Instant): Reconsider {
  const settlingMs = state.patienceMs;
  const plan = (kind: Reconsider["kind"], inMs: number): Reconsider => ({ kind, inMs: Math.max(0, inMs), settlingMs });
  const { status } = point;
  if (!isReachable(point, now) || status === null || state.settings === null) return plan("never", 0);
  if (point.turn.place === "paused" && point.boundBy === "turn") {
    return plan("turn", turnsOf(state, state.settings.schedule, now).get(point.id)?.nextInMs ?? 0);
  }
  if (!status.wantsCurrent || point.boundBy === "limits-unheard") return plan("never", 0);
  if (point.retryAt > now) return plan("retry", point.retryAt - now);
  if (point.limitA === 0) return plan("join", 0);
  if (!status.asksPower) return plan("not-asking", 0);
  if (!point.admitted) return plan("join", Math.max(0, (point.askingSince ?? now) + JOIN_WAIT_MS - now));
  const stopMs = capStopInMs(state, now);
  if (stopMs !== null && isRegulated(point)) return plan("stop", stopMs);
  if (isRegulated(point) && trust !== "regulate" && trust !== "unmetered") return plan("cut-only", 0);
  return plan("raise", isRegulated(point) ? state.raisedAt + RESPONSE_MS - now : 0);
}
