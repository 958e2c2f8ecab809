import t from "tap";
import type { ReaderView } from "../../services/api/view.ts";
import { readerWords } from "../../services/api/web/src/model/reader.ts";

const view = (change: Partial<ReaderView>): ReaderView => ({
  reader: "enable-all",
  locked: false,
  card: null,
  lockInS: null,
  lastRead: null,
  ...change,
});
const ANNA = { user: "Anna", lastDigits: "E5F6" };

const cases: readonly (readonly [what: string, view: ReaderView, car: boolean, title: string])[] = [
  ["locked", view({ locked: true }), true, "Locked: present a card"],
  ["charging by name", view({ card: ANNA }), true, "In use by Anna (card …E5F6)"],
  ["charging by number", view({ card: { ...ANNA, user: null } }), true, "In use by card …E5F6"],
  ["open, no car yet", view({ card: ANNA, lockInS: 45 }), false, "Open for Anna (card …E5F6), locks in 45 s"],
  ["open by hand", view({ lockInS: 12 }), false, "Open without a card, locks in 12 s"],
  ["learning", view({ reader: "learn" }), false, "Cards held before the reader are added to the list"],
  ["deleting", view({ reader: "delete" }), false, "Cards held before the reader are removed from the list"],
  ["remote", view({ reader: "remote" }), false, "Cards are checked elsewhere"],
];
for (const [what, reader, car, title] of cases) {
  t.test(`the page says who holds a point: ${what}`, async t => {
    t.equal(readerWords(reader, car)?.title, title);
  });
}

t.test("without a reader there is nothing to say", async t => {
  t.equal(readerWords(null, true), null);
});

t.test("the last card is told for as long as somebody stands there", async t => {
  const lastRead = { words: "this card is not known", card: { user: null, lastDigits: "AA99" }, ageMs: 2_000 };
  t.equal(readerWords(view({ lastRead }), false)?.last, "Card …AA99: this card is not known");
  t.equal(readerWords(view({ lastRead: { ...lastRead, ageMs: 20_000 } }), false)?.last, "");
});
