import { type BoardFault, type PilotSensed, pilotSensed } from "../../shared/contracts/pilot.ts";
import { DIODE_LOW_MAX_V } from "../../shared/iec61851/pilot-class.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { inputsNow } from "./inputs.core.ts";
import { BOARD_SETTINGS } from "./link.core.ts";
import { lockSeen } from "./lock.core.ts";
import type { BoardLatch, BoardMessage, BoardView } from "./pilot.port.ts";
import { rcmTestSeen } from "./rcm-test.core.ts";
import type { Draft, PilotState } from "./state.core.ts";

const REPEAT_MS = pilotSensed.everyMs ?? 250;
const IDLE_PERMILLE = 1000;
/** A board that cannot be heard opens by its own watchdog; until then it must be counted as it was. */
const SURELY_OPEN_MS = BOARD_SETTINGS.watchdogMs + 100;

function surelyOpenMs({ safe }: PilotState): number {
  return SURELY_OPEN_MS + (safe.currentA > 0 ? safe.graceS * 1000 : 0);
}

/** A contactor closes within some 20 ms of its coil; reports come every 100 ms. */
const STUCK_OPEN_MS = 500;

/** Notes since when the coil has been on and the contact open. */
export function watchContact(draft: Draft, now: Instant): Draft {
  const { state } = draft;
  const open = state.fitted.contactFeedback && state.view?.contactorL1 === true && !state.view.flags.mainClosed;
  const openUnderCoilSince = open ? (state.openUnderCoilSince ?? now) : null;
  return openUnderCoilSince === state.openUnderCoilSince
    ? draft
    : { ...draft, state: { ...state, openUnderCoilSince } };
}

function isStuckOpen({ openUnderCoilSince }: PilotState, now: Instant): boolean {
  return openUnderCoilSince !== null && now - openUnderCoilSince >= STUCK_OPEN_MS;
}

/** What a board says about itself and the car. */
export type ObservedMessage = Extract<
  BoardMessage,
  { kind: "report" | "status" | "cp-changed" | "opened" | "flags-changed" }
>;

/** Takes over what a report or a status shows. */
export function observe(draft: Draft, message: ObservedMessage, now: Instant): Draft {
  const { state } = draft;
  switch (message.kind) {
    case "report": {
      const { cpHighV, cpLowV, ppOhm } = message;
      const heartbeatEcho = message.view.flags.armed ? message.heartbeatEcho : null;
      const seen = { cpHighV, cpLowV, ppOhm, heartbeatEcho, diodeSeen: sawDiode(state, message) };
      return noticeOpening({ ...draft, state: { ...state, ...seen } }, message.view, now);
    }
    case "status":
      // It carries no voltages, and old ones must not pass for new.
      return noticeOpening({ ...draft, state: { ...state, cpHighV: null, cpLowV: null } }, message.view, now);
    case "cp-changed":
      return between(draft, { cp: message.cp, flags: message.flags });
    case "flags-changed":
      return between(draft, { flags: message.flags });
    case "opened": {
      const open = { contactorL1: false, contactorL23: false, flags: message.flags };
      if (state.view === null) return draft;
      return noticeOpening(draft, { ...state.view, ...open }, state.viewAt);
    }
  }
}

/** An event changes the last view; it is no report, and a board that sends only events counts as silent. */
function between(draft: Draft, change: Partial<BoardView>): Draft {
  const { state } = draft;
  return state.view === null ? draft : { ...draft, state: { ...state, view: { ...state.view, ...change } } };
}

/** Contactors that opened without being told to stay open until the permission was withdrawn once. */
function noticeOpening(draft: Draft, view: BoardView, viewAt: Instant): Draft {
  const { state } = draft;
  const told = state.contactors === null || state.contactors.value === "open";
  // The first view after a reconnection is compared with what was asked for before it.
  const wasClosed = state.view === null ? !told : state.view.contactorL1;
  const mustWithdraw = state.mustWithdraw || (wasClosed && !view.contactorL1 && !told);
  return { ...draft, state: { ...state, view, viewAt, mustWithdraw } };
}

function sawDiode(state: PilotState, { view, cpLowV }: Extract<BoardMessage, { kind: "report" }>): boolean {
  const oscillates = view.dutyPermille > 0 && view.dutyPermille < IDLE_PERMILLE;
  const carThere = view.cp === "B" || view.cp === "C" || view.cp === "D";
  if (!oscillates || !carThere) return false;
  return state.diodeSeen || (cpLowV !== null && cpLowV <= DIODE_LOW_MAX_V);
}

/** Publishes at once what a consumer acts upon, and everything at the fact's rhythm. */
export function tell(draft: Draft, now: Instant): Draft {
  const { state, outputs } = draft;
  const sensed = sensedOf(state, now);
  // Voltages and echo change with every report; nobody acts upon them.
  const key = JSON.stringify({ ...sensed, cpHighV: null, cpLowV: null, heartbeatEcho: null });
  const { published } = state;
  if (published !== null && published.value === key && now - published.at < REPEAT_MS) return draft;
  return {
    state: { ...state, published: { value: key, at: now } },
    outputs: [...outputs, { kind: "publish", sensed }],
  };
}

function sensedOf(state: PilotState, now: Instant): PilotSensed {
  const { evseId, firmware, reconnects, lastError } = state;
  const { switchClosed, temperatureC, sensorBroken } = inputsNow(state, now);
  const common = {
    ...{ evseId, firmware, reconnects, lastError },
    temperatureC,
    switchClosed,
    lock: lockSeen(state, now),
    rcmTest: rcmTestSeen(state),
    openedLocally: state.mustWithdraw || state.view?.flags.openedLocally === true,
  };
  if (state.phase === "up" && state.view !== null) {
    const { view } = state;
    return {
      ...common,
      link: "up",
      cp: view.cp,
      cpHighV: state.cpHighV,
      cpLowV: state.cpLowV,
      dutyPct: view.dutyPermille / 10,
      diodeSeen: state.diodeSeen,
      ppOhm: state.ppOhm,
      contactorL1: view.contactorL1,
      contactorL23: view.contactorL23,
      faults: [
        ...faultsOf(view),
        ...(sensorBroken ? (["temperature-sensor"] as const) : []),
        ...(isStuckOpen(state, now) ? (["contactor-stuck-open"] as const) : []),
      ],
      heartbeatEcho: state.heartbeatEcho,
    };
  }
  const mayBeClosed = state.heartbeat !== null && now - state.heartbeat.at < surelyOpenMs(state) ? state.view : null;
  return {
    ...common,
    link: state.phase === "waiting" && !state.wrongFirmware ? "down" : "handshake",
    cp: "invalid",
    cpHighV: null,
    cpLowV: null,
    dutyPct: mayBeClosed === null ? 100 : mayBeClosed.dutyPermille / 10,
    diodeSeen: false,
    ppOhm: null,
    contactorL1: mayBeClosed?.contactorL1 ?? false,
    contactorL23: mayBeClosed?.contactorL23 ?? false,
    faults: state.wrongFirmware ? ["wrong-firmware"] : [],
    heartbeatEcho: null,
  };
}

function faultsOf({ flags }: BoardView): readonly BoardFault[] {
  const isFault = (latch: BoardLatch): latch is Exclude<BoardLatch, "overrun"> => latch !== "overrun";
  return [
    ...flags.latches.filter(isFault),
    // While the monitor is tested, its line says fault because it works.
    ...(flags.rcmLine && !flags.rcmTesting ? (["rcm-line"] as const) : []),
    ...(flags.diodeMissing ? (["diode-missing"] as const) : []),
  ];
}
