import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Redis } from "ioredis";
import t from "tap";
import { openRedisStore } from "../../services/settings/drivers/redis-store.ts";
import { openSqliteStore } from "../../services/settings/drivers/sqlite-store.ts";
import type { SettingsStore } from "../../services/settings/settings.port.ts";
import { messageOf, StartRefused } from "../../shared/errors.ts";
import { PATIENT, startRedis } from "../support/redis.ts";
import { settingsStoreSuite } from "./settings-store.suite.ts";

const aValue = { baseRevision: 0, revision: 1, values: [{ key: "current_main", evseId: null, value: 16 }], audit: [] };

const freshDir = () => mkdtempSync(join(tmpdir(), "evse-settings-"));

t.test("sqlite", async t => {
  settingsStoreSuite(t, "sqlite", async () => {
    const dir = freshDir();
    return {
      open: () => openSqliteStore(dir),
      remove: async () => rmSync(dir, { recursive: true }),
    };
  });

  t.test("sqlite: the file is readable by its owner alone, and so are its side files", async t => {
    const dir = freshDir();
    const store = openSqliteStore(dir);
    await store.put(aValue);
    t.equal(statSync(join(dir, "settings.db")).mode & 0o777, 0o600);
    t.equal(statSync(join(dir, "settings.db-wal")).mode & 0o777, 0o600);
    await store.close();
    rmSync(dir, { recursive: true });
  });

  t.test("sqlite: a second process on the same data directory is told so, until the first one ends", async t => {
    const dir = freshDir();
    const code = `
      import { openSqliteStore } from "./services/settings/drivers/sqlite-store.ts";
      openSqliteStore(${JSON.stringify(dir)});
      console.log("open");
      setInterval(() => undefined, 1000);`;
    const other = spawn(process.execPath, ["--input-type=module", "-e", code], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(other.stdout, "data");
    t.throws(() => openSqliteStore(dir), { code: "start.refused", message: /in use by another process/ });
    t.match(refusalOf(dir), dir);
    const exited = once(other, "exit");
    other.kill("SIGKILL");
    await exited;
    await openSqliteStore(dir).close();
    rmSync(dir, { recursive: true });
  });

  t.test("sqlite: a file that is none is refused with its name and what to do, and left as it is", async t => {
    const dir = freshDir();
    const file = join(dir, "settings.db");
    const text = "this is a shopping list, not a database. ".repeat(300);
    writeFileSync(file, text);
    const refusal = refusalOf(dir);
    t.match(refusal, file);
    t.match(refusal, /damaged or not a settings file .*move it away/);
    t.equal(readFileSync(file, "utf8"), text);
    rmSync(dir, { recursive: true });
  });

  t.test("sqlite: a file with damaged pages is refused", async t => {
    const dir = freshDir();
    const file = join(dir, "settings.db");
    const store = openSqliteStore(dir);
    const values = Array.from({ length: 400 }, (_, index) => ({
      key: `mqtt_host_${index}`,
      evseId: null,
      value: "x".repeat(60),
    }));
    await store.put({ baseRevision: 0, revision: 1, values, audit: [] });
    await store.close();
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 4096, bytes.length - 100);
    writeFileSync(file, bytes);
    t.match(refusalOf(dir), /settings\.db: damaged/);
    rmSync(dir, { recursive: true });
  });

  t.test("sqlite: a value that is not JSON is refused by name", async t => {
    const dir = freshDir();
    await openSqliteStore(dir).close();
    const database = new DatabaseSync(join(dir, "settings.db"));
    database.exec("INSERT INTO setting VALUES ('', 'current_main', '{twentyfive')");
    database.close();
    t.match(refusalOf(dir), /the value of current_main is not JSON/);
    rmSync(dir, { recursive: true });
  });

  t.test("sqlite: a foreign database and one of a newer version are refused", async t => {
    const dir = freshDir();
    const foreign = new DatabaseSync(join(dir, "settings.db"));
    foreign.exec("CREATE TABLE bookmark (url TEXT)");
    foreign.close();
    t.match(refusalOf(dir), /another program/);
    rmSync(join(dir, "settings.db"));
    await openSqliteStore(dir).close();
    const newer = new DatabaseSync(join(dir, "settings.db"));
    newer.exec("PRAGMA user_version = 7");
    newer.close();
    t.match(refusalOf(dir), /newer version \(layout 7, this one knows 1\)/);
    rmSync(dir, { recursive: true });
  });

  t.test("sqlite: a data directory that cannot be one is named", async t => {
    const dir = freshDir();
    mkdirSync(join(dir, "settings.db"));
    t.match(refusalOf(dir), dir);
    writeFileSync(join(dir, "a-file"), "");
    t.match(refusalOf(join(dir, "a-file")), /settings\.db: cannot be used: .*; choose another DATA_DIR/);
    rmSync(dir, { recursive: true });
  });
});

