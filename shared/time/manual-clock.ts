import type { Cancel, Clock, Instant } from "./clock.ts";

interface Timer {
  readonly id: number;
  dueAt: Instant;
  readonly periodMs: number | null;
  readonly run: () => void;
}

/** A clock that moves only when told to: simulated days in tests, benches and replays. */
export class ManualClock implements Clock {
  #now: Instant;
  readonly #civilStartMs: number;
  readonly #startedAt: Instant;
  #nextId = 1;
  #timers: Timer[] = [];

  constructor(startAt: Instant = 0, civilStartMs: number = Date.UTC(2026, 0, 1)) {
    this.#now = startAt;
    this.#startedAt = startAt;
    this.#civilStartMs = civilStartMs;
  }

  now(): Instant {
    return this.#now;
  }

  civilMs(): number {
    return this.#civilStartMs + (this.#now - this.#startedAt);
  }

  /** When the next timer is due: until then nothing happens here, whatever the step. */
  nextDueAt(): Instant | null {
    return this.#nextDue(Number.POSITIVE_INFINITY)?.dueAt ?? null;
  }

  every(periodMs: number, run: () => void): Cancel {
    return this.#schedule(this.#now + periodMs, periodMs, run);
  }

  after(delayMs: number, run: () => void): Cancel {
    return this.#schedule(this.#now + delayMs, null, run);
  }

  /** Moves time forward, running every timer at its own instant and in the order in which they are due. */
  advance(byMs: number): void {
    const until = this.#now + byMs;
    for (let timer = this.#nextDue(until); timer !== undefined; timer = this.#nextDue(until)) {
      this.#now = Math.max(this.#now, timer.dueAt);
      if (timer.periodMs === null) this.#timers = this.#timers.filter(other => other !== timer);
      else timer.dueAt += timer.periodMs;
      timer.run();
    }
    this.#now = until;
  }

  /** As `advance`, in steps, letting promises and I/O callbacks run in between: for shells that hold asynchronous parts. */
  async advanceAsync(byMs: number, stepMs = 10): Promise<void> {
    for (let doneMs = 0; doneMs < byMs; doneMs += stepMs) {
      this.advance(Math.min(stepMs, byMs - doneMs));
      await new Promise<void>(resolve => {
        setImmediate(resolve);
      });
    }
  }

  #schedule(dueAt: Instant, periodMs: number | null, run: () => void): Cancel {
    const timer: Timer = { id: this.#nextId++, dueAt, periodMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer);
    };
  }

  #nextDue(until: Instant): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAt > until) continue;
      if (next === undefined || timer.dueAt < next.dueAt || (timer.dueAt === next.dueAt && timer.id < next.id))
        next = timer;
    }
    return next;
  }
}
