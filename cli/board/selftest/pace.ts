import type { Clock, Instant } from "../../../shared/time/clock.ts";
import { CLOCK_WRAP_MS, elapsedMs } from "./finding.ts";

/** At each end of the span the quickest report counts: the others waited somewhere on their way. */
const END_MS = 1_000;
/** So that a delay of 10 ms, which the quickest of a hundred reports does not have, is 0.2 %. */
const LEAST_SPAN_MS = 5_000;
/** More tells nothing new, and a person at a car simulator may take an hour. */
const MOST_SPAN_MS = 60_000;

/** How fast the board's clock runs against this computer's. The board counts periods of its pilot: 1000 are a second. */
export class Pace {
  readonly #clock: Clock;
  #begin: { readonly at: Instant; readonly boardMs: number } | null = null;
  /** Board time since the first report, and how far this computer is ahead of it. */
  readonly #seen: { readonly boardMs: number; readonly aheadMs: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A report with this time of the board has come. */
  hear(clockMs: number): void {
    const at = this.#clock.now();
    this.#begin ??= { at, boardMs: clockMs };
    const { at: since, boardMs: from } = this.#begin;
    const passedMs = at - since;
    if (passedMs > MOST_SPAN_MS) return;
    // The board's clock wraps; this computer's tells how often.
    const wraps = Math.round((passedMs - elapsedMs(from, clockMs)) / CLOCK_WRAP_MS);
    const boardMs = elapsedMs(from, clockMs) + Math.max(0, wraps) * CLOCK_WRAP_MS;
    this.#seen.push({ boardMs, aheadMs: passedMs - boardMs });
  }

  /** Pilot periods per second of this computer; null before there is enough to tell. */
  get pilotHz(): number | null {
    const spanMs = (this.#seen.at(-1)?.boardMs ?? 0) - END_MS;
    if (spanMs < LEAST_SPAN_MS) return null;
    const quickest = (seen: readonly { readonly aheadMs: number }[]): number =>
      seen.reduce((least, { aheadMs }) => Math.min(least, aheadMs), Infinity);
    const first = quickest(this.#seen.filter(({ boardMs }) => boardMs <= END_MS));
    const last = quickest(this.#seen.filter(({ boardMs }) => boardMs >= spanMs));
    return (1_000 * spanMs) / (spanMs + last - first);
  }
}
