import type { Instant } from "../../shared/time/clock.ts";
import { TRIES, TRY_AGAIN_MS } from "./timing.core.ts";

/** Something that failed and is tried again after a pause, three times; then a person decides (spec control 7.5 R). */
export interface Tries {
  readonly failures: number;
  readonly failedAt: Instant;
}

export const NO_TRIES: Tries = { failures: 0, failedAt: 0 };

export function oneMore(tries: Tries, now: Instant): Tries {
  return { failures: tries.failures + 1, failedAt: now };
}

/** It may not be tried now: it has just failed, or too often. */
export function mustWait({ failures, failedAt }: Tries, now: Instant): boolean {
  return failures >= TRIES || (failures > 0 && now - failedAt < TRY_AGAIN_MS);
}
