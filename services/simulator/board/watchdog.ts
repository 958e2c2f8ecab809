import type { Clock, Instant } from "../../../shared/time/clock.ts";
import { Alarm } from "./alarm.ts";

/** Counts down from the host's last grant. The first one arms it; nothing but a reboot disarms it. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #onSilence: () => void;
  readonly #deadline: Alarm;
  /** Of a heartbeat, which names no time of its own. */
  #usualMs: number;
  #limitMs: number;
  #ownLimit = false;
  #expired = false;
  #lastBeatAt: Instant | null = null;

  constructor(clock: Clock, limitMs: number, onSilence: () => void) {
    this.#clock = clock;
    this.#usualMs = limitMs;
    this.#limitMs = limitMs;
    this.#onSilence = onSilence;
    this.#deadline = new Alarm(clock);
  }

  get armed(): boolean {
    return this.#lastBeatAt !== null;
  }

  /** What is left until it trips; 0 when it is not armed or has run out. */
  get leftMs(): number {
    return this.#lastBeatAt === null || this.#expired
      ? 0
      : Math.max(0, this.#lastBeatAt + this.#limitMs - this.#clock.now());
  }

  /** The time that runs, or ran out. */
  get limitMs(): number {
    return this.#limitMs;
  }

  /** A grant holds for its own time, a heartbeat for the usual one. */
  beat(ttlMs: number | null): void {
    this.#lastBeatAt = this.#clock.now();
    this.#expired = false;
    this.#ownLimit = ttlMs !== null;
    this.#limitMs = ttlMs ?? this.#usualMs;
    this.#arm();
  }

  setLimit(limitMs: number): void {
    this.#usualMs = limitMs;
    if (this.#ownLimit) return;
    this.#limitMs = limitMs;
    this.#arm();
  }

  stop(): void {
    this.#deadline.clear();
  }

  #arm(): void {
    // Once it has run out, only a new grant starts it again, not a longer time.
    if (this.#lastBeatAt === null || this.#expired) return;
    this.#deadline.at(this.#lastBeatAt + this.#limitMs, () => {
      this.#expired = true;
      this.#onSilence();
    });
  }
}
