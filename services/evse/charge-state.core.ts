import type { EvseState } from "../../shared/contracts/evse.ts";
import type { BoundBy } from "../../shared/contracts/units.ts";
import { C_DEBOUNCE_MS, EV_IGNORES_STOP_MS } from "../../shared/iec61851/timing.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { blocks, boardIsUp, faultsOf, mustOpenAtOnce } from "./faults.core.ts";
import { plugIsHeld } from "./lock.core.ts";
import { asksPower, isCarClass } from "./observe.core.ts";
import { mayOfferOf, permittedOf, phasesWanted } from "./offer.core.ts";
import { monitorIsTested } from "./rcm.core.ts";
import type { EvseCoreState } from "./state.core.ts";
import {
  CHARGE_DELAY_AFTER_B1_MS,
  CHARGE_DELAY_AFTER_C1_MS,
  CP_CUT_MS,
  WAKE_AFTER_MS,
  WAKE_AFTER_SWITCH_MS,
  WAKE_PULSE_MS,
} from "./timing.core.ts";
import { NO_TRIES } from "./tries.core.ts";

/** How long a fresh plug-in may wait for the balancer's first word before supply is shown as withheld. */
const FIRST_WORD_MS = 3_000;
/** A board that opens tells so before it tells that the car has left; and a note of the last opening may still stand for a moment. */
const LOCAL_OPEN_MS = 500;

/** Carries out every transition that is due (spec control 1.4). */
export function advance(state: EvseCoreState, now: Instant): EvseCoreState {
  let current = state;
  // Each pass makes one transition; the longest chain is unplug -> A, plugged -> B2 -> C2.
  for (let pass = 0; pass < 4; pass += 1) {
    const next = transition(current, now);
    if (next === current) break;
    current = next;
  }
  return current;
}

function transition(state: EvseCoreState, now: Instant): EvseCoreState {
  if (state.state !== "A" && state.cp === "A" && state.cpCutUntil === null) return enterA(state, now);
  switch (state.state) {
    case "A":
      return fromA(state, now);
    case "B1":
      return mayStart(state, now) ? enterB2(state, now) : state;
    case "B2":
      return fromB2(state, now);
    case "activate":
      return fromActivate(state, now);
    case "C2":
      return fromC2(state, now);
    case "C1":
      return fromC1(state, now);
  }
}

/** Reasons for no current that say nothing about the car that has just come. */
const NOT_DECIDED: ReadonlySet<BoundBy> = new Set(["not-charging", "settling", "limits-unheard", "balancer-silent"]);

function fromA(state: EvseCoreState, now: Instant): EvseCoreState {
  if (state.cp === "A") return state.connectedAt === null ? state : enterA(state, now);
  if (state.connectedAt === null || state.settings?.access !== "on") return state;
  if (mayStart(state, now)) return enterB2(state, now);
  const { limitA, boundBy } = permittedOf(state, now);
  const undecided = !cableKnown(state) || (limitA === 0 && NOT_DECIDED.has(boundBy));
  if (!isBlocked(state, now) && undecided && now - state.connectedAt < FIRST_WORD_MS) return state;
  if (state.cp === "C" && now - state.cpSince < C_DEBOUNCE_MS) return state;
  return enterB1(state, now);
}

function fromB2(state: EvseCoreState, now: Instant): EvseCoreState {
  if (mustWithhold(state, now)) return enterB1(state, now);
  if (asksPower(state, now) && permittedOf(state, now).admitted && mayClose(state)) return enterC2(state, now);
  if (state.cp === "B" && state.wakeAt !== null && now >= state.wakeAt)
    return enter({ ...state, wakeAt: null }, "activate", now);
  return state;
}

function fromActivate(state: EvseCoreState, now: Instant): EvseCoreState {
  if (mustWithhold(state, now)) return enterB1(state, now);
  return now - state.enteredAt >= WAKE_PULSE_MS ? enter({ ...state, cpSince: now }, "B2", now) : state;
}

function fromC2(state: EvseCoreState, now: Instant): EvseCoreState {
  if (state.cp === "B") return enter(state, "B2", now);
  if (mustOpenAtOnce(state, now) || openedByBoard(state, now)) return enterB1(state, now);
  if (state.stopAsked || mustWithhold(state, now)) return enterC1(state, now);
  // Never under load: PWM off, the car stops or 6 s pass, open, pilot cut, then close on the new phases (spec control 5.7).
  const { closedPhases } = state;
  return phasesWanted(state) === closedPhases ? state : enterC1({ ...state, switchingFrom: closedPhases }, now);
}

