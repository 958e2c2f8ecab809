import type { Cancel, Clock, Instant } from "../../../shared/time/clock.ts";

export const CYCLES_PER_MS = 16_000;

interface Timer {
  dueAt: number;
  readonly run: () => void;
}

/** The processor's cycles as a clock, for what is wired to it. */
export class CycleClock implements Clock {
  /** Cycles since the board was made; resets of the processor do not stop it. */
  cycles = 0;
  /** Something new is due: whoever runs towards a later instant must stop there. */
  onPlanned: (dueAt: number) => void = () => undefined;
  #timers: Timer[] = [];

  now(): Instant {
    return this.cycles / CYCLES_PER_MS;
  }

  civilMs(): number {
    return Date.UTC(2026, 0, 1) + this.now();
  }

  after(delayMs: number, run: () => void): Cancel {
    return this.afterCycles(Math.round(delayMs * CYCLES_PER_MS), run);
  }

  afterCycles(delay: number, run: () => void): Cancel {
    const timer: Timer = { dueAt: this.cycles + delay, run };
    const at = this.#timers.findIndex(other => other.dueAt > timer.dueAt);
    this.#timers.splice(at === -1 ? this.#timers.length : at, 0, timer);
    this.onPlanned(timer.dueAt);
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer);
    };
  }

  every(periodMs: number, run: () => void): Cancel {
    let cancel: Cancel = () => undefined;
    const next = (): void => {
      cancel = this.after(periodMs, () => {
        next();
        run();
      });
    };
    next();
    return () => {
      cancel();
    };
  }

  get nextDue(): number {
    return this.#timers[0]?.dueAt ?? Infinity;
  }

  /** Runs what is due now. */
  fire(): void {
    for (let timer = this.#timers[0]; timer !== undefined && timer.dueAt <= this.cycles; timer = this.#timers[0]) {
      this.#timers.shift();
      timer.run();
    }
  }
}
