import { alike } from "../../shared/alike.ts";
import type { EvseStatus } from "../../shared/contracts/evse.ts";
import type { LimitsCurrent } from "../../shared/contracts/limits.ts";
import type { MeterReading } from "../../shared/contracts/meter.ts";
import type { SolarBudget, SolarPoint } from "../../shared/contracts/solar.ts";
import { mayBelieve } from "../../shared/lease/fence.core.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { recallRing } from "./follow.core.ts";
import { isRegulated, type MeterKey } from "./limits.core.ts";
import { type Sample, toTuple, withSample } from "./measured.core.ts";
import { isReachable, isSteady, lookForCar, onHouse, type Point, withDraw } from "./point.core.ts";
import type { BalancerState } from "./state.core.ts";
import { seesOtherLoads, withSharedMeter } from "./sub-panel.core.ts";
import { BUDGET_LIFETIME_MS, DRAW_EXACT_MS, DRAW_USABLE_MS } from "./tuning.core.ts";
import { recalled } from "./turn.core.ts";

/*
 * What the balancer makes of what it hears: samples, the points' news, the sun, limits from outside. Nothing is decided here.
 */

/** What was taken in, and what is to be decided on: the meter of a new sample, null for other news; left out when it is no news. */
export interface Heard {
  readonly state: BalancerState;
  readonly decideOn?: MeterKey | "sun" | null;
}

/**
 * A point tells its status once a second, changed or not. Only what has changed is decided on at once: on a site of many
 * points the rest, which the next second's decision takes in, would be decided on as often as there are points.
 */
export function hearStatus(state: BalancerState, status: EvseStatus, now: Instant): Heard {
  const before = state.points.find(({ id }) => id === status.evseId);
  const next = withStatus(state, status, now);
  if (before === undefined || before.status === null || !isReachable(before, now) || isNews(before.status, status))
    return { state: next, decideOn: null };
  return { state: next };
}

/** What moves by itself from one status to the next, is the balancer's own word, follows from it, or only tells people. */
const NO_NEWS: ReadonlySet<string> = new Set<keyof EvseStatus>([
  "allotted",
  "chargeDelayS",
  "connectedMs",
  "drawA",
  "drawAgeMs",
  "offerA",
  "dutyPct",
  "reason",
  "session",
  "solar",
  "temperatureC",
  "turn",
]);

function isNews(before: EvseStatus, status: EvseStatus): boolean {
  if (before.offerA > 0 !== status.offerA > 0) return true;
  return (Object.keys(status) as (keyof EvseStatus)[]).some(
    key => !NO_NEWS.has(key) && !alike(before[key], status[key]),
  );
}

function withStatus(state: BalancerState, status: EvseStatus, now: Instant): BalancerState {
  const before = state.points.find(({ id }) => id === status.evseId);
  if (before === undefined) return state;
  const first = before.status === null;
  // A balancer that has just started takes over what a charging point already holds.
  const adopt = first && status.mayDraw && status.offerA > 0;
  const phases: 1 | 3 = status.phases === 1 ? 1 : 3;
  const held = adopt
    ? {
        limitA: status.offerA,
        inheritedA: status.offerA,
        admitted: true,
        admittedAt: now,
        seenDrawing: true,
        boundBy: "settling" as const,
        phases,
      }
    : {};
  const gone = status.carConnected ? {} : { retryAt: 0, askingSince: null, narrowSince: null, pastDraws: [] };
  const turn = first && status.turn !== null ? recalled(status.turn, now) : before.turn;
  const point = {
    ...before,
    ...held,
    ...gone,
    turn,
    connectedAt: pluggedInAt(before, status, now),
    status,
    heardAt: now,
  };
  const points = state.points.map(other => (other === before ? point : other));
  return first ? recallRing({ ...state, points }, status, now) : { ...state, points };
}

/** A point that starts over may count anew; what was known holds for as long as the car stays. */
function pluggedInAt({ connectedAt }: Point, { carConnected, connectedMs }: EvseStatus, now: Instant): Instant | null {
  if (!carConnected || connectedMs === null) return null;
  const told = now - connectedMs;
  return connectedAt === null || told < connectedAt - 1_500 ? told : connectedAt;
}

/** Takes in a sample; a repeated one is no new evidence. */
export function hearReading(state: BalancerState, reading: MeterReading, now: Instant): Heard {
  if (state.lastSequence[reading.meterId] === reading.sequence) return { state };
  const lastSequence = { ...state.lastSequence, [reading.meterId]: reading.sequence };
  const at = now - reading.ageMs;
  const currents = toTuple(reading.currentA);
  switch (reading.role) {
    case "ev":
      return hearEvMeter({ ...state, lastSequence }, reading.evseId, currents, at);
    case "mains": {
      const mains = withSample(state.mains, {
        at,
        measuredA: currents,
        ...knownDraw(state.points.filter(isRegulated), at),
      });
      const points = state.points.map(point => lookForCar(point, currents, now));
      return { state: { ...state, lastSequence, mains, points }, decideOn: "mains" };
    }
    case "circuit": {
      const place = state.circuits.findIndex(({ meterId }) => meterId === reading.meterId);
      const nested = state.circuits[place];
      if (nested !== undefined) {
        const members = state.points.filter(({ id }) => nested.members.includes(id));
        const measured = withSample(nested.measured, { at, measuredA: currents, ...knownDraw(members, at) });
        const circuits = state.circuits.with(place, { ...nested, measured });
        return { state: { ...state, lastSequence, circuits }, decideOn: `circuit.${nested.id}` };
      }
      const circuit = withSample(state.circuit, { at, measuredA: currents, ...knownDraw(state.points, at) });
      return { state: { ...state, lastSequence, circuit }, decideOn: "circuit" };
    }
    case "pv":
    case "battery":
      return { state: { ...state, lastSequence } };
  }
}

