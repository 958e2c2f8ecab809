import { lifetimeMs } from "../../shared/contracts/define.ts";
import { rfidStatus } from "../../shared/contracts/rfid.ts";
import type { AccessStatus } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { EvseCoreState } from "./state.core.ts";

/** The card reader repeats itself every second; what is older says nothing any more. */
const READER_LIFETIME_MS = lifetimeMs(rfidStatus);

/**
 * What was decided by card at the point counts before the settings until these say the same, so that a card works while
 * their owner is away. Silence never unlocks: an ON of a reader that has gone is not believed, its OFF and PAUSE stay.
 */
export function withAccess(state: EvseCoreState, now: Instant): EvseCoreState {
  const { settings, storedAccess } = state;
  if (settings === null || storedAccess === null) return state;
  const access = state.switchedOff ? "off" : (decidedAt(state, now) ?? storedAccess);
  return access === settings.access ? state : { ...state, settings: { ...settings, access } };
}

/** A session belongs to the card that holds the point: to the latest one as long as nothing was charged, then to that one. */
export function withCard(state: EvseCoreState): EvseCoreState {
  const { session, reader } = state;
  const card = reader?.value.card ?? null;
  if (session === null || card === null) return state;
  const taken = session.card !== null && session.chargingMs > 0;
  const same = session.card?.user === card.user && session.card.lastDigits === card.lastDigits;
  return taken || same ? state : { ...state, session: { ...session, card } };
}

/** Why access is off, and what a person can do about it. */
export function whyOff(state: EvseCoreState, now: Instant): string {
  const startsAt = state.settings?.startsAt ?? "";
  if (startsAt !== "") return `waiting for the start at ${startsAt.replace("T", " ")}`;
  const { reader } = state;
  const byCard =
    reader !== null &&
    now - reader.at <= READER_LIFETIME_MS &&
    (reader.value.reader === "enable-all" || reader.value.reader === "enable-one");
  return byCard ? "locked: present a card" : "switched off";
}

function decidedAt({ reader }: EvseCoreState, now: Instant): AccessStatus | null {
  const decided = reader?.value.access ?? null;
  if (reader === null || decided !== "on") return decided;
  return now - reader.at <= READER_LIFETIME_MS ? decided : null;
}
