import type { SchedulePlace, ScheduleTurn } from "../../shared/contracts/schedule.ts";
import type { Instant } from "../../shared/time/clock.ts";

/** The place of one charge point among those that share the current (spec control 6.7). */
export interface Turn {
  readonly place: SchedulePlace;
  readonly since: Instant;
  /** Its car has had current since it was plugged in. */
  readonly served: boolean;
  /** Since when its car leaves its turn unused: it draws less than 1 A, or does not ask. */
  readonly quietSince: Instant | null;
  /** When it last lost its turn for that. */
  readonly idledAt: Instant | null;
}

export const NO_TURN: Turn = { place: "inactive", since: 0, served: false, quietSince: null, idledAt: null };

export function activated(turn: Turn, now: Instant): Turn {
  return { ...turn, place: "active", since: now, served: true, quietSince: null };
}

export function paused(turn: Turn, now: Instant): Turn {
  return turn.place === "paused" ? turn : { ...turn, place: "paused", since: now, quietSince: null };
}

/** It wants nothing now; without a car, whatever was before is forgotten. */
export function inactive(turn: Turn, carConnected: boolean, now: Instant): Turn {
  const { served, idledAt } = carConnected ? turn : NO_TURN;
  if (turn.place === "inactive" && turn.served === served && turn.idledAt === idledAt) return turn;
  const since = turn.place === "inactive" ? turn.since : now;
  return { place: "inactive", since, served, quietSince: null, idledAt };
}

/** What the point remembers of it, for a balancer that starts over. */
export function recalled(told: ScheduleTurn, now: Instant): Turn {
  return {
    place: told.place,
    since: now - told.forMs,
    served: told.served,
    quietSince: null,
    idledAt: told.idledMs === null ? null : now - told.idledMs,
  };
}

/** What is told to a point before anybody wants a share. */
export const NOT_IN_RING: ScheduleTurn = {
  place: "inactive",
  rank: 0,
  forMs: 0,
  served: false,
  ringHere: false,
  rotatingMs: null,
  idledMs: null,
  turnOf: [],
  nextInMs: null,
};
