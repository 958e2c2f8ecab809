import type { Instant } from "../../shared/time/clock.ts";
import type { EvseCoreState } from "./state.core.ts";
import { CONTACTOR_STANDS_MS } from "./timing.core.ts";
import { NO_TRIES, oneMore } from "./tries.core.ts";

/** A main contactor that does not close is tried again, three times; one that stays closed has forgotten what was before. */
export function observeContactor(state: EvseCoreState, now: Instant): EvseCoreState {
  const { contactorTries } = state;
  if (state.acknowledge && contactorTries.failures > 0) return { ...state, contactorTries: NO_TRIES };
  if (state.state !== "C2") return state;
  const stuck = state.sensed?.value.faults.includes("contactor-stuck-open") === true;
  // The first report of this closing counts, the next ones are of the same try.
  if (stuck && contactorTries.failedAt <= state.enteredAt)
    return { ...state, contactorTries: oneMore(contactorTries, now) };
  const stands = !stuck && contactorTries.failures > 0 && now - state.enteredAt >= CONTACTOR_STANDS_MS;
  return stands ? { ...state, contactorTries: NO_TRIES } : state;
}
