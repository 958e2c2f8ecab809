import type { EvseGrant } from "../../shared/contracts/pilot.ts";
import { DUTY_IDLE_PCT, dutyPctOf } from "../../shared/iec61851/duty.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { BOARD_SETTINGS, MINOR_WITH_GRANT } from "./link.core.ts";
import type { BoardCommand, BoardView, Contactors } from "./pilot.port.ts";
import { type Draft, freshGrant, type PilotState, type Sent } from "./state.core.ts";

/** A command may be lost: what a later report still shows different is sent again after this. */
const SEND_AGAIN_MS = 100;
/** Free pins are not reported, so the relay's level is simply repeated. */
const RELAY_AGAIN_MS = 1_000;
const PERMILLE_PER_PCT = 10;
const IDLE_PERMILLE = DUTY_IDLE_PCT * PERMILLE_PER_PCT;
const LEAST_PERMILLE = 50;
const MOST_PERMILLE = 970;
const LEAST_TTL_MS = 100;

/** What a board shall do. */
interface Desired {
  readonly dutyPermille: number;
  readonly contactors: Contactors;
  readonly interrupted: boolean;
}

/** Without permission: steady +12 V, open, line connected. */
const NOTHING: Desired = { dutyPermille: IDLE_PERMILLE, contactors: "open", interrupted: false };

function desiredOf(grant: EvseGrant | null): Desired {
  if (grant === null) return NOTHING;
  const contactors = !grant.contactorL1 ? "open" : grant.contactorL23 ? "l1-l2-l3" : "l1";
  switch (grant.pilot) {
    case "idle":
      return { ...NOTHING, contactors };
    case "offer":
      return { ...NOTHING, contactors, dutyPermille: Math.round(dutyPctOf(grant.offerA) * PERMILLE_PER_PCT) };
    case "wake":
      // -12 V under load is no wake-up; the board would open by itself.
      return { ...NOTHING, dutyPermille: 0 };
    case "disconnected":
      return { ...NOTHING, interrupted: true };
  }
}

/** A fresh grant is the heartbeat of the board: it is sent first, and by nothing else. */
export function beat(draft: Draft, now: Instant): Draft {
  const { state } = draft;
  const grant = freshGrant(state, now);
  if (state.phase !== "up" || grant === null) return draft;
  const value = grant.sequence % 128;
  const heartbeat = { value, at: now };
  const { view, featureMinor } = state;
  // Before its first report, and with a trip to be cleared, a board is only kept alive.
  const knowsOnlyBeats = featureMinor < MINOR_WITH_GRANT || view === null;
  if (knowsOnlyBeats || view.flags.latches.includes("watchdog-trip"))
    return send(draft, { heartbeat }, { kind: "heartbeat", sequence: value });
  const { dutyPermille, contactors: wanted } = desiredOf(grant);
  // A board that opened by itself refuses until it is told to open; one that was reset has forgotten that it did.
  const contactors = state.mustWithdraw && !view.flags.openedLocally ? "open" : wanted;
  const ttlMs = Math.min(BOARD_SETTINGS.watchdogMs, Math.max(LEAST_TTL_MS, grant.lifetimeMs));
  const sent = { duty: { value: dutyPermille, at: now }, contactors: { value: contactors, at: now } };
  return send(draft, { heartbeat, ...sent }, { kind: "grant", sequence: value, dutyPermille, contactors, ttlMs });
}

/** Sends what differs between the wish and the board: opening first, closing last. */
export function drive(draft: Draft, now: Instant): Draft {
  if (draft.state.phase !== "up") return draft;
  const grant = freshGrant(draft.state, now);
  const desired = desiredOf(grant);
  // Without permission the board carries on by itself where its installer allowed that, and opens by itself.
  const leftAlone = grant === null && draft.state.safe.currentA > 0;
  if (leftAlone) return switchRelay(draft, false, now);
  let next = desired.contactors === "open" ? withdrawn(draft) : draft;
  next = open(next, desired.contactors, now);
  next = drivePilot(next, desired.dutyPermille, now);
  next = switchRelay(next, desired.interrupted, now);
  next = clear(next, grant !== null, now);
  return close(next, desired.contactors, now);
}

function withdrawn(draft: Draft): Draft {
  return draft.state.mustWithdraw ? { ...draft, state: { ...draft.state, mustWithdraw: false } } : draft;
}

