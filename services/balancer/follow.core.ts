import type { EvseStatus } from "../../shared/contracts/evse.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { type Point, withLimit } from "./point.core.ts";
import type { BalancerState } from "./state.core.ts";
import { recalled } from "./turn.core.ts";

/**
 * What a standby makes of an input: it observes as the active balancer does, decides nothing, and holds for every point what
 * the point says it was given. So it can go on from there at any moment.
 */
export function follow(
  before: BalancerState,
  after: BalancerState,
  status: EvseStatus | null,
  now: Instant,
): BalancerState {
  const undecided = after.points.map((point, index) => withDecisionOf(before.points[index] ?? point, point));
  const points = undecided.map(point => (point.id === status?.evseId ? adopt(point, before, status, now) : point));
  const cut = points.some((point, index) => point.limitA < (before.points[index]?.limitA ?? 0));
  const raised = points.some((point, index) => point.limitA > (before.points[index]?.limitA ?? 0));
  const { pointer, rotatingSince, turnedAt } = before;
  const ring = { ...after, points, pointer, rotatingSince, turnedAt };
  return {
    ...(status === null ? ring : recallRing(ring, status, now)),
    changedAt: cut || raised ? now : before.changedAt,
    raisedAt: raised ? now : before.raisedAt,
  };
}

function withDecisionOf(before: Point, point: Point): Point {
  const {
    limitA,
    inheritedA,
    admitted,
    admittedAt,
    boundBy,
    retryAt,
    askingSince,
    pastLimits,
    phases,
    baseBeforeA,
    turn,
  } = before;
  const seenDrawing = admitted ? point.seenDrawing : before.seenDrawing;
  return {
    ...point,
    limitA,
    inheritedA,
    admitted,
    admittedAt,
    boundBy,
    retryAt,
    askingSince,
    pastLimits,
    phases,
    baseBeforeA,
    seenDrawing,
    turn,
  };
}

/** A point that believes no balancer has what it offers by itself: its safe current, or nothing. */
function adopt(point: Point, before: BalancerState, status: EvseStatus, now: Instant): Point {
  const alone = status.mayDraw ? status.offerA : 0;
  const { limitA, admitted, boundBy, retryS, phases } = status.allotted ?? {
    limitA: alone,
    admitted: alone > 0,
    boundBy: status.boundBy,
    retryS: 0,
    phases: point.phases,
  };
  const turn = status.turn === null ? point.turn : recalled(status.turn, now);
  const retryAt = now + retryS * 1_000;
  const inheritedA = admitted ? limitA : 0;
  const held = { ...withLimit(point, limitA, boundBy, now), inheritedA, admitted, phases, retryAt, turn };
  if (!admitted) return held;
  if (point.admitted) return { ...held, askingSince: null };
  // A car that charged before this balancer listened draws what it draws; one that is admitted now is looked for.
  const unheard = before.points.find(({ id }) => id === point.id)?.status === null;
  const baseBeforeA = unheard ? null : (before.mains.samples.at(-1)?.measuredA ?? null);
  return { ...held, askingSince: null, admittedAt: now, baseBeforeA, seenDrawing: unheard };
}

/** What a point remembers of the ring: whether it stands there, and how long the rotation has been running. */
export function recallRing(state: BalancerState, { evseId, turn }: EvseStatus, now: Instant): BalancerState {
  if (turn === null) return state;
  const { pointer, rotatingSince, turnedAt } = state;
  const elsewhere = pointer === evseId ? null : pointer;
  return {
    ...state,
    pointer: turn.ringHere ? evseId : elsewhere,
    turnedAt: turn.ringHere ? now - turn.forMs : turnedAt,
    rotatingSince: turn.rotatingMs === null ? rotatingSince : now - turn.rotatingMs,
  };
}
