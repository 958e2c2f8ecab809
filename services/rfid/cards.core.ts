import type { Step } from "../../shared/actor/actor.ts";
import type { Card, CardsChange, CardsChangeResult } from "../../shared/contracts/rfid.ts";
import type { CardBatch, StoredCards } from "./cards.port.ts";

/** Room for a large site; a list of that length is fetched in a second and compared in milliseconds. */
export const MAX_CARDS = 20_000;
/** Cards on one page of the list, well below the 1 MB that NATS takes at once. */
const PAGE_CARDS = 500;
/** Lists that are being sent at the same time; older ones that were never finished are forgotten. */
const MAX_UPLOADS = 4;

/** The cards of the site, by number. */
export interface CardList {
  readonly version: string | null;
  readonly cards: ReadonlyMap<string, Card>;
  /** Lists of which not all parts have come. */
  readonly uploads: ReadonlyMap<string, readonly Card[]>;
}

export interface CardsWish {
  readonly change: CardsChange;
  /** What the list is called if this changes it. */
  readonly nextVersion: string;
}

export type CardsOutput =
  /** To be durable before the new state comes into force. */
  | { readonly kind: "store"; readonly batch: CardBatch }
  | { readonly kind: "outcome"; readonly outcome: CardsChangeResult["outcome"] };

export function listOf({ version, cards }: Pick<StoredCards, "version" | "cards">): CardList {
  return { version, cards: new Map(cards.map(card => [card.uid, card])), uploads: new Map() };
}

/** Carries out one change of the list, or says why there is nothing to change. */
export function changeCards(state: CardList, { change, nextVersion }: CardsWish): Step<CardList, CardsOutput> {
  const outcome = (word: CardsChangeResult["outcome"], next = state): Step<CardList, CardsOutput> => ({
    state: next,
    outputs: [{ kind: "outcome", outcome: word }],
  });
  switch (change.kind) {
    case "add": {
      const known = state.cards.get(change.uid);
      if (known !== undefined && (change.user === null || change.user === known.user)) return outcome("already-stored");
      if (known === undefined && state.cards.size >= MAX_CARDS) return outcome("full");
      const next = new Map(state.cards).set(change.uid, { uid: change.uid, user: change.user });
      return become(state, next, nextVersion, known === undefined ? "stored" : "renamed");
    }
    case "remove": {
      if (!state.cards.has(change.uid)) return outcome("not-stored");
      const next = new Map(state.cards);
      next.delete(change.uid);
      return become(state, next, nextVersion, "deleted");
    }
    case "clear":
      return become(state, new Map(), nextVersion, "cleared");
    case "replace": {
      const sent = [...(state.uploads.get(change.upload) ?? []), ...change.cards];
      const uploads = new Map(state.uploads);
      uploads.delete(change.upload);
      if (sent.length > MAX_CARDS) return outcome("full", { ...state, uploads });
      if (!change.last) return outcome("more", { ...state, uploads: newest(uploads.set(change.upload, sent)) });
      const next = new Map(sent.map(card => [card.uid, card]));
      return become({ ...state, uploads }, next, nextVersion, "replaced");
    }
  }
}

/** One page of the list, beginning behind a number. */
export function pageOf(state: CardList, after: string | null): { cards: readonly Card[]; next: string | null } {
  const behind = [...state.cards.values()]
    .filter(({ uid }) => after === null || uid > after)
    .sort((a, b) => (a.uid < b.uid ? -1 : 1));
  const cards = behind.slice(0, PAGE_CARDS);
  return { cards, next: behind.length > PAGE_CARDS ? (cards.at(-1)?.uid ?? null) : null };
}

/** What has to be written to turn one list into another. */
export function batchBetween(before: CardList, after: Omit<CardList, "uploads">): CardBatch {
  return {
    baseVersion: before.version,
    version: after.version,
    put: [...after.cards.values()].filter(({ uid, user }) => {
      const known = before.cards.get(uid);
      return known === undefined || known.user !== user;
    }),
    remove: [...before.cards.keys()].filter(uid => !after.cards.has(uid)),
  };
}

function become(
  before: CardList,
  cards: ReadonlyMap<string, Card>,
  version: string,
  outcome: CardsChangeResult["outcome"],
): Step<CardList, CardsOutput> {
  const state = { ...before, cards, version };
  return {
    state,
    outputs: [
      { kind: "store", batch: batchBetween(before, state) },
      { kind: "outcome", outcome },
    ],
  };
}

function newest(uploads: ReadonlyMap<string, readonly Card[]>): ReadonlyMap<string, readonly Card[]> {
  return new Map([...uploads].slice(-MAX_UPLOADS));
}
