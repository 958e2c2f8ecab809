import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { ServiceBroker } from "moleculer";
import t from "tap";
import { openRedisStore } from "../../services/settings/drivers/redis-store.ts";
import { openSqliteStore } from "../../services/settings/drivers/sqlite-store.ts";
import type { SettingsStore } from "../../services/settings/settings.port.ts";
import { settingsService } from "../../services/settings/settings.service.ts";
import { request, subscribe } from "../../shared/bus/bus.ts";
import { type SettingsCurrent, settingsCurrent, settingsUpdate } from "../../shared/contracts/settings.ts";
import { messageOf } from "../../shared/errors.ts";
import { parseSite } from "../../shared/site/site-file.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { PATIENT, startRedis } from "../support/redis.ts";

const siteText = (settings = "{}") => `
site: test
chargePoints: [{ id: left, serial: 1001 }, { id: right, serial: 1002 }]
services: [{ service: settings }]
settings: ${settings}
`;

interface Running {
  readonly broker: ServiceBroker;
  readonly clock: ManualClock;
  readonly facts: SettingsCurrent[];
  readonly logged: string[];
  readonly stop: () => Promise<void>;
}

async function start(store: SettingsStore, settings?: string): Promise<Running> {
  const clock = new ManualClock();
  const facts: SettingsCurrent[] = [];
  const logged: string[] = [];
  const broker = new ServiceBroker({ logger: false });
  const keep = (...args: unknown[]) => logged.push(JSON.stringify(args));
  const logger = { ...broker.logger, info: keep, warn: keep, error: keep };
  broker.getLogger = () => logger;
  const site = parseSite(siteText(settings), "test.yaml");
  broker.createService(settingsService({ broker, clock, site, store, mainsMeterPresent: false }));
  broker.createService({ name: "listener", events: subscribe(settingsCurrent, fact => facts.push(fact)) });
  await broker.start();
  return { broker, clock, facts, logged, stop: () => broker.stop() };
}

const ask = (broker: ServiceBroker, changes: { key: string; evseId: string | null; value: number | string }[]) =>
  request(broker, settingsUpdate, "settings", { by: "rest", changes });

/** The code with which a request was refused, as it crosses the bus. */
const refusalType = (asked: Promise<unknown>) =>
  asked.then(
    () => "accepted",
    (error: unknown) => (error as { type?: unknown }).type,
  );

const freshDir = () => mkdtempSync(join(tmpdir(), "evse-settings-"));

t.test("tells the settings at start, every two seconds, and at once on a change", async t => {
  const dir = freshDir();
  const { broker, clock, facts, stop } = await start(openSqliteStore(dir), "{ site: { current_main: 16 } }");
  t.match(facts, [{ revision: 0, site: { current_main: 16 }, points: { left: { mode: 0 }, right: { mode: 0 } } }]);
  // Once when the store was read, once when every service of the node listens, three repetitions.
  clock.advance(6_000);
  t.equal(facts.length, 5);
  const result = await ask(broker, [{ key: "current_main", evseId: null, value: 32 }]);
  t.match(result, { revision: 1, outcomes: [{ key: "current_main", ok: true, value: 32, error: null }] });
  t.equal(facts.length, 6);
  t.match(facts.at(-1), { revision: 1, site: { current_main: 32 } });
  await stop();
  clock.advance(10_000);
  t.equal(facts.length, 6, "nothing after the stop");
  rmSync(dir, { recursive: true });
});

t.test("what was acknowledged is there after a restart, with who changed it and no secret", async t => {
  const dir = freshDir();
  const first = await start(openSqliteStore(dir));
  await ask(first.broker, [
    { key: "current_max", evseId: "left", value: 32 },
    { key: "mqtt_password", evseId: null, value: "geheim" },
  ]);
  t.notMatch(JSON.stringify([first.facts, first.logged]), /geheim/);
  t.match(first.logged.join(), /setting changed/);
  await first.stop();

  const second = await start(openSqliteStore(dir), "{ points: { left: { current_max: 10 } } }");
  t.match(second.facts, [
    { revision: 1, points: { left: { current_max: 32 } }, secretsSet: { site: ["mqtt_password"] } },
  ]);
  await second.stop();

  const store = openSqliteStore(dir);
  t.match(await store.audit(10), [
    { by: "rest", key: "mqtt_password", to: "(hidden)" },
    { by: "rest", key: "current_max", evseId: "left", from: 16, to: 32 },
  ]);
  await store.close();
  rmSync(dir, { recursive: true });
});

