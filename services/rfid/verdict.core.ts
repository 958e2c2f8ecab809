import type { Card, CardLabel, CardsChange, ReaderMode, ReadOutcome } from "../../shared/contracts/rfid.ts";
import type { AccessStatus } from "../../shared/contracts/units.ts";

/** What a card that is held before a reader brings about. */
export type Verdict =
  | { readonly kind: "grant"; readonly card: Card }
  | { readonly kind: "end" }
  /** For the owner of the list to decide. */
  | { readonly kind: "change-list"; readonly change: CardsChange }
  /** Nothing changes here. */
  | { readonly kind: "leave"; readonly outcome: ReadOutcome };

export interface Reading {
  readonly reader: ReaderMode;
  readonly access: AccessStatus;
  readonly cards: ReadonlyMap<string, Card>;
  readonly holder: Card | null;
}

/** The rules of the RFID setting (spec control 10.1). */
export function verdictOn(uid: string, { reader, access, cards, holder }: Reading): Verdict {
  const known = cards.get(uid);
  switch (reader) {
    case "disabled":
      return leave("disabled");
    case "enable-all":
      if (known === undefined) return leave("unknown");
      return access === "on" ? { kind: "end" } : { kind: "grant", card: known };
    case "enable-one":
      if (known === undefined) return leave("unknown");
      if (access === "off") return { kind: "grant", card: known };
      // On or paused: the point is held, and only its holder may give it back.
      return holder?.uid === uid ? { kind: "end" } : leave("ignored");
    case "learn":
      return { kind: "change-list", change: { kind: "add", uid, user: null } };
    case "delete":
      return { kind: "change-list", change: { kind: "remove", uid } };
    case "delete-all":
      return leave("not-stored");
    case "remote":
      return leave("forwarded");
  }
}

/** The card as it may be shown: its user, and the last digits of its number. */
export function labelOf({ uid, user }: Card): CardLabel {
  return { user, lastDigits: uid.slice(-4) };
}

function leave(outcome: ReadOutcome): Verdict {
  return { kind: "leave", outcome };
}
