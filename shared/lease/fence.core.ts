import type { Instant } from "../time/clock.ts";

/** The last word that was believed: under which epoch it was said, and when it was heard. */
export interface LastWord {
  readonly epoch: number;
  readonly at: Instant;
}

/**
 * Whether a word may be believed. Once a newer epoch has spoken, an older one is a holder that was paused or cut off and does
 * not know that another has taken its place. The newest one counts for as long as its last word is in force: a store that was
 * wiped, or a site without a lease (epoch 0), begins from below and must not be shut out for ever.
 */
export function mayBelieve(last: LastWord | null, epoch: number, lifetimeMs: number, now: Instant): boolean {
  return last === null || epoch >= last.epoch || now - last.at > lifetimeMs;
}
