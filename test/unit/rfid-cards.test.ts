import fc from "fast-check";
import t from "tap";
import { batchBetween, type CardList, changeCards, listOf, MAX_CARDS, pageOf } from "../../services/rfid/cards.core.ts";
import { lastDigitsOf, legacyDigitsOf, parseUid } from "../../shared/card-uid.ts";
import type { Card, CardsChange } from "../../shared/contracts/rfid.ts";

const EMPTY = listOf({ version: null, cards: [] });

let count = 0;
const change = (state: CardList, wish: CardsChange) => {
  const step = changeCards(state, { change: wish, nextVersion: `v${++count}` });
  const outcome = step.outputs.find(output => output.kind === "outcome")?.outcome;
  const batch = step.outputs.find(output => output.kind === "store")?.batch;
  return { state: step.state, outcome, batch };
};
const uidOf = (number: number) => number.toString(16).toUpperCase().padStart(14, "04A00000000000");
const many = (length: number, from = 0): Card[] =>
  Array.from({ length }, (_, index) => ({ uid: uidOf(from + index), user: null }));

const forms: readonly (readonly [what: string, text: string, uid: string])[] = [
  ["4 bytes", "04aabbcc", "04AABBCC"],
  ["6 bytes of an old reader", "0102030405FF", "0102030405FF"],
  ["7 bytes", "04A1B2C3D4E5F6", "04A1B2C3D4E5F6"],
  ["10 bytes", "04A1B2C3D4E5F6071829", "04A1B2C3D4E5F6071829"],
  ["6 bytes behind the old reader's family code", "010A0B0C0D0E0F", "0A0B0C0D0E0F"],
  ["4 bytes filled to 7", "04AABBCC000000", "04AABBCC"],
  ["4 bytes filled to 6", "04AABBCC0000", "04AABBCC"],
  ["4 bytes filled to 6 behind the family code", "0104AABBCC0000", "04AABBCC"],
  ["blanks around", " 04AABBCC\r", "04AABBCC"],
];
for (const [what, text, uid] of forms) {
  t.test(`a card has one number, whichever reader saw it: ${what}`, async t => {
    t.strictSame(parseUid(text), { ok: true, uid });
  });
}

t.test("what is no card number is refused with what would be one", async t => {
  t.match(parseUid("04AABBXX"), { ok: false, reason: "not-hex", error: "expected hex digits only" });
  t.match(parseUid("04AABB"), { ok: false, reason: "length", error: /8, 12, 14 or 20 hex digits.* got 6/ });
  t.match(parseUid(""), { ok: false, reason: "length" });
});

t.test("parsing a number twice changes nothing, and it is shown by its last digits only", async t => {
  const digits = fc
    .constantFrom(8, 12, 14, 20)
    .chain(length =>
      fc.array(fc.constantFrom(...Array.from("0123456789ABCDEF")), { minLength: length, maxLength: length }),
    );
  fc.assert(
    fc.property(digits, parts => {
      const parsed = parseUid(parts.join(""));
      if (!parsed.ok) return false;
      const again = parseUid(parsed.uid);
      const legacy = parseUid(legacyDigitsOf(parsed.uid));
      // A number beginning with 01 cannot be told, in the legacy form, from 6 bytes behind the family code.
      const ambiguous = [8, 14].includes(parsed.uid.length) && parsed.uid.startsWith("01");
      return ambiguous || (again.ok && again.uid === parsed.uid && legacy.ok && legacy.uid === parsed.uid);
    }),
  );
  t.equal(lastDigitsOf("04A1B2C3D4E5F6"), "E5F6");
});

t.test("a card is added once, gets a name, and is removed; each change names a new version", async t => {
  const added = change(EMPTY, { kind: "add", uid: "04AABBCC", user: null });
  t.equal(added.outcome, "stored");
  t.match(added.batch, { baseVersion: null, version: added.state.version, put: [{ uid: "04AABBCC", user: null }] });
  const again = change(added.state, { kind: "add", uid: "04AABBCC", user: null });
  t.match(again, { outcome: "already-stored", batch: undefined });
  const named = change(added.state, { kind: "add", uid: "04AABBCC", user: "Anna" });
  t.equal(named.outcome, "renamed");
  const learnt = change(named.state, { kind: "add", uid: "04AABBCC", user: null });
  t.match(learnt, { outcome: "already-stored" }, "learning a card again does not take its name away");
  const removed = change(named.state, { kind: "remove", uid: "04AABBCC" });
  t.match(removed, { outcome: "deleted", batch: { remove: ["04AABBCC"], put: [] } });
  t.match(change(removed.state, { kind: "remove", uid: "04AABBCC" }), { outcome: "not-stored" });
  t.equal(new Set([added, named, removed].map(step => step.state.version)).size, 3);
});