t.test("twenty updates at once are judged one after another and all kept", async t => {
  const dir = freshDir();
  const { broker, stop } = await start(openSqliteStore(dir));
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) => ask(broker, [{ key: "current_main", evseId: null, value: 10 + index }])),
  );
  t.strictSame(
    results.map(result => result.revision),
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
  await stop();
  const store = openSqliteStore(dir);
  t.same(await store.load(), { revision: 20, values: [{ key: "current_main", evseId: null, value: 29 }] });
  await store.close();
  rmSync(dir, { recursive: true });
});

/** What a foreign client may send: not what our own types allow. */
const BROKEN: readonly (readonly [params: unknown, error: RegExp])[] = [
  [{}, /by: .*changes: /],
  [null, /settings\.update: /],
  [{ by: "", changes: [{ key: "lcd_pin", evseId: null, value: 1 }] }, /by: Too small: expected string to have >=1/],
  [{ by: "rest", changes: [] }, /changes: Too small/],
  [{ by: "rest", changes: "all" }, /changes: Invalid input: expected array/],
  [{ by: "rest", changes: [{ evseId: null, value: 1 }] }, /changes\.0\.key: Invalid input: expected string/],
  [{ by: "rest", changes: [{ key: "lcd_pin", value: 1 }] }, /changes\.0\.evseId: /],
  [
    { by: "rest", changes: [{ key: "lcd_pin", evseId: "LEFT!", value: 1 }] },
    /changes\.0\.evseId: expected 1 to 32 of a-z/,
  ],
  [{ by: "rest", changes: [{ key: "lcd_pin", evseId: null, value: Number.NaN }] }, /changes\.0\.value: /],
  [{ by: "rest", changes: [{ key: "lcd_pin", evseId: null, value: { a: 1 } }] }, /changes\.0\.value: /],
  [
    { by: "rest", changes: Array.from({ length: 201 }, () => ({ key: "lcd_pin", evseId: null, value: 1 })) },
    /changes: Too big: expected array to have <=200/,
  ],
];

/** Well-formed, and still not acceptable. */
const REFUSED: readonly (readonly [key: string, evseId: string | null, value: number | string, error: RegExp])[] = [
  ["current_min", null, 5, /^current_min: expected 6\.\.16 A, got 5$/],
  ["current_min", null, 17, /expected 6\.\.16 A, got 17/],
  ["current_main", null, 9, /expected 10\.\.200 A, got 9/],
  ["current_main", null, -1e9, /expected 10\.\.200 A/],
  ["current_main", null, 25.5, /expected 10\.\.200 A, got 25\.5/],
  ["current_main", null, "25", /expected 10\.\.200 A, got "25"/],
  ["current_max", "left", 81, /expected 6\.\.80 A, got 81/],
  ["current_max", null, 16, /belongs to one charge point; expected evseId, one of: left, right/],
  ["current_max", "middle", 16, /no charge point is called "middle"; expected one of: left, right/],
  ["current_main", "left", 25, /belongs to the whole site/],
  ["curent_min", null, 8, /no such setting; did you mean current_min/],
  ["__proto__", null, 8, /no such setting/],
  ["mode", "left", 7, /expected one of 0 Normal, 1 Smart, 2 Solar, got 7/],
  ["mode", "left", 1, /Smart needs a mains meter/],
  ["mode", "left", 2, /Solar needs a mains meter/],
  ["override_current", "left", 59, /expected 0 \(off\) or 60\.\.800/],
  ["override_current", "left", 161, /expected 0 \(off\) or 60\.\.160/],
  ["solar_stop_time", null, 61, /expected 0 \(off\) or 1\.\.60 min, got 61/],
  ["enable_C2", "left", 5, /expected one of 0 Not present.*got 5/],
  ["starttime", "left", "2026-13-01T00:00", /expected local time/],
  ["mqtt_host", null, "a".repeat(300), /text of at most 255 characters, got 300/],
  ["ocpp_auth_key", "left", "x".repeat(41), /text of at most 40 characters, got 41/],
  ["rfid_swipe", "left", "04AABBCC", /is a command/],
  ["mains_currents", null, 1, /is a feed/],
];

