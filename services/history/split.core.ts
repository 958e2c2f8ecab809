import type { ChargingSession } from "../../shared/contracts/evse.ts";
import type { EnergySplit } from "../../shared/contracts/history.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { KeptSplit } from "./history.port.ts";

/** A point says how it is every second; after this long without a word nobody knows where its energy came from. */
const GAP_MS = 15_000;
/** A split that knows all but this share of the energy counts as whole: meters disagree by more. */
const UNKNOWN_SHARE = 0.02;

/** Where the power goes at one moment. */
export interface Flow {
  /** What this point draws. */
  readonly powerW: number;
  /** Share of it that did not come from the grid; null while no mains reading tells. */
  readonly solarShare: number | null;
  readonly estimated: boolean;
}

/** One running session: its energy so far, and what has flowed since that energy was told. */
export interface RunningSplit extends KeptSplit {
  readonly energyWh: number;
  readonly at: Instant | null;
  readonly flow: Flow;
  /** Power over time since the register last moved, as weights: registers move in steps of up to 100 Wh. */
  readonly sinceStep: { readonly solar: number; readonly grid: number; readonly unknown: number };
}

const NO_STEP: RunningSplit["sinceStep"] = { solar: 0, grid: 0, unknown: 0 };
const NO_FLOW: Flow = { powerW: 0, solarShare: null, estimated: false };

export function startSplit(sessionId: string): RunningSplit {
  const nothing = { solarWh: 0, gridWh: 0, unknownWh: 0, estimated: false };
  return { sessionId, ...nothing, energyWh: 0, at: null, flow: NO_FLOW, sinceStep: NO_STEP };
}

/** Goes on with what was kept; what flowed meanwhile is not known. */
export function resumeSplit(kept: KeptSplit): RunningSplit {
  const energyWh = kept.solarWh + kept.gridWh + kept.unknownWh;
  return { ...kept, energyWh, at: null, flow: NO_FLOW, sinceStep: NO_STEP };
}

/** Takes in how the session stands now: what it gained is shared out by what has flowed since the last gain. */
export function growSplit(split: RunningSplit, session: ChargingSession, flow: Flow, now: Instant): RunningSplit {
  const sinceMs = split.at === null ? Infinity : now - split.at;
  const sinceStep = sinceMs <= GAP_MS ? withFlow(split.sinceStep, split.flow, sinceMs) : NO_STEP;
  const next = {
    ...split,
    estimated: split.estimated || (flow.estimated && flow.powerW > 0) || session.energySource === "estimated",
    at: now,
    flow,
    sinceStep,
  };
  const gainedWh = session.energyWh - split.energyWh;
  if (gainedWh <= 0) return next;
  const shared = sinceMs <= GAP_MS ? shareOut(next, gainedWh) : { ...next, unknownWh: next.unknownWh + gainedWh };
  return { ...shared, energyWh: session.energyWh, sinceStep: NO_STEP };
}

/** The split of a session that has ended; what was never seen is unknown, and the parts add up to its energy. */
export function finalSplit(split: RunningSplit | null, session: ChargingSession): EnergySplit {
  const known = split ?? startSplit(session.sessionId);
  const restWh = session.energyWh - known.energyWh;
  const whole = restWh > 0 ? shareOut(known, restWh) : known;
  const solarWh = Math.min(session.energyWh, Math.round(whole.solarWh));
  const unknownWh = Math.min(session.energyWh - solarWh, Math.round(whole.unknownWh));
  const gridWh = session.energyWh - solarWh - unknownWh;
  return { solarWh, gridWh, unknownWh, source: sourceOf(solarWh + gridWh, unknownWh, whole.estimated) };
}

function sourceOf(knownWh: number, unknownWh: number, estimated: boolean): EnergySplit["source"] {
  if (knownWh === 0) return "none";
  return estimated || unknownWh > UNKNOWN_SHARE * (knownWh + unknownWh) ? "estimated" : "measured";
}

function withFlow(since: RunningSplit["sinceStep"], flow: Flow, elapsedMs: number): RunningSplit["sinceStep"] {
  const weight = Math.max(0, flow.powerW) * elapsedMs;
  if (flow.solarShare === null) return { ...since, unknown: since.unknown + weight };
  const solar = weight * flow.solarShare;
  return { ...since, solar: since.solar + solar, grid: since.grid + weight - solar };
}

function hasFlow({ solar, grid, unknown }: RunningSplit["sinceStep"]): boolean {
  return solar + grid + unknown > 0;
}

function shareOut(split: RunningSplit, gainedWh: number): RunningSplit {
  // A step that comes right after another one is shared out by what flows now.
  const { solar, grid, unknown } = hasFlow(split.sinceStep) ? split.sinceStep : withFlow(NO_STEP, split.flow, 1);
  const total = solar + grid + unknown;
  if (total === 0) return { ...split, unknownWh: split.unknownWh + gainedWh };
  return {
    ...split,
    solarWh: split.solarWh + (gainedWh * solar) / total,
    gridWh: split.gridWh + (gainedWh * grid) / total,
    unknownWh: split.unknownWh + (gainedWh * unknown) / total,
  };
}
