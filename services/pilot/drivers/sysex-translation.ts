import {
  BOOT,
  COMMAND,
  CONFIG,
  CP_STATES,
  EVENT,
  FLAG,
  OPENED_BY,
  OUTPUT,
  RESULT,
  RESULT_WORDS,
} from "../../../shared/evse-sysex/codes.ts";
import type { HostCommand } from "../../../shared/evse-sysex/command.ts";
import type { BoardMessage as WireMessage } from "../../../shared/evse-sysex/message.ts";
import type { BoardCommand, BoardFlags, BoardLatch, BoardMessage, BoardView, Contactors } from "../pilot.port.ts";

/** The port's words and the wire's numbers, in both directions. */

const LATCHES: readonly (readonly [BoardLatch, number])[] = [
  ["watchdog-trip", FLAG.wdTrip],
  ["rcm-trip", FLAG.rcmTrip],
  ["rcm-test-failed", FLAG.rcmTestBad],
  ["contactor-weld", FLAG.weld],
  ["board-hang", FLAG.hwWatchdog],
  ["overrun", FLAG.overrun],
];

const MASKS: Readonly<Record<Contactors, number>> = {
  open: 0,
  l1: OUTPUT.k1,
  "l1-l2-l3": OUTPUT.k1 | OUTPUT.k2,
};

const WHY_OPENED: Readonly<Record<number, string>> = {
  [OPENED_BY.host]: "as told",
  [OPENED_BY.cp]: "the car left state C",
  [OPENED_BY.rcm]: "residual current",
  [OPENED_BY.watchdog]: "the host fell silent",
  [OPENED_BY.diode]: "the car's diode is missing",
  [OPENED_BY.steadyTooLong]: "the car kept drawing without an offer",
  [OPENED_BY.reset]: "the board was reset",
};

const WHY_BOOTED: readonly (readonly [number, string])[] = [
  [BOOT.watchdog, "it hung"],
  [BOOT.brownOut, "supply voltage too low"],
  [BOOT.external, "reset line"],
  [BOOT.powerOn, "power on"],
];

/** What goes out as a sysex; the rest of the commands is plain Firmata. */
export type SysexCommand = Exclude<BoardCommand, { kind: "identify" | "interrupt-pilot" | "read-inputs" | "light" }>;

export function toWire(command: SysexCommand): HostCommand {
  switch (command.kind) {
    case "describe":
      return { kind: "info" };
    case "configure":
      return { kind: "config", id: CONFIG[command.setting].id, value: command.value };
    case "status":
      return { kind: "status" };
    case "heartbeat":
      return { kind: "heartbeat", sequence: command.sequence };
    case "grant": {
      const { sequence, dutyPermille, contactors, ttlMs } = command;
      return { kind: "setpoint", sequence, dutyPermille, mask: MASKS[contactors], ttlMs };
    }
    case "read-safe-current":
      return { kind: "safe" };
    case "drive-pilot":
      return { kind: "pwm", dutyPermille: command.dutyPermille };
    case "switch-contactors":
      return { kind: "contactor", mask: MASKS[command.contactors] };
    case "drive-lock":
      return { kind: "lock", drive: command.drive === "lock" ? 1 : 2, pulseMs: command.pulseMs };
    case "test-rcm":
      return { kind: "rcmTest", pulseMs: command.pulseMs };
    case "clear": {
      const flags = LATCHES.reduce((mask, [latch, flag]) => (command.latches.includes(latch) ? mask | flag : mask), 0);
      return { kind: "clear", flags };
    }
  }
}

export function fromWire(message: WireMessage): BoardMessage {
  switch (message.kind) {
    case "ack": {
      const { command, result, arg } = message;
      const words = RESULT_WORDS[result] ?? `result ${result}`;
      const flags = result === RESULT.refused ? ` (flags 0x${arg.toString(16)})` : "";
      return {
        kind: "answer",
        to: answeredBy(command),
        accepted: result === RESULT.ok,
        result: words + flags,
        value: arg,
      };
    }
    case "report":
      return {
        kind: "report",
        view: viewOf(message),
        cpHighV: message.high?.avgV ?? null,
        cpLowV: message.low?.avgV ?? null,
        ppOhm: message.ppOhm,
        heartbeatEcho: message.heartbeat,
      };
    case "status":
      return { kind: "status", view: viewOf(message) };
    case "event":
      return eventOf(message);
    case "info":
      return {
        kind: "description",
        major: message.versionMajor,
        minor: message.versionMinor,
        contactors: message.contactors,
        dutyUnits: message.dutyUnits,
        pilotHz: message.pilotHz,
      };
    case "safe":
      return { kind: "safe-current", currentA: message.currentDeciA / 10, graceS: message.graceS };
    case "kept":
      return { kind: "garbled", problem: "what the board keeps was told, but nobody asked" };
  }
}

function eventOf({ code, arg, flags }: Extract<WireMessage, { kind: "event" }>): BoardMessage {
  switch (code) {
    case EVENT.boot:
      return { kind: "booted", cause: WHY_BOOTED.find(([bit]) => (arg & bit) !== 0)?.[1] ?? `cause ${arg}` };
    case EVENT.cpState: {
      const cp = CP_STATES[arg & 0x0f];
      if (cp === undefined) return { kind: "garbled", problem: `pilot state ${arg & 0x0f}: expected 0..6` };
      return { kind: "cp-changed", cp, flags: flagsOf(flags) };
    }
    case EVENT.contactorsOpened:
      return { kind: "opened", why: WHY_OPENED[arg] ?? `reason ${arg}`, flags: flagsOf(flags) };
    default:
      return { kind: "flags-changed", flags: flagsOf(flags) };
  }
}

function viewOf(message: {
  readonly state: BoardView["cp"];
  readonly outputs: number;
  readonly flags: number;
  readonly dutyPermille: number;
}): BoardView {
  return {
    cp: message.state,
    dutyPermille: message.dutyPermille,
    contactorL1: (message.outputs & OUTPUT.k1) !== 0,
    contactorL23: (message.outputs & OUTPUT.k2) !== 0,
    flags: flagsOf(message.flags),
  };
}

function flagsOf(flags: number): BoardFlags {
  const has = (flag: number): boolean => (flags & flag) !== 0;
  return {
    latches: LATCHES.filter(([, flag]) => has(flag)).map(([latch]) => latch),
    rcmLine: has(FLAG.rcmLine),
    diodeMissing: has(FLAG.diode),
    openedLocally: has(FLAG.localOpen),
    armed: has(FLAG.wdArmed),
    rcmTesting: has(FLAG.rcmTesting),
    lockFeedback: has(FLAG.lockFeedback),
    mainClosed: has(FLAG.contactFeedback),
  };
}

function answeredBy(command: number): BoardCommand["kind"] | "other" {
  switch (command) {
    case COMMAND.config:
      return "configure";
    case COMMAND.pwm:
      return "drive-pilot";
    case COMMAND.contactor:
      return "switch-contactors";
    case COMMAND.setpoint:
      return "grant";
    case COMMAND.clear:
      return "clear";
    case COMMAND.lock:
      return "drive-lock";
    case COMMAND.rcmTest:
      return "test-rcm";
    default:
      return "other";
  }
}
