import { randomUUID } from "node:crypto";
import type { Card, CardsChange, CardsChangeResult } from "../../../shared/contracts/rfid.ts";
import type { Gateway } from "../asks.ts";
import { HttpRefusal } from "./errors.ts";

/** As many as `cards.change` takes at once. */
const PART = 1_000;
/** A list that changes all the time is given up: its reader asks again. */
const TRIES = 5;

/** The whole list as its owner has it now. */
export async function cardList({ asks }: Gateway): Promise<{ version: string | null; cards: readonly Card[] }> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const first = await asks.cardPage(null);
    const cards = [...first.cards];
    let page = first;
    while (page.next !== null && page.version === first.version) {
      page = await asks.cardPage(page.next);
      cards.push(...page.cards);
    }
    if (page.version === first.version) return { version: first.version, cards };
  }
  throw new HttpRefusal(503, "cards.changing", "the card list keeps changing; try again in a moment");
}

/** Puts this list in the place of the old one, in parts that the bus takes. */
export async function replaceCards({ asks }: Gateway, cards: readonly Card[]): Promise<CardsChangeResult> {
  const upload = randomUUID();
  for (let from = 0; ; from += PART) {
    const last = from + PART >= cards.length;
    const change: CardsChange = { kind: "replace", upload, cards: cards.slice(from, from + PART), last };
    const result = await asks.changeCards(change);
    if (last || result.outcome === "full") return result;
  }
}
