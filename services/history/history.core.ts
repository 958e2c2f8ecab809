import type { Step } from "../../shared/actor/actor.ts";
import type { ChargingSession, EvseStatus } from "../../shared/contracts/evse.ts";
import { evseStatus } from "../../shared/contracts/evse.ts";
import type { EnergySplit } from "../../shared/contracts/history.ts";
import { type MeterReading, SAMPLE_LIFETIME_MS } from "../../shared/contracts/meter.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { KeptSplit, Quarter } from "./history.port.ts";
import { type Flow, finalSplit, growSplit, type RunningSplit, resumeSplit, startSplit } from "./split.core.ts";

const NOMINAL_V = 230;
const QUARTER_MS = 900_000;
/** How often what grows is written down: at most this much of a split becomes unknown by a power cut. */
const KEEP_EVERY_MS = 30_000;
/** Splits of sessions that have ended and were never handed over; more than a site has points. */
const MOST_SPLITS = 1_000;

interface Heard<T> {
  readonly value: T;
  readonly at: Instant;
}

interface PointState {
  readonly status: Heard<EvseStatus> | null;
  /** Power of its EV meter. */
  readonly powerW: Heard<number> | null;
}

export interface HistoryState {
  readonly mainsW: Heard<number> | null;
  readonly points: ReadonlyMap<string, PointState>;
  /** Sessions that run, or have ended and were not handed over yet, by id; the one last heard stands last. */
  readonly splits: ReadonlyMap<string, RunningSplit>;
  /** Quarter hours to be written down, the running one last. */
  readonly quarters: readonly Quarter[];
  readonly civilOffsetMs: number;
  readonly keptAt: Instant;
  /** Something has grown since it was last written down. */
  readonly grown: boolean;
}

export type HistoryInput =
  | { readonly kind: "status"; readonly status: EvseStatus }
  | { readonly kind: "reading"; readonly reading: MeterReading }
  /** An ended session is stored, its split with it. */
  | { readonly kind: "stored"; readonly sessionId: string }
  | { readonly kind: "tick"; readonly civilMs: number };

export interface KeepRunning {
  readonly kind: "keep-running";
  readonly splits: readonly KeptSplit[];
  readonly quarters: readonly Quarter[];
}

/** Begins with what was written down: the splits that ran, and the quarter hour that runs still. */
export function startHistory(
  kept: readonly KeptSplit[],
  running: Quarter | null,
  civilMs: number,
  now: Instant,
): HistoryState {
  return {
    mainsW: null,
    points: new Map(),
    splits: new Map(kept.map(split => [split.sessionId, resumeSplit(split)])),
    quarters: running === null ? [] : [running],
    civilOffsetMs: civilMs - now,
    keptAt: now,
    grown: false,
  };
}

/** Follows where the energy of every running session comes from, and the peak of every quarter hour. */
export function record(state: HistoryState, input: HistoryInput, now: Instant): Step<HistoryState, KeepRunning> {
  switch (input.kind) {
    case "reading":
      return { state: hearReading(state, input.reading, now), outputs: [] };
    case "status":
      return { state: hearStatus(state, input.status, now), outputs: [] };
    case "stored": {
      const splits = new Map(state.splits);
      splits.delete(input.sessionId);
      return { state: { ...state, splits, grown: true }, outputs: [] };
    }
    case "tick":
      return keep({ ...state, civilOffsetMs: input.civilMs - now }, now);
  }
}

/** The split of an ended session, as far as it was followed. */
export function splitOf(state: HistoryState, session: ChargingSession): EnergySplit {
  return finalSplit(state.splits.get(session.sessionId) ?? null, session);
}

/** Start of the quarter hour; time zones differ by whole quarters, so that it is the same on every wall clock. */
export function quarterStart(civilMs: number): number {
  return Math.floor(civilMs / QUARTER_MS) * QUARTER_MS;
}

/** The last 96 quarter hours, the running one last; null where nothing was measured. */
export function lastDay(
  quarters: readonly Quarter[],
  civilMs: number,
): readonly { readonly startsAt: string; readonly peakW: number | null }[] {
  const peaks = new Map(quarters.map(one => [one.startMs, one.peakW]));
  return Array.from({ length: 96 }, (_none, index) => {
    const startMs = quarterStart(civilMs) - (95 - index) * QUARTER_MS;
    return { startsAt: new Date(startMs).toISOString(), peakW: peaks.get(startMs) ?? null };
  });
}

