import type t from "tap";
import type { CardStore } from "../../services/rfid/cards.port.ts";
import { StoreUnavailable } from "../../shared/errors.ts";

/** A place for cards under test: each `open` is a process of its own that finds what the one before it left. */
export interface CardPlace {
  readonly name: string;
  open(): CardStore;
  remove(): Promise<void> | void;
}

type Tap = Pick<typeof t, "test">;

/** What every card store has to do, wherever it keeps them. */
export function cardStoreSuite(tap: Tap, freshPlace: () => CardPlace | Promise<CardPlace>): void {
  const ANNA = { uid: "04A1B2C3D4E5F6", user: "Anna" };
  const BERT = { uid: "04AABBCC", user: null };

  tap.test("begins empty", async t => {
    const place = await freshPlace();
    const store = place.open();
    t.strictSame(await store.load(), { version: null, cards: [], note: null });
    await store.close();
    await place.remove();
  });

  tap.test("keeps cards, names, version and note over a restart, in the order of the numbers", async t => {
    const place = await freshPlace();
    const store = place.open();
    await store.put({ baseVersion: null, version: "v1", put: [BERT, ANNA], remove: [] });
    await store.putNote('{"reader":"enable-one"}');
    await store.close();
    const again = place.open();
    t.strictSame(await again.load(), { version: "v1", cards: [ANNA, BERT], note: '{"reader":"enable-one"}' });
    await again.put({
      baseVersion: "v1",
      version: "v2",
      put: [{ ...BERT, user: "Bert, 2nd floor" }],
      remove: [ANNA.uid, "FFFFFFFF"],
    });
    t.match(await again.load(), { version: "v2", cards: [{ uid: BERT.uid, user: "Bert, 2nd floor" }] });
    await again.close();
    await place.remove();
  });

  tap.test("refuses a batch that was judged against another version, and keeps what it has", async t => {
    const place = await freshPlace();
    const store = place.open();
    await store.put({ baseVersion: null, version: "v1", put: [ANNA], remove: [] });
    for (const baseVersion of [null, "v0"]) {
      await t.rejects(store.put({ baseVersion, version: "v2", put: [BERT], remove: [ANNA.uid] }), StoreUnavailable);
    }
    t.strictSame(await store.load(), { version: "v1", cards: [ANNA], note: null });
    await store.close();
    await place.remove();
  });

  tap.test("takes 20,000 cards at once, and any number of changes", async t => {
    const place = await freshPlace();
    const store = place.open();
    const cards = Array.from({ length: 20_000 }, (_, index) => ({
      uid: index.toString(16).toUpperCase().padStart(14, "04A00000000000"),
      user: `user ${index}`,
    }));
    await store.put({ baseVersion: null, version: "v0", put: cards, remove: [] });
    t.strictSame((await store.load()).cards, cards);
    for (let n = 0; n < 20; n += 1) {
      await store.put({ baseVersion: `v${n}`, version: `v${n + 1}`, put: [], remove: [cards[n]?.uid ?? ""] });
    }
    t.equal((await store.load()).cards.length, 19_980);
    await store.close();
    await place.remove();
  });
}
