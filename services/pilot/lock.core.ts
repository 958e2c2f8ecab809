import type { LockOrder, PilotSensed } from "../../shared/contracts/pilot.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { type Draft, freshGrant, type PilotState } from "./state.core.ts";

/** Times of spec control 9: the pulse, when the feedback counts after its begin, and when another one follows. */
const PULSE_MS = 600;
const VERIFY_MS = 800;
const PULSE_AGAIN_MS = 5_000;
/** After five pulses in vain the lock is jammed, and is tried once a minute (R). */
const PULSES_IN_A_ROW = 5;
const JAMMED_AGAIN_MS = 60_000;
/** A board that was busy or refused is asked again after this; nothing has moved. */
const REFUSED_AGAIN_MS = 500;

/** Brings the plug lock where the grant wants it, and keeps it there. Without a grant nothing moves. */
export function driveLock(draft: Draft, now: Instant): Draft {
  const { state } = draft;
  const order = freshGrant(state, now)?.lock ?? null;
  if (state.phase !== "up" || state.view === null || order === null || order.target === "hold") return draft;
  const { target } = order;
  const turned =
    state.lock.target === target
      ? state
      : { ...state, lock: { target, pulsedAt: -Infinity, pulses: 0, jammed: false } };
  return pulse({ ...draft, state: turned }, order, now);
}

/** What the feedback says, by the kind of actuator. */
export function lockSeen(state: PilotState, now: Instant): PilotSensed["lock"] {
  const order = freshGrant(state, now)?.lock ?? null;
  if (state.phase !== "up" || state.view === null || order === null) return null;
  return { position: positionOf(state.view.flags.lockFeedback, order), jammed: state.lock.jammed };
}

/** The board took no pulse: it was busy, or a contactor is on. */
export function lockRefused(state: PilotState, now: Instant): PilotState {
  const { lock } = state;
  const pulsedAt = now - PULSE_AGAIN_MS + REFUSED_AGAIN_MS;
  return { ...state, lock: { ...lock, pulsedAt, pulses: Math.max(0, lock.pulses - 1) } };
}

function pulse(draft: Draft, order: LockOrder, now: Instant): Draft {
  const { state } = draft;
  const { lock, view } = state;
  const passedMs = now - lock.pulsedAt;
  if (view === null || order.target === "hold" || passedMs < VERIFY_MS) return draft;
  // One pulse after every change of mind, even where the feedback agrees: it may be its wire that is broken.
  const right = positionOf(view.flags.lockFeedback, order) === order.target;
  if (right && lock.pulses > 0) {
    const settled = lock.jammed || lock.pulses > 1 ? { ...lock, pulses: 1, jammed: false } : lock;
    return settled === lock ? draft : { ...draft, state: { ...state, lock: settled } };
  }
  const jammed = lock.pulses >= PULSES_IN_A_ROW;
  if (jammed !== lock.jammed) return pulse({ ...draft, state: { ...state, lock: { ...lock, jammed } } }, order, now);
  if (passedMs < (jammed ? JAMMED_AGAIN_MS : PULSE_AGAIN_MS)) return draft;
  // The board would refuse it: a plug is not released under load.
  if (order.target === "unlocked" && (view.contactorL1 || view.contactorL23)) return draft;
  const drive = order.target === "locked" ? "lock" : "unlock";
  return {
    state: { ...state, lock: { ...lock, pulsedAt: now, pulses: lock.pulses + 1 } },
    outputs: [...draft.outputs, { kind: "send", command: { kind: "drive-lock", drive, pulseMs: PULSE_MS } }],
  };
}

function positionOf(feedback: boolean, { actuator }: LockOrder): "locked" | "unlocked" {
  return feedback === (actuator === "solenoid") ? "locked" : "unlocked";
}