function hearReading(state: HistoryState, reading: MeterReading, now: Instant): HistoryState {
  const { l1, l2, l3 } = reading.currentA;
  const powerW = { value: reading.totalPowerW ?? (l1 + l2 + l3) * NOMINAL_V, at: now - reading.ageMs };
  if (reading.role === "mains") return { ...withPeak(state, powerW.value, powerW.at), mainsW: powerW };
  if (reading.role !== "ev" || reading.evseId === null) return state;
  return withPoint(state, reading.evseId, { powerW });
}

function withPeak(state: HistoryState, powerW: number, at: Instant): HistoryState {
  const startMs = quarterStart(at + state.civilOffsetMs);
  const running = state.quarters.at(-1);
  if (running?.startMs === startMs) {
    if (powerW <= running.peakW) return state;
    return { ...state, quarters: state.quarters.with(-1, { startMs, peakW: powerW }), grown: true };
  }
  // A sample that comes after its quarter has ended is too late for it. Earlier still, the clock was set back.
  if (running !== undefined && startMs === running.startMs - QUARTER_MS) return state;
  return { ...state, quarters: [...state.quarters, { startMs, peakW: powerW }], grown: true };
}

function hearStatus(state: HistoryState, status: EvseStatus, now: Instant): HistoryState {
  const heard = withPoint(state, status.evseId, { status: { value: status, at: now } });
  const { session } = status;
  if (session === null) return heard;
  const before = heard.splits.get(session.sessionId) ?? startSplit(session.sessionId);
  const split = growSplit(before, session, flowOf(heard, status.evseId, now), now);
  const splits = new Map(heard.splits);
  splits.delete(session.sessionId);
  splits.set(session.sessionId, split);
  const [oldest] = splits.keys();
  if (splits.size > MOST_SPLITS && oldest !== undefined) splits.delete(oldest);
  return { ...heard, splits, grown: heard.grown || split.energyWh !== before.energyWh };
}

/** What the cars draw beyond what the mains delivers would otherwise have been fed back: they share it by their draw. */
function flowOf(state: HistoryState, evseId: string, now: Instant): Flow {
  const own = powerOf(state.points.get(evseId), now);
  let carsW = 0;
  let estimated = own.estimated;
  for (const point of state.points.values()) {
    const { powerW, estimated: guessed } = powerOf(point, now);
    carsW += powerW;
    estimated ||= guessed && powerW > 0;
  }
  const { mainsW } = state;
  const fresh = mainsW !== null && now - mainsW.at <= SAMPLE_LIFETIME_MS.mains;
  if (!fresh || carsW <= 0) return { powerW: own.powerW, solarShare: null, estimated };
  const solarShare = Math.min(1, Math.max(0, (carsW - mainsW.value) / carsW));
  return { powerW: own.powerW, solarShare, estimated };
}

/** What a point draws: by its meter; without one, while its contactor is closed, what it is offered. */
function powerOf(point: PointState | undefined, now: Instant): { powerW: number; estimated: boolean } {
  const status = point?.status ?? null;
  const believed = status !== null && now - status.at <= (evseStatus.expiresAfterMs ?? 0) ? status.value : null;
  if (believed?.mayDraw !== true) return { powerW: 0, estimated: false };
  const { drawA } = believed;
  if (drawA !== null) {
    const { powerW } = point ?? { powerW: null };
    const metered = powerW !== null && now - powerW.at <= SAMPLE_LIFETIME_MS.ev;
    return {
      powerW: Math.max(0, metered ? powerW.value : (drawA.l1 + drawA.l2 + drawA.l3) * NOMINAL_V),
      estimated: false,
    };
  }
  return { powerW: believed.state === "C2" ? believed.offerA * believed.phases * NOMINAL_V : 0, estimated: true };
}

function withPoint(state: HistoryState, evseId: string, news: Partial<PointState>): HistoryState {
  const before = state.points.get(evseId) ?? { status: null, powerW: null };
  return { ...state, points: new Map(state.points).set(evseId, { ...before, ...news }) };
}

function keep(state: HistoryState, now: Instant): Step<HistoryState, KeepRunning> {
  if (!state.grown || now - state.keptAt < KEEP_EVERY_MS) return { state, outputs: [] };
  return {
    state: { ...state, quarters: state.quarters.slice(-1), keptAt: now, grown: false },
    outputs: [wholeOf(state)],
  };
}

/** All that a restart shall begin with. */
export function wholeOf(state: HistoryState): KeepRunning {
  const splits = [...state.splits.values()].map(({ sessionId, solarWh, gridWh, unknownWh, estimated }) => ({
    sessionId,
    solarWh,
    gridWh,
    unknownWh,
    estimated,
  }));
  return { kind: "keep-running", splits, quarters: state.quarters };
}
