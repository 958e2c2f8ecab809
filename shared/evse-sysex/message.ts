import { FieldReader, seal, u7, u14, unseal } from "./bits.ts";
import {
  CP_STATES,
  type CpClass,
  DUTY,
  KEPT_NAMES,
  type KeptName,
  MESSAGE,
  PP_OPEN,
  STORED,
  type Stored,
  VOLT_OFFSET,
  VOLTS_PER_STEP,
} from "./codes.ts";

/** One half of the pilot since the last report. */
export interface HalfWave {
  readonly avgV: number;
  readonly minV: number;
  readonly maxV: number;
  readonly samples: number;
}

/** What a board tells its host. */
export type BoardMessage =
  | { readonly kind: "ack"; readonly command: number; readonly result: number; readonly arg: number }
  | {
      readonly kind: "report";
      /** Board clock, wraps at 16384. */
      readonly clockMs: number;
      readonly dutyPermille: number;
      /** null where there was no sample. */
      readonly high: HalfWave | null;
      readonly low: HalfWave | null;
      /** null = open. */
      readonly ppOhm: number | null;
      readonly state: CpClass;
      readonly outputs: number;
      readonly flags: number;
      readonly heartbeat: number;
    }
  | {
      readonly kind: "status";
      readonly state: CpClass;
      readonly outputs: number;
      readonly flags: number;
      readonly dutyPermille: number;
      readonly watchdogLeftMs: number;
      readonly lockDrive: number;
      readonly bootCause: number;
    }
  | {
      readonly kind: "event";
      readonly code: number;
      readonly arg: number;
      readonly clockMs: number;
      readonly flags: number;
    }
  | {
      readonly kind: "info";
      readonly versionMajor: number;
      readonly versionMinor: number;
      readonly contactors: number;
      readonly dutyUnits: number;
      readonly pilotHz: number;
      /** ADC step in 0.1 mV. */
      readonly adcStep: number;
      readonly highSamplesPerS: number;
      readonly lowSamplesPerS: number;
      readonly lockHardMaxMs: number;
      readonly watchdogMaxMs: number;
      readonly baudPer100: number;
    }
  | {
      readonly kind: "safe";
      /** 0: none. */
      readonly currentDeciA: number;
      readonly graceS: number;
      readonly stored: Stored;
    }
  /** What holds after a boot, on the wire's scale: kept by the board, or the firmware's own. */
  | { readonly kind: "kept"; readonly values: Readonly<Record<KeptName, number>>; readonly stored: Stored };

/** What stands between F0 and F7. Throws `RangeError` on a value that does not fit its field. */
export function encodeMessage(message: BoardMessage): readonly number[] {
  return seal(MESSAGE[message.kind], payloadOf(message));
}

function payloadOf(message: BoardMessage): readonly number[] {
  switch (message.kind) {
    case "ack":
      return [u7(message.command, "command"), u7(message.result, "result"), ...u14(message.arg, "argument")];
    case "report":
      return [
        ...u14(message.clockMs, "clock"),
        ...u14(message.dutyPermille, "duty"),
        ...voltsOf(message.high),
        ...voltsOf(message.low),
        u7(message.high?.samples ?? 0, "high samples"),
        u7(message.low?.samples ?? 0, "low samples"),
        ...u14(message.ppOhm ?? PP_OPEN, "PP"),
        CP_STATES.indexOf(message.state),
        u7(message.outputs, "outputs"),
        ...u14(message.flags, "flags"),
        u7(message.heartbeat, "heartbeat"),
      ];
    case "status":
      return [
        CP_STATES.indexOf(message.state),
        u7(message.outputs, "outputs"),
        ...u14(message.flags, "flags"),
        ...u14(message.dutyPermille, "duty"),
        ...u14(message.watchdogLeftMs, "watchdog"),
        u7(message.lockDrive, "lock"),
        u7(message.bootCause, "boot cause"),
      ];
    case "event":
      return [
        u7(message.code, "event"),
        ...u14(message.arg, "argument"),
        ...u14(message.clockMs, "clock"),
        ...u14(message.flags, "flags"),
      ];
    case "info":
      return [
        u7(message.versionMajor, "version"),
        u7(message.versionMinor, "version"),
        u7(message.contactors, "contactors"),
        ...u14(message.dutyUnits, "duty units"),
        ...u14(message.pilotHz, "pilot frequency"),
        ...u14(message.adcStep, "ADC step"),
        ...u14(message.highSamplesPerS, "samples"),
        ...u14(message.lowSamplesPerS, "samples"),
        ...u14(message.lockHardMaxMs, "lock limit"),
        ...u14(message.watchdogMaxMs, "watchdog limit"),
        ...u14(message.baudPer100, "baud rate"),
      ];
    case "safe":
      return [
        ...u14(message.currentDeciA, "safe current"),
        ...u14(message.graceS, "grace"),
        STORED.indexOf(message.stored),
      ];
    case "kept":
      return [...KEPT_NAMES.flatMap(name => u14(message.values[name], name)), STORED.indexOf(message.stored)];
  }
}

function voltsOf(half: HalfWave | null): readonly number[] {
  if (half === null) return [0, 0, 0, 0, 0, 0];
  return [half.avgV, half.minV, half.maxV].flatMap(value =>
    u14(VOLT_OFFSET + Math.round(value / VOLTS_PER_STEP), "voltage"),
  );
}