/** Opening is asked for at once and whatever else holds; so is dropping L2 and L3. */
function open(draft: Draft, wanted: Contactors, now: Instant): Draft {
  const { state } = draft;
  const { contactors, view } = state;
  const last = contactors?.value ?? null;
  const drops = wanted === "open" ? last !== "open" : wanted === "l1" && last === "l1-l2-l3";
  const stillClosed = wanted === "open" && view !== null && (closedOf(view) !== "open" || view.flags.openedLocally);
  const stillThree = wanted === "l1" && last === "l1" && view !== null && closedOf(view) === "l1-l2-l3";
  if (!drops && !((stillClosed || stillThree) && overdue(contactors, state, now))) return draft;
  return send(draft, { contactors: { value: wanted, at: now } }, { kind: "switch-contactors", contactors: wanted });
}

/** Closing is asked for only when the board's own interlocks are seen to agree; the board checks them again. */
function close(draft: Draft, wanted: Contactors, now: Instant): Draft {
  const { state } = draft;
  const { contactors, view } = state;
  if (wanted === "open" || view === null || state.mustWithdraw || !mayClose(view)) return draft;
  const have = closedOf(view);
  const more = have === "open" || (have === "l1" && wanted === "l1-l2-l3");
  if (!more || (contactors?.value === wanted && !overdue(contactors, state, now))) return draft;
  return send(draft, { contactors: { value: wanted, at: now } }, { kind: "switch-contactors", contactors: wanted });
}

function mayClose(view: BoardView): boolean {
  const { flags, dutyPermille, cp } = view;
  const blocked =
    flags.latches.some(latch => latch !== "board-hang" && latch !== "overrun") ||
    flags.rcmLine ||
    flags.diodeMissing ||
    flags.openedLocally ||
    flags.rcmTesting;
  return cp === "C" && flags.armed && !blocked && dutyPermille >= LEAST_PERMILLE && dutyPermille <= MOST_PERMILLE;
}

/** PWM needs an armed watchdog that has not tripped; steady levels are always taken. */
function drivePilot(draft: Draft, wanted: number, now: Instant): Draft {
  const { state } = draft;
  const oscillates = wanted >= LEAST_PERMILLE && wanted <= MOST_PERMILLE;
  const tripped = state.view?.flags.latches.includes("watchdog-trip") === true;
  if (oscillates && (state.heartbeat === null || tripped)) return draft;
  const differs = state.view !== null && state.view.dutyPermille !== wanted;
  if (state.duty?.value === wanted && !(differs && overdue(state.duty, state, now))) return draft;
  return send(draft, { duty: { value: wanted, at: now } }, { kind: "drive-pilot", dutyPermille: wanted });
}

function switchRelay(draft: Draft, interrupted: boolean, now: Instant): Draft {
  const { relay } = draft.state;
  if (relay?.value === interrupted && now - relay.at < RELAY_AGAIN_MS) return draft;
  return send(draft, { relay: { value: interrupted, at: now } }, { kind: "interrupt-pilot", interrupted });
}

/** A tripped watchdog is cleared once the board echoes our heartbeats again; everything else waits for a person. */
function clear(draft: Draft, permitted: boolean, now: Instant): Draft {
  const { state } = draft;
  const { view, heartbeat } = state;
  if (!permitted || view === null || now - state.clearedAt < SEND_AGAIN_MS) return draft;
  const echoed = heartbeat !== null && state.heartbeatEcho === heartbeat.value;
  const latched = view.flags.latches.filter(latch =>
    latch === "watchdog-trip" ? echoed : state.acknowledged.includes(latch),
  );
  if (latched.length === 0) return draft;
  return send(draft, { clearedAt: now }, { kind: "clear", latches: latched });
}

/** A report that is younger than the command still shows the difference. */
function overdue(sent: Sent<unknown> | null, state: PilotState, now: Instant): boolean {
  return sent === null || (now - sent.at >= SEND_AGAIN_MS && state.viewAt > sent.at);
}

export function closedOf(view: BoardView): Contactors {
  return view.contactorL1 ? (view.contactorL23 ? "l1-l2-l3" : "l1") : "open";
}

function send(draft: Draft, change: Partial<PilotState>, command: BoardCommand): Draft {
  return { state: { ...draft.state, ...change }, outputs: [...draft.outputs, { kind: "send", command }] };
}
