import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ServiceBroker } from "moleculer";
import t from "tap";
import { explainView } from "../../services/api/view.ts";
import { sessionFile } from "../../services/evse/drivers/session-file.ts";
import { NOTHING_KEPT, type SessionSnapshot } from "../../services/evse/evse.port.ts";
import { SessionDesk } from "../../services/evse/session-desk.ts";
import { openHistory } from "../../services/history/drivers/sqlite-history.ts";
import type { HistoryStore } from "../../services/history/history.port.ts";
import { historyService } from "../../services/history/history.service.ts";
import { Journal } from "../../shared/actor/journal.ts";
import { packJournal } from "../../shared/actor/journal-text.ts";
import { answer, publish, request } from "../../shared/bus/bus.ts";
import { type ChargingSession, evseSessionEnded, evseStatus } from "../../shared/contracts/evse.ts";
import { historyDay, historyKeep, historySessions, type StoredSession } from "../../shared/contracts/history.ts";
import { type EvseInsight, evseExplain, evseJournal } from "../../shared/contracts/insight.ts";
import { meterReading } from "../../shared/contracts/meter.ts";
import { StartRefused } from "../../shared/errors.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { startApiSite } from "../support/api-site.ts";
import { type Teardown, tempDir, until } from "../support/servers.ts";

const EXAMPLE = evseSessionEnded.example.session;
const HOUR_MS = 3_600_000;
const NO_SPLIT = { solarWh: 0, gridWh: 0, unknownWh: 0, source: "none" as const };
const ALL = { evseId: null, from: null, to: null, order: "oldest-first" as const, limit: 500, after: null };

/** The n-th session of a point: one an hour from 2026-01-01 on. */
function sessionOf(evseId: string, n: number, more: Partial<ChargingSession> = {}): ChargingSession {
  const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + n * HOUR_MS + ms).toISOString();
  return {
    ...EXAMPLE,
    sessionId: `${evseId}-${n}`,
    startedAt: at(0),
    chargingStartedAt: at(10_000),
    endedAt: at(1_810_000),
    energyWh: n,
    ...more,
  };
}

/** A history with these sessions, written in one go: a store that waits for the disk after each takes minutes. */
function openFilled(dir: string, stored: readonly Omit<StoredSession, "number">[]): HistoryStore {
  openHistory(dir).close();
  const database = new DatabaseSync(join(dir, "history.db"));
  const insert = database.prepare(
    "INSERT INTO session (session_id, evse_id, started_ms, session, split) VALUES (?, ?, ?, ?, ?)",
  );
  database.exec("BEGIN");
  for (const { evseId, session, split } of stored) {
    insert.run(
      session.sessionId,
      evseId,
      Date.parse(session.startedAt),
      JSON.stringify(session),
      JSON.stringify(split),
    );
  }
  database.exec("COMMIT");
  database.close();
  return openHistory(dir);
}

t.test("10,000 sessions are kept, found by time and point, and read page by page, each once [11-R2]", async t => {
  const again = openFilled(
    tempDir(t, "history"),
    Array.from({ length: 10_000 }, (_none, n) => {
      const evseId = n % 2 === 0 ? "left" : "right";
      return { evseId, session: sessionOf(evseId, n), split: NO_SPLIT };
    }),
  );
  t.teardown(() => again.close());
  const numbers: number[] = [];
  for (let after: string | null = null, more = true; more; more = after !== null) {
    const page = again.sessions({ ...ALL, order: "newest-first", after });
    numbers.push(...page.sessions.map(({ number }) => number));
    after = page.next;
  }
  t.equal(numbers.length, 10_000);
  t.ok(numbers.every((number, index) => number === 10_000 - index));
  const from = new Date(Date.UTC(2026, 0, 2)).toISOString();
  const to = new Date(Date.UTC(2026, 0, 3)).toISOString();
  const day = again.sessions({ ...ALL, evseId: "left", from, to });
  t.strictSame(
    day.sessions.map(({ session }) => session.energyWh),
    Array.from({ length: 12 }, (_none, index) => 24 + 2 * index),
  );
  t.equal(day.next, null);
});

t.test("the same session again keeps its number; another one under its id gets an id of its own", async t => {
  const history = openHistory(tempDir(t, "history"));
  t.teardown(() => history.close());
  const first = { evseId: "left", session: sessionOf("left", 1), split: NO_SPLIT };
  t.equal(history.add(first), 1);
  t.equal(history.add(first), 1);
  const other = { ...first, session: { ...first.session, energyWh: 9_999 } };
  t.equal(history.add(other), 2);
  t.equal(history.add(other), 2);
  t.strictSame(
    history.sessions(ALL).sessions.map(({ session }) => session.sessionId),
    ["left-1", "left-1-2"],
  );
});

