import type { Instant } from "../../../shared/time/clock.ts";
import type { MeterCounters } from "../meter.port.ts";
import type { ReadRequest } from "./frame.core.ts";

/** Who asks: the mains decides on every charge point, a circuit on its own, the rest informs. */
export type Urgency = "mains" | "circuit" | "other";

/** A read that waits for its turn on the line. */
export interface Job {
  readonly id: number;
  readonly request: ReadRequest;
  readonly urgency: Urgency;
  /** How often it may be repeated at once. */
  readonly retries: number;
  readonly askedAt: Instant;
  /** After this its answer is of no use to who asked. */
  readonly giveUpAt: Instant;
}

export type Outcome = "reply" | "exception" | "timeout" | "refused";

/**
 * A request whose answer may still come. A request like it for other registers would be given that answer, so it waits;
 * one for the same registers may go, but what it is given may be as old as the first request.
 */
interface Owed {
  readonly request: ReadRequest;
  readonly sentAt: Instant;
  readonly until: Instant;
  /** It stands for the answer to a repeated request: the one before was answered, early or late. */
  readonly again: boolean;
}

interface UnitState {
  /** Requests in a row without a usable answer. */
  readonly failures: number;
  readonly setAsideUntil: Instant | null;
  readonly owed: Owed | null;
  /** Quiet time the unit wants before a request, as far as it has shown. */
  readonly gapMs: number;
  readonly counters: MeterCounters;
}

export interface LineState {
  /** How long after its request an answer may still arrive; 0 where answers name their request, as on TCP. */
  readonly lateMs: number;
  readonly queue: readonly Job[];
  readonly units: Readonly<Record<number, UnitState>>;
}

export interface Picked {
  readonly state: LineState;
  readonly job: Job | null;
  /** Jobs whose time ran out while they waited. */
  readonly expired: readonly Job[];
  /** When to look again if there is nothing to do now. */
  readonly wakeAt: Instant | null;
}

/** How much later a job may be served than one of the mains asked for at the same time. Nobody waits for ever. */
const PATIENCE_MS: Readonly<Record<Urgency, number>> = { mains: 0, circuit: 250, other: 500 };
/** Failures in a row after which a unit is asked rarely. */
const FAILURES_TO_SET_ASIDE = 3;
const FIRST_PAUSE_MS: Readonly<Record<Urgency, number>> = { mains: 1_000, circuit: 2_000, other: 2_000 };
/** A dead meter costs the line one time-out per pause; the mains meter is missed, so it is looked for more often. */
const LONGEST_PAUSE_MS: Readonly<Record<Urgency, number>> = { mains: 2_000, circuit: 10_000, other: 30_000 };

/** A unit that fails may need more time between requests (slow meters want about 10 ms): so it is given more. */
const FIRST_GAP_MS = 10;
const LONGEST_GAP_MS = 40;

const FRESH_UNIT: UnitState = {
  failures: 0,
  setAsideUntil: null,
  owed: null,
  gapMs: 0,
  counters: { requests: 0, replies: 0, timeouts: 0, refused: 0, exceptions: 0 },
};

export function freshLine(lateMs: number): LineState {
  return { lateMs, queue: [], units: {} };
}

/** Quiet time before a request to this unit; the line has a least one of its own. */
export function gapOf(state: LineState, unit: number): number {
  return unitOf(state, unit).gapMs;
}

export function countersOf(state: LineState, unit: number): MeterCounters {
  return unitOf(state, unit).counters;
}

/** Queues a job, unless its unit is set aside: then it says so. */
export function ask(
  state: LineState,
  job: Job,
  now: Instant,
): { readonly state: LineState; readonly refused: string | null } {
  const { failures, setAsideUntil } = unitOf(state, job.request.unit);
  if (setAsideUntil !== null && now < setAsideUntil) {
    const waitS = ((setAsideUntil - now) / 1_000).toFixed(1);
    return { state, refused: `no answer to ${failures} requests in a row; next attempt in ${waitS} s` };
  }
  return { state: { ...state, queue: [...state.queue, job] }, refused: null };
}

