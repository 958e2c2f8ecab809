import type { PilotSensed } from "../../shared/contracts/pilot.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { BoardMessage } from "./pilot.port.ts";
import { type Draft, freshGrant, type PilotState, type RcmTest } from "./state.core.ts";

/** The board's longest test current; a monitor answers within a tenth of it. */
const PULSE_MS = 500;
/** A question or its answer may be lost; the board tests once at a time. */
const ASK_AGAIN_MS = 2_000;
/** Pulse, recovery and their reports are over by then. */
const OVER_AFTER_MS = 5_000;

/** Tests the residual-current monitor, once for each number the grant carries (spec control 7.5 R). */
export function testRcm(draft: Draft, now: Instant): Draft {
  const { state } = draft;
  const number = freshGrant(state, now)?.rcmTest ?? null;
  if (state.phase !== "up" || state.view === null || number === null) return draft;
  const { rcmTest } = state;
  if (rcmTest === null || rcmTest.number !== number)
    return ask(draft, { number, phase: "asked", at: now, askedAt: now });
  if (rcmTest.phase === "asked" || rcmTest.phase === "running") {
    if (now - rcmTest.at >= OVER_AFTER_MS) return end(draft, rcmTest, "failed");
    const unheard = rcmTest.phase === "asked" && now - rcmTest.askedAt >= ASK_AGAIN_MS;
    return unheard ? ask(draft, { ...rcmTest, askedAt: now }) : draft;
  }
  return draft;
}

/** The board has begun, or refuses: under load, or with a line that says fault. */
export function rcmTestAnswered(draft: Draft, { accepted }: Extract<BoardMessage, { kind: "answer" }>): Draft {
  const { rcmTest } = draft.state;
  if (rcmTest?.phase !== "asked") return draft;
  if (!accepted) return end(draft, rcmTest, "failed");
  return { ...draft, state: { ...draft.state, rcmTest: { ...rcmTest, phase: "running" } } };
}

/** A report shows that the test is over. An event between reports may come before its latch. */
export function rcmTestReported(draft: Draft, { kind }: Pick<BoardMessage, "kind">): Draft {
  const { rcmTest, view } = draft.state;
  if (kind !== "report" && kind !== "status") return draft;
  if (rcmTest?.phase !== "running" || view === null || view.flags.rcmTesting) return draft;
  return end(draft, rcmTest, view.flags.latches.includes("rcm-test-failed") ? "failed" : "passed");
}

export function rcmTestSeen({ rcmTest }: PilotState): PilotSensed["rcmTest"] {
  if (rcmTest === null) return null;
  return { number: rcmTest.number, outcome: rcmTest.phase === "asked" ? "running" : rcmTest.phase };
}

/** The latch of a test that failed before would pass for the result of this one. */
function ask(draft: Draft, rcmTest: RcmTest): Draft {
  const latched = draft.state.view?.flags.latches.includes("rcm-test-failed") === true;
  return {
    state: { ...draft.state, rcmTest },
    outputs: [
      ...draft.outputs,
      ...(latched ? [{ kind: "send", command: { kind: "clear", latches: ["rcm-test-failed"] } } as const] : []),
      { kind: "send", command: { kind: "test-rcm", pulseMs: PULSE_MS } },
    ],
  };
}

function end(draft: Draft, rcmTest: RcmTest, phase: "passed" | "failed"): Draft {
  return {
    state: { ...draft.state, rcmTest: { ...rcmTest, phase } },
    outputs: [
      ...draft.outputs,
      {
        kind: "log",
        level: phase === "passed" ? "info" : "warn",
        words: `residual-current monitor ${phase} its test`,
        detail: {},
      },
    ],
  };
}
