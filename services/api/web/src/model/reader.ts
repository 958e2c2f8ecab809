import type { ReaderView } from "../../../view.ts";

export interface ReaderWords {
  readonly tone: "locked" | "open";
  readonly title: string;
  /** What the reader last saw, for a few seconds; "" otherwise. */
  readonly last: string;
}

/** Long enough to be read by the person who has just held a card there. */
const LAST_SHOWN_MS = 15_000;

/** Who holds the point, or what a person at it has to do; null where no card reader is in use. */
export function readerWords(reader: ReaderView | null, carConnected: boolean): ReaderWords | null {
  if (reader === null) return null;
  return { tone: reader.locked ? "locked" : "open", title: titleOf(reader, carConnected), last: lastOf(reader) };
}

function titleOf({ reader, locked, card, lockInS }: ReaderView, carConnected: boolean): string {
  if (reader === "learn") return "Cards held before the reader are added to the list";
  if (reader === "delete" || reader === "delete-all") return "Cards held before the reader are removed from the list";
  if (reader === "remote") return "Cards are checked elsewhere";
  if (locked) return "Locked: present a card";
  const locks = lockInS === null ? "" : `, locks in ${lockInS} s`;
  if (card === null) return `Open without a card${locks}`;
  const who = card.user === null ? `card …${card.lastDigits}` : `${card.user} (card …${card.lastDigits})`;
  return `${carConnected ? "In use by" : "Open for"} ${who}${locks}`;
}

function lastOf({ lastRead }: ReaderView): string {
  if (lastRead === null || lastRead.ageMs > LAST_SHOWN_MS) return "";
  return `Card …${lastRead.card.lastDigits}: ${lastRead.words}`;
}
