import type { Instant } from "../../shared/time/clock.ts";
import { offerToWaiting, refusedOrWaiting, withoutClaim } from "./admit.core.ts";
import type { BalancerSettings } from "./balancer.config.ts";
import { claimOf, reasonFor, round1 } from "./claim.core.ts";
import { distribute, type Shares } from "./distribute.core.ts";
import { offerToGuests } from "./guests.core.ts";
import {
  circuitIsSilent,
  heldOn,
  isRegulated,
  type Limit,
  limitsInForce,
  limitsOn,
  type MeterKey,
  mayDrawOn,
  weightOn,
} from "./limits.core.ts";
import { isReachable, isSolar, type Point, withLimit } from "./point.core.ts";
import type { Scene } from "./scene.core.ts";
import { ranksOf, ringOf, seat, takeTurns } from "./schedule.core.ts";
import { shed } from "./shortage.core.ts";
import type { BalancerState } from "./state.core.ts";
import type { Trust } from "./trust.core.ts";
import {
  FINE_RAISE_A,
  FINE_RAISE_AFTER_MS,
  PATIENCE_MAX_MS,
  PATIENCE_MIN_MS,
  RAISE_DEADBAND_A,
  RESPONSE_MS,
  STOOD_MS,
  TAKEN_BACK_MS,
  TRIAL_RAISE_A,
} from "./tuning.core.ts";

const NO_SHARES: Shares = { sharesA: [], stoppedBy: [] };

/** What a decision is about: nothing new, more for those who charge, or one more who would charge. */
type Intent = "hold" | "raise" | "join";

/** Gives every point its limit. Cuts are immediate and whole; raises wait for settled room; nobody joins into somebody else's current. */
export function allocate(
  state: BalancerState,
  settings: BalancerSettings,
  trust: Trust,
  fresh: MeterKey | "sun" | null,
  now: Instant,
): BalancerState {
  const circuitSilent = circuitIsSilent(state, settings, now);
  const cleared = { ...state, points: state.points.map(point => withoutClaim(point, trust, circuitSilent, now)) };
  const seated = seat(cleared, settings.schedule, now);
  const ring = ringOf(seated, settings.schedule, now);
  const meter = fresh === "sun" ? null : fresh;
  const ground = { settings, trust, now, circuitSilent, ranks: ranksOf(ring), fresh: meter, news: fresh !== null };
  const fitting = shed({ ...seated, ring: ring.map(({ id }) => id) }, ground);
  const turned = takeTurns(fitting.state, { ...ground, limits: fitting.limits });
  const handedOver = turned.points !== fitting.state.points;
  const limits = handedOver ? limitsInForce(turned, settings, trust, now) : fitting.limits;
  const scene: Scene = { ...ground, limits };
  return share(offerToWaiting(turned, scene), scene);
}

/** Shares what the limits allow among the points that charge or join, then offers the rest of them what they would get. */
function share(state: BalancerState, scene: Scene): BalancerState {
  const { settings, now, limits } = scene;
  const charging = state.points.filter(
    point => isReachable(point, now) && (point.admitted || point.askingSince !== null) && point.limitA > 0,
  );
  if (charging.length === 0) {
    const judged = judgeRaise(state, 0, 0, now);
    return { ...judged, points: offerToGuests(state.points, charging, scene) };
  }
  const joining = charging.filter(point => !point.admitted);
  const mayRaise =
    scene.trust === "unmetered" || (scene.trust === "regulate" && scene.news && now - state.raisedAt >= RESPONSE_MS);
  const intent: Intent = joining.length > 0 ? "join" : mayRaise ? "raise" : "hold";
  const allowedA = limits.map(limit => allowedBy(limit, scene, intent));
  const claims = charging.map(point => claimOf(point, charging.length, scene));
  const targets = distribute(claims, settings.minA, sharedA(limits, allowedA, intent, joinIsOnItsWay(joining, now)));

  const next = new Map<string, Point>();
  const restA = [...allowedA];
  const keptA = charging.map((point, index) => Math.min(point.limitA, targets.sharesA[index] ?? 0));
  charging.forEach((point, index) => {
    if (!point.admitted) return;
    for (const used of claims[index]?.uses ?? []) {
      restA[used] = (restA[used] ?? 0) - heldOn(point, limits[used], keptA[index] ?? 0, now);
    }
  });
  reserveLeaving(state.points, charging, restA, scene);
  const admitted = charging.map((point, index) => {
    if (point.admitted) return true;
    const uses = claims[index]?.uses ?? [];
    const floorA = claims[index]?.floorA ?? settings.minA;
    const needA = (used: number): number => floorA * weightOn(point, limits[used], now);
    if (uses.some(used => (restA[used] ?? 0) < needA(used) - 1e-6)) return false;
    for (const used of uses) restA[used] = (restA[used] ?? 0) - needA(used);
    keptA[index] = floorA;
    return true;
  });
  // Who waits to join comes before who would have more.
  const mayGrow = mayRaise && admitted.every(one => one);
  const wishesA = charging.map((point, index) => {
    const mine = admitted[index] === true && (mayGrow || !point.admitted || !isRegulated(point));
    return mine ? Math.max(0, (targets.sharesA[index] ?? 0) - (keptA[index] ?? 0)) : 0;
  });
  const raises = wishesA.every(wishA => wishA === 0)
    ? NO_SHARES
    : distribute(
        wishesA.map((capA, index) => ({ ...(claims[index] ?? { uses: [] }), floorA: 0, capA })),
        0,
        restA.map(value => Math.max(0, value)),
      );

  // What each would get if everything that is free now were given away: it names what really binds.
  const potential = distribute(
    claims,
    settings.minA,
    limits.map((limit, index) => {
      if (limit.meter === null) return allowedA[index] ?? 0;
      return limit.settled ? limit.budget.roomA : limit.budget.freeNowA;
    }),
  );
  let { changedAt, raisedAt } = state;
  let cutA = 0;
  let mostRaisedA = 0;
  charging.forEach((point, index) => {
    const keep = keptA[index] ?? 0;
    const capA = claims[index]?.capA ?? 0;
    const raiseA = raises.sharesA[index] ?? 0;
    const leastRaiseA = now - state.changedAt >= FINE_RAISE_AFTER_MS ? FINE_RAISE_A : RAISE_DEADBAND_A;
    const worthIt = raiseA >= leastRaiseA || keep + raiseA >= capA - 0.05 || !point.admitted;
    const limitA = round1(keep + (worthIt ? raiseA : 0));
    const boundBy = reasonFor(
      point,
      limitA,
      capA,
      potential.sharesA[index] ?? 0,
      potential.stoppedBy[index] ?? null,
      scene,
    );
    if (admitted[index] !== true) {
      next.set(point.id, refusedOrWaiting(point, boundBy, admitted.includes(true), scene));
      return;
    }
    if (limitA > point.limitA && point.admitted && isRegulated(point)) {
      raisedAt = now;
      // What the sun gives and takes teaches nothing about the house.
      if (!isSolar(point)) mostRaisedA = Math.max(mostRaisedA, limitA - point.limitA);
    }
    if (limitA !== point.limitA || !point.admitted) changedAt = now;
    if (point.admitted && isRegulated(point) && !isSolar(point)) cutA = Math.max(cutA, point.limitA - limitA);
    const baseBeforeA = state.mains.samples.at(-1)?.measuredA ?? null;
    const joined = point.admitted
      ? {}
      : { admitted: true, admittedAt: now, askingSince: null, baseBeforeA, seenDrawing: false };
    next.set(point.id, { ...withLimit(point, limitA, boundBy, now), ...joined });
  });
  const shared = state.points.map(point => next.get(point.id) ?? point);
  const judged = judgeRaise({ ...state, changedAt, raisedAt }, mostRaisedA, cutA, now);
  return { ...judged, points: offerToGuests(shared, charging, scene) };
}

