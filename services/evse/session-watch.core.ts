import type { Step } from "../../shared/actor/actor.ts";
import type { ChargingSession, StopReason } from "../../shared/contracts/evse.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { SessionSnapshot } from "./evse.port.ts";
import { blocks, boardIsUp, faultsOf } from "./faults.core.ts";
import { mayOfferOf } from "./offer.core.ts";
import { describeSession, type SessionState, withCharging, withRegister, withStop } from "./session.core.ts";
import type { EvseCoreState } from "./state.core.ts";

/** While the energy is estimated there is nothing but this to go by after a power cut; a meter keeps its register itself. */
const KEEP_ESTIMATED_EVERY_MS = 10_000;
const KEEP_METERED_EVERY_MS = 60_000;
/** A board that has just come up may show 12 V for a moment before it has measured. */
const GONE_AFTER_MS = 2_000;
/** How long a session that ended in the dark waits for the register, which knows what was charged until the end. */
const REGISTER_WITHIN_MS = 30_000;

export type SessionOutput =
  | { readonly kind: "session-ended"; readonly session: ChargingSession }
  /** Write this down: it is what a restart begins with. Null = no session is open. */
  | { readonly kind: "keep-session"; readonly snapshot: SessionSnapshot | null };

/** Notes when charging begins and why it stops, goes on with the session of before a restart, and ends the one of a car that left. */
export function watchSession(
  before: EvseCoreState,
  after: EvseCoreState,
  phases: 1 | 3,
  now: Instant,
): Step<EvseCoreState, SessionOutput> {
  const resumed = resume(noteCharging(before, after, phases, now), now);
  const ended = end(resumed.state, now);
  const kept = keep(ended.state, now);
  return { state: kept.state, outputs: [...resumed.outputs, ...ended.outputs, ...kept.outputs] };
}

function noteCharging(before: EvseCoreState, after: EvseCoreState, phases: 1 | 3, now: Instant): EvseCoreState {
  const { session, settings } = after;
  if (session === null) return after;
  if (after.state === "C2") {
    const mode = settings?.mode ?? "normal";
    const charging = withCharging(session, mode, phases, now + after.civilOffsetMs);
    return charging === session ? after : { ...after, session: charging };
  }
  return before.state === "C2" ? { ...after, session: withStop(session, stopReasonOf(after, now)) } : after;
}

function stopReasonOf(state: EvseCoreState, now: Instant): StopReason {
  if (state.connectedAt === null) return "unplugged";
  if (state.settings?.access === "off" || state.settings?.access === "pause") return state.settings.access;
  if (faultsOf(state, now).some(blocks)) return "fault";
  if (mayOfferOf(state, now).limitA === 0) return "limit";
  return state.cp === "B" ? "car" : "board";
}

/** What was open when the process ended goes on when the car is still there, and is closed once the board shows that it left. */
function resume(state: EvseCoreState, now: Instant): Step<EvseCoreState, SessionOutput> {
  const { left } = state;
  if (left === null) return { state, outputs: [] };
  const { savedCivilMs, ...snapshot } = left.snapshot;
  const interrupted = { ...snapshot, interruptions: snapshot.interruptions + 1, countedAt: now };
  const caughtUp = state.draw === null ? interrupted : withRegister(interrupted, state.draw.value);
  if (state.connectedAt !== null) return { state: { ...state, session: caughtUp, left: null }, outputs: [] };
  const absent = boardIsUp(state, now) && state.cp === "A" && state.cpCutUntil === null;
  const absentSince = absent ? (left.absentSince ?? now) : null;
  const waiting = { state: { ...state, left: { ...left, absentSince } }, outputs: [] };
  if (absentSince === null || now - absentSince < GONE_AFTER_MS) return waiting;
  const metered = snapshot.startWh !== null;
  if (metered && state.draw === null && now - left.since < REGISTER_WITHIN_MS) return waiting;
  const record = describeSession(
    { ...caughtUp, stoppedBy: snapshot.stoppedBy ?? "power-lost" },
    state.point.evseId,
    state.settings?.mode ?? "normal",
    "unplugged while the controller was off",
    savedCivilMs,
  );
  const closed = { ...state, left: null };
  return { state: closed, outputs: worthKeeping(snapshot) ? [{ kind: "session-ended", session: record }] : [] };
}

function end(state: EvseCoreState, now: Instant): Step<EvseCoreState, SessionOutput> {
  const { session, settings, point } = state;
  if (session === null || state.connectedAt !== null) return { state, outputs: [] };
  const ended = { ...state, session: null };
  if (!worthKeeping(session)) return { state: ended, outputs: [] };
  const civilMs = now + state.civilOffsetMs;
  const record = describeSession(session, point.evseId, settings?.mode ?? "normal", "unplugged", civilMs);
  return { state: ended, outputs: [{ kind: "session-ended", session: record }] };
}

/** A car that was plugged in and never charged leaves no record. */
function worthKeeping(session: Pick<SessionState, "chargingMs">): boolean {
  return session.chargingMs > 0;
}

/** Asks for a snapshot at once when something cannot be told again after a restart, and in a rhythm for what grows. */
function keep(state: EvseCoreState, now: Instant): Step<EvseCoreState, SessionOutput> {
  // What is still to be resumed stands in the last snapshot, and must stay there.
  if (state.left !== null) return { state, outputs: [] };
  const { session, kept } = state;
  if (session === kept.session || (session !== null && !isDue(session, kept.session, now - kept.at)))
    return { state, outputs: [] };
  const snapshot = session === null ? null : snapshotOf(session, now + state.civilOffsetMs);
  return { state: { ...state, kept: { session, at: now } }, outputs: [{ kind: "keep-session", snapshot }] };
}

function isDue(session: SessionState, kept: SessionState | null, sinceMs: number): boolean {
  const told =
    kept?.startedCivilMs === session.startedCivilMs &&
    kept.chargingStartedCivilMs === session.chargingStartedCivilMs &&
    kept.startWh === session.startWh &&
    kept.stoppedBy === session.stoppedBy &&
    kept.phases === session.phases &&
    kept.interruptions === session.interruptions &&
    kept.card === session.card;
  if (!told) return true;
  const grown = kept.chargingMs !== session.chargingMs || kept.lastWh !== session.lastWh;
  return grown && sinceMs >= (session.startWh === null ? KEEP_ESTIMATED_EVERY_MS : KEEP_METERED_EVERY_MS);
}

/** What a restart shall begin with, if the process ended now. */
export function sessionToKeep(state: EvseCoreState, now: Instant): SessionSnapshot | null {
  if (state.session === null) return state.left?.snapshot ?? null;
  return snapshotOf(state.session, now + state.civilOffsetMs);
}

function snapshotOf(session: SessionState, civilMs: number): SessionSnapshot {
  return { ...session, savedCivilMs: civilMs };
}
