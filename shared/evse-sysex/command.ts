import { FieldReader, seal, u7, u14, unseal } from "./bits.ts";
import { COMMAND, RESULT } from "./codes.ts";

/** What a host may tell a board. Ranges are the board's to judge; here only what fits the wire. */
export type HostCommand =
  | { readonly kind: "config"; readonly id: number; readonly value: number }
  | { readonly kind: "pwm"; readonly dutyPermille: number }
  /** Bit 0: K1 (L1), bit 1: K2 (L2 and L3). */
  | { readonly kind: "contactor"; readonly mask: number }
  | { readonly kind: "heartbeat"; readonly sequence: number }
  /** 0 stop, 1 lock, 2 unlock. */
  | { readonly kind: "lock"; readonly drive: number; readonly pulseMs: number }
  | { readonly kind: "rcmTest"; readonly pulseMs: number }
  | { readonly kind: "clear"; readonly flags: number }
  | { readonly kind: "status" }
  | { readonly kind: "info" }
  /** HEARTBEAT, PWM and CONTACTOR in one, for `ttlMs`. Contactors close when the board's interlocks allow it. */
  | {
      readonly kind: "setpoint";
      readonly dutyPermille: number;
      readonly mask: number;
      readonly ttlMs: number;
      readonly sequence: number;
    }
  /** Safe current in 0.1 A (0, or 60..320) and how long it may hold. */
  | { readonly kind: "setSafe"; readonly currentDeciA: number; readonly graceS: number }
  | { readonly kind: "safe" }
  /** As `config`, for good; 0 gives the firmware's own value back. */
  | { readonly kind: "keep"; readonly id: number; readonly value: number }
  | { readonly kind: "kept" };

/** What stands between F0 and F7. Throws `RangeError` on a value that does not fit its field. */
export function encodeCommand(command: HostCommand): readonly number[] {
  return seal(COMMAND[command.kind], payloadOf(command));
}

function payloadOf(command: HostCommand): readonly number[] {
  switch (command.kind) {
    case "config":
    case "keep":
      return [u7(command.id, "config id"), ...u14(command.value, "config value")];
    case "pwm":
      return u14(command.dutyPermille, "duty");
    case "contactor":
      return [u7(command.mask, "contactor mask")];
    case "heartbeat":
      return [u7(command.sequence, "heartbeat sequence")];
    case "lock":
      return [u7(command.drive, "lock drive"), ...u14(command.pulseMs, "lock pulse")];
    case "rcmTest":
      return u14(command.pulseMs, "RCM test pulse");
    case "clear":
      return u14(command.flags, "flag mask");
    case "setpoint":
      return [
        ...u14(command.dutyPermille, "duty"),
        u7(command.mask, "contactor mask"),
        ...u14(command.ttlMs, "time to live"),
        u7(command.sequence, "heartbeat sequence"),
      ];
    case "setSafe":
      return [...u14(command.currentDeciA, "safe current"), ...u14(command.graceS, "grace")];
    case "status":
    case "info":
    case "safe":
    case "kept":
      return [];
  }
}

/** A command as a board understands it, or the result code with which it answers. */
export type DecodedCommand =
  | { readonly ok: true; readonly command: HostCommand }
  | { readonly ok: false; readonly sub: number; readonly result: number; readonly reason: string };

const PAYLOAD_BYTES: Readonly<Record<number, number>> = {
  [COMMAND.config]: 3,
  [COMMAND.pwm]: 2,
  [COMMAND.contactor]: 1,
  [COMMAND.heartbeat]: 1,
  [COMMAND.lock]: 3,
  [COMMAND.rcmTest]: 2,
  [COMMAND.clear]: 2,
  [COMMAND.status]: 0,
  [COMMAND.info]: 0,
  [COMMAND.setpoint]: 6,
  [COMMAND.setSafe]: 4,
  [COMMAND.safe]: 0,
  [COMMAND.keep]: 3,
  [COMMAND.kept]: 0,
};

/** Reads what stands between the feature id and F7: checksum first, then the command, then its length. */
export function decodeCommand(bytes: readonly number[]): DecodedCommand {
  const opened = unseal(bytes);
  if (!opened.ok) return { ok: false, sub: opened.sub ?? 0, result: RESULT.crc, reason: opened.reason };
  const { sub, payload } = opened;
  const expected = PAYLOAD_BYTES[sub];
  if (expected === undefined) return { ok: false, sub, result: RESULT.unknown, reason: `sub id ${sub} is no command` };
  if (payload.length !== expected) {
    const reason = `sub id ${sub} with ${payload.length} payload bytes: expected ${expected}`;
    return { ok: false, sub, result: RESULT.length, reason };
  }
  return { ok: true, command: commandOf(sub, new FieldReader(payload)) };
}

function commandOf(sub: number, fields: FieldReader): HostCommand {
  switch (sub) {
    case COMMAND.config:
      return { kind: "config", id: fields.u7(), value: fields.u14() };
    case COMMAND.pwm:
      return { kind: "pwm", dutyPermille: fields.u14() };
    case COMMAND.contactor:
      return { kind: "contactor", mask: fields.u7() };
    case COMMAND.heartbeat:
      return { kind: "heartbeat", sequence: fields.u7() };
    case COMMAND.lock:
      return { kind: "lock", drive: fields.u7(), pulseMs: fields.u14() };
    case COMMAND.rcmTest:
      return { kind: "rcmTest", pulseMs: fields.u14() };
    case COMMAND.clear:
      return { kind: "clear", flags: fields.u14() };
    case COMMAND.status:
      return { kind: "status" };
    case COMMAND.setpoint:
      return {
        kind: "setpoint",
        dutyPermille: fields.u14(),
        mask: fields.u7(),
        ttlMs: fields.u14(),
        sequence: fields.u7(),
      };
    case COMMAND.setSafe:
      return { kind: "setSafe", currentDeciA: fields.u14(), graceS: fields.u14() };
    case COMMAND.safe:
      return { kind: "safe" };
    case COMMAND.keep:
      return { kind: "keep", id: fields.u7(), value: fields.u14() };
    case COMMAND.kept:
      return { kind: "kept" };
    default:
      return { kind: "info" };
  }
}