/** The others were lowered for it a moment ago, and their cars are following: lowering them again would make no more room. */
function joinIsOnItsWay(joining: readonly Point[], now: Instant): boolean {
  if (joining.length === 0) return false;
  return joining.every(({ askingSince }) => askingSince !== null && now > askingSince);
}

/** More than any limit. */
const UNBOUNDED_A = 10_000;

/**
 * What is shared anew. A measured limit that neither demands less nor has settled room takes part in nothing: sharing anew what is
 * allotted would lower some for the sake of others who may not be raised yet.
 */
function sharedA(
  limits: readonly Limit[],
  allowedA: readonly number[],
  intent: Intent,
  cleared: boolean,
): readonly number[] {
  return limits.map((limit, index) => {
    const valueA = allowedA[index] ?? 0;
    const cuts = valueA < limit.load.allottedA - 1e-6;
    const shares = limit.settled ? intent !== "hold" : intent === "join" && !cleared;
    return limit.meter === null || cuts || shares ? valueA : UNBOUNDED_A;
  });
}

/** Learns from what became of the last raise: one that had to be taken back teaches patience, one that stood ends it. */
function judgeRaise(state: BalancerState, raisedA: number, cutA: number, now: Instant): BalancerState {
  if (raisedA >= TRIAL_RAISE_A) return { ...state, onTrial: { at: now, raiseA: raisedA } };
  if (state.onTrial === null) return state;
  const stoodMs = now - state.onTrial.at;
  if (cutA >= state.onTrial.raiseA / 2 && stoodMs <= TAKEN_BACK_MS) {
    return { ...state, onTrial: null, patienceMs: Math.min(PATIENCE_MAX_MS, state.patienceMs * 2) };
  }
  if (stoodMs < STOOD_MS) return state;
  return { ...state, onTrial: null, patienceMs: Math.max(PATIENCE_MIN_MS, state.patienceMs / 2) };
}

/** What a limit allows in total: less at once when a sample says so, more only when it is time to raise or somebody joins. */
function allowedBy(limit: Limit, scene: Scene, intent: Intent): number {
  const { budget, load } = limit;
  if (limit.meter === null) return limit.limitA;
  const cutA = scene.fresh === limit.meter ? Math.min(load.allottedA, budget.cutToA) : load.allottedA;
  if (cutA < load.allottedA || intent === "hold" || !limit.settled) return cutA;
  return Math.max(load.allottedA, intent === "join" ? budget.roomA : budget.raiseToA);
}

/** Points that fell silent, and those that were stopped a moment ago, still count with what they may be drawing. */
function reserveLeaving(points: readonly Point[], charging: readonly Point[], restA: number[], scene: Scene): void {
  for (const point of points) {
    const reachable = isReachable(point, scene.now);
    if (reachable && (charging.includes(point) || point.status?.mayDraw !== true)) continue;
    for (const used of limitsOn(point, scene.limits, scene.now)) {
      const limit = scene.limits[used];
      // A measured limit already holds what a lost point draws; only an unmetered one has to be told.
      if (limit === undefined || limit.shortage === "wished" || (!reachable && limit.meter !== null)) continue;
      restA[used] = (restA[used] ?? 0) - mayDrawOn(point, limit, scene.now);
    }
  }
}
