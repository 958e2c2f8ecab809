import { frame } from "../../shared/evse-sysex/bits.ts";
import { FEATURE_ID } from "../../shared/evse-sysex/codes.ts";
import { encodeCommand, type HostCommand } from "../../shared/evse-sysex/command.ts";
import { type BoardMessage, decodeMessage } from "../../shared/evse-sysex/message.ts";

/** Name and version that a Firmata board tells after a boot and when asked. */
export interface Firmware {
  readonly name: string;
  readonly major: number;
  readonly minor: number;
}

/** What a board says: its firmware, the EVSE set, or bytes that must not be believed. */
export type Heard =
  | ({ readonly kind: "firmware" } & Firmware)
  | BoardMessage
  | { readonly kind: "garbled"; readonly problem: string };

const START_SYSEX = 0xf0;
const END_SYSEX = 0xf7;
const FIRMWARE_ID = 0x79;
/** Firmata ignores every sysex before the version was asked for. */
export const IDENTIFY = Uint8Array.of(0xf9, START_SYSEX, FIRMWARE_ID, END_SYSEX);
/** The longest message of a board; what grows beyond it has lost its end. */
const LONGEST_MESSAGE = 512;

export function commandBytes(command: HostCommand): Uint8Array {
  return frame(encodeCommand(command));
}

/**
 * Finds the messages of a board in a stream of bytes. The tools look at every field of the EVSE set, which the driver of
 * the service leaves out, and need no pins; so they read the frames themselves.
 */
export class BoardEar {
  readonly #hear: (heard: Heard) => void;
  /** null: outside a sysex. */
  #sysex: number[] | null = null;

  constructor(hear: (heard: Heard) => void) {
    this.#hear = hear;
  }

  feed(bytes: Uint8Array): void {
    for (const byte of bytes) this.#take(byte);
  }

  #take(byte: number): void {
    if (byte === START_SYSEX) {
      this.#sysex = [];
      return;
    }
    if (this.#sysex === null) return;
    if (byte === END_SYSEX) {
      const body = this.#sysex;
      this.#sysex = null;
      this.#deliver(body);
      return;
    }
    // Any other command byte ends a sysex that lost its end.
    if (byte >= 0x80 || this.#sysex.length >= LONGEST_MESSAGE) this.#sysex = null;
    else this.#sysex.push(byte);
  }

  #deliver([id, ...rest]: readonly number[]): void {
    if (id === FEATURE_ID) {
      const decoded = decodeMessage(rest);
      this.#hear(decoded.ok ? decoded.message : { kind: "garbled", problem: decoded.reason });
      return;
    }
    if (id !== FIRMWARE_ID || rest.length < 2) return;
    const [major = 0, minor = 0, ...pairs] = rest;
    const name = pairs.flatMap((low, index) => (index % 2 === 0 ? [low | ((pairs[index + 1] ?? 0) << 7)] : []));
    this.#hear({ kind: "firmware", name: String.fromCharCode(...name), major, minor });
  }
}
