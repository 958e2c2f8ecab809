import { AvrBoard } from "./avr-board.ts";
import { releasedFirmware } from "./released.ts";
import { obeyAvr } from "./words.ts";

const STEP_MS = 4;
/** A machine that stalls slows the board down instead of making it rush: its deadlines count its own time. */
const MOST_AT_ONCE_MS = 20;

/** The firmware on a simulated processor, paced to the machine's clock, for hosts that have no other. */
export class LiveAvrBoard {
  readonly board = new AvrBoard({ program: releasedFirmware() });
  /** Board time at which the last byte of a host arrived. */
  lastByteAtMs = 0;
  /** Board time of each opening. */
  readonly openedAtMs: number[] = [];
  readonly #pace: NodeJS.Timeout;

  constructor(t: { teardown(run: () => unknown): unknown }) {
    const { board } = this;
    let closed = false;
    board.onChange(() => {
      const now = board.coils.l1 || board.coils.l23;
      if (closed && !now) this.openedAtMs.push(board.clock.now());
      closed = now;
    });
    let before = performance.now();
    this.#pace = setInterval(() => {
      const now = performance.now();
      const waiting = board.pendingBytes > 0;
      board.run(Math.min(now - before, MOST_AT_ONCE_MS));
      if (waiting) this.lastByteAtMs = board.clock.now();
      before = now;
    }, STEP_MS);
    t.teardown(() => {
      clearInterval(this.#pace);
    });
  }

  say(words: string): void {
    obeyAvr(this.board, words);
  }

  get charging(): boolean {
    return this.board.contactors.l1 && this.board.contactors.l23;
  }
}
