import type { QuarterHour } from "../../shared/contracts/limits.ts";
import { FLANDERS_FLOOR_W } from "../../shared/settings/capacity.ts";
import { wallTimeAt } from "../../shared/wall-clock.ts";
import type { LimitsSettings } from "./limits.config.ts";
import type { QuarterState } from "./limits.port.ts";

const QUARTER_MS = 900_000;
/** A sample stands for the time since the one before; for a longer gap nobody knows. */
const LONGEST_GAP_MS = 15_000;
/** CAP MODE = Flanders stays this much below the peak that is charged anyway (spec control 11). */
const FLANDERS_MARGIN_W = 100;

/** A quarter hour of which nothing is known yet: what has passed of it counts as unseen. */
export function beginQuarter(civilMs: number, zone: string): QuarterState {
  const startMs = startOf(civilMs);
  const month = monthOf(startMs, zone);
  return { startMs, followedToMs: startMs, usedWs: 0, unseenMs: 0, seen: false, month, monthPeakW: 0 };
}

/** Takes in the power at the mains; a sample that is older than the last one changes nothing. */
export function measure(state: QuarterState, powerW: number, civilMs: number, zone: string): QuarterState {
  // A clock that was set back begins anew: what was followed lies in a future that has not come.
  if (wasSetBack(state, civilMs))
    return { ...follow(beginAgain(state, civilMs, zone), null, civilMs, zone), seen: true };
  if (civilMs < state.followedToMs || (civilMs === state.followedToMs && state.seen)) return state;
  const known = state.seen && civilMs - state.followedToMs <= LONGEST_GAP_MS;
  return { ...follow(state, known ? Math.max(0, powerW) : null, civilMs, zone), seen: true };
}

/** Goes on to the quarter hour that runs now; the time since the last sample stays open until the next one. */
export function turn(state: QuarterState, civilMs: number, zone: string): QuarterState {
  if (wasSetBack(state, civilMs)) return beginAgain(state, civilMs, zone);
  if (startOf(civilMs) === state.startMs || civilMs - state.followedToMs <= LONGEST_GAP_MS) return state;
  return { ...follow(state, null, startOf(civilMs), zone), seen: false };
}

/** What the site sees of it at this time. */
export function quarterFact(state: QuarterState, settings: LimitsSettings | null, civilMs: number): QuarterHour {
  const startMs = startOf(civilMs);
  // The sample that ends the last quarter hour may still be on its way.
  const running =
    startMs === state.startMs ? state : { ...state, startMs, followedToMs: startMs, usedWs: 0, unseenMs: 0 };
  const limitW = settings === null ? null : limitOf(settings, state.monthPeakW);
  return {
    startsAt: new Date(startMs).toISOString(),
    endsInMs: startMs + QUARTER_MS - civilMs,
    usedWh: running.usedWs / 3_600,
    unseenMs: running.unseenMs,
    limitW,
    allowedW: limitW === null ? null : allowedW(running, limitW),
    month: state.month,
    monthPeakW: state.monthPeakW,
  };
}

/** The least of CAP PEAK and what the Flemish tariff charges in any case; null = the quarter hour is not limited. */
export function limitOf({ peakW, flanders }: LimitsSettings, monthPeakW: number): number | null {
  const flemishW = flanders ? Math.max(FLANDERS_FLOOR_W, monthPeakW) - FLANDERS_MARGIN_W : Infinity;
  const limitW = Math.min(peakW ?? Infinity, flemishW);
  return limitW === Infinity ? null : limitW;
}

/** P = (limit x 900 s - E) / rest, within 0 and twice the limit (spec control 11). What was not seen counts as drawn at the limit. */
function allowedW({ startMs, followedToMs, usedWs, unseenMs }: QuarterState, limitW: number): number {
  const leftWs = (limitW * (QUARTER_MS - unseenMs)) / 1_000 - usedWs;
  const restS = Math.max(1, (startMs + QUARTER_MS - followedToMs) / 1_000);
  return Math.min(2 * limitW, Math.max(0, leftWs / restS));
}

/** Spreads a power, or what nobody knows, over the time up to `toMs`, quarter by quarter. */
function follow(state: QuarterState, powerW: number | null, toMs: number, zone: string): QuarterState {
  let current = state;
  if (startOf(toMs) - current.startMs > QUARTER_MS) {
    // Whole quarter hours without a sample tell nothing.
    current = close({ ...current, unseenMs: current.unseenMs + QUARTER_MS }, startOf(toMs), zone);
  }
  for (let endMs = current.startMs + QUARTER_MS; endMs <= toMs; endMs += QUARTER_MS) {
    current = close(grow(current, powerW, endMs), endMs, zone);
  }
  return grow(current, powerW, toMs);
}

function grow(state: QuarterState, powerW: number | null, toMs: number): QuarterState {
  const spanMs = toMs - state.followedToMs;
  return powerW === null
    ? { ...state, followedToMs: toMs, unseenMs: state.unseenMs + spanMs }
    : { ...state, followedToMs: toMs, usedWs: state.usedWs + (powerW * spanMs) / 1_000 };
}

/** A quarter hour has ended: it may be the month's highest; the next one belongs to its own month. */
function close(state: QuarterState, nextStartMs: number, zone: string): QuarterState {
  const peakW = Math.max(state.monthPeakW, (state.usedWs * 1_000) / QUARTER_MS);
  const month = monthOf(nextStartMs, zone);
  const monthPeakW = month === state.month ? peakW : 0;
  return { ...state, startMs: nextStartMs, followedToMs: nextStartMs, usedWs: 0, unseenMs: 0, month, monthPeakW };
}

function wasSetBack({ startMs }: QuarterState, civilMs: number): boolean {
  return civilMs < startMs - LONGEST_GAP_MS;
}

function beginAgain({ month, monthPeakW }: QuarterState, civilMs: number, zone: string): QuarterState {
  const begun = beginQuarter(civilMs, zone);
  return begun.month === month ? { ...begun, monthPeakW } : begun;
}

/** Time zones differ by whole quarters: the same on every wall clock. */
function startOf(civilMs: number): number {
  return Math.floor(civilMs / QUARTER_MS) * QUARTER_MS;
}

function monthOf(civilMs: number, zone: string): string {
  return wallTimeAt(civilMs, zone).slice(0, 7);
}
