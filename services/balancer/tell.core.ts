import type { Step } from "../../shared/actor/actor.ts";
import type { BalancerAllocation, BalancerStatus } from "../../shared/contracts/balancer.ts";
import type { ScheduleTurn } from "../../shared/contracts/schedule.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { BalancerSettings } from "./balancer.config.ts";
import { ageMs } from "./measured.core.ts";
import { drawNow, isSolar, mayDraw, type Point, solarWish } from "./point.core.ts";
import { rotatesInMs, turnsOf } from "./schedule.core.ts";
import { capStopInMs, worstScore } from "./shortage.core.ts";
import type { BalancerState } from "./state.core.ts";
import { siteTrust } from "./trust.core.ts";
import { NOT_IN_RING } from "./turn.core.ts";

/*
 * What the balancer says: to each point its allocation, to everybody how the site stands. Nothing is decided here.
 */

const MOST_A = 1_000;

export type BalancerOutput =
  | { readonly kind: "allocation"; readonly allocation: BalancerAllocation }
  | { readonly kind: "status"; readonly status: SiteStatus };
/** All of the balancer's status but where it runs, and how fast. */
export type SiteStatus = Omit<BalancerStatus, "node" | "decisionMs">;

/** The word to each of these points. */
export function tell(
  state: BalancerState,
  points: readonly Point[],
  now: Instant,
): Step<BalancerState, BalancerOutput> {
  if (state.settings === null || points.length === 0) return { state, outputs: [] };
  const turns = turnsOf(state, state.settings.schedule, now);
  const outputs = points.map((point, index): BalancerOutput => {
    const turn = turns.get(point.id) ?? NOT_IN_RING;
    return { kind: "allocation", allocation: allocationOf(state, point, turn, state.sequence + 1 + index, now) };
  });
  return { state: { ...state, sequence: state.sequence + points.length }, outputs };
}

/** Facts are repeated every second, changed or not. */
export function repeat(step: Step<BalancerState, BalancerOutput>, now: Instant): Step<BalancerState, BalancerOutput> {
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
    capStopInMs: capStopInMs(state, now),
    schedule: {
      points: state.points.map(({ id, turn }) => ({ evseId: id, place: turn.place })),
      rotatesInMs: rotatesInMs(state, settings.schedule, now),
    },
  };
}

/** Currents as the contract knows them: 1000 A at most, whatever hundreds of points hold in sum. */
function toRecord(values: readonly number[]): { l1: number; l2: number; l3: number } {
  const [l1 = 0, l2 = 0, l3 = 0] = values.map(value => Math.min(MOST_A, value));
  return { l1, l2, l3 };
}