/**
 * An EV meter tells what the car draws. Where it stands in for a circuit meter, at the head of a sub-panel, it also
 * measures the circuit, and what it shows beside the car is not taken for the car (spec control 4.2).
 */
function hearEvMeter(
  state: BalancerState,
  evseId: string | null,
  terminalA: readonly [number, number, number],
  at: Instant,
): Heard {
  const place = state.points.findIndex(({ id }) => id === evseId);
  const before = state.points[place];
  if (before === undefined) return { state };
  const drawn = withDraw(before, terminalA, at);
  const isCircuit = state.settings?.evMeterIsCircuit === true && state.settings.circuitA !== null;
  if (!isCircuit) return { state: { ...state, points: state.points.with(place, drawn) } };
  const measuredA = onHouse(before, terminalA);
  const shared = seesOtherLoads(drawn, measuredA, at);
  const still = before.sharedMeterUntil !== null && at < before.sharedMeterUntil;
  const point = shared ? withSharedMeter(before, at) : still ? before : { ...drawn, sharedMeterUntil: null };
  const circuit = withSample(state.circuit, { at, measuredA, ...knownDraw([point], at) });
  return { state: { ...state, points: state.points.with(place, point), circuit }, decideOn: "circuit" };
}

/** What these points are known to have drawn when a sample was taken, and how well it is known. */
function knownDraw(points: readonly Point[], at: Instant): Pick<Sample, "drawnA" | "drawnAtMostA" | "exact"> {
  const drawnA: [number, number, number] = [0, 0, 0];
  const drawnAtMostA: [number, number, number] = [0, 0, 0];
  let exact = true;
  for (const point of points) {
    const newest = point.pastDraws.at(-1);
    if (newest === undefined || Math.abs(at - newest.at) > DRAW_USABLE_MS) continue;
    exact &&= Math.abs(at - newest.at) <= DRAW_EXACT_MS || isSteady(point, at);
    for (const phase of [0, 1, 2] as const) {
      drawnA[phase] += newest.houseA[phase];
      drawnAtMostA[phase] += Math.max(...point.pastDraws.map(draw => draw.houseA[phase]));
    }
  }
  return { drawnA, drawnAtMostA, exact };
}

/** Limits from outside act at once; the quarter hour goes on by itself and acts with the next sample. */
export function hearLimits(state: BalancerState, current: LimitsCurrent, now: Instant): Heard {
  const next = { ...state, standing: { current, at: now } };
  const set = (limits: LimitsCurrent["limits"]): string =>
    JSON.stringify(limits.map(limit => ({ ...limit, expiresInMs: null })));
  if (state.standing !== null && set(state.standing.current.limits) === set(current.limits)) return { state: next };
  return { state: next, decideOn: null };
}

/**
 * What the sun leaves, from the one who may say so. It is told at least once a second, changed or not; what says nothing new is
 * taken in, and not decided on.
 */
export function hearSun(state: BalancerState, budget: SolarBudget, now: Instant): Heard {
  const last = state.sun === null ? null : { epoch: state.sun.epoch, at: state.sun.at };
  if (!mayBelieve(last, budget.epoch, BUDGET_LIFETIME_MS, now)) return { state };
  const wishes = new Map(budget.points.map(wish => [wish.evseId, wish]));
  const points = state.points.map(point => {
    const wish = wishes.get(point.id);
    return wish === undefined ? point : { ...point, solar: { wish, at: now }, phases: wish.phases };
  });
  const next = { ...state, points, sun: { chargingA: budget.chargingA, at: now, epoch: budget.epoch } };
  const fresh = state.sun !== null && now - state.sun.at <= BUDGET_LIFETIME_MS;
  const same =
    fresh &&
    state.sun.chargingA === budget.chargingA &&
    state.points.every((point, index) => isSameWish(point.solar?.wish, points[index]?.solar?.wish));
  return same ? { state: next } : { state: next, decideOn: "sun" };
}

/** The outlook is for people. */
function isSameWish(before: SolarPoint | undefined, wish: SolarPoint | undefined): boolean {
  return (
    before?.go === wish?.go &&
    before?.phases === wish?.phases &&
    before?.counts === wish?.counts &&
    before?.boundBy === wish?.boundBy
  );
}