function fromC1(state: EvseCoreState, now: Instant): EvseCoreState {
  if (state.cp === "B" || mustOpenAtOnce(state, now)) return enterB1(state, now);
  return now - state.enteredAt >= EV_IGNORES_STOP_MS ? enterB1(state, now) : state;
}

/** Everything is there to offer current to a connected car. */
function mayStart(state: EvseCoreState, now: Instant): boolean {
  const settled = state.cp === "B" || asksPower(state, now);
  return settled && wantsCurrent(state, now) && mayOfferOf(state, now).limitA > 0;
}

/** A car is there, access is on, nothing is in the way but current (architecture: the balancer shall make room). */
export function wantsCurrent(state: EvseCoreState, now: Instant): boolean {
  return (
    isInLine(state, now) &&
    isCarClass(state.cp) &&
    state.cpCutUntil === null &&
    state.state !== "C1" &&
    now >= state.chargeDelayUntil
  );
}

/** The same without the waits of a car that was stopped: it keeps its place among the others. */
export function isInLine(state: EvseCoreState, now: Instant): boolean {
  return state.connectedAt !== null && state.settings?.access === "on" && cableKnown(state) && !isBlocked(state, now);
}

/** The board measures the cable a moment after it has seen the car. */
function cableKnown(state: EvseCoreState): boolean {
  return state.settings?.outlet === "fixed" || state.cableA !== null;
}

function isBlocked(state: EvseCoreState, now: Instant): boolean {
  return faultsOf(state, now).some(blocks);
}

/** What must have been seen before the contactor closes: the car's diode, a monitor that works, a plug that is held. */
function mayClose(state: EvseCoreState): boolean {
  return state.sensed?.value.diodeSeen === true && monitorIsTested(state) && plugIsHeld(state);
}

function mustWithhold(state: EvseCoreState, now: Instant): boolean {
  return state.settings?.access !== "on" || isBlocked(state, now) || mayOfferOf(state, now).limitA === 0;
}

/** The board has opened by itself, the car asks on, and it stays open until the permission is withdrawn once: start over. */
function openedByBoard(state: EvseCoreState, now: Instant): boolean {
  return state.openedSince !== null && now - Math.max(state.openedSince, state.enteredAt) >= LOCAL_OPEN_MS;
}

function enter(state: EvseCoreState, next: EvseState, now: Instant): EvseCoreState {
  return { ...state, state: next, enteredAt: now, stopAsked: false };
}

function enterA(state: EvseCoreState, now: Instant): EvseCoreState {
  // What was allowed to the car that left says nothing about the next one.
  const entered = state.state === "A" ? state : enter(state, "A", now);
  return {
    ...entered,
    connectedAt: null,
    cableA: null,
    plugOpenSince: null,
    diodeMissingSince: null,
    ventilationRefused: false,
    pilotFault: false,
    wakeAt: null,
    chargeDelayUntil: now,
    allocation: null,
    turn: null,
    switchingFrom: null,
    overdrawTries: NO_TRIES,
  };
}

/** Supply withheld. A car that may charge has its pilot cut for 5 s, so that it starts afresh; one that was switched off is not woken. */
function enterB1(state: EvseCoreState, now: Instant): EvseCoreState {
  const cut = state.settings?.access === "on" && state.cpCutUntil === null && boardIsUp(state, now);
  return {
    ...enter(state, "B1", now),
    chargeDelayUntil: Math.max(state.chargeDelayUntil, now + CHARGE_DELAY_AFTER_B1_MS),
    cpCutUntil: cut ? now + CP_CUT_MS : state.cpCutUntil,
  };
}

function enterB2(state: EvseCoreState, now: Instant): EvseCoreState {
  const first = state.state === "A";
  const wakeAt = state.switchingFrom === null ? state.wakeAt : now + WAKE_AFTER_SWITCH_MS;
  return { ...enter(state, "B2", now), wakeAt: first ? now + WAKE_AFTER_MS : wakeAt };
}

function enterC2(state: EvseCoreState, now: Instant): EvseCoreState {
  return { ...enter(state, "C2", now), wakeAt: null, closedPhases: phasesWanted(state), switchingFrom: null };
}

/** PWM is gone; the car gets 6 s to stop drawing before the contactor opens (IEC 61851-1 table A.6, sequence 10.2). */
function enterC1(state: EvseCoreState, now: Instant): EvseCoreState {
  return { ...enter(state, "C1", now), chargeDelayUntil: now + CHARGE_DELAY_AFTER_C1_MS };
}
