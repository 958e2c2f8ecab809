import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import type { CardStore } from "../../services/rfid/cards.port.ts";
import { openRedisCards } from "../../services/rfid/drivers/redis-cards.ts";
import { openSqliteCards } from "../../services/rfid/drivers/sqlite-cards.ts";
import { openSqliteStore } from "../../services/settings/drivers/sqlite-store.ts";
import { StartRefused, StoreUnavailable } from "../../shared/errors.ts";
import { PATIENT, startRedis } from "../support/redis.ts";
import { cardStoreSuite } from "./card-store.suite.ts";

const freshDir = () => mkdtempSync(join(tmpdir(), "evse-cards-"));

t.test("SQLite", async t => {
  cardStoreSuite(t, () => {
    const dir = freshDir();
    return {
      name: "sqlite",
      open: () => openSqliteCards(join(dir, "data", "cards.db")),
      remove: () => rmSync(dir, { recursive: true }),
    };
  });

  t.test("only its owner may read the file", async t => {
    const dir = freshDir();
    const store = openSqliteCards(join(dir, "cards.db"));
    await store.putNote("x");
    for (const file of readdirSync(dir)) t.equal(statSync(join(dir, file)).mode & 0o077, 0, file);
    await store.close();
    rmSync(dir, { recursive: true });
  });

  t.test("a file that cannot be trusted is refused by name, with what to do", async t => {
    const dir = freshDir();
    const refusal = (file: string) => {
      try {
        void openSqliteCards(file).close();
      } catch (error) {
        return error instanceof StartRefused ? error.message : `not refused properly: ${String(error)}`;
      }
      return "accepted";
    };
    const text = join(dir, "text.db");
    writeFileSync(text, "no database\n".repeat(200));
    t.match(refusal(text), /text\.db: damaged or not a card file .*move it away to begin without cards/);
    await openSqliteStore(dir).close();
    t.match(refusal(join(dir, "settings.db")), /is an SQLite file of another program/);
    const held = openSqliteCards(join(dir, "held.db"));
    t.match(refusal(join(dir, "held.db")), /in use by another process/);
    await held.close();
    writeFileSync(join(dir, "file"), "");
    chmodSync(join(dir, "file"), 0o600);
    t.match(refusal(join(dir, "file", "cards.db")), /cards\.db: cannot be used/);
    rmSync(dir, { recursive: true });
  });
});

t.test("Redis", async t => {
  const redis = await startRedis();
  let sites = 0;
  t.teardown(() => redis.remove());
  cardStoreSuite(t, () => {
    const site = `site-${++sites}`;
    return { name: "redis", open: () => openRedisCards({ url: redis.url, site, ...PATIENT }), remove: () => undefined };
  });

  t.test("sites do not see each other's cards", async t => {
    const one = openRedisCards({ url: redis.url, site: "one", ...PATIENT });
    const other = openRedisCards({ url: redis.url, site: "other", ...PATIENT });
    await one.put({ baseVersion: null, version: "v1", put: [{ uid: "04AABBCC", user: null }], remove: [] });
    t.match(await other.load(), { version: null, cards: [] });
    await Promise.all([one.close(), other.close()]);
  });

  t.test("while Redis is away every call fails fast; nothing acknowledged is lost", async t => {
    const before = openRedisCards({ url: redis.url, site: "away", ...PATIENT });
    await before.put({ baseVersion: null, version: "v1", put: [{ uid: "04AABBCC", user: "Anna" }], remove: [] });
    await before.close();
    const store = openRedisCards({ url: redis.url, site: "away" });
    await loadedOnceThere(store);
    await redis.kill();
    await t.rejects(store.load(), StoreUnavailable);
    await t.rejects(store.put({ baseVersion: "v1", version: "v2", put: [], remove: [] }), StoreUnavailable);
    await redis.restart();
    t.match(await loadedOnceThere(store), { version: "v1", cards: [{ uid: "04AABBCC", user: "Anna" }] });
    await store.close();
  });

  t.test("an address that is none is refused without repeating it", async t => {
    t.throws(() => openRedisCards({ url: "http://user:hush@host", site: "x" }), {
      message: /^REDIS_URL: expected redis:(?!.*hush)/,
    });
  });
});

/** The first contact may take longer than the store waits for it. */
async function loadedOnceThere(store: CardStore): Promise<unknown> {
  for (;;) {
    const loaded = await store.load().catch(() => null);
    if (loaded !== null) return loaded;
  }
}
