import { MAX_SYSEX_BYTES } from "../../../shared/evse-sysex/codes.ts";

/** One command of a host, as the Firmata protocol frames it. */
export type FirmataCommand =
  | { readonly kind: "sysex"; readonly id: number; readonly data: readonly number[] }
  /** 9x, Cx, Dx, Ex with their low nibble, F4, F5. */
  | { readonly kind: "short"; readonly command: number; readonly low: number; readonly data: readonly number[] }
  | { readonly kind: "version" }
  | { readonly kind: "reset" };

const START_SYSEX = 0xf0;
const END_SYSEX = 0xf7;
const VERSION = 0xf9;
const RESET = 0xff;

/** Data bytes that follow a command byte; anything else is no command of the supported subset. */
function dataBytesOf(command: number): number | null {
  switch (command) {
    case 0xe0:
    case 0x90:
    case 0xf4:
    case 0xf5:
      return 2;
    case 0xc0:
    case 0xd0:
      return 1;
    default:
      return null;
  }
}

/**
 * Reads bytes, not messages: chunks may be split or joined anywhere. A command byte inside a sysex ends it, a sysex
 * that is too long is skipped to its end, data bytes without a command are noise.
 */
export class FirmataParser {
  readonly #deliver: (command: FirmataCommand) => void;
  #sysex: number[] | null = null;
  #tooLong = false;
  #short: { command: number; low: number; need: number; data: number[] } | null = null;

  constructor(deliver: (command: FirmataCommand) => void) {
    this.#deliver = deliver;
  }

  feed(bytes: Iterable<number>): void {
    for (const byte of bytes) this.#take(byte);
  }

  /** Forgets a half-read command, as a reboot does. */
  clear(): void {
    this.#sysex = null;
    this.#short = null;
  }

  #take(byte: number): void {
    if (byte < 0x80) {
      this.#data(byte);
      return;
    }
    const sysex = this.#sysex;
    this.clear();
    if (byte === END_SYSEX) {
      const [id, ...data] = sysex ?? [];
      if (id !== undefined && !this.#tooLong) this.#deliver({ kind: "sysex", id, data });
      return;
    }
    if (byte === START_SYSEX) {
      this.#sysex = [];
      this.#tooLong = false;
    } else if (byte === VERSION) this.#deliver({ kind: "version" });
    else if (byte === RESET) this.#deliver({ kind: "reset" });
    else {
      const command = byte < 0xf0 ? byte & 0xf0 : byte;
      const need = dataBytesOf(command);
      if (need !== null) this.#short = { command, low: byte & 0x0f, need, data: [] };
    }
  }

  #data(byte: number): void {
    if (this.#sysex !== null) {
      if (this.#sysex.length >= MAX_SYSEX_BYTES) this.#tooLong = true;
      else this.#sysex.push(byte);
      return;
    }
    const short = this.#short;
    if (short === null) return;
    short.data.push(byte);
    if (short.data.length < short.need) return;
    this.#short = null;
    this.#deliver({ kind: "short", command: short.command, low: short.low, data: short.data });
  }
}
