/** One line of a self test: what was looked at, what it may be, what it was. */
export interface Finding {
  readonly id: string;
  readonly title: string;
  /** What is right, with its unit and where it comes from. */
  readonly limit: string;
  readonly measured: string;
  /** `not fitted`: this board has no such part. `not run`: needs what was not there, said in the note. */
  readonly verdict: "pass" | "fail" | "not fitted" | "not run";
  readonly note: string;
}

type Named = Pick<Finding, "id" | "title" | "limit">;

export function judged(named: Named, right: boolean, measured: string, note = ""): Finding {
  return { ...named, measured, verdict: right ? "pass" : "fail", note };
}

export function notFitted(named: Named, note = "said to be not fitted"): Finding {
  return { ...named, measured: "", verdict: "not fitted", note };
}

export function notRun(named: Named, note: string): Finding {
  return { ...named, measured: "", verdict: "not run", note };
}

/** A voltage within its band; no sample is no pass. */
export function voltage(
  named: Omit<Named, "limit">,
  nominalV: number,
  toleranceV: number,
  volts: number | null,
): Finding {
  const limit = `${(nominalV - toleranceV).toFixed(1)} to ${(nominalV + toleranceV).toFixed(1)} V`;
  // A hundredth beyond the band is the step in which the board tells voltages.
  const right = volts !== null && Math.abs(volts - nominalV) <= toleranceV + 0.005;
  return judged({ ...named, limit }, right, volts === null ? "no sample" : `${volts.toFixed(2)} V`);
}

/** The board's clock counts to 16383 and begins again. */
export const CLOCK_WRAP_MS = 16_384;

export function elapsedMs(fromClockMs: number, toClockMs: number): number {
  return (toClockMs - fromClockMs + CLOCK_WRAP_MS) % CLOCK_WRAP_MS;
}
