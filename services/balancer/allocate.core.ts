import type { BoundBy } from "../../shared/contracts/units.ts";
import { MIN_OFFER_A } from "../../shared/iec61851/duty.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { BalancerSettings } from "./balancer.config.ts";
import { SHORTAGE_STOP, shortageWeight } from "./budget.core.ts";
import { type Claim, distribute } from "./distribute.core.ts";
import { isRegulated, type Limit, limitsInForce, limitsOn, SUM_OF_PHASES, weightOn } from "./limits.core.ts";
import { drawAtMostA, drawNow, isReachable, isSolar, type Point, solarWish, withLimit } from "./point.core.ts";
import type { BalancerState } from "./state.core.ts";
import type { Trust } from "./trust.core.ts";
import {
  FINE_RAISE_A,
  FINE_RAISE_AFTER_MS,
  JOIN_WAIT_MS,
  LOST_POINT_MS,
  PATIENCE_MAX_MS,
  PATIENCE_MIN_MS,
  RAISE_DEADBAND_A,
  RESPONSE_MS,
  RETRY_MS,
  SLACK_MS,
  SLACK_ROOM_A,
  SOLAR_START_MS,
  STOOD_MS,
  TAKEN_BACK_MS,
  TRIAL_RAISE_A,
} from "./tuning.core.ts";

/** What the current decision works on. */
interface Scene {
  readonly settings: BalancerSettings;
  readonly trust: Trust;
  readonly now: Instant;
  readonly limits: readonly Limit[];
  /** A new sample of a limit's meter has just come. */
  readonly fresh: boolean;
  /** That, or a new budget of the sun: something may be raised. */
  readonly news: boolean;
}

/** Gives every point its limit. Cuts are immediate and whole; raises wait for settled room; nobody joins into somebody else's current. */
export function allocate(
  state: BalancerState,
  settings: BalancerSettings,
  trust: Trust,
  fresh: "mains" | "circuit" | "sun" | null,
  now: Instant,
): BalancerState {
  const cleared = { ...state, points: state.points.map(point => withoutClaim(point, trust, now)) };
  const scene: Scene = {
    settings,
    trust,
    now,
    fresh: fresh === "mains" || fresh === "circuit",
    news: fresh !== null,
    limits: limitsInForce(cleared, settings, trust, now),
  };
  const afterShortage = shed(cleared, scene);
  const limited = { ...scene, limits: limitsInForce(afterShortage, settings, trust, now) };
  const points = afterShortage.points.map((point, index) =>
    considerWaiting(point, index, afterShortage.points, limited),
  );
  return share({ ...afterShortage, points }, limited);
}

/** Takes everything from points that do not want, or must not have, current. */
function withoutClaim(point: Point, trust: Trust, now: Instant): Point {
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
  if (isSolar(point) && solarWish(point, now) === null) return refuse("mode-unavailable");
  if (!status.wantsCurrent) return refuse("not-charging");
  if (status.ceilingA < MIN_OFFER_A) return refuse(status.ceilingBy);
  if (isRegulated(point)) {
    if (trust === "unmetered") return refuse("no-mains-meter");
    if (trust === "stop") return refuse("mains-silent");
  }
  if (waitsForSun(point, now)) return refuse("solar-start");
  // A car that no longer asks keeps its offer, but its current is free for others.
  if (point.admitted && !status.asksPower) return { ...point, admitted: false, askingSince: null };
  if (!status.asksPower) return point.askingSince === null ? point : { ...point, askingSince: null };
  return point.admitted || point.askingSince !== null ? point : { ...point, askingSince: now };
}