t.test("a session of an older version is read; what it did not know is null", async t => {
  const dir = tempDir(t, "history");
  const history = openHistory(dir);
  t.teardown(() => history.close());
  const { stopReason, interruptions, ...older } = sessionOf("left", 1);
  t.ok(stopReason !== null && interruptions !== null);
  history.add({ evseId: "left", session: older as ChargingSession, split: NO_SPLIT });
  t.match(history.sessions(ALL).sessions[0]?.session, { sessionId: "left-1", stopReason: null, interruptions: null });
});

t.test("a file that is in use, of another program, or no database is refused in words", async t => {
  const dir = tempDir(t, "history");
  const history = openHistory(dir);
  t.throws(() => openHistory(dir), { message: /history\.db: is in use by another process/ });
  history.close();
  const other = tempDir(t, "history");
  writeFileSync(join(other, "history.db"), "no database at all, but long enough to be looked into".repeat(20));
  t.throws(() => openHistory(other), { name: "StartRefused", message: /damaged or not a history file/ });
  t.throws(() => openHistory(other), StartRefused);
  t.equal(statSync(join(dir, "history.db")).mode & 0o777, 0o600);
});

async function startHistory(t: Teardown, dir = tempDir(t, "history")) {
  const clock = new ManualClock(0, Date.UTC(2026, 5, 1, 10));
  const broker = new ServiceBroker({ logger: false });
  broker.createService(historyService({ broker, clock, store: openHistory(dir) }));
  await broker.start();
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopped ??= broker.stop());
  t.teardown(stop);
  return { broker, clock, dir, stop };
}

t.test("the service follows a session, stores it with its split, and goes on after a restart [11-R2]", async t => {
  const { broker, clock, dir, stop } = await startHistory(t);
  const follow = (bus: ServiceBroker, time: ManualClock, energyWh: number): void => {
    time.advance(1_000);
    const sequence = energyWh;
    publish(bus, meterReading, { ...meterReading.example, sequence, ageMs: 0, totalPowerW: -2_000 });
    publish(bus, evseStatus, {
      ...evseStatus.example,
      session: { ...sessionOf("left", 1), endedAt: null, energyWh },
    });
  };
  for (let energyWh = 0; energyWh <= 100; energyWh += 2) follow(broker, clock, energyWh);
  await stop();
  const next = await startHistory(t, dir);
  for (let energyWh = 120; energyWh <= 200; energyWh += 2) follow(next.broker, next.clock, energyWh);
  const session = sessionOf("left", 1, { energyWh: 200 });
  t.strictSame(await request(next.broker, historyKeep, "history", { evseId: "left", session }), { number: 1 });
  t.strictSame(await request(next.broker, historyKeep, "history", { evseId: "left", session }), { number: 1 });
  const { sessions } = await request(next.broker, historySessions, "history", ALL);
  t.match(sessions, [
    { number: 1, evseId: "left", split: { solarWh: 180, gridWh: 0, unknownWh: 20, source: "estimated" } },
  ]);
  const { quarters } = await request(next.broker, historyDay, "history", {});
  t.match(quarters.at(-1), { startsAt: "2026-06-01T10:00:00.000Z", peakW: -2_000 });
  t.equal(quarters.filter(({ peakW }) => peakW !== null).length, 1);
});

const SNAPSHOT: SessionSnapshot = {
  startedCivilMs: 1,
  chargingStartedCivilMs: 2,
  startWh: 3,
  lastWh: 4,
  lastImportWh: 4,
  carriedWh: 0,
  estimatedWh: 5,
  chargingMs: 6,
  peakCurrentA: 7,
  mode: "smart",
  phases: 3,
  stoppedBy: null,
  interruptions: 0,
  card: null,
  savedCivilMs: 8,
};

