import type { Step } from "../../shared/actor/actor.ts";
import type { BalancerAllocation, BalancerStatus } from "../../shared/contracts/balancer.ts";
import type { EvseStatus } from "../../shared/contracts/evse.ts";
import type { LimitsCurrent } from "../../shared/contracts/limits.ts";
import type { MeterReading } from "../../shared/contracts/meter.ts";
import type { ScheduleTurn } from "../../shared/contracts/schedule.ts";
import type { SolarBudget } from "../../shared/contracts/solar.ts";
import { mayBelieve } from "../../shared/lease/fence.core.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { allocate } from "./allocate.core.ts";
import type { BalancerSettings } from "./balancer.config.ts";
import { follow, recallRing } from "./follow.core.ts";
import { isRegulated, type MeterKey } from "./limits.core.ts";
import { ageMs, type Sample, toTuple, withSample } from "./measured.core.ts";
import {
  drawNow,
  isReachable,
  isSolar,
  isSteady,
  lookForCar,
  mayDraw,
  onHouse,
  type Point,
  solarWish,
  withDraw,
} from "./point.core.ts";
import { rotatesInMs, turnsOf } from "./schedule.core.ts";
import { worstScore } from "./shortage.core.ts";
import { withCaps } from "./standing.core.ts";
import type { BalancerState } from "./state.core.ts";
import { seesOtherLoads, withSharedMeter } from "./sub-panel.core.ts";
import { type Trust, trustOf } from "./trust.core.ts";
import { BUDGET_LIFETIME_MS, DRAW_EXACT_MS, DRAW_USABLE_MS } from "./tuning.core.ts";
import { NOT_IN_RING, recalled } from "./turn.core.ts";

export type BalancerInput =
  | { readonly kind: "reading"; readonly reading: MeterReading }
  | { readonly kind: "status"; readonly status: EvseStatus }
  | { readonly kind: "settings"; readonly settings: BalancerSettings }
  | { readonly kind: "sun"; readonly budget: SolarBudget }
  | { readonly kind: "limits"; readonly limits: LimitsCurrent }
  /** This balancer is from now on the one that decides, or no longer. */
  | { readonly kind: "role"; readonly epoch: number | null }
  | { readonly kind: "tick" };

export type BalancerOutput =
  | { readonly kind: "allocation"; readonly allocation: BalancerAllocation }
  | { readonly kind: "status"; readonly status: SiteStatus };
/** All of the balancer's status but where it runs. */
export type SiteStatus = Omit<BalancerStatus, "node">;

/** Shares what the fuse leaves among the cars that want it. Decides on every new sample, every news of a point, and every second. */
export function balance(state: BalancerState, input: BalancerInput, now: Instant): Step<BalancerState, BalancerOutput> {
  if (input.kind === "role") return takeRole(state, input.epoch, now);
  const step = decideOn(state, input, now);
  if (state.epoch !== null) return step;
  return { state: follow(state, step.state, input.kind === "status" ? input.status : null, now), outputs: [] };
}

/** Who takes over tells every point at once what it has, under the new epoch; nothing is raised before cars could have reacted. */
function takeRole(state: BalancerState, epoch: number | null, now: Instant): Step<BalancerState, BalancerOutput> {
  const next = { ...state, epoch };
  return epoch === null ? { state: next, outputs: [] } : repeat(decide({ ...next, raisedAt: now }, null, now), now);
}

function decideOn(
  state: BalancerState,
  input: Exclude<BalancerInput, { kind: "role" }>,
  now: Instant,
): Step<BalancerState, BalancerOutput> {
  switch (input.kind) {
    case "settings":
      return decide({ ...state, settings: input.settings }, null, now);
    case "status":
      return hearStatus(state, input.status, now);
    case "sun":
      return decide(withSun(state, input.budget, now), "sun", now, state.points);
    case "limits":
      return hearLimits(state, input.limits, now);
    case "tick":
      return repeat(decide(state, null, now), now);
    case "reading":
      return hear(state, input.reading, now);
  }
}

/**
 * A point tells its status once a second, changed or not. Only what has changed is decided on at once: on a site of many
 * points the rest, which the next second's decision takes in, would be decided on as often as there are points.
 */
function hearStatus(state: BalancerState, status: EvseStatus, now: Instant): Step<BalancerState, BalancerOutput> {
  const before = state.points.find(({ id }) => id === status.evseId);
  const next = withStatus(state, status, now);
  if (before === undefined || before.status === null || !isReachable(before, now) || isNews(before.status, status))
    return decide(next, null, now);
  return { state: next, outputs: [] };
}