/** Keeps the shortage score of each phase and stops the points that were admitted last until the rest fits at its minimum. */
function shed(state: BalancerState, scene: Scene): BalancerState {
  const score: [number, number, number] = [...state.shortage];
  let current = { state, scene };
  for (const phase of [0, 1, 2] as const) {
    const worst = worstOn(phase, current.scene);
    if (worst === null) continue;
    if (worst.measured) score[phase] = nextScore(score[phase], worst, scene.now - state.changedAt);
    const mustStop = worst.measured ? score[phase] >= SHORTAGE_STOP : worst.budget.shortageA > 0;
    if (!mustStop) continue;
    const points = stopLast(current.state.points, worst, current.scene);
    if (points === current.state.points) continue;
    // What was stopped for one phase has also left the others.
    const stopped: BalancerState = { ...current.state, points, changedAt: scene.now };
    current = {
      state: stopped,
      scene: { ...scene, limits: limitsInForce(stopped, scene.settings, scene.trust, scene.now) },
    };
    score.fill(0);
  }
  return { ...current.state, shortage: score };
}

/** The limit of a phase that is shortest of current, among those that may speak now. */
function worstOn(phase: number, scene: Scene): Limit | null {
  let worst: Limit | null = null;
  for (const limit of scene.limits) {
    if (limit.phase !== phase || (limit.measured && !scene.fresh)) continue;
    if (worst === null || limit.budget.shortageA / limit.limitA > worst.budget.shortageA / worst.limitA) worst = limit;
  }
  return worst;
}

function nextScore(score: number, limit: Limit, sinceChangeMs: number): number {
  if (limit.load.minimumA <= 0) return 0;
  if (limit.loadShare > 2) return SHORTAGE_STOP;
  const weight = shortageWeight(limit.budget.shortageA, limit.limitA);
  if (weight > 0) return score + weight;
  return sinceChangeMs >= RESPONSE_MS ? Math.max(0, score - 1) : score;
}

function stopLast(points: readonly Point[], limit: Limit, scene: Scene): readonly Point[] {
  const { now, settings } = scene;
  const index = scene.limits.indexOf(limit);
  const candidates = points
    .filter(point => point.admitted && limitsOn(point, scene.limits, now).includes(index))
    .sort((a, b) => b.admittedAt - a.admittedAt || points.indexOf(b) - points.indexOf(a));
  const toStop = Math.max(1, Math.ceil(limit.budget.shortageA / settings.minA));
  const stopping = new Set(candidates.slice(0, toStop).map(point => point.id));
  if (stopping.size === 0) return points;
  return points.map(point =>
    stopping.has(point.id)
      ? { ...withLimit(point, 0, limit.boundBy, now), admitted: false, askingSince: null, retryAt: now + RETRY_MS }
      : point,
  );
}

/** Admits a waiting point to an offer when the others, lowered to their minimum, leave room for its own. */
function considerWaiting(point: Point, index: number, points: readonly Point[], scene: Scene): Point {
  const { now, settings, limits } = scene;
  if (point.limitA > 0 || point.status?.wantsCurrent !== true || !isReachable(point, now)) return point;
  if (waitsForSun(point, now)) return point;
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
    if (limit === undefined || limit.phase === SUM_OF_PHASES) return false;
    const aheadA = ahead.filter(other => limitsOn(other, limits, now).includes(used)).length * settings.minA;
    return limit.budget.roomA - limit.load.minimumA - aheadA < settings.minA;
  });
  if (short !== undefined) {
    return { ...point, boundBy: limits[short]?.boundBy ?? "no-current", retryAt: now + RETRY_MS };
  }
  if (point.retryAt > now) return { ...point, boundBy: "retry-wait" };
  return withLimit(point, settings.minA, "settling", now);
}

/** In mode Solar the solar controller says who may start. */
function waitsForSun(point: Point, now: Instant): boolean {
  return isSolar(point) && solarWish(point, now)?.go !== true;
}

