import type { Step } from "../actor/actor.ts";
import type { Instant } from "../time/clock.ts";
import { type LeaseEntry, type LeaseRecord, NO_ENTRY } from "./lease.port.ts";

/** The holder writes anew in this rhythm, the others look in theirs. */
export const RENEW_MS = 250;
export const LOOK_MS = 250;
/** The holder speaks for so long after it sent the last writing that succeeded. */
export const HELD_MS = 1_000;
/**
 * What has stood unchanged for so long before the eyes of a candidate may be taken. A candidate sees a writing after it was
 * sent, so that the holder has been silent for at least the difference, whatever both civil clocks say.
 */
export const ABANDONED_MS = 1_500;
/** A lease that was given back is taken sooner, but not before every charge point has told once more what it was given last. */
export const GIVEN_BACK_MS = 1_100;

type Question = "read" | "found" | "take" | "renew" | "give-back";

/** An answer that was longer on its way, or waited for a process that was paused, says nothing about the present. */
const ANSWER_FRESH_MS = 750;

/** Where no record is, one is put there only when no answer about an older store can still be under way. */
const FOUND_AFTER_MS = 800;
/** Who has not looked for longer has not seen it stand unchanged. */
const LOOKED_AWAY_MS = 1_200;

/** One candidate's view of the lease. */
export interface LeaseState {
  /** Unique to this process, so that a restarted one does not take its predecessor for itself. */
  readonly me: string;
  /** It may take the lease: it knows enough to go on from where the others are. */
  readonly ready: boolean;
  /** The record as last seen, and since when it has stood like that. */
  readonly seen: { readonly entry: LeaseEntry; readonly since: Instant; readonly last: Instant } | null;
  /** Held since the writing with this revision; speaks until then. */
  readonly held: { readonly epoch: number; readonly revision: number; readonly until: Instant } | null;
  /** The question that has not been answered yet. */
  readonly asked: { readonly what: Question; readonly epoch: number } | null;
  readonly askedAt: Instant;
  /** The highest epoch heard in others' words: a store that was wiped forgets, the charge points do not. */
  readonly heardEpoch: number;
  /** How many records it has founded: each has a name of its own, so that a store that was wiped twice is not taken for unchanged. */
  readonly founded: number;
  readonly leaving: boolean;
  /** Why the store cannot be reached; null = it answers. */
  readonly problem: string | null;
}

export type LeaseInput =
  | { readonly kind: "tick" }
  | { readonly kind: "ready" }
  /** Somebody's word under this epoch was heard. */
  | { readonly kind: "heard"; readonly epoch: number }
  | { readonly kind: "read"; readonly entry: LeaseEntry }
  /** null = somebody else had written meanwhile. */
  | { readonly kind: "written"; readonly revision: number | null }
  | { readonly kind: "failed"; readonly problem: string }
  | { readonly kind: "leave" };

export type LeaseOutput =
  | { readonly kind: "read" }
  | { readonly kind: "write"; readonly record: LeaseRecord; readonly after: number };

export function newCandidate(me: string): LeaseState {
  return {
    me,
    ready: false,
    seen: null,
    held: null,
    asked: null,
    askedAt: -Infinity,
    heardEpoch: 0,
    founded: 0,
    leaving: false,
    problem: null,
  };
}

/** The epoch under which this candidate may speak now; null = it must be silent. */
export function epochOf(state: LeaseState, now: Instant): number | null {
  return !state.leaving && state.held !== null && now < state.held.until ? state.held.epoch : null;
}

/** Holds, renews, watches and takes the lease, with one question to the store at a time. */
export function campaign(state: LeaseState, input: LeaseInput, now: Instant): Step<LeaseState, LeaseOutput> {
  switch (input.kind) {
    case "tick":
      return state.asked === null && !state.leaving ? askNext(state, now) : { state, outputs: [] };
    case "ready":
      return { state: { ...state, ready: true }, outputs: [] };
    case "heard": {
      const { held } = state;
      // Somebody was given the lease after this one: the store has lost its memory, or this process some time.
      const displaced = held !== null && input.epoch > held.epoch;
      const heardEpoch = Math.max(state.heardEpoch, input.epoch);
      return { state: { ...state, heardEpoch, held: displaced ? null : held }, outputs: [] };
    }
    case "read":
      return look({ ...state, asked: null, problem: null }, input.entry, now);
    case "written":
      return written({ ...state, asked: null, problem: null }, state.asked, input.revision, now);
    case "failed":
      return maybeGiveBack({ ...state, asked: null, problem: input.problem }, now);
    case "leave":
      return maybeGiveBack({ ...state, leaving: true }, now);
  }
}

