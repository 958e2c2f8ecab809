import type { HalfWave } from "../../../shared/evse-sysex/message.ts";
import type { Instant } from "../../../shared/time/clock.ts";

/** One sample of the high half and one of the low half every 2 ms (500 + 500 samples/s). */
export const SAMPLE_EVERY_MS = 2;
const MOST_COUNTED = 127;
/** Rounding slack when instants are turned into sample numbers. */
const SLACK = 1e-6;

/** Samples of one half, counted instead of taken one by one. */
export class Half {
  volts: number | null = null;
  readonly #phaseMs: Instant;
  #taken = 0;
  #sum = 0;
  #count = 0;
  #min = Infinity;
  #max = -Infinity;

  constructor(phaseMs: Instant, now: Instant) {
    this.#phaseMs = phaseMs;
    this.#taken = this.#indexAfter(now, false);
  }

  /** Instant of the nth sample still to come (1 = next). */
  dueAt(nth: number): Instant {
    return this.#phaseMs + (this.#taken + nth - 1) * SAMPLE_EVERY_MS;
  }

  /** Takes what was due before (or at) `until`; answers how many it were. */
  account(until: Instant, inclusive: boolean): number {
    const upTo = this.#indexAfter(until, inclusive);
    const fresh = Math.max(0, upTo - this.#taken);
    this.#taken = Math.max(upTo, this.#taken);
    if (this.volts === null || fresh === 0) return 0;
    this.#sum += fresh * this.volts;
    this.#count += fresh;
    this.#min = Math.min(this.#min, this.volts);
    this.#max = Math.max(this.#max, this.volts);
    return fresh;
  }

  take(noiseV: number): HalfWave | null {
    const samples = this.#count;
    const half =
      samples === 0
        ? null
        : {
            avgV: this.#sum / samples,
            minV: this.#min - noiseV,
            maxV: this.#max + noiseV,
            samples: Math.min(MOST_COUNTED, samples),
          };
    this.#sum = 0;
    this.#count = 0;
    this.#min = Infinity;
    this.#max = -Infinity;
    return half;
  }

  #indexAfter(until: Instant, inclusive: boolean): number {
    const exact = (until - this.#phaseMs) / SAMPLE_EVERY_MS;
    return inclusive ? Math.floor(exact + SLACK) + 1 : Math.ceil(exact - SLACK);
  }
}
