import type { Step } from "../../shared/actor/actor.ts";
import type { EvseStatus } from "../../shared/contracts/evse.ts";
import type { MeterReading } from "../../shared/contracts/meter.ts";
import type { SolarBudget } from "../../shared/contracts/solar.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { budgetFact } from "./budget-fact.core.ts";
import { adopt, stayBehind } from "./follow.core.ts";
import { phasesToStart, settlePhases, weighPhases } from "./phases.core.ts";
import { counts, needA, withDraw, withStatus } from "./roof-point.core.ts";
import type { SolarSettings } from "./solar.config.ts";
import { giveWay, startNext, stopBlind, stopShort } from "./start-stop.core.ts";
import type { SolarState } from "./state.core.ts";
import { surplusNow, surplusOf, withSurplus } from "./surplus.core.ts";
import { BLIND_STEP_MS, FOLLOW_A, SAMPLE_LIFETIME_MS } from "./tuning.core.ts";

export type SolarInput =
  | { readonly kind: "reading"; readonly reading: MeterReading }
  | { readonly kind: "status"; readonly status: EvseStatus }
  | { readonly kind: "settings"; readonly settings: SolarSettings }
  /** The home battery's current as a person or a program feeds it, A: + charging, - discharging. */
  | { readonly kind: "battery"; readonly currentA: number }
  /** A person or a program asks for one or three phases. */
  | { readonly kind: "phases"; readonly evseId: string; readonly phases: 1 | 3 }
  /** What the active one decides, where this is a standby. */
  | { readonly kind: "budget"; readonly budget: SolarBudget }
  /** This one decides from now on, or no longer. */
  | { readonly kind: "role"; readonly epoch: number | null }
  | { readonly kind: "tick" };

/** Charging follows the sun: who may start, who has to stop, on how many phases, and how much they may take together. */
export function followSun(state: SolarState, input: SolarInput, now: Instant): Step<SolarState, SolarBudget> {
  if (input.kind === "role") {
    const next = { ...state, epoch: input.epoch };
    return input.epoch === null ? { state: next, outputs: [] } : decide(next, now, "always");
  }
  if (input.kind === "budget") {
    return { state: state.epoch === null ? adopt(state, input.budget, now) : state, outputs: [] };
  }
  const step = decideOn(state, input, now);
  return state.epoch === null ? { state: stayBehind(state, step.state), outputs: [] } : step;
}

function decideOn(
  state: SolarState,
  input: Exclude<SolarInput, { kind: "role" | "budget" }>,
  now: Instant,
): Step<SolarState, SolarBudget> {
  switch (input.kind) {
    case "settings":
      return decide({ ...state, settings: input.settings }, now, "if-changed");
    case "status": {
      const { status } = input;
      const points = state.points.map(point => (point.id === status.evseId ? withStatus(point, status, now) : point));
      return decide({ ...state, points }, now, "if-changed");
    }
    case "battery":
      return { state: { ...state, battery: { value: input.currentA, at: now } }, outputs: [] };
    case "phases": {
      const { evseId, phases } = input;
      const points = state.points.map(point => (point.id === evseId ? { ...point, asked: phases } : point));
      return decide({ ...state, points }, now, "if-changed");
    }
    case "tick":
      return decide(state, now, "always");
    case "reading":
      return hear(state, input.reading, now);
  }
}

function hear(state: SolarState, reading: MeterReading, now: Instant): Step<SolarState, SolarBudget> {
  // A repeated sample is no new sun.
  if (state.lastSequence[reading.meterId] === reading.sequence) return { state, outputs: [] };
  const heard = { ...state, lastSequence: { ...state.lastSequence, [reading.meterId]: reading.sequence } };
  const at = now - reading.ageMs;
  const { l1, l2, l3 } = reading.currentA;
  switch (reading.role) {
    case "ev": {
      const points = state.points.map(point =>
        point.id === reading.evseId ? withDraw(point, [l1, l2, l3], at) : point,
      );
      const { waiting } = heard;
      return waiting === null
        ? { state: { ...heard, points }, outputs: [] }
        : takeSample({ ...heard, points }, waiting.value, waiting.at, now);
    }
    case "battery":
      return { state: { ...heard, battery: { value: l1 + l2 + l3, at } }, outputs: [] };
    case "mains":
      return takeSample(giveUp(heard, now), l1 + l2 + l3, at, now);
    case "circuit":
    case "pv":
      return { state: heard, outputs: [] };
  }
}

/** A new mains sample is here and the last one still waits for an EV meter: it counts with what is known. */
function giveUp(state: SolarState, now: Instant): SolarState {
  if (state.waiting === null) return state;
  const { surplus } = surplusOf(state, state.waiting.value, state.waiting.at, now);
  return { ...state, waiting: null, recent: withSurplus(state.recent, surplus) };
}

/** Each mains sample, once the draw at its moment is known, moves everything on by the time since the last one. */
function takeSample(state: SolarState, mainsSumA: number, at: Instant, now: Instant): Step<SolarState, SolarBudget> {
  const { settings } = state;
  const previous = state.recent.at(-1);
  const { surplus, known } = surplusOf(state, mainsSumA, at, now);
  if (known === "soon") return { state: { ...state, waiting: { value: mainsSumA, at } }, outputs: [] };
  const elapsedMs = previous === undefined ? 0 : Math.min(SAMPLE_LIFETIME_MS, Math.max(0, at - previous.at));
  const seen = { ...state, waiting: null, recent: withSurplus(state.recent, surplus) };
  if (settings === null) return { state: seen, outputs: [] };
  const followed = follow(seen, settings, surplus.surplusA, known === "measured", now);
  const weighed = weighPhases(followed, settings, elapsedMs, now);
  const started = startNext(phasesToStart(weighed, settings, now), settings, now);
  return decide(started, now, "always");
}

/** The budget is what the sun gives; where the draw is only guessed from offers, it goes half of the way, and waits for the cars. */
function follow(
  state: SolarState,
  settings: SolarSettings,
  surplusA: number,
  known: boolean,
  now: Instant,
): SolarState {
  const targetA = Math.max(0, surplusA + settings.importA);
  const offA = targetA - state.budgetA;
  if (Math.abs(offA) <= FOLLOW_A) return state;
  if (known) return { ...state, budgetA: targetA, budgetAt: now };
  if (now - state.budgetAt < BLIND_STEP_MS) return state;
  return { ...state, budgetA: state.budgetA + offA / 2, budgetAt: now };
}

function decide(before: SolarState, now: Instant, tell: "always" | "if-changed"): Step<SolarState, SolarBudget> {
  const { settings } = before;
  if (settings === null) return { state: before, outputs: [] };
  const settled = settlePhases(stopBlind(giveWay(before, now), now), settings, now);
  const state = stopShort(settled, settings, now);
  const leastA = state.points.reduce((sum, point) => sum + (counts(point, now) ? needA(point, settings) : 0), 0);
  const sunA = surplusNow(state, now) === null ? 0 : state.budgetA;
  const fact = budgetFact(state, settings, Math.max(leastA, sunA), now);
  const same = tell === "if-changed" && state.told !== null && decisionsOf(state.told) === decisionsOf(fact);
  return same ? { state, outputs: [] } : { state: { ...state, told: fact }, outputs: [fact] };
}

/** What others act on; the rest may wait for the next round. */
function decisionsOf(budget: SolarBudget): string {
  const points = budget.points.map(point => `${point.go} ${point.phases} ${point.counts} ${point.boundBy}`);
  return [budget.chargingA.toFixed(1), ...points].join();
}