t.test(
  "bad input is refused with the field and the permitted range; nothing changes, and the service lives",
  async t => {
    const dir = freshDir();
    const { broker, facts, stop } = await start(openSqliteStore(dir));
    const before = facts.at(-1);
    const call = broker.call.bind(broker) as (action: string, params: unknown) => Promise<unknown>;
    for (const [params, error] of BROKEN) {
      const answer = await call("settings.update", params).catch((thrown: unknown) => messageOf(thrown));
      t.match(answer, error, JSON.stringify(params).slice(0, 60));
    }
    for (const [key, evseId, value, error] of REFUSED) {
      const { revision, outcomes } = await ask(broker, [{ key, evseId, value }]);
      t.match(outcomes, [{ key, evseId, ok: false, value: null, error }], `${key} = ${value}`);
      t.equal(revision, 0);
    }
    t.equal(facts.at(-1), before, "no new fact");
    t.match(await ask(broker, [{ key: "current_min", evseId: null, value: 8 }]), {
      revision: 1,
      outcomes: [{ ok: true }],
    });
    await stop();
    const store = openSqliteStore(dir);
    t.same((await store.load()).values, [{ key: "current_min", evseId: null, value: 8 }]);
    await store.close();
    rmSync(dir, { recursive: true });
  },
);

t.test("settings of the site file that the catalogue refuses stop the start, with file and key", async t => {
  const dir = freshDir();
  const store = openSqliteStore(dir);
  await t.rejects(start(store, "{ site: { current_main: 500 } }"), {
    code: "site-file.invalid",
    message: "test.yaml: settings.site.current_main: expected 10..200 A, got 500",
  });
  await store.close();
  rmSync(dir, { recursive: true });
});

t.test(
  "Redis away: values in force stay, changes are refused as unavailable, and all is well when it is back",
  async t => {
    const redis = await startRedis();
    t.teardown(() => redis.remove());
    const { broker, clock, facts, logged, stop } = await start(
      openRedisStore({ url: redis.url, site: "test", ...PATIENT }),
    );
    await ask(broker, [{ key: "current_main", evseId: null, value: 16 }]);
    await redis.kill();
    t.equal(await refusalType(ask(broker, [{ key: "current_main", evseId: null, value: 40 }])), "store.unavailable");
    t.equal(await refusalType(ask(broker, [{ key: "current_main", evseId: null, value: 40 }])), "store.unavailable");
    facts.length = 0;
    clock.advance(2_000);
    t.match(facts, [{ site: { current_main: 16 } }]);
    t.equal(logged.filter(line => line.includes("values in force stay")).length, 1, "said once, not per attempt");
    await redis.restart();
    let accepted = false;
    for (let tries = 0; !accepted && tries < 50; tries++) {
      accepted = await ask(broker, [{ key: "current_main", evseId: null, value: 40 }]).then(
        () => true,
        () => false,
      );
    }
    t.ok(accepted);
    t.match(facts.at(-1), { site: { current_main: 40 } });
    await stop();
  },
);

t.test("started while Redis is away: no settings are told until they were read, then they are", async t => {
  const redis = await startRedis();
  t.teardown(() => redis.remove());
  const writer = openRedisStore({ url: redis.url, site: "test", ...PATIENT });
  await writer.put({
    baseRevision: 0,
    revision: 1,
    values: [{ key: "current_main", evseId: null, value: 16 }],
    audit: [],
  });
  await writer.close();
  await redis.kill();
  const { broker, clock, facts, stop } = await start(openRedisStore({ url: redis.url, site: "test", ...PATIENT }));
  clock.advance(10_000);
  t.strictSame(facts, [], "defaults could be higher than what is stored");
  t.equal(await refusalType(ask(broker, [{ key: "current_main", evseId: null, value: 40 }])), "store.unavailable");
  await redis.restart();
  // ioredis reconnects in its own time.
  for (let tries = 0; facts.length === 0 && tries < 200; tries++) {
    clock.advance(1_000);
    await sleep(25);
  }
  t.match(facts.at(-1), { revision: 1, site: { current_main: 16 } });
  await stop();
});

t.test("a store that lost its data gets everything in force again", async t => {
  const redis = await startRedis();
  t.teardown(() => redis.remove());
  const store = openRedisStore({ url: redis.url, site: "test", ...PATIENT });
  const { broker, facts, stop } = await start(store);
  await ask(broker, [{ key: "current_main", evseId: null, value: 16 }]);
  // The same as a Redis that came back without its file.
  const other = new Redis(redis.url);
  await other.flushall();
  t.equal(await refusalType(ask(broker, [{ key: "lcd_pin", evseId: null, value: 1 }])), "store.unavailable");
  t.match(await ask(broker, [{ key: "lcd_pin", evseId: null, value: 1 }]), { outcomes: [{ ok: true }] });
  t.match(facts.at(-1), { site: { current_main: 16, lcd_pin: 1 } });
  t.strictSame((await store.load()).values.map(value => value.key).sort(), ["current_main", "lcd_pin"]);
  other.disconnect();
  await stop();
});
