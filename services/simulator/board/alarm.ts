import type { Cancel, Clock, Instant } from "../../../shared/time/clock.ts";

/** One pending instant: setting it again moves it. The board plans its next instant with these instead of ticking every ms. */
export class Alarm {
  readonly #clock: Clock;
  #cancel: Cancel | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get pending(): boolean {
    return this.#cancel !== null;
  }

  /** Runs `run` at `dueAt`. A machine's timer may fire early; the run is told the instant that was planned, or now if later. */
  at(dueAt: Instant, run: (at: Instant) => void): void {
    this.clear();
    this.#cancel = this.#clock.after(Math.max(0, dueAt - this.#clock.now()), () => {
      this.#cancel = null;
      run(Math.max(dueAt, this.#clock.now()));
    });
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
