import type { Instant } from "../../shared/time/clock.ts";
import { boardIsUp } from "./faults.core.ts";
import type { EvseCoreState, Heard } from "./state.core.ts";
import { DRAW_LIFETIME_MS, EV_REACTS_MS, OTHERS_COUNT_MS, OVERDRAWN_MS } from "./timing.core.ts";
import { NO_TRIES, oneMore } from "./tries.core.ts";

/** A car that draws more than this many times its offer does not obey its pilot (spec control 1.9-6). */
const TIMES_OFFER = 2;
/** A meter that shows more than this while the contactor is open measures others, too. */
const OTHERS_A = 1;

/**
 * A car measured above twice its offer is disconnected, and tried again, three times. It is held against the most that was
 * offered while a reading still believed may have been taken from a car that had not yet to obey; and one reading is no news.
 * A meter at the head of a sub-panel says nothing of the kind: it is known by what it shows while no car is connected.
 */
export function observeOverdraw(state: EvseCoreState, now: Instant): EvseCoreState {
  const next = { ...state, recentOffers: withPresentOffer(state, now) };
  if (state.acknowledge) return { ...next, excessSince: null, overdrawTries: NO_TRIES };
  const { draw } = state;
  const excessSince = draw === null ? null : sinceWhen(next, draw.at, now);
  if (draw === null || excessSince === null || draw.at - excessSince < OVERDRAWN_MS) return { ...next, excessSince };
  if (!isClosed(state)) return { ...next, othersSeenAt: now, overdrawTries: NO_TRIES };
  return { ...next, excessSince: null, overdrawTries: oneMore(state.overdrawTries, now) };
}

/** What was offered within the time in which it may count, highest first; `at` = when it last was. */
function withPresentOffer({ recentOffers, granted }: EvseCoreState, now: Instant): readonly Heard<number>[] {
  const offerA = granted?.value.offerA ?? 0;
  const counting = recentOffers.filter(
    ({ value, at }) => value > offerA && now - at <= EV_REACTS_MS + DRAW_LIFETIME_MS,
  );
  return [...counting, { value: offerA, at: now }];
}

/** Since which reading, all taken in this state, it has been more than may be; null = the last one is not, or is too old. */
function sinceWhen(state: EvseCoreState, sampledAt: Instant, now: Instant): Instant | null {
  const { draw, excessSince, enteredAt } = state;
  if (draw === null || now - sampledAt > DRAW_LIFETIME_MS || sampledAt < enteredAt) return null;
  const { l1, l2, l3 } = draw.value.currentA;
  const mayA = mostA(state, now);
  if (mayA === null || Math.max(l1, l2, l3) <= mayA) return null;
  return excessSince === null || excessSince < enteredAt ? sampledAt : excessSince;
}

/** The most the meter may show; null = whatever it likes. */
function mostA(state: EvseCoreState, now: Instant): number | null {
  const { othersSeenAt, recentOffers, sensed } = state;
  if (!isClosed(state)) {
    const surelyOpen =
      boardIsUp(state, now) && sensed?.value.contactorL1 !== true && sensed?.value.contactorL23 !== true;
    return surelyOpen ? OTHERS_A : null;
  }
  const sharesMeter = othersSeenAt !== null && now - othersSeenAt < OTHERS_COUNT_MS;
  return sharesMeter ? null : TIMES_OFFER * (recentOffers[0]?.value ?? 0);
}

function isClosed({ state }: EvseCoreState): boolean {
  return state === "C2" || state === "C1";
}