t.test(
  "a charge point's file: the newest save is what is found; damage is put aside and told, never a reason to stop",
  async t => {
    const dir = tempDir(t, "sessions");
    const keeper = sessionFile(dir, "left");
    t.strictSame(keeper.load(), { kept: NOTHING_KEPT, problem: null });
    const saves = Array.from({ length: 50 }, (_none, chargingMs) =>
      keeper.save({ open: { ...SNAPSHOT, chargingMs }, ended: [sessionOf("left", chargingMs)] }),
    );
    await Promise.all(saves);
    const { kept, problem } = sessionFile(dir, "left").load();
    t.equal(problem, null);
    t.match(kept, { open: { chargingMs: 49 }, ended: [{ sessionId: "left-49" }] });
    const file = join(dir, "sessions-left.json");
    for (const text of ["", "{", "[]", '{"layout":2}', '{"layout":1,"open":{"startWh":"x"},"ended":[]}']) {
      writeFileSync(file, text);
      const found = sessionFile(dir, "left").load();
      t.strictSame(found.kept, NOTHING_KEPT);
      t.match(found.problem, /sessions-left\.json: .+; put aside as .+\.damaged/);
      t.equal(readFileSync(`${file}.damaged`, "utf8"), text);
    }
  },
);

t.test("ended sessions wait at the point until history has them, over restarts of both", async t => {
  const dir = tempDir(t, "sessions");
  const clock = new ManualClock();
  const stored: string[] = [];
  const said: string[] = [];
  let away = true;
  const deskOf = () =>
    new SessionDesk({
      keeper: sessionFile(dir, "left"),
      clock,
      deliver: async session => {
        if (away) throw new Error("nobody answers");
        stored.push(session.sessionId);
      },
      log: { info: (_object, message) => said.push(message), warn: (_object, message) => said.push(message) },
    });
  const desk = deskOf();
  t.equal(desk.start(), null);
  desk.keep(SNAPSHOT);
  desk.end(sessionOf("left", 1));
  desk.end(sessionOf("left", 2));
  await until("history was asked", () => said.length > 0);
  for (let tries = 0; tries < 10; tries += 1) await clock.advanceAsync(10_000, 1_000);
  t.strictSame(stored, []);
  t.strictSame(said, ["history does not take ended sessions; kept here"], "told once");
  await desk.stop();
  const next = deskOf();
  t.equal(next.start(), null, "the open session was closed with the ended one");
  away = false;
  clock.advance(10_000);
  await until("both are delivered", () => stored.length === 2);
  await until("and taken off the file", () => sessionFile(dir, "left").load().kept.ended.length === 0);
  t.strictSame(stored, ["left-1", "left-2"]);
  await next.stop();
});

t.test("over HTTP: pages, a table, the last session and the day as a SmartEVSE tells them", async t => {
  const site = await startApiSite();
  t.teardown(() => site.stop());
  t.equal((await site.ask("/api/v1/sessions")).status, 503, "no history runs");
  const split = { solarWh: 1_000, gridWh: 500, unknownWh: 0, source: "measured" as const };
  const store = openFilled(
    tempDir(t, "history"),
    Array.from({ length: 600 }, (_none, n) => ({ evseId: "left", session: sessionOf("left", n + 1), split })),
  );
  site.broker.createService(historyService({ broker: site.broker, clock: site.clock, store }));
  await site.broker.waitForServices("history");
  t.equal((await site.ask("/evse/right/session/last")).status, 204);
  store.add({ evseId: "left", session: sessionOf("left", 601, { startRegisterWh: null }), split });
  store.add({ evseId: "left", session: sessionOf("left", 602, { endedAt: sessionOf("left", 602).startedAt }), split });
  store.add({ evseId: "right", session: sessionOf("right", 700, { energyWh: 9_876, phases: 1 }), split });

  const page = (await site.ask("/api/v1/sessions?point=left&limit=2")).json as {
    sessions: StoredSession[];
    next: string;
  };
  t.match(page.sessions, [{ number: 602 }, { number: 601 }]);
  const second = (await site.ask(`/api/v1/sessions?point=left&limit=2&after=${page.next}`)).json;
  t.match(second, { sessions: [{ number: 600 }, { number: 599 }] });

  const csv = await site.ask("/api/v1/sessions?format=csv&point=left");
  t.match(csv.headers["content-type"], /^text\/csv/);
  const lines = csv.text.split("\r\n");
  t.equal(lines.length, 604, "a head, 602 sessions, an empty end");
  t.match(lines[0], /^number,session_id,charge_point,serial,plugged_in,/);
  t.equal(
    lines[1],
    "1,left-1,left,1001,2026-01-01T01:00:00.000Z,2026-01-01T01:00:10.000Z,2026-01-01T01:30:10.000Z,11000,0.001,metered," +
      "1204.300,1226.710,1.000,0.500,0.000,measured,15.9,3,smart,car,0,Anna,E5F6",
  );
  const january = await site.ask("/api/v1/sessions?format=csv&from=2026-01-01T00:00:00Z&to=2026-01-01T05:00:00Z");
  t.equal(january.text.split("\r\n").length, 1 + 4 + 1);

  t.strictSame((await site.ask("/session/last")).json, {
    session_id: 600,
    start: "2026-01-26T00:00:10Z",
    end: "2026-01-26T00:30:10Z",
    kwh: 0.6,
    start_energy_wh: 1_204_300,
    end_energy_wh: 1_226_710,
    max_current_a: 15.9,
    phases: 3,
    mode: "smart",
    ocpp_tx_id: null,
  });
  t.match((await site.ask("/evse/right/session/last")).json, { session_id: 603, kwh: 9.876, phases: 1 });

  publish(site.broker, meterReading, { ...meterReading.example, sequence: 1, ageMs: 0, totalPowerW: 812.4 });
  const { power_day: day } = (await site.ask("/power_day")).json as { power_day: { time: string; power: number }[] };
  t.equal(day.length, 96);
  const starts = new Date(site.clock.civilMs());
  const time = `${String(starts.getHours()).padStart(2, "0")}:${String(starts.getMinutes() - (starts.getMinutes() % 15)).padStart(2, "0")}`;
  t.strictSame(day.at(-1), { time, power: 812 });
  t.strictSame(new Set(day.map(one => one.time)).size, 96);
});