export type DecodedMessage =
  | { readonly ok: true; readonly message: BoardMessage }
  | { readonly ok: false; readonly reason: string };

const PAYLOAD_BYTES: Readonly<Record<number, number>> = {
  [MESSAGE.ack]: 4,
  [MESSAGE.report]: 25,
  [MESSAGE.status]: 10,
  [MESSAGE.event]: 7,
  [MESSAGE.info]: 19,
  [MESSAGE.safe]: 5,
  [MESSAGE.kept]: 2 * KEPT_NAMES.length + 1,
};

const OUT_OF_RANGE: Readonly<Record<number, string>> = {
  [MESSAGE.report]: "pilot state out of range, expected 0..6",
  [MESSAGE.status]: "pilot state out of range, expected 0..6",
  [MESSAGE.safe]: "state of the stored record out of range, expected 0..2",
  [MESSAGE.kept]: "state of the stored record out of range, expected 0..2",
};

/** Reads what stands between the feature id and F7, or says why it must not be believed. */
export function decodeMessage(bytes: readonly number[]): DecodedMessage {
  const opened = unseal(bytes);
  if (!opened.ok) return { ok: false, reason: opened.reason };
  const { sub, payload } = opened;
  const expected = PAYLOAD_BYTES[sub];
  if (expected === undefined) return { ok: false, reason: `sub id ${sub} is no message of a board` };
  if (payload.length !== expected) {
    return { ok: false, reason: `sub id ${sub} with ${payload.length} payload bytes: expected ${expected}` };
  }
  const message = messageOf(sub, new FieldReader(payload));
  if (message === null) return { ok: false, reason: `sub id ${sub}: ${OUT_OF_RANGE[sub] ?? "value out of range"}` };
  if ("dutyPermille" in message && message.dutyPermille > DUTY.positive) {
    return { ok: false, reason: `sub id ${sub}: duty ${message.dutyPermille}, expected 0..${DUTY.positive}` };
  }
  return { ok: true, message };
}

function messageOf(sub: number, fields: FieldReader): BoardMessage | null {
  switch (sub) {
    case MESSAGE.ack:
      return { kind: "ack", command: fields.u7(), result: fields.u7(), arg: fields.u14() };
    case MESSAGE.report:
      return reportOf(fields);
    case MESSAGE.status:
      return statusOf(fields);
    case MESSAGE.event:
      return { kind: "event", code: fields.u7(), arg: fields.u14(), clockMs: fields.u14(), flags: fields.u14() };
    case MESSAGE.safe:
      return safeOf(fields);
    case MESSAGE.kept:
      return keptOf(fields);
    default:
      return {
        kind: "info",
        versionMajor: fields.u7(),
        versionMinor: fields.u7(),
        contactors: fields.u7(),
        dutyUnits: fields.u14(),
        pilotHz: fields.u14(),
        adcStep: fields.u14(),
        highSamplesPerS: fields.u14(),
        lowSamplesPerS: fields.u14(),
        lockHardMaxMs: fields.u14(),
        watchdogMaxMs: fields.u14(),
        baudPer100: fields.u14(),
      };
  }
}

function safeOf(fields: FieldReader): BoardMessage | null {
  const currentDeciA = fields.u14();
  const graceS = fields.u14();
  const stored = STORED[fields.u7()];
  return stored === undefined ? null : { kind: "safe", currentDeciA, graceS, stored };
}

function keptOf(fields: FieldReader): BoardMessage | null {
  const values = Object.fromEntries(KEPT_NAMES.map(name => [name, fields.u14()])) as Record<KeptName, number>;
  const stored = STORED[fields.u7()];
  return stored === undefined ? null : { kind: "kept", values, stored };
}

function reportOf(fields: FieldReader): BoardMessage | null {
  const clockMs = fields.u14();
  const dutyPermille = fields.u14();
  const high = [fields.u14(), fields.u14(), fields.u14()] as const;
  const low = [fields.u14(), fields.u14(), fields.u14()] as const;
  const samples = [fields.u7(), fields.u7()] as const;
  const pp = fields.u14();
  const state = CP_STATES[fields.u7()];
  if (state === undefined) return null;
  return {
    kind: "report",
    clockMs,
    dutyPermille,
    high: halfOf(high, samples[0]),
    low: halfOf(low, samples[1]),
    ppOhm: pp === PP_OPEN ? null : pp,
    state,
    outputs: fields.u7(),
    flags: fields.u14(),
    heartbeat: fields.u7(),
  };
}

function halfOf([avg, min, max]: readonly [number, number, number], samples: number): HalfWave | null {
  if (samples === 0 || avg === 0) return null;
  const [avgV, minV, maxV] = [volt(avg), volt(min), volt(max)];
  return { avgV, minV, maxV, samples };
}

function volt(raw: number): number {
  return (raw - VOLT_OFFSET) / (1 / VOLTS_PER_STEP);
}

function statusOf(fields: FieldReader): BoardMessage | null {
  const state = CP_STATES[fields.u7()];
  if (state === undefined) return null;
  return {
    kind: "status",
    state,
    outputs: fields.u7(),
    flags: fields.u14(),
    dutyPermille: fields.u14(),
    watchdogLeftMs: fields.u14(),
    lockDrive: fields.u7(),
    bootCause: fields.u7(),
  };
}
