import type { BalancerStatus } from "../../shared/contracts/balancer.ts";
import { SAMPLE_LIFETIME_MS } from "../../shared/contracts/meter.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { ageMs } from "./measured.core.ts";
import type { BalancerState } from "./state.core.ts";

export type Trust = BalancerStatus["trust"];

/** Shortest silence that means anything, whatever the meter's rhythm. */
const HOLD_AFTER_MS = 3_000;
const MINIMUM_AFTER_MS = 7_000;

/**
 * The ladder of a meter that falls silent, by the age of its newest sample and the rhythm it had:
 * regulate; then hold what is given (no raise); then the minimum; after 11 s stop.
 * A meter that reports every 10 s is in its rhythm, not silent: each rung waits for at least twice (three times) the rhythm.
 */
export function trustOf(ageMs: number | null, cadenceMs: number): Trust {
  if (ageMs === null || ageMs > SAMPLE_LIFETIME_MS.mains) return "stop";
  if (ageMs > Math.max(MINIMUM_AFTER_MS, 3 * cadenceMs)) return "minimum";
  if (ageMs > Math.max(HOLD_AFTER_MS, 2 * cadenceMs)) return "hold";
  return "regulate";
}

/** How far the mains meter is believed now. */
export function siteTrust(state: BalancerState, now: Instant): Trust {
  if (state.settings?.mainsMeter !== true) return "unmetered";
  const age = ageMs(state.mains, now);
  if (age !== null) return trustOf(age, state.mains.cadenceMs);
  // Nothing heard since the start: what is charging may go on for as long as a silent meter would be borne.
  const sinceStart = trustOf(now - state.startedAt, state.mains.cadenceMs);
  return sinceStart === "regulate" ? "hold" : sinceStart;
}
