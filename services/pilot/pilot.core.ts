import type { Step } from "../../shared/actor/actor.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { beat, drive } from "./drive.core.ts";
import { askInputs, hearSwitch, hearTemperature } from "./inputs.core.ts";
import { lightLed } from "./led.core.ts";
import { closed, handshake, keepLink } from "./link.core.ts";
import { driveLock, lockRefused } from "./lock.core.ts";
import type { BoardMessage } from "./pilot.port.ts";
import { rcmTestAnswered, rcmTestReported, testRcm } from "./rcm-test.core.ts";
import { type ObservedMessage, observe, tell, watchContact } from "./sensed.core.ts";
import { type Draft, type PilotInput, type PilotOutput, type PilotState, warn } from "./state.core.ts";

/** Turns permissions into commands for a board, and what the board says into what is sensed. */
export function pilot(state: PilotState, input: PilotInput, now: Instant): Step<PilotState, PilotOutput> {
  let draft = take({ state, outputs: [] }, input, now);
  draft = keepLink(draft, now);
  draft = drive(draft, now);
  draft = driveLock(draft, now);
  draft = testRcm(draft, now);
  draft = askInputs(draft, now);
  draft = lightLed(draft, now);
  return tell(draft, now);
}

function take(draft: Draft, input: PilotInput, now: Instant): Draft {
  switch (input.kind) {
    case "grant":
      return permitted(draft, input, now);
    case "board":
      return heard(draft, input.message, now);
    case "closed":
      return closed(draft, input.reason, now);
    case "tick":
      return draft;
  }
}

function permitted(draft: Draft, { grant }: Extract<PilotInput, { kind: "grant" }>, now: Instant): Draft {
  const { state } = draft;
  // A person's acknowledgement counts once, however often the grant that carries it is repeated.
  const first = grant.acknowledge && state.grant?.value.acknowledge !== true;
  const firstRcm = grant.acknowledgeRcm && state.grant?.value.acknowledgeRcm !== true;
  const latched = state.view?.flags.latches.filter(latch => latch !== "watchdog-trip") ?? [];
  const ofRcm = latched.filter(latch => latch === "rcm-trip");
  const acknowledged = first ? latched : firstRcm ? [...state.acknowledged, ...ofRcm] : state.acknowledged;
  return beat({ ...draft, state: { ...state, grant: { value: grant, at: now }, acknowledged } }, now);
}

function heard(draft: Draft, message: BoardMessage, now: Instant): Draft {
  switch (message.kind) {
    case "garbled":
      return warn(draft, "bytes of the board dropped", { problem: message.problem }, now);
    case "opened":
      return log(believe(draft, message, now), "contactors opened", { why: message.why });
    case "answer":
      return answered(handshake(draft, message, now), message, now);
    case "report":
    case "status":
    case "cp-changed":
    case "flags-changed":
      return believe(draft, message, now);
    case "switch":
      return draft.state.phase === "up" ? hearSwitch(draft, message.closed) : draft;
    case "temperature":
      return draft.state.phase === "up" ? hearTemperature(draft, message.milliV, now) : draft;
    case "firmware":
    case "ready":
    case "description":
    case "safe-current":
    case "booted":
      return handshake(draft, message, now);
  }
}

/** Before the board is up, nothing it says about the car is believed. */
function believe(draft: Draft, message: ObservedMessage, now: Instant): Draft {
  return draft.state.phase === "up" ? rcmTestReported(watchContact(observe(draft, message, now), now), message) : draft;
}

function answered(draft: Draft, message: Extract<BoardMessage, { kind: "answer" }>, now: Instant): Draft {
  const { to, accepted, result, value } = message;
  if (to === "test-rcm") return rcmTestAnswered(draft, message);
  let state = to === "clear" ? { ...draft.state, acknowledged: [] } : draft.state;
  if (to === "drive-lock" && !accepted) state = lockRefused(state, now);
  if (!accepted) return warn({ ...draft, state }, `board refused ${to}`, { result }, now);
  // Consumers need not wait for the next report to know what is signalled.
  const view = to === "drive-pilot" && state.view !== null ? { ...state.view, dutyPermille: value } : state.view;
  return { ...draft, state: { ...state, view } };
}

function log(draft: Draft, words: string, detail: Readonly<Record<string, unknown>>): Draft {
  return { ...draft, outputs: [...draft.outputs, { kind: "log", level: "info", words, detail }] };
}
