import { legacyDigitsOf, parseUid } from "../../shared/card-uid.ts";
import { type Card, cardUser } from "../../shared/contracts/rfid.ts";

export type ParsedCards =
  | { readonly ok: true; readonly cards: readonly Card[] }
  | { readonly ok: false; readonly error: string };

/** A list of cards as text, `rfid.txt`: one number per line; a comma and a name may follow. Blank lines are passed over. */
export function parseCardText(text: string): ParsedCards {
  const cards: Card[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .entries()) {
    if (line.trim() === "") continue;
    const comma = line.indexOf(",");
    const parsed = parseUid(comma < 0 ? line : line.slice(0, comma));
    if (!parsed.ok) return { ok: false, error: `line ${index + 1}: ${parsed.error}` };
    const name = comma < 0 ? "" : line.slice(comma + 1).trim();
    const user = name === "" ? null : cardUser.safeParse(name);
    if (user?.success === false) {
      return { ok: false, error: `line ${index + 1}: expected a name of at most 40 characters on one line` };
    }
    cards.push({ uid: parsed.uid, user: user?.data ?? null });
  }
  return { ok: true, cards };
}

/** The numbers alone, as a SmartEVSE takes them; a 4-byte number is filled with zeros. */
export function cardText(cards: readonly Card[]): string {
  return cards.map(({ uid }) => `${legacyDigitsOf(uid)}\n`).join("");
}