/** What moves by itself from one status to the next, follows what was allotted, or only tells people. */
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
]);

function isNews(before: EvseStatus, status: EvseStatus): boolean {
  if (before.offerA > 0 !== status.offerA > 0) return true;
  return (Object.keys(status) as (keyof EvseStatus)[]).some(
    key =>
      !NO_NEWS.has(key) && before[key] !== status[key] && JSON.stringify(before[key]) !== JSON.stringify(status[key]),
  );
}

function hear(state: BalancerState, reading: MeterReading, now: Instant): Step<BalancerState, BalancerOutput> {
  // A repeated sample is no new evidence.
  if (state.lastSequence[reading.meterId] === reading.sequence) return { state, outputs: [] };
  const lastSequence = { ...state.lastSequence, [reading.meterId]: reading.sequence };
  const at = now - reading.ageMs;
  const currents = toTuple(reading.currentA);
  switch (reading.role) {
    case "ev":
      return hearEvMeter({ ...state, lastSequence }, reading.evseId, currents, at, now);
    case "mains": {
      const mains = withSample(state.mains, {
        at,
        measuredA: currents,
        ...knownDraw(state.points.filter(isRegulated), at),
      });
      const points = state.points.map(point => lookForCar(point, currents, now));
      return decide({ ...state, lastSequence, mains, points }, "mains", now);
    }
    case "circuit": {
      const place = state.circuits.findIndex(({ meterId }) => meterId === reading.meterId);
      const nested = state.circuits[place];
      if (nested !== undefined) {
        const members = state.points.filter(({ id }) => nested.members.includes(id));
        const measured = withSample(nested.measured, { at, measuredA: currents, ...knownDraw(members, at) });
        const circuits = state.circuits.with(place, { ...nested, measured });
        return decide({ ...state, lastSequence, circuits }, `circuit.${nested.id}`, now);
      }
      const circuit = withSample(state.circuit, { at, measuredA: currents, ...knownDraw(state.points, at) });
      return decide({ ...state, lastSequence, circuit }, "circuit", now);
    }
    case "pv":
    case "battery":
      return { state: { ...state, lastSequence }, outputs: [] };
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
  now: Instant,
): Step<BalancerState, BalancerOutput> {
  const place = state.points.findIndex(({ id }) => id === evseId);
  const before = state.points[place];
  if (before === undefined) return { state, outputs: [] };
  const drawn = withDraw(before, terminalA, at);
  const isCircuit = state.settings?.evMeterIsCircuit === true && state.settings.circuitA !== null;
  if (!isCircuit) return { state: { ...state, points: state.points.with(place, drawn) }, outputs: [] };
  const measuredA = onHouse(before, terminalA);
  const shared = seesOtherLoads(drawn, measuredA, at);
  const still = before.sharedMeterUntil !== null && at < before.sharedMeterUntil;
  const point = shared ? withSharedMeter(before, at) : still ? before : { ...drawn, sharedMeterUntil: null };
  const circuit = withSample(state.circuit, { at, measuredA, ...knownDraw([point], at) });
  return decide({ ...state, points: state.points.with(place, point), circuit }, "circuit", now);
}

/** Limits from outside act at once; the quarter hour goes on by itself and acts with the next sample. */
function hearLimits(state: BalancerState, current: LimitsCurrent, now: Instant): Step<BalancerState, BalancerOutput> {
  const next = { ...state, standing: { current, at: now } };
  const set = (limits: LimitsCurrent["limits"] | undefined): string =>
    JSON.stringify((limits ?? []).map(limit => ({ ...limit, expiresInMs: null })));
  if (set(state.standing?.current.limits) === set(current.limits)) return { state: next, outputs: [] };
  return decide(next, null, now);
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

function decide(
  state: BalancerState,
  fresh: MeterKey | "sun" | null,
  now: Instant,
  last: readonly Point[] = state.points,
): Step<BalancerState, BalancerOutput> {
  if (state.settings === null) return { state, outputs: [] };
  const trust = siteTrust(state, now);
  const capped = { ...state, points: withCaps(state, state.settings.minA, now) };
  const next = allocate(capped, state.settings, trust, fresh, now);
  const news = next.points.filter((point, index) => {
    const before = last[index];
    return !(
      before?.limitA === point.limitA &&
      before.boundBy === point.boundBy &&
      before.admitted === point.admitted &&
      before.turn.place === point.turn.place &&
      before.phases === point.phases
    );
  });
  return tell(next, news, now);
}

/** The word to each of these points. */
function tell(state: BalancerState, points: readonly Point[], now: Instant): Step<BalancerState, BalancerOutput> {
  if (state.settings === null || points.length === 0) return { state, outputs: [] };
  const turns = turnsOf(state, state.settings.schedule, now);
  const outputs = points.map((point, index): BalancerOutput => {
    const turn = turns.get(point.id) ?? NOT_IN_RING;
    return { kind: "allocation", allocation: allocationOf(state, point, turn, state.sequence + 1 + index, now) };
  });
  return { state: { ...state, sequence: state.sequence + points.length }, outputs };
}

/** Facts are repeated every second, changed or not. */
function repeat(step: Step<BalancerState, BalancerOutput>, now: Instant): Step<BalancerState, BalancerOutput> {
  const { state } = step;
  if (state.settings === null) return step;
  const told = new Set(step.outputs.map(output => (output.kind === "allocation" ? output.allocation.evseId : "")));
  const repeated = tell(
    state,
    state.points.filter(({ id }) => !told.has(id)),
    now,
  );
  const status: BalancerOutput = { kind: "status", status: statusOf(state, state.settings, now) };
  return { state: repeated.state, outputs: [...step.outputs, ...repeated.outputs, status] };
}

/** How far the mains meter is believed now. */
export function siteTrust(state: BalancerState, now: Instant): Trust {
  if (state.settings?.mainsMeter !== true) return "unmetered";
  const age = ageMs(state.mains, now);
  if (age !== null) return trustOf(age, state.mains.cadenceMs);
  // Nothing heard since the start: what is charging may go on for as long as a silent meter would be borne.
  const sinceStart = trustOf(now - state.startedAt, state.mains.cadenceMs);
  return sinceStart === "regulate" ? "hold" : sinceStart;
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

function withSun(state: BalancerState, budget: SolarBudget, now: Instant): BalancerState {
  const last = state.sun === null ? null : { epoch: state.sun.epoch, at: state.sun.at };
  if (!mayBelieve(last, budget.epoch, BUDGET_LIFETIME_MS, now)) return state;
  const wishes = new Map(budget.points.map(wish => [wish.evseId, wish]));
  const points = state.points.map(point => {
    const wish = wishes.get(point.id);
    return wish === undefined ? point : { ...point, solar: { wish, at: now }, phases: wish.phases };
  });
  return { ...state, points, sun: { chargingA: budget.chargingA, at: now, epoch: budget.epoch } };
}

function allocationOf(
  state: BalancerState,
  point: Point,
  turn: ScheduleTurn,
  sequence: number,
  now: Instant,
): BalancerAllocation {
  const measured = point.status?.mode === "normal" ? null : ageMs(state.mains, now);
  return {
    evseId: point.id,
    epoch: state.epoch ?? 0,
    sequence,
    limitA: point.limitA,
    admitted: point.admitted,
    boundBy: point.boundBy,
    restsOnMs: measured,
    retryS: Math.max(0, Math.ceil((point.retryAt - now) / 1_000)),
    phases: point.phases,
    solar: isSolar(point) ? (solarWish(point, now)?.outlook ?? null) : null,
    turn,
  };
}

function statusOf(state: BalancerState, settings: BalancerSettings, now: Instant): SiteStatus {
  const newest = state.mains.samples.at(-1);
  const newestCircuit = state.circuit.samples.at(-1);
  const allotted = [0, 0, 0];
  for (const point of state.points) {
    if (!mayDraw(point, now) && drawNow(point, now) === null) continue;
    for (const phase of point.supplyPhases === 1 ? [point.rotation[0]] : point.rotation) {
      allotted[phase] = (allotted[phase] ?? 0) + point.limitA;
    }
  }
  return {
    epoch: state.epoch ?? 0,
    mainsLimitA: settings.mainsA,
    circuitLimitA: settings.circuitA,
    mainsA: newest === undefined ? null : toRecord(newest.measuredA),
    mainsAgeMs: ageMs(state.mains, now),
    circuitA: newestCircuit === undefined ? null : toRecord(newestCircuit.measuredA),
    allottedA: toRecord(allotted),
    trust: siteTrust(state, now),
    shortageScore: worstScore(state),
    schedule: {
      points: state.points.map(({ id, turn }) => ({ evseId: id, place: turn.place })),
      rotatesInMs: rotatesInMs(state, settings.schedule, now),
    },
  };
}

function toRecord(values: readonly number[]): { l1: number; l2: number; l3: number } {
  return { l1: values[0] ?? 0, l2: values[1] ?? 0, l3: values[2] ?? 0 };
}
