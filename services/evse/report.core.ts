import type { Allotment, EvseStatus } from "../../shared/contracts/evse.ts";
import type { EvseGrant } from "../../shared/contracts/pilot.ts";
import type { ScheduleTurn } from "../../shared/contracts/schedule.ts";
import type { BoundBy, ChargingState } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { whyOff } from "./access.core.ts";
import { isInLine, wantsCurrent } from "./charge-state.core.ts";
import { boardIsUp, faultsOf } from "./faults.core.ts";
import { ledOf } from "./led.core.ts";
import { lockOrderOf } from "./lock.core.ts";
import { asksPower } from "./observe.core.ts";
import { ceilingOf, mayOfferOf, permittedOf, phasesConnected, phasesWanted } from "./offer.core.ts";
import { reasonInWords } from "./reason.core.ts";
import { describeSession } from "./session.core.ts";
import type { EvseCoreState } from "./state.core.ts";
import { gridRelayOpen } from "./switch.core.ts";
import {
  ALLOCATION_LIFETIME_MS,
  BOARD_SURELY_OPEN_MS,
  CP_CUT_MS,
  DRAW_LIFETIME_MS,
  GRANT_LIFETIME_MS,
} from "./timing.core.ts";

/** The permission that belongs to the present state. */
export function grantOf(state: EvseCoreState, now: Instant): EvseGrant {
  const offerA = state.state === "B2" || state.state === "C2" ? mayOfferOf(state, now).limitA : 0;
  const closed = state.state === "C2" || state.state === "C1";
  return {
    evseId: state.point.evseId,
    sequence: (state.granted?.value.sequence ?? -1) + 1,
    pilot: pilotOf(state, offerA, now),
    offerA,
    contactorL1: closed,
    contactorL23: closed && phasesConnected(state) === 3,
    acknowledge: state.acknowledge,
    acknowledgeRcm: state.acknowledgeRcm,
    lock: lockOrderOf(state),
    rcmTest: state.rcm.test.phase === "running" ? state.rcm.test.number : null,
    led: ledOf(state, now),
    lifetimeMs: GRANT_LIFETIME_MS,
  };
}

function pilotOf(state: EvseCoreState, offerA: number, now: Instant): EvseGrant["pilot"] {
  if (state.cpCutUntil !== null && now < state.cpCutUntil) return "disconnected";
  if (state.state === "activate") return "wake";
  return offerA > 0 ? "offer" : "idle";
}

/** The point's view of itself. */
export function statusOf(state: EvseCoreState, now: Instant): EvseStatus {
  return withSession(standOf(state, now), state);
}

/** All of it but the session: what news is judged by, on every input. */
export function standOf(state: EvseCoreState, now: Instant): Omit<EvseStatus, "session"> {
  const { settings, sensed, draw } = state;
  const ceiling = ceilingOf(state);
  const faults = faultsOf(state, now);
  const offerA = state.state === "B2" || state.state === "C2" ? mayOfferOf(state, now).limitA : 0;
  const permitted = permittedOf(state, now);
  const boundBy = boundByOf(state, now);
  const chargeDelayS = Math.max(0, Math.ceil((chargeDelayEnd(state) - now) / 1_000));
  const drawFresh = draw !== null && now - draw.at <= DRAW_LIFETIME_MS;
  const allotted = allottedOf(state, now);
  const retryS = allotted?.retryS ?? 0;
  const solar = state.allocation?.value.solar ?? null;
  const reason = reasonInWords({
    state: state.state,
    access: settings?.access ?? null,
    whyOff: whyOff(state, now),
    carConnected: state.connectedAt !== null,
    asksPower: asksPower(state, now),
    offerA,
    limitA: permitted.limitA,
    boundBy,
    faults,
    retryS,
    chargeDelayS,
    turn: turnNow(state, now),
    switching: switchNow(state, now),
    solar: settings?.mode === "solar" ? solar : null,
  });
  return {
    evseId: state.point.evseId,
    state: state.state,
    chargingState: chargingStateOf(state, now),
    mode: settings?.mode ?? "normal",
    access: settings?.access ?? "off",
    carConnected: state.connectedAt !== null,
    wantsCurrent: wantsCurrent(state, now),
    inLine: isInLine(state, now),
    asksPower: asksPower(state, now),
    offerA,
    mayDraw: mayDraw(state, now),
    drawA: drawFresh ? draw.value.currentA : null,
    drawAgeMs: drawFresh ? Math.max(0, now - draw.at) : null,
    ceilingA: ceiling.limitA,
    ceilingBy: ceiling.boundBy,
    allotted,
    phases: state.state === "C2" || state.state === "C1" ? phasesConnected(state) : 0,
    boundBy,
    reason,
    faults: [...faults],
    chargeDelayS,
    cableA: state.cableA,
    temperatureC: sensed?.value.temperatureC ?? null,
    gridRelayOpen: gridRelayOpen(state, now),
    plugLock: sensed?.value.lock ?? null,
    led: ledOf(state, now),
    dutyPct: sensed?.value.dutyPct ?? 100,
    connectedMs: connectedMs(state, now),
    solar: settings?.mode === "solar" ? solar : null,
    turn: turnNow(state, now),
  };
}

