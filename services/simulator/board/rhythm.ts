import type { Clock, Instant } from "../../../shared/time/clock.ts";
import { Alarm } from "./alarm.ts";

/** Repeats something at a period that may change; 0 stops it. */
export class Rhythm {
  readonly #clock: Clock;
  readonly #run: () => void;
  readonly #next: Alarm;

  constructor(clock: Clock, run: () => void) {
    this.#clock = clock;
    this.#run = run;
    this.#next = new Alarm(clock);
  }

  every(periodMs: number): void {
    if (periodMs === 0) this.#next.clear();
    else this.#plan(this.#clock.now() + periodMs, periodMs);
  }

  #plan(dueAt: Instant, periodMs: number): void {
    this.#next.at(dueAt, at => {
      // A late timer does not make the missed ones follow each other at once.
      this.#plan(Math.max(dueAt + periodMs, at), periodMs);
      this.#run();
    });
  }
}