/** Takes the next job: the one whose patience ends first. */
export function pick(state: LineState, now: Instant): Picked {
  const expired = state.queue.filter(job => job.giveUpAt <= now);
  const waiting = state.queue.filter(job => job.giveUpAt > now);
  let job: Job | null = null;
  let wakeAt: Instant | null = null;
  for (const candidate of waiting) {
    const freeAt = heldUntil(unitOf(state, candidate.request.unit), candidate.request);
    if (freeAt > now) wakeAt = Math.min(wakeAt ?? Infinity, freeAt, candidate.giveUpAt);
    else if (job === null || due(candidate) < due(job)) job = candidate;
  }
  if (job === null) return { state: { ...state, queue: waiting }, job, expired, wakeAt };
  const picked = job;
  const unit = unitOf(state, picked.request.unit);
  const counters = { ...unit.counters, requests: unit.counters.requests + 1 };
  return {
    state: {
      ...state,
      queue: waiting.filter(other => other !== picked),
      units: { ...state.units, [picked.request.unit]: { ...unit, counters } },
    },
    job: picked,
    expired,
    wakeAt: null,
  };
}

export interface Settled {
  readonly state: LineState;
  /** The job stands in the queue once more. */
  readonly again: boolean;
  /** What the answer says may be that old. */
  readonly since: Instant;
}

/** Notes how a job went that was sent at `sentAt`. */
export function settle(state: LineState, job: Job, outcome: Outcome, sentAt: Instant, now: Instant): Settled {
  const before = unitOf(state, job.request.unit);
  const counters = counted(before.counters, outcome);
  const { owed: earlier } = before;
  const doubted = earlier !== null && now < earlier.until && isSame(earlier.request, job.request) ? earlier : null;
  const since = doubted?.sentAt ?? sentAt;
  if (outcome === "reply" || outcome === "exception") {
    const owed = doubted === null ? earlier : stillOwed(doubted, job, sentAt, now + state.lateMs);
    return {
      state: withUnit(state, job, { ...before, failures: 0, setAsideUntil: null, owed, counters }),
      again: false,
      since,
    };
  }
  const failures = before.failures + 1;
  const pauseMs = pauseAfter(failures, job.urgency);
  const unit: UnitState = {
    failures,
    setAsideUntil: pauseMs === null ? null : now + pauseMs,
    owed: state.lateMs > 0 ? { request: job.request, sentAt: since, until: now + state.lateMs, again: false } : null,
    gapMs: Math.min(LONGEST_GAP_MS, Math.max(FIRST_GAP_MS, 2 * before.gapMs)),
    counters,
  };
  const next = withUnit(state, job, unit);
  if (job.retries === 0 || pauseMs !== null || now >= job.giveUpAt) return { state: next, again: false, since };
  return { state: { ...next, queue: [{ ...job, retries: job.retries - 1 }, ...next.queue] }, again: true, since };
}

/** Empties the queue: the line is gone. What was owed on it never comes. */
export function lineLost(state: LineState): { readonly state: LineState; readonly dropped: readonly Job[] } {
  const units = Object.fromEntries(
    Object.entries(state.units).map(([unit, known]) => [unit, { ...known, owed: null }]),
  );
  return { state: { ...state, queue: [], units }, dropped: state.queue };
}

function due(job: Job): Instant {
  return job.askedAt + PATIENCE_MS[job.urgency];
}

/** The answer to a repeated request was there: whether it was the first one's, only what still comes can tell. */
function stillOwed(owed: Owed, { request }: Job, sentAt: Instant, until: Instant): Owed | null {
  return owed.again ? null : { request, sentAt, until, again: true };
}

/** Until when this request must wait so that it is not given the answer to an earlier one of the same shape. */
function heldUntil({ owed }: UnitState, request: ReadRequest): Instant {
  if (owed === null || isSame(owed.request, request)) return -Infinity;
  return owed.request.fn === request.fn && owed.request.quantity === request.quantity ? owed.until : -Infinity;
}

function isSame(one: ReadRequest, other: ReadRequest): boolean {
  return one.fn === other.fn && one.start === other.start && one.quantity === other.quantity;
}

function pauseAfter(failures: number, urgency: Urgency): number | null {
  if (failures < FAILURES_TO_SET_ASIDE) return null;
  return Math.min(LONGEST_PAUSE_MS[urgency], FIRST_PAUSE_MS[urgency] * 2 ** (failures - FAILURES_TO_SET_ASIDE));
}

function counted(counters: MeterCounters, outcome: Outcome): MeterCounters {
  switch (outcome) {
    case "reply":
      return { ...counters, replies: counters.replies + 1 };
    case "exception":
      return { ...counters, exceptions: counters.exceptions + 1 };
    case "timeout":
      return { ...counters, timeouts: counters.timeouts + 1 };
    case "refused":
      return { ...counters, refused: counters.refused + 1 };
  }
}

function unitOf(state: LineState, unit: number): UnitState {
  return state.units[unit] ?? FRESH_UNIT;
}

function withUnit(state: LineState, job: Job, unit: UnitState): LineState {
  return { ...state, units: { ...state.units, [job.request.unit]: unit } };
}
