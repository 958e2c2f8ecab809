import type { MeterFinding, MeterReading } from "../../shared/contracts/meter.ts";
import { PHASES, type Phase } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { Sample } from "./meter.port.ts";

type Currents = MeterReading["currentA"];

/**
 * Compares the phases of a car's meter with those of the mains meter: when a car on one phase changes its current, the
 * mains sees the same change on the phase that it really is.
 */
export interface OrderState {
  readonly own: { readonly currentA: Currents; readonly at: Instant } | null;
  /** The mains lately, oldest first. */
  readonly mains: readonly { readonly currentA: Currents; readonly at: Instant }[];
  readonly change: Change | null;
  /** How often a change on a phase of this meter was seen on each phase of the mains. */
  readonly votes: Readonly<Record<Phase, Readonly<Record<Phase, number>>>>;
}

interface Change {
  readonly phase: Phase;
  readonly byA: number;
  readonly before: Currents;
  /** The mains has surely seen it in samples after this. */
  readonly seenAfter: Instant;
}

/** A change that stands out of what a house does by itself. */
const CLEAR_CHANGE_A = 4;
/** What a phase may change meanwhile for another reason. */
const QUIET_A = 1;
/** The mains must have seen the same change, give or take. */
const LIKENESS = 0.3;
/** Both meters have measured the new current by then, and no later change is mixed in. */
const SETTLE_MS = 3_000;
const LONGEST_WAIT_MS = 15_000;
const VOTES_TO_NAME = 3;
const MAINS_KEPT = 40;

const NO_VOTES = { l1: 0, l2: 0, l3: 0 } as const;

export const freshOrder: OrderState = {
  own: null,
  mains: [],
  change: null,
  votes: { l1: NO_VOTES, l2: NO_VOTES, l3: NO_VOTES },
};

/** A sample of the car's meter. */
export function orderOwn(state: OrderState, { currentA, sampledAt }: Sample): OrderState {
  const { own } = state;
  const next: OrderState = { ...state, own: { currentA, at: sampledAt } };
  if (own === null) return next;
  const by = changes(own.currentA, currentA);
  const changed = PHASES.filter(phase => Math.abs(by[phase]) >= QUIET_A);
  const [phase] = changed;
  if (phase === undefined) return next;
  // The change came after the sample before it, so this is what the mains was without it.
  const before = state.mains.findLast(({ at }) => at <= own.at);
  const isClear = changed.length === 1 && state.change === null && Math.abs(by[phase]) >= CLEAR_CHANGE_A;
  // Two changes at once, or one after the other, cannot be told apart.
  if (!isClear || before === undefined) return { ...next, change: null };
  const seenAfter = sampledAt + SETTLE_MS;
  return { ...next, change: { phase, byA: by[phase], before: before.currentA, seenAfter } };
}

/** A sample of the mains meter, taken at `at`. */
export function orderMains(state: OrderState, currentA: Currents, at: Instant): OrderState {
  if (at <= (state.mains.at(-1)?.at ?? -Infinity)) return state;
  const next: OrderState = { ...state, mains: [...state.mains, { currentA, at }].slice(-MAINS_KEPT) };
  const { change } = state;
  if (change === null || at < change.seenAfter) return next;
  const settled: OrderState = { ...next, change: null };
  if (at > change.seenAfter + LONGEST_WAIT_MS) return settled;
  const by = changes(change.before, currentA);
  const alike = PHASES.filter(phase => Math.abs(by[phase] - change.byA) <= LIKENESS * Math.abs(change.byA));
  const [phase] = alike;
  if (phase === undefined || alike.length > 1) return settled;
  const ofPhase = state.votes[change.phase];
  return {
    ...settled,
    votes: { ...state.votes, [change.phase]: { ...ofPhase, [phase]: ofPhase[phase] + 1 } },
  };
}

/** The phases of this meter that are others of the mains meter. */
export function orderFindings({ votes }: OrderState): readonly MeterFinding[] {
  const swapped = PHASES.flatMap(own => {
    const seen = votes[own];
    const other = PHASES.find(phase => phase !== own && seen[phase] >= VOTES_TO_NAME && seen[phase] > 3 * seen[own]);
    return other === undefined
      ? []
      : [`${own.toUpperCase()} of this meter is ${other.toUpperCase()} of the mains meter`];
  });
  if (swapped.length === 0) return [];
  return [{ code: "phases-swapped", text: `${swapped.join(", ")}: exchange wires, or set phaseRotation` }];
}

function changes(before: Currents, after: Currents): Record<Phase, number> {
  return { l1: after.l1 - before.l1, l2: after.l2 - before.l2, l3: after.l3 - before.l3 };
}
