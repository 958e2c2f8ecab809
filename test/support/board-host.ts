import { frame } from "../../shared/evse-sysex/bits.ts";
import { FEATURE_ID } from "../../shared/evse-sysex/codes.ts";
import { encodeCommand, type HostCommand } from "../../shared/evse-sysex/command.ts";
import { type BoardMessage, decodeMessage } from "../../shared/evse-sysex/message.ts";

/** A message that came from a board: the EVSE set decoded, everything as hex. */
export interface Heard {
  readonly atMs: number;
  readonly hex: string;
  readonly message: BoardMessage | null;
}

/** Splits what a board sends into messages, as a host would. */
export class BoardEar {
  readonly heard: Heard[] = [];
  readonly #now: () => number;
  #bytes: number[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  feed(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte >= 0x80 && byte !== 0xf7) this.#bytes = [];
      this.#bytes.push(byte);
      const [first = 0] = this.#bytes;
      const complete = first === 0xf0 ? byte === 0xf7 : this.#bytes.length === 3;
      if (complete) this.#deliver();
    }
  }

  messages<K extends BoardMessage["kind"]>(kind: K): Extract<BoardMessage, { kind: K }>[] {
    return this.heard.flatMap(({ message }) => (message?.kind === kind ? [message as never] : []));
  }

  /** The last message of a kind; throws when there was none, which fails the test that asked. */
  last<K extends BoardMessage["kind"]>(kind: K): Extract<BoardMessage, { kind: K }> {
    const found = this.messages(kind).at(-1);
    if (found === undefined) throw new Error(`the board sent no ${kind}`);
    return found;
  }

  #deliver(): void {
    const bytes = this.#bytes;
    this.#bytes = [];
    const isOurs = bytes[0] === 0xf0 && bytes[1] === FEATURE_ID;
    const decoded = isOurs ? decodeMessage(bytes.slice(2, -1)) : null;
    const message = decoded?.ok === true ? decoded.message : null;
    this.heard.push({ atMs: this.#now(), hex: Buffer.from(bytes).toString("hex"), message });
  }
}

/** A command as it goes over the wire. */
export function wire(command: HostCommand): Uint8Array {
  return frame(encodeCommand(command));
}
