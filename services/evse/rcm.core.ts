import type { Instant } from "../../shared/time/clock.ts";
import { asksPower } from "./observe.core.ts";
import type { RcmState } from "./rcm-state.core.ts";
import type { EvseCoreState } from "./state.core.ts";
import { RCM_ACKNOWLEDGED_MS, RCM_TEST_WINDOW_MS } from "./timing.core.ts";
import { mustWait, NO_TRIES, oneMore } from "./tries.core.ts";

/** Follows trips, acknowledgements and tests. */
export function observeRcm(state: EvseCoreState, now: Instant): EvseCoreState {
  return followTest(followTrip(state, now), now);
}

/** The monitor need not, or has shown that it works, for the closing that is due. */
export function monitorIsTested({ settings, rcm }: EvseCoreState): boolean {
  return settings?.rcmMonitor !== true || rcm.test.phase === "passed";
}

function followTrip(state: EvseCoreState, now: Instant): EvseCoreState {
  const faults = state.sensed?.value.faults ?? [];
  const tripped = faults.includes("rcm-trip");
  const { trip } = state.rcm;
  const person = state.acknowledge || state.acknowledgeRcm;
  if (trip === null) return tripped ? withTrip(state, { since: now, acknowledged: false }) : state;
  // Not before its line is healthy again (spec control 7.3).
  if (person && !faults.includes("rcm-line")) return withTrip(state, { since: now, acknowledged: true });
  if (!trip.acknowledged) return state;
  if (!tripped) return withTrip(state, null);
  return now - trip.since < RCM_ACKNOWLEDGED_MS ? state : withTrip(state, { since: now, acknowledged: false });
}

function withTrip(state: EvseCoreState, trip: RcmState["trip"]): EvseCoreState {
  return { ...state, rcm: { ...state.rcm, trip } };
}

/** Before each closing, as soon as the car asks (R): what was tested before says nothing about the next time. */
function followTest(before: EvseCoreState, now: Instant): EvseCoreState {
  const state = before.acknowledge ? { ...before, rcmTries: NO_TRIES } : before;
  const { test } = state.rcm;
  if (state.settings?.rcmMonitor !== true || state.state !== "B2") {
    return test.phase === "due" ? state : withTest(state, { ...test, phase: "due" });
  }
  switch (test.phase) {
    case "passed":
      return state;
    case "due": {
      const due = asksPower(state, now) && state.sensed?.value.diodeSeen === true && !mustWait(state.rcmTries, now);
      return due ? withTest(state, { number: test.number + 1, phase: "running", since: now }) : state;
    }
    case "running": {
      const seen = state.sensed?.value.rcmTest;
      const outcome = seen?.number === test.number ? seen.outcome : "running";
      if (outcome === "passed") return { ...withTest(state, { ...test, phase: "passed" }), rcmTries: NO_TRIES };
      if (outcome === "running" && now - test.since < RCM_TEST_WINDOW_MS) return state;
      return { ...withTest(state, { ...test, phase: "due" }), rcmTries: oneMore(state.rcmTries, now) };
    }
  }
}

function withTest(state: EvseCoreState, test: RcmState["test"]): EvseCoreState {
  return { ...state, rcm: { ...state.rcm, test } };
}
