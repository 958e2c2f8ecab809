import type { Instant } from "../../shared/time/clock.ts";
import type { EvseCoreState, Heard } from "./state.core.ts";
import { DRAW_LIFETIME_MS, EV_REACTS_MS, OVERDRAWN_MS } from "./timing.core.ts";
import { NO_TRIES, oneMore } from "./tries.core.ts";

/** A car that draws more than this many times its offer does not obey its pilot (spec control 1.9-6). */
const TIMES_OFFER = 2;

/**
 * A car measured above twice its offer is disconnected, and tried again, three times. It is held against the most that was
 * offered while a reading still believed may have been taken from a car that had not yet to obey; and one reading is no news.
 */
export function observeOverdraw(state: EvseCoreState, now: Instant): EvseCoreState {
  const recentOffers = withPresentOffer(state, now);
  const followed = { ...state, recentOffers };
  if (state.acknowledge) return { ...followed, overdrawnSince: null, overdrawTries: NO_TRIES };
  const since = overdrawnSince(followed, now);
  const lasted = since === null || state.draw === null ? 0 : state.draw.at - since;
  if (lasted < OVERDRAWN_MS) return { ...followed, overdrawnSince: since };
  return { ...followed, overdrawnSince: null, overdrawTries: oneMore(state.overdrawTries, now) };
}

/** What was offered within the time in which it may count, highest first; `at` = when it last was. */
function withPresentOffer({ recentOffers, granted }: EvseCoreState, now: Instant): readonly Heard<number>[] {
  const offerA = granted?.value.offerA ?? 0;
  const counting = recentOffers.filter(
    ({ value, at }) => value > offerA && now - at <= EV_REACTS_MS + DRAW_LIFETIME_MS,
  );
  return [...counting, { value: offerA, at: now }];
}

/** Time of the first of the readings without a break that are above; null = the last one is not, or is too old. */
function overdrawnSince(state: EvseCoreState, now: Instant): Instant | null {
  const { draw, recentOffers, overdrawnSince: since } = state;
  const closed = state.state === "C2" || state.state === "C1";
  if (!closed || draw === null || now - draw.at > DRAW_LIFETIME_MS) return null;
  const { l1, l2, l3 } = draw.value.currentA;
  const mostA = recentOffers[0]?.value ?? 0;
  return Math.max(l1, l2, l3) > TIMES_OFFER * mostA ? (since ?? draw.at) : null;
}
