import type { Instant } from "../time/clock.ts";
import type { Step, StepFunction } from "./actor.ts";

/** One step of a core as it happened. */
export interface JournalEntry {
  readonly at: Instant;
  readonly input: unknown;
  readonly outputs: readonly unknown[];
}

/** A stretch of steps, and the state before the first of them. */
export interface JournalPart {
  readonly state: unknown;
  readonly entries: readonly JournalEntry[];
}

export interface JournalLimits {
  /** Steps with outputs that one part holds at most. */
  readonly decisions: number;
  /** Steps that one part holds at most: on a large site most inputs decide nothing. */
  readonly inputs: number;
}

const LIMITS: JournalLimits = { decisions: 1_000, inputs: 6_000 };
/** A process with more journals than this shares the memory of so many among them: 2.5 MB each. */
const WHOLE_JOURNALS = 16;

/** What each of several journals in one process may keep. */
export function journalLimits(journals: number): JournalLimits {
  const share = Math.min(1, WHOLE_JOURNALS / Math.max(1, journals));
  return { decisions: Math.round(LIMITS.decisions * share), inputs: Math.round(LIMITS.inputs * share) };
}

/**
 * What a core was told lately, so that its decisions can be made again, elsewhere, and be looked into. Two parts are kept:
 * a full one and the one that fills, which together hold the last 1,000 decisions. States and inputs are values, so that
 * keeping them costs no copy.
 */
export class Journal {
  readonly #limits: JournalLimits;
  #before: JournalPart | null = null;
  #state: unknown = undefined;
  #entries: JournalEntry[] = [];
  #decisions = 0;

  constructor(limits: JournalLimits = LIMITS) {
    this.#limits = limits;
  }

  /** The core with its steps written down. */
  watch<State, Input, Output>(step: StepFunction<State, Input, Output>): StepFunction<State, Input, Output> {
    return (state, input, now) => {
      const next = step(state, input, now);
      this.#write(state, input, now, next);
      return next;
    };
  }

  /** What is kept now, oldest first. */
  get parts(): readonly JournalPart[] {
    if (this.#entries.length === 0) return this.#before === null ? [] : [this.#before];
    const present = { state: this.#state, entries: [...this.#entries] };
    return this.#before === null ? [present] : [this.#before, present];
  }

  #write(state: unknown, input: unknown, at: Instant, { outputs }: Step<unknown, unknown>): void {
    if (this.#decisions >= this.#limits.decisions || this.#entries.length >= this.#limits.inputs) {
      this.#before = { state: this.#state, entries: this.#entries };
      this.#entries = [];
      this.#decisions = 0;
    }
    if (this.#entries.length === 0) this.#state = state;
    this.#entries.push({ at, input, outputs });
    if (outputs.length > 0) this.#decisions += 1;
  }
}