t.test("what cannot be asked is refused by its field", async t => {
  const site = await startApiSite();
  t.teardown(() => site.stop());
  const store = openHistory(tempDir(t, "history"));
  site.broker.createService(historyService({ broker: site.broker, clock: site.clock, store }));
  await site.broker.waitForServices("history");
  for (const [query, field, status] of [
    ["from=yesterday", "from", 400],
    ["from=2026-13-01", "from", 400],
    ["to=31.01.2026", "to", 400],
    ["limit=0", "limit", 400],
    ["limit=501", "limit", 400],
    ["limit=ten", "limit", 400],
    ["format=pdf", "format", 400],
    ["order=random", "order", 400],
    ["point=middle", "point", 404],
    ["poimt=left", undefined, 400],
  ] as const) {
    const answer = await site.ask(`/api/v1/sessions?${query}`);
    t.equal(answer.status, status, query);
    t.match(
      (answer.json as { error: { field?: string; message: string } }).error,
      field === undefined ? {} : { field },
    );
  }
  const cursor = await site.ask("/api/v1/sessions?after=nonsense");
  t.equal(cursor.status, 422);
  t.match(cursor.json, { error: { code: "history.refused", message: /after: expected `next` of the page before/ } });
});

t.test("explain and journal over HTTP: from the point and the balancer, or from the point alone", async t => {
  const site = await startApiSite();
  t.teardown(() => site.stop());
  t.equal((await site.ask("/api/v1/points/left/explain")).status, 503, "nobody is there to ask");
  const point: EvseInsight = {
    evseId: "left",
    offerA: 16,
    boundBy: "max",
    reason: "limited by MAX",
    limits: [{ boundBy: "max", allowsA: 16, ofA: null, ageMs: null }],
    waitMs: 0,
  };
  const journal = new Journal();
  journal.watch((state: number) => ({ state: state + 1, outputs: [{ kind: "count", state }] }))(1, "go", 5);
  site.broker.createService({
    name: "evse-left",
    actions: {
      ...answer(evseExplain, () => point),
      ...answer(evseJournal, async () => ({ packed: await packJournal({ core: "evse", name: "evse-left" }, journal) })),
    },
  });
  await site.broker.waitForServices("evse-left");
  const view = (await site.ask("/api/v1/points/left/explain")).json;
  t.equal(explainView.safeParse(view).error, undefined);
  t.match(view, { active: { boundBy: "max", owner: "setting MAX" }, unheard: ["balancer"] });
  t.equal((await site.ask("/api/v1/points/middle/explain")).status, 404);
  const text = await site.ask("/api/v1/points/left/journal");
  t.match(text.headers["content-disposition"], /evse-left\.jsonl/);
  t.strictSame(text.text.trim().split("\n"), [
    '{"journal":1,"core":"evse","name":"evse-left"}',
    '{"state":1}',
    '{"at":5,"in":"go","out":[{"kind":"count","state":1}]}',
  ]);
  t.equal((await site.ask("/api/v1/balancer/journal")).status, 503);
});
