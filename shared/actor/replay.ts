import type { Instant } from "../time/clock.ts";
import type { Step } from "./actor.ts";
import type { JournalPart } from "./journal.ts";
import { encode } from "./journal-text.ts";

/** Any core: its journal says what it takes. */
export type AnyCore = (state: never, input: never, now: Instant) => Step<unknown, unknown>;

/** A step whose outputs are not those of the journal, or a part that does not begin where the one before it ended. */
export interface Difference {
  /** Counts the steps of the whole journal from 1. */
  readonly step: number;
  readonly at: number;
  readonly what: "outputs" | "state";
  readonly was: string;
  readonly is: string;
}

export interface Replayed {
  readonly steps: number;
  /** Steps with outputs. */
  readonly decisions: number;
  readonly difference: Difference | null;
}

/** Makes every decision of a journal again; ends at the first that comes out otherwise. */
export function replay(parts: readonly JournalPart[], step: AnyCore): Replayed {
  let steps = 0;
  let decisions = 0;
  let state: unknown;
  for (const [index, part] of parts.entries()) {
    if (index > 0 && encode(state) !== encode(part.state)) {
      const at = part.entries[0]?.at ?? 0;
      return { steps, decisions, difference: { step: steps + 1, at, what: "state", ...bothOf(part.state, state) } };
    }
    state = part.state;
    for (const { at, input, outputs } of part.entries) {
      const next = step(state as never, input as never, at);
      steps += 1;
      if (outputs.length > 0) decisions += 1;
      if (encode(next.outputs) !== encode(outputs)) {
        return { steps, decisions, difference: { step: steps, at, what: "outputs", ...bothOf(outputs, next.outputs) } };
      }
      state = next.state;
    }
  }
  return { steps, decisions, difference: null };
}

function bothOf(was: unknown, is: unknown): Pick<Difference, "was" | "is"> {
  return { was: encode(was), is: encode(is) };
}
