/** Milliseconds on a monotonic clock. Only differences mean anything. */
export type Instant = number;

/** Stops a repeating or pending call. */
export type Cancel = () => void;

/** The one door through which time enters a shell. Cores get an `Instant` as an argument. */
export interface Clock {
  /** Monotonic milliseconds: ages and deadlines. */
  now(): Instant;
  /** Civil time in milliseconds since 1970-01-01T00:00Z: records and people. */
  civilMs(): number;
  /** Calls `run` every `periodMs` until cancelled. */
  every(periodMs: number, run: () => void): Cancel;
  /** Calls `run` once after `delayMs` unless cancelled. */
  after(delayMs: number, run: () => void): Cancel;
}

/** The machine's clocks. */
export const systemClock: Clock = {
  now: () => performance.now(),
  civilMs: () => Date.now(),
  every(periodMs, run) {
    const timer = setInterval(run, periodMs);
    return () => {
      clearInterval(timer);
    };
  },
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};
