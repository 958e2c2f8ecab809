import type { Step } from "../../shared/actor/actor.ts";
import { alike } from "../../shared/alike.ts";
import { lifetimeMs } from "../../shared/contracts/define.ts";
import { evseStatus } from "../../shared/contracts/evse.ts";
import {
  type Card,
  type CardLabel,
  type CardsChange,
  cardsDirectory,
  type ReaderMode,
  type ReadOutcome,
  type RfidStatus,
} from "../../shared/contracts/rfid.ts";
import type { AccessStatus } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { labelOf, verdictOn } from "./verdict.core.ts";

/** A point that nobody plugs into locks itself, and a car that only lost contact finds it open (spec control 1.5). */
export const LOCK_AFTER_MS = 60_000;
/** A charge point that has said nothing for this long is not known to be empty. */
const POINT_LIFETIME_MS = lifetimeMs(evseStatus);
/** The list's owner repeats itself every 2 s. */
const DIRECTORY_LIFETIME_MS = lifetimeMs(cardsDirectory);
const STATUS_EVERY_MS = 1_000;

/** What outlives a restart of the point: until the settings are heard, this is what holds. */
export interface Memory {
  readonly reader: ReaderMode;
  readonly access: AccessStatus;
  readonly holder: Card | null;
}

export interface RfidState {
  readonly evseId: string;
  /** Reader and access as the settings say; null = not heard since the start. */
  readonly settings: { readonly reader: ReaderMode; readonly access: AccessStatus } | null;
  readonly remembered: Memory | null;
  readonly cards: ReadonlyMap<string, Card>;
  readonly version: string | null;
  /** The version its owner told last, and when. */
  readonly directory: { readonly version: string | null; readonly at: Instant } | null;
  readonly point: { readonly carConnected: boolean; readonly at: Instant } | null;
  /** Since when access has been on without a car; null = the lock timer does not run. */
  readonly emptySince: Instant | null;
  /** Decided here, not yet in the settings. `from` is what they said then. */
  readonly wish: { readonly access: AccessStatus; readonly from: AccessStatus | null } | null;
  /** What the settings are being asked for at this moment. */
  readonly asking: AccessStatus | null;
  readonly clearing: boolean;
  /** The card that switched access on. */
  readonly holder: Card | null;
  /** What was last given to be remembered. */
  readonly kept: Memory | null;
  readonly reported: { readonly status: RfidStatus; readonly at: Instant } | null;
}

export type RfidInput =
  | { readonly kind: "settings"; readonly reader: ReaderMode; readonly access: AccessStatus }
  | { readonly kind: "point"; readonly carConnected: boolean }
  | { readonly kind: "directory"; readonly version: string | null }
  | { readonly kind: "copied"; readonly version: string | null; readonly cards: ReadonlyMap<string, Card> }
  | { readonly kind: "swiped"; readonly uid: string }
  /** The owner of the list has carried out what a learning or deleting reader asked for. */
  | { readonly kind: "list-changed"; readonly uid: string; readonly outcome: ReadOutcome }
  | { readonly kind: "asked"; readonly result: "done" | "refused" | "away" }
  | { readonly kind: "cleared" }
  | { readonly kind: "tick" };

export type RfidOutput =
  | { readonly kind: "ask-access"; readonly access: AccessStatus }
  | { readonly kind: "change-list"; readonly uid: string; readonly change: CardsChange }
  /** Empty the list, then switch the reader off (DeleteAll). */
  | { readonly kind: "clear-list" }
  | { readonly kind: "read"; readonly uid: string; readonly outcome: ReadOutcome; readonly card: CardLabel }
  | { readonly kind: "status"; readonly status: RfidStatus }
  | { readonly kind: "remember"; readonly memory: Memory };

type Handled = Step<RfidState, RfidOutput>;

export function beginRfid(
  evseId: string,
  kept: { readonly version: string | null; readonly cards: readonly Card[]; readonly memory: Memory | null },
): RfidState {
  return {
    evseId,
    settings: null,
    remembered: kept.memory,
    cards: new Map(kept.cards.map(card => [card.uid, card])),
    version: kept.version,
    directory: null,
    point: null,
    emptySince: null,
    wish: null,
    asking: null,
    clearing: false,
    holder: kept.memory?.holder ?? null,
    kept: kept.memory,
    reported: null,
  };
}

/** Access by card at one charge point: cards, settings and the car go in; access, records and status come out. */
export function readCards(state: RfidState, input: RfidInput, now: Instant): Handled {
  const heard = hear(state, input, now);
  const locked = lockEmpty(heard.state, now);
  const asked = askSettings(locked, input);
  const cleared = clearWhenAsked(asked.state, input);
  const kept = keep(cleared.state);
  const told = tell(kept.state, now);
  const parts = [heard, asked, cleared, kept, told];
  return { state: told.state, outputs: parts.flatMap(part => part.outputs) };
}

/** What holds here now: what was decided last, else the settings, else what was remembered. */
export function accessNow(state: RfidState): AccessStatus | null {
  return state.wish?.access ?? state.settings?.access ?? state.remembered?.access ?? null;
}

export function readerNow(state: RfidState): ReaderMode {
  return state.settings?.reader ?? state.remembered?.reader ?? "disabled";
}

