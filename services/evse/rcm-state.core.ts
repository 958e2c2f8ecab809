import type { Instant } from "../../shared/time/clock.ts";

/** The residual-current monitor, as the charge point sees it (spec control 7.5). */
export interface RcmState {
  /**
   * A genuine trip stays until a person has acknowledged it, whatever becomes of the board's own latch meanwhile: a board that
   * lost its supply has forgotten it. `since` an acknowledgement the board is given time to let go of its latch.
   */
  readonly trip: { readonly since: Instant; readonly acknowledged: boolean } | null;
  readonly test: {
    /** New with each test: the board runs each once. */
    readonly number: number;
    /** `due` nothing tested for this closing yet. */
    readonly phase: "due" | "running" | "passed";
    readonly since: Instant;
  };
}

export function freshRcm(now: Instant): RcmState {
  return { trip: null, test: { number: 0, phase: "due", since: now } };
}
