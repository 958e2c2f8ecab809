/** IEC 61851-1 table A.7/A.8: duty cycle and current. Currents in A per phase, duty in percent of 1 kHz. */

/** The least current a pilot can signal (10 % duty). */
export const MIN_OFFER_A = 6;
/** The largest current a pilot can signal (96 % duty). */
export const MAX_OFFER_A = 80;
/** Steady +12 V: nothing is offered. */
export const DUTY_IDLE_PCT = 100;

/** Largest current of the flat part of the curve: 85 % x 0.6 A. */
const FLAT_END_A = 51;
const DUTY_STEP_PCT = 0.1;

/**
 * Duty cycle for an offer, in steps of 0.1 %, never signalling more than `offerA`.
 * Anything below 6 A, negative or not a number is no offer: steady +12 V. Above 80 A is 80 A (spec control 2.1 R).
 */
export function dutyPctOf(offerA: number): number {
  if (!(offerA >= MIN_OFFER_A)) return DUTY_IDLE_PCT;
  const currentA = Math.min(offerA, MAX_OFFER_A);
  const exact = currentA <= FLAT_END_A ? currentA / 0.6 : currentA / 2.5 + 64;
  // 51..52.5 A lie below the jump of the curve at 85 %; their duty must not fall back onto the steeper part's foot.
  const duty = currentA > FLAT_END_A && exact <= 85 ? 85 : exact;
  return Math.floor(duty / DUTY_STEP_PCT + 1e-9) / (1 / DUTY_STEP_PCT);
}

/** The current a duty cycle signals; 0 where it offers nothing or asks for digital communication. */
export function offerAOf(dutyPct: number): number {
  if (dutyPct >= 8 && dutyPct < 10) return MIN_OFFER_A;
  if (dutyPct >= 10 && dutyPct <= 85) return dutyPct * 0.6;
  if (dutyPct > 85 && dutyPct <= 96) return (dutyPct - 64) * 2.5;
  if (dutyPct > 96 && dutyPct <= 97) return MAX_OFFER_A;
  return 0;
}

/** Brings any wish onto what may be signalled: 0, or 6..80 A in steps of 0.1 A, rounded down. */
export function offerOf(wishA: number): number {
  if (!(wishA >= MIN_OFFER_A)) return 0;
  return Math.floor(Math.min(wishA, MAX_OFFER_A) * 10 + 1e-6) / 10;
}