function hear(state: RfidState, input: RfidInput, now: Instant): Handled {
  switch (input.kind) {
    case "settings":
      return only(hearSettings(state, { reader: input.reader, access: input.access }));
    case "point":
      return only({ ...state, point: { carConnected: input.carConnected, at: now } });
    case "directory":
      return only({ ...state, directory: { version: input.version, at: now } });
    case "copied":
      return only({ ...state, version: input.version, cards: input.cards });
    case "swiped":
      return swipe(state, input.uid, now);
    case "list-changed":
      return { state, outputs: [read(state, input.uid, input.outcome)] };
    case "asked":
      return only({ ...state, asking: null, wish: input.result === "refused" ? null : state.wish });
    case "cleared":
      return only({ ...state, clearing: false });
    case "tick":
      return only(state);
  }
}

/** A wish has come true, or somebody else has decided since: then the settings hold again. */
function hearSettings(state: RfidState, settings: NonNullable<RfidState["settings"]>): RfidState {
  const { wish, asking } = state;
  const settled =
    wish !== null &&
    asking === null &&
    (settings.access === wish.access || (wish.from !== null && settings.access !== wish.from));
  const next = { ...state, settings, remembered: null, wish: settled ? null : wish };
  const holds = byCard(settings.reader) && accessNow(next) !== "off";
  return holds ? next : { ...next, holder: null };
}

function swipe(state: RfidState, uid: string, now: Instant): Handled {
  const verdict = verdictOn(uid, {
    reader: readerNow(state),
    access: accessNow(state) ?? "off",
    cards: state.cards,
    holder: state.holder,
  });
  switch (verdict.kind) {
    case "change-list":
      return { state, outputs: [{ kind: "change-list", uid, change: verdict.change }] };
    case "leave":
      return { state, outputs: [read(state, uid, verdict.outcome)] };
    case "grant":
      return {
        state: { ...decide(state, "on"), holder: verdict.card, emptySince: now },
        outputs: [read(state, uid, "granted")],
      };
    case "end":
      return { state: { ...decide(state, "off"), holder: null }, outputs: [read(state, uid, "ended")] };
  }
}

function decide(state: RfidState, access: AccessStatus): RfidState {
  const from = state.settings?.access ?? state.remembered?.access ?? null;
  return { ...state, wish: { access, from } };
}

/** The lock timer runs while a card reader governs access, access is on and the point says that no car is there. */
function lockEmpty(state: RfidState, now: Instant): RfidState {
  const { point } = state;
  const empty = point !== null && now - point.at <= POINT_LIFETIME_MS && !point.carConnected;
  if (!empty || !byCard(readerNow(state)) || accessNow(state) !== "on") {
    return state.emptySince === null ? state : { ...state, emptySince: null };
  }
  const since = state.emptySince ?? now;
  if (now - since < LOCK_AFTER_MS) return { ...state, emptySince: since };
  return { ...decide(state, "off"), holder: null, emptySince: null };
}

/** Once at a time; a wish that could not be brought is brought again with the next tick. */
function askSettings(state: RfidState, input: RfidInput): Handled {
  const { wish, asking } = state;
  const away = input.kind === "asked" && input.result === "away";
  if (wish === null || asking !== null || away || state.settings?.access === wish.access) return only(state);
  return { state: { ...state, asking: wish.access }, outputs: [{ kind: "ask-access", access: wish.access }] };
}

/** DeleteAll is carried out once, then the reader is switched off; what did not work is tried again with the tick. */
function clearWhenAsked(state: RfidState, input: RfidInput): Handled {
  const due = input.kind === "tick" || input.kind === "settings";
  if (!due || state.clearing || state.settings?.reader !== "delete-all") return only(state);
  return { state: { ...state, clearing: true }, outputs: [{ kind: "clear-list" }] };
}

/** What is worth remembering, whenever it has changed. */
function keep(state: RfidState): Handled {
  const access = accessNow(state);
  if (access === null) return only(state);
  const memory: Memory = { reader: readerNow(state), access, holder: state.holder };
  const { kept } = state;
  const same =
    kept?.reader === memory.reader && kept.access === memory.access && kept.holder?.uid === memory.holder?.uid;
  if (same) return only(state);
  return { state: { ...state, kept: memory }, outputs: [{ kind: "remember", memory }] };
}

/** At once when something else than the running seconds has changed, and in its rhythm. */
function tell(state: RfidState, now: Instant): Handled {
  const status = statusOf(state, now);
  const last = state.reported;
  const same = last !== null && alike({ ...status, lockInS: 0 }, { ...last.status, lockInS: 0 });
  if (same && now - last.at < STATUS_EVERY_MS) return only(state);
  return { state: { ...state, reported: { status, at: now } }, outputs: [{ kind: "status", status }] };
}

function statusOf(state: RfidState, now: Instant): RfidStatus {
  const { settings, wish, directory, emptySince } = state;
  const ownerHeard = directory !== null && now - directory.at <= DIRECTORY_LIFETIME_MS;
  const current = ownerHeard && directory.version === state.version;
  return {
    evseId: state.evseId,
    reader: readerNow(state),
    access: settings !== null && (wish === null || wish.access === settings.access) ? null : accessNow(state),
    card: state.holder === null ? null : labelOf(state.holder),
    lockInS: emptySince === null ? null : Math.max(0, Math.ceil((emptySince + LOCK_AFTER_MS - now) / 1_000)),
    cards: state.cards.size,
    directory: current ? "current" : state.version === null ? "none" : "copy",
  };
}

function read(state: RfidState, uid: string, outcome: ReadOutcome): RfidOutput {
  return { kind: "read", uid, outcome, card: labelOf(state.cards.get(uid) ?? { uid, user: null }) };
}

/** The modes in which cards of the list switch access. */
function byCard(reader: ReaderMode): boolean {
  return reader === "enable-all" || reader === "enable-one";
}

function only(state: RfidState): Handled {
  return { state, outputs: [] };
}
