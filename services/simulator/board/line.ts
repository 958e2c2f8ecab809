import { FEATURE_ID, MESSAGE } from "../../../shared/evse-sysex/codes.ts";
import type { Clock, Instant } from "../../../shared/time/clock.ts";

/** What a cable can do to bytes. Zero or null is a good cable. */
export interface LineFaults {
  /** Nothing passes in either direction. */
  silent: boolean;
  /** Every nth byte is lost. */
  loseEvery: number;
  /** One bit of every nth byte is turned over. */
  flipEvery: number;
  lateAckMs: number;
  /** Bytes take ten bit times each. */
  baudRate: number | null;
}

const BITS_PER_BYTE = 10;

/** The cable between host and board: paces, loses and spoils bytes, the same way for the same seed. */
export class Line {
  readonly faults: LineFaults = { silent: false, loseEvery: 0, flipEvery: 0, lateAckMs: 0, baudRate: null };
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #toHost: (bytes: Uint8Array) => void;
  readonly #toBoard: (bytes: Uint8Array) => void;
  readonly #freeAt: { out: Instant; in: Instant } = { out: 0, in: 0 };
  #passed = 0;

  constructor(
    clock: Clock,
    random: () => number,
    toHost: (bytes: Uint8Array) => void,
    toBoard: (bytes: Uint8Array) => void,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#toHost = toHost;
    this.#toBoard = toBoard;
  }

  /** One message of the board. */
  fromBoard(bytes: readonly number[]): void {
    const isAck = bytes[0] === 0xf0 && bytes[1] === FEATURE_ID && bytes[2] === MESSAGE.ack;
    this.#pass(bytes, "out", isAck ? this.faults.lateAckMs : 0, this.#toHost);
  }

  /** A chunk of the host. */
  fromHost(bytes: Uint8Array): void {
    this.#pass(bytes, "in", 0, this.#toBoard);
  }

  #pass(bytes: Iterable<number>, way: "in" | "out", lateMs: number, deliver: (bytes: Uint8Array) => void): void {
    if (this.faults.silent) return;
    const spoiled = Uint8Array.from(this.#spoil(bytes));
    const { baudRate } = this.faults;
    const now = this.#clock.now();
    let delayMs = lateMs;
    if (baudRate !== null) {
      const startAt = Math.max(now, this.#freeAt[way]);
      this.#freeAt[way] = startAt + (spoiled.length * BITS_PER_BYTE * 1000) / baudRate;
      delayMs += this.#freeAt[way] - now;
    }
    if (delayMs === 0) deliver(spoiled);
    else {
      this.#clock.after(delayMs, () => {
        if (!this.faults.silent) deliver(spoiled);
      });
    }
  }

  *#spoil(bytes: Iterable<number>): Iterable<number> {
    const { loseEvery, flipEvery } = this.faults;
    for (const byte of bytes) {
      this.#passed++;
      if (loseEvery > 0 && this.#passed % loseEvery === 0) continue;
      const flips = flipEvery > 0 && this.#passed % flipEvery === 0;
      yield flips ? byte ^ (1 << Math.floor(this.#random() * 8)) : byte;
    }
  }
}
