import { BoardSession } from "../../cli/board/session.ts";
import type { Target } from "../../cli/board/target.ts";
import { VirtualBoard, type VirtualBoardOptions } from "../../services/simulator/board/virtual-board.ts";
import { obey } from "../../services/simulator/board/words.ts";
import type { Clock } from "../../shared/time/clock.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { MemoryCable } from "./memory-link.ts";
import { ScriptedTerminal } from "./scripted-terminal.ts";

/** A board tool, a virtual board and a person, on one clock that moves only while the tool waits. */
export class BoardToolBench {
  readonly clock = new ManualClock();
  readonly board: VirtualBoard;
  readonly cable: MemoryCable;
  readonly terminal = new ScriptedTerminal();
  readonly target: Target;

  /** `speed`: of the board's own clock, 1 being right. */
  constructor({ speed = 1, ...options }: Partial<VirtualBoardOptions> & { readonly speed?: number } = {}) {
    this.board = new VirtualBoard({ clock: atSpeed(this.clock, speed), ...options });
    this.cable = new MemoryCable(this.board);
    this.target = { name: "bench", open: this.cable.open, serial: null };
  }

  say(words: string): string {
    return obey(this.board, words);
  }

  open(): Promise<BoardSession> {
    return this.run(BoardSession.open(this.target, this.clock, this.terminal.stop));
  }

  /** Lets time pass until the tool is done. */
  async run<T>(work: Promise<T>, atMostMs = 300_000): Promise<T> {
    let over = false;
    const watched = work.finally(() => {
      over = true;
    });
    // Whoever awaits the answer below hears of a failure; until then it must not count as unheard.
    watched.catch(() => undefined);
    for (let ms = 0; !over; ms += 10) {
      if (ms > atMostMs) throw new Error(`not done after ${atMostMs / 1000} simulated seconds`);
      await this.clock.advanceAsync(10);
    }
    return watched;
  }
}

/** A clock that runs faster or slower than another. */
function atSpeed(clock: Clock, speed: number): Clock {
  return {
    now: () => clock.now() * speed,
    civilMs: () => clock.civilMs(),
    every: (periodMs, run) => clock.every(periodMs / speed, run),
    after: (delayMs, run) => clock.after(delayMs / speed, run),
  };
}