t.test("the list takes 20,000 cards, the last of them too, and then says that it is full", async t => {
  const full = listOf({ version: "v", cards: many(MAX_CARDS) });
  t.match(change(full, { kind: "add", uid: "FFFFFFFF", user: null }), { outcome: "full", batch: undefined });
  t.equal(full.cards.has(uidOf(MAX_CARDS - 1)), true);
  t.match(change(full, { kind: "remove", uid: uidOf(MAX_CARDS - 1) }), { outcome: "deleted" });
});

t.test("a new list takes effect with its last part, and writes only what is different", async t => {
  const before = listOf({ version: "v0", cards: many(3) });
  const first = change(before, { kind: "replace", upload: "a", cards: many(2, 1), last: false });
  t.match(first, { outcome: "more", batch: undefined });
  t.equal(first.state.cards.size, 3, "until then the old list holds");
  const other = change(first.state, { kind: "replace", upload: "b", cards: [], last: false });
  const last = change(other.state, { kind: "replace", upload: "a", cards: many(1, 9), last: true });
  t.equal(last.outcome, "replaced");
  t.strictSame([...last.state.cards.keys()], [uidOf(1), uidOf(2), uidOf(9)]);
  t.match(last.batch, { baseVersion: "v0", put: [{ uid: uidOf(9) }], remove: [uidOf(0)] });
  let many20 = change(before, { kind: "replace", upload: "c", cards: many(1_000), last: false });
  for (let part = 1; part <= 20; part += 1) {
    many20 = change(many20.state, {
      kind: "replace",
      upload: "c",
      cards: many(1_000, part * 1_000),
      last: part === 20,
    });
  }
  t.match(many20, { outcome: "full", batch: undefined }, "too long a list changes nothing");
  t.equal(many20.state.cards.size, 3);
});

t.test("lists that were begun and never finished are forgotten", async t => {
  let { state } = change(EMPTY, { kind: "replace", upload: "begun", cards: many(1), last: false });
  for (const upload of ["a", "b", "c", "d"]) {
    ({ state } = change(state, { kind: "replace", upload, cards: many(1), last: false }));
  }
  t.strictSame([...state.uploads.keys()], ["a", "b", "c", "d"]);
});

t.test("the pages of a list are the list, whatever its length", async () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_700 }), length => {
      const list = listOf({ version: "v", cards: many(length).reverse() });
      const seen: string[] = [];
      let after: string | null = null;
      do {
        const page = pageOf(list, after);
        if (page.cards.length > 500) return false;
        seen.push(...page.cards.map(card => card.uid));
        after = page.next;
      } while (after !== null);
      return (
        seen.join() ===
        many(length)
          .map(card => card.uid)
          .join()
      );
    }),
    { numRuns: 30 },
  );
});

t.test("what is written between two lists turns the one into the other", async () => {
  const cards = fc.uniqueArray(
    fc.record({ uid: fc.integer({ min: 0, max: 30 }).map(uidOf), user: fc.option(fc.constantFrom("Anna", "Bert")) }),
    { selector: card => card.uid },
  );
  fc.assert(
    fc.property(cards, cards, (one, other) => {
      const before = listOf({ version: "1", cards: one });
      const after = listOf({ version: "2", cards: other });
      const batch = batchBetween(before, after);
      const result = new Map(before.cards);
      for (const uid of batch.remove) result.delete(uid);
      for (const card of batch.put) result.set(card.uid, card);
      const sorted = (list: ReadonlyMap<string, Card>) =>
        JSON.stringify([...list.values()].sort((a, b) => (a.uid < b.uid ? -1 : 1)).map(card => [card.uid, card.user]));
      return sorted(result) === sorted(after.cards);
    }),
  );
});