t.test("redis", async t => {
  const server = await startRedis();
  t.teardown(() => server.remove());
  let sites = 0;
  settingsStoreSuite(t, "redis", async () => {
    const site = `site-${++sites}`;
    return { open: () => openRedisStore({ url: server.url, site, ...PATIENT }), remove: async () => undefined };
  });

  t.test("redis: everything lies under edge-evse:<site>:", async t => {
    const store = openRedisStore({ url: server.url, site: "keys", ...PATIENT });
    await store.put(aValue);
    const redis = new Redis(server.url);
    t.same((await redis.keys("*keys*")).sort(), ["edge-evse:keys:revision", "edge-evse:keys:settings"]);
    redis.disconnect();
    await store.close();
  });

  t.test("redis: a damaged value is refused by name", async t => {
    const redis = new Redis(server.url);
    await redis.hset("edge-evse:broken:settings", "/current_main", "{twentyfive");
    redis.disconnect();
    const store = openRedisStore({ url: server.url, site: "broken", ...PATIENT });
    await t.rejects(store.load(), {
      code: "start.refused",
      message: /\/current_main of edge-evse:broken:settings is damaged/,
    });
    await store.close();
  });

  t.test("redis: fails fast while the server is away, loses nothing, and works again when it is back", async t => {
    const before = openRedisStore({ url: server.url, site: "outage", ...PATIENT });
    await before.put(aValue);
    await before.close();
    const store = openRedisStore({ url: server.url, site: "outage" });
    t.strictSame(await loadedOnceThere(store), { revision: 1, values: aValue.values });
    await server.kill();
    // The connection would come back within seconds: an answer before that is no waiting for it.
    await t.rejects(store.put({ ...aValue, baseRevision: 1, revision: 2 }), { code: "store.unavailable" });
    await t.rejects(store.load(), { code: "store.unavailable", message: /redis 127\.0\.0\.1:\d+: / });
    await server.restart();
    t.strictSame(await loadedOnceThere(store), { revision: 1, values: aValue.values });
    await store.close();
  });

  t.test("redis: an address that is none is refused without repeating its password", async t => {
    const open = () => openRedisStore({ url: "http://user:geheim@host", site: "x" });
    t.throws(open, { code: "start.refused", message: /REDIS_URL: expected redis:\/\// });
    t.notMatch(thrownBy(open), /geheim/);
  });
});

/** The first contact may take longer than the store waits for it. */
async function loadedOnceThere(store: SettingsStore): Promise<unknown> {
  for (;;) {
    const loaded = await store.load().catch(() => null);
    if (loaded !== null) return loaded;
  }
}

function refusalOf(dir: string): string {
  return thrownBy(() => void openSqliteStore(dir), StartRefused);
}

function thrownBy(run: () => unknown, type: new (...args: never[]) => Error = Error): string {
  try {
    run();
  } catch (error) {
    return error instanceof type ? messageOf(error) : `another error: ${messageOf(error)}`;
  }
  return "nothing was thrown";
}