export function withSession(stand: Omit<EvseStatus, "session">, { session, point }: EvseCoreState): EvseStatus {
  const { mode, reason } = stand;
  const pauseReason = stand.state === "C2" ? null : reason;
  return {
    ...stand,
    session: session === null ? null : describeSession(session, point.evseId, mode, pauseReason, null),
  };
}

/** What the balancer allotted, as long as it may be believed. */
function allottedOf({ allocation }: EvseCoreState, now: Instant): Allotment | null {
  if (allocation === null || now - allocation.at > ALLOCATION_LIFETIME_MS) return null;
  const { epoch, limitA, admitted, boundBy, retryS, phases } = allocation.value;
  return { epoch, limitA, admitted, boundBy, retryS, phases };
}

/** Since plug-in; a session that outlived a restart remembers when that was. */
function connectedMs({ connectedAt, session, civilOffsetMs }: EvseCoreState, now: Instant): number | null {
  if (connectedAt === null) return null;
  const sinceMs = now - connectedAt;
  if (session === null || session.interruptions === 0) return sinceMs;
  return Math.max(sinceMs, now + civilOffsetMs - session.startedCivilMs);
}

/** Its place among the others, with the time that has passed since it was told. */
function turnNow({ turn }: EvseCoreState, now: Instant): ScheduleTurn | null {
  if (turn === null) return null;
  const agedMs = now - turn.at;
  const { forMs, rotatingMs, idledMs, nextInMs } = turn.value;
  return {
    ...turn.value,
    forMs: forMs + agedMs,
    rotatingMs: rotatingMs === null ? null : rotatingMs + agedMs,
    idledMs: idledMs === null ? null : idledMs + agedMs,
    nextInMs: nextInMs === null ? null : Math.max(0, nextInMs - agedMs),
  };
}

/** Whether current may flow: the contactor is permitted, seen closed, or was so a moment ago on a board that has gone. */
export function mayDraw(state: EvseCoreState, now: Instant): boolean {
  if (state.state === "C2" || state.state === "C1") return true;
  const { sensed } = state;
  if (sensed === null || !(sensed.value.contactorL1 || sensed.value.contactorL23)) return false;
  return boardIsUp(state, now) || now - sensed.at < BOARD_SURELY_OPEN_MS;
}

function boundByOf(state: EvseCoreState, now: Instant): BoundBy {
  if (state.settings === null) return "settings-missing";
  if (switchNow(state, now) !== null) return "phase-switch";
  return mayOfferOf(state, now).boundBy;
}

/** The change of phases that is being carried out: contactors are open, or about to open, for it. */
function switchNow(state: EvseCoreState, now: Instant): { readonly from: 1 | 3; readonly to: 1 | 3 } | null {
  const { switchingFrom } = state;
  if (switchingFrom === null || state.settings?.access !== "on") return null;
  if (state.state !== "C1" && !(state.state === "B1" && now < chargeDelayEnd(state))) return null;
  const to = phasesWanted(state);
  return to === switchingFrom ? null : { from: switchingFrom, to };
}

function chargeDelayEnd(state: EvseCoreState): Instant {
  return Math.max(
    state.chargeDelayUntil,
    state.cpCutUntil === null ? -Infinity : Math.min(state.cpCutUntil, state.enteredAt + CP_CUT_MS),
  );
}

function chargingStateOf(state: EvseCoreState, now: Instant): ChargingState {
  if (state.connectedAt === null) return "Idle";
  switch (state.state) {
    case "A":
      return "EVConnected";
    case "B1":
    case "C1":
      return "SuspendedEVSE";
    case "B2":
      return asksPower(state, now) ? "SuspendedEVSE" : "SuspendedEV";
    case "activate":
      return "SuspendedEV";
    case "C2":
      return "Charging";
  }
}