function askNext(state: LeaseState, now: Instant): Step<LeaseState, LeaseOutput> {
  const { held } = state;
  if (now - state.askedAt < (held === null ? LOOK_MS : RENEW_MS)) return { state, outputs: [] };
  // Who has lapsed looks first: a store that was wiped meanwhile counts its writings anew, and may have come to the same number.
  if (held === null || now >= held.until) return read(state, now);
  return write(state, "renew", { epoch: held.epoch, holder: state.me }, held.revision, now);
}

/** The record as it is now. A holder looks only when a writing was refused; a candidate takes what has been left alone. */
function look(state: LeaseState, entry: LeaseEntry, now: Instant): Step<LeaseState, LeaseOutput> {
  const late = now - state.askedAt > ANSWER_FRESH_MS;
  const { seen: before } = state;
  const unchanged = before !== null && isSame(before.entry, entry) && now - before.last <= LOOKED_AWAY_MS;
  const seen = { entry, since: unchanged ? before.since : now, last: now };
  const { held } = state;
  if (held !== null) {
    // Its own writing, whose answer was lost, or nobody else's since: it may write again, and then speak.
    const mine = isSame(entry, { ...entry, record: { epoch: held.epoch, holder: state.me } });
    if (!mine) return { state: { ...state, seen, held: null }, outputs: [] };
    const kept = { ...state, seen, held: { ...held, revision: entry.revision } };
    if (state.leaving) return maybeGiveBack(kept, now);
    if (late) return { state: kept, outputs: [] };
    return write(kept, "renew", { epoch: held.epoch, holder: state.me }, entry.revision, now);
  }
  const next = { ...state, seen };
  if (state.leaving || late) return { state: next, outputs: [] };
  if (entry.revision === NO_ENTRY.revision) {
    return now - seen.since < FOUND_AFTER_MS ? { state: next, outputs: [] } : found(next, now);
  }
  if (!state.ready || now - seen.since < waitFor(entry)) return { state: next, outputs: [] };
  const epoch = Math.max(entry.record.epoch, state.heardEpoch) + 1;
  return write(next, "take", { epoch, holder: state.me }, entry.revision, now);
}

/** Where no record is, somebody may have held it a moment ago all the same: one is put there, and left alone like any other. */
function found(state: LeaseState, now: Instant): Step<LeaseState, LeaseOutput> {
  const founded = state.founded + 1;
  const record = { epoch: state.heardEpoch, holder: `${state.me} founding ${founded}` };
  return write({ ...state, founded }, "found", record, NO_ENTRY.revision, now);
}

function isSame(one: LeaseEntry, other: LeaseEntry): boolean {
  return (
    one.revision === other.revision &&
    one.record.epoch === other.record.epoch &&
    one.record.holder === other.record.holder
  );
}

function waitFor({ record }: LeaseEntry): number {
  return record.holder === null ? GIVEN_BACK_MS : ABANDONED_MS;
}

function written(
  state: LeaseState,
  asked: LeaseState["asked"],
  revision: number | null,
  now: Instant,
): Step<LeaseState, LeaseOutput> {
  if (asked === null || (asked.what !== "take" && asked.what !== "renew")) return { state, outputs: [] };
  if (revision === null) {
    // Lost to somebody else, or its own last writing went through unheard: the record says which.
    return read(state, now);
  }
  const held = { epoch: asked.epoch, revision, until: state.askedAt + HELD_MS };
  return maybeGiveBack({ ...state, held, seen: null }, now);
}

/** Who leaves says so, once no question is open, so that the next one need not wait. */
function maybeGiveBack(state: LeaseState, now: Instant): Step<LeaseState, LeaseOutput> {
  const { held } = state;
  if (!state.leaving || held === null || state.asked !== null || state.problem !== null) return { state, outputs: [] };
  return write({ ...state, held: null }, "give-back", { epoch: held.epoch, holder: null }, held.revision, now);
}

function read(state: LeaseState, now: Instant): Step<LeaseState, LeaseOutput> {
  return { state: asking(state, "read", 0, now), outputs: [{ kind: "read" }] };
}

function write(
  state: LeaseState,
  what: Question,
  record: LeaseRecord,
  after: number,
  now: Instant,
): Step<LeaseState, LeaseOutput> {
  return { state: asking(state, what, record.epoch, now), outputs: [{ kind: "write", record, after }] };
}

function asking(state: LeaseState, what: Question, epoch: number, now: Instant): LeaseState {
  return { ...state, asked: { what, epoch }, askedAt: now };
}