/** Shares what the limits allow among the points that charge or join, then offers the rest of them what they would get. */
function share(state: BalancerState, scene: Scene): BalancerState {
  const { settings, now, limits } = scene;
  const charging = state.points.filter(
    point => isReachable(point, now) && (point.admitted || point.askingSince !== null) && point.limitA > 0,
  );
  const joining = charging.filter(point => !point.admitted);
  const mayRaise =
    scene.trust === "unmetered" || (scene.trust === "regulate" && scene.news && now - state.raisedAt >= RESPONSE_MS);
  const allowedA = limits.map(limit =>
    allowedBy(limit, scene, joining.length > 0 ? "join" : mayRaise ? "raise" : "hold"),
  );
  const claims = charging.map(point => claimOf(point, charging.length, scene));
  const targets = distribute(claims, settings.minA, allowedA);

  const next = new Map<string, Point>();
  const restA = [...allowedA];
  const keptA = charging.map((point, index) => Math.min(point.limitA, targets.sharesA[index] ?? 0));
  charging.forEach((point, index) => {
    if (!point.admitted) return;
    for (const used of claims[index]?.uses ?? []) {
      const ghostA = drawAtMostA(point, limits[used]?.phase ?? 0, now);
      restA[used] = (restA[used] ?? 0) - Math.max(ghostA, keptA[index] ?? 0) * weightOn(point, limits[used], now);
    }
  });
  reserveLost(state.points, restA, scene);
  const admitted = charging.map((point, index) => {
    if (point.admitted) return true;
    const uses = claims[index]?.uses ?? [];
    const leastA = (used: number): number => settings.minA * weightOn(point, limits[used], now);
    if (uses.some(used => (restA[used] ?? 0) < leastA(used) - 1e-6)) return false;
    for (const used of uses) restA[used] = (restA[used] ?? 0) - leastA(used);
    keptA[index] = settings.minA;
    return true;
  });
  const raises = distribute(
    charging.map((point, index) => {
      const mine = admitted[index] === true && (mayRaise || !point.admitted || !isRegulated(point));
      return {
        ...(claims[index] ?? { uses: [] }),
        capA: mine ? Math.max(0, (targets.sharesA[index] ?? 0) - (keptA[index] ?? 0)) : 0,
      };
    }),
    0,
    restA.map(value => Math.max(0, value)),
  );

  // What each would get if everything that is free now were given away: it names what really binds.
  const potential = distribute(
    claims,
    settings.minA,
    limits.map((limit, index) => {
      if (!limit.measured) return allowedA[index] ?? 0;
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
    const leastA = now - state.changedAt >= FINE_RAISE_AFTER_MS ? FINE_RAISE_A : RAISE_DEADBAND_A;
    const worthIt = raiseA >= leastA || keep + raiseA >= capA - 0.05 || !point.admitted;
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
      next.set(point.id, refusedOrWaiting(point, boundBy, scene));
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
function allowedBy(limit: Limit, scene: Scene, intent: "hold" | "raise" | "join"): number {
  const { budget, load } = limit;
  if (!limit.measured) return limit.limitA;
  const cutA = scene.fresh ? Math.min(load.allottedA, budget.cutToA) : load.allottedA;
  if (cutA < load.allottedA || intent === "hold" || !limit.settled) return cutA;
  return Math.max(load.allottedA, intent === "join" ? budget.roomA : budget.raiseToA);
}

/** What a point can use: its ceiling; the minimum while it starts by the sun; less when, among several, its car leaves what it has; the minimum while the meter is in doubt. */
function claimOf(point: Point, sharers: number, scene: Scene): Claim {
  const { now, settings, trust } = scene;
  const uses = limitsOn(point, scene.limits, now);
  const shared = isSolar(point)
    ? { uses, weights: uses.map(used => weightOn(point, scene.limits[used], now)) }
    : { uses };
  const ceilingA = Math.max(settings.minA, point.status?.ceilingA ?? 0);
  if (trust === "minimum" && isRegulated(point)) return { ...shared, capA: settings.minA };
  if (isStartingBySun(point, now)) return { ...shared, capA: settings.minA };
  if (sharers > 1 && point.slackSince !== null && now - point.slackSince >= SLACK_MS && drawNow(point, now) !== null) {
    const usedA = Math.max(...point.pastDraws.flatMap(past => past.houseA));
    return { capA: Math.min(ceilingA, Math.max(settings.minA, Math.ceil(usedA + SLACK_ROOM_A))), ...shared };
  }
  // Without an EV meter, room is only room once the car has been seen to draw: until then it is what the car will take.
  const unseen = point.admitted && !point.seenDrawing && isRegulated(point) && drawNow(point, now) === null;
  return { capA: unseen ? Math.min(ceilingA, Math.max(settings.minA, point.limitA)) : ceilingA, ...shared };
}

function isStartingBySun(point: Point, now: Instant): boolean {
  return isSolar(point) && point.admitted && now - point.admittedAt < SOLAR_START_MS;
}

/** Points that fell silent still count with what they may be drawing. */
function reserveLost(points: readonly Point[], restA: number[], scene: Scene): void {
  for (const point of points) {
    if (isReachable(point, scene.now)) continue;
    for (const used of limitsOn(point, scene.limits, scene.now)) {
      const limit = scene.limits[used];
      // A measured limit already holds what a lost point draws; only an unmetered one has to be told.
      if (limit?.measured === false) restA[used] = (restA[used] ?? 0) - drawAtMostA(point, limit.phase, scene.now);
    }
  }
}

function refusedOrWaiting(point: Point, boundBy: BoundBy, scene: Scene): Point {
  const waitedMs = point.askingSince === null ? 0 : scene.now - point.askingSince;
  if (waitedMs <= JOIN_WAIT_MS || scene.trust === "hold") return { ...point, boundBy };
  return { ...withLimit(point, 0, boundBy, scene.now), askingSince: null, retryAt: scene.now + RETRY_MS };
}

/** A car that is connected but does not ask sees what it would get; nothing is reserved for it. */
function offerToGuests(points: readonly Point[], charging: readonly Point[], scene: Scene): readonly Point[] {
  const { now, settings, limits } = scene;
  const taking = new Set(charging.map(point => point.id));
  const guests = points.filter(point => point.limitA > 0 && !taking.has(point.id) && isReachable(point, now));
  const seen = scene.fresh || (scene.news && limits.every(limit => limit.settled));
  if (guests.length === 0 || !(seen || scene.trust === "unmetered")) return points;
  const everyone = [...points.filter(point => taking.has(point.id) && point.admitted), ...guests];
  const roomA = limits.map(limit => Math.max(limit.budget.roomA, limit.load.allottedA));
  const shares = distribute(
    everyone.map(point => ({ ...claimOf(point, 1, scene) })),
    settings.minA,
    roomA,
  );
  const offers = new Map(everyone.map((point, index) => [point.id, index] as const));
  return points.map(point => {
    if (!guests.includes(point)) return point;
    const index = offers.get(point.id) ?? 0;
    const shareA = Math.max(settings.minA, shares.sharesA[index] ?? 0);
    const capA = point.status?.ceilingA ?? 0;
    const limitA = Math.abs(shareA - point.limitA) >= 1 ? shareA : Math.min(point.limitA, capA);
    const stoppedBy = shares.stoppedBy[index] ?? null;
    const boundBy =
      stoppedBy === null ? (point.status?.ceilingBy ?? "max") : (limits[stoppedBy]?.boundBy ?? "settling");
    return withLimit(point, round1(limitA), boundBy, now);
  });
}

function reasonFor(
  point: Point,
  limitA: number,
  capA: number,
  potentialA: number,
  stoppedBy: number | null,
  scene: Scene,
): BoundBy {
  if (scene.trust === "minimum" && isRegulated(point)) return "mains-silent";
  const ceilingA = point.status?.ceilingA ?? 0;
  if (isStartingBySun(point, scene.now) && limitA >= capA - 0.05) return "solar-start";
  if (limitA >= capA - 0.05) return capA >= ceilingA - 0.05 ? (point.status?.ceilingBy ?? "max") : "not-charging";
  if (potentialA >= limitA + RAISE_DEADBAND_A || stoppedBy === null) return "settling";
  const boundBy = scene.limits[stoppedBy]?.boundBy ?? "settling";
  return boundBy === "solar" ? (solarWish(point, scene.now)?.boundBy ?? "solar") : boundBy;
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
