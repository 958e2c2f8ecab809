import { EventEmitter } from "node:events";
import type { Instant } from "../../../shared/time/clock.ts";
import {
  explainSilence,
  findAnswer,
  foreignRequest,
  judgeMessage,
  type ReadRequest,
  readRequestOf,
  takeMessages,
  tcpRequest,
} from "../modbus/frame.core.ts";

export interface PortOptions {
  readonly framing: "rtu" | "tcp";
  readonly write: (bytes: Buffer) => void;
  readonly now: () => Instant;
  /** An answer to this very request that must not be believed. */
  readonly refused: (reason: string) => void;
  /** What comes is no Modbus: only a new connection helps. */
  readonly broken: (reason: string) => void;
}

/** More than the longest frame with noise around it. */
const KEPT_BYTES = 1_024;

/**
 * The port under modbus-serial. That library takes whatever comes for the answer to its last request, a late one
 * included; so nothing reaches it from here but the answer to the request that waits, and nothing when none waits.
 */
export class StrictPort extends EventEmitter {
  readonly #options: PortOptions;
  #request: ReadRequest | null = null;
  #received: Buffer = Buffer.alloc(0);
  #transaction = 0;
  #lastByteAt: Instant = -Infinity;
  #foreignAt: Instant = -Infinity;
  isOpen = true;

  constructor(options: PortOptions) {
    super();
    this.#options = options;
  }

  get lastByteAt(): Instant {
    return this.#lastByteAt;
  }

  /** When another master was last heard to ask. */
  get foreignAt(): Instant {
    return this.#foreignAt;
  }

  /** The wire is up before there is a port on it. */
  open(callback: () => void): void {
    callback();
  }

  close(callback?: () => void): void {
    this.isOpen = false;
    this.#request = null;
    callback?.();
  }

  /** A request frame with its checksum. What came before it does not belong to it. */
  write(frame: Buffer): void {
    this.#request = readRequestOf(frame);
    if (this.#options.framing === "rtu") {
      this.#received = Buffer.alloc(0);
      this.#options.write(frame);
    } else {
      this.#transaction = (this.#transaction + 1) & 0xffff;
      this.#options.write(tcpRequest(this.#transaction, frame));
    }
  }

  /** Bytes from the wire. */
  take(bytes: Buffer): void {
    this.#lastByteAt = this.#options.now();
    this.#received = Buffer.concat([this.#received, bytes]);
    if (this.#options.framing === "rtu") this.#takeSerial();
    else this.#takeTcp();
  }

  /** Stops waiting. Says in words what came instead of an answer; null: nothing did. */
  giveUp(): string | null {
    const request = this.#request;
    this.#request = null;
    if (request === null) return null;
    if (this.#options.framing === "rtu") {
      return this.#foreignIn(request, this.#received) ?? explainSilence(request, this.#received);
    }
    // The rest of that message would be taken for the beginning of the next one.
    if (this.#received.length > 0) this.#options.broken("an answer that never became whole");
    return null;
  }

  #takeSerial(): void {
    this.#received = this.#received.subarray(-KEPT_BYTES);
    const request = this.#request;
    if (request === null) {
      if (this.#foreignIn(null, this.#received) !== null) this.#received = Buffer.alloc(0);
      return;
    }
    const frame = findAnswer(request, this.#received);
    if (frame === null) return;
    const before = this.#received.subarray(0, frame.byteOffset - this.#received.byteOffset);
    const foreign = this.#foreignIn(request, before);
    if (foreign === null) {
      this.#deliver(frame);
    } else {
      this.#request = null;
      this.#options.refused(foreign);
    }
  }

  /** What another master asks for in these bytes, in words; null: there is none. */
  #foreignIn(request: ReadRequest | null, bytes: Buffer): string | null {
    const foreign = foreignRequest(request, bytes);
    if (foreign === null) return null;
    this.#foreignAt = this.#options.now();
    return `another master is on this line: it asks unit ${foreign.unit} for register ${foreign.start}`;
  }

  #takeTcp(): void {
    const { messages, rest, broken } = takeMessages(this.#received);
    this.#received = rest;
    for (const { transaction, body } of messages) {
      // Another transaction's number: the late answer to a request that was given up.
      if (this.#request === null || transaction !== this.#transaction) continue;
      const found = judgeMessage(this.#request, body);
      if (found.kind === "answer") {
        this.#deliver(found.frame);
      } else {
        this.#request = null;
        this.#options.refused(found.reason);
        // Its length may have been wrong as well: what follows may be the rest of it.
        if (this.#received.length > 0) {
          this.#options.broken("bytes behind an answer that do not belong to it");
          return;
        }
      }
    }
    if (broken) this.#options.broken("bytes that are no Modbus TCP");
  }

  #deliver(frame: Buffer): void {
    this.#request = null;
    this.emit("data", frame);
  }
}
