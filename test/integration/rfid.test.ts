import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ServiceBroker } from "moleculer";
import t from "tap";
import { cardsService } from "../../services/rfid/cards.service.ts";
import { openSqliteCards } from "../../services/rfid/drivers/sqlite-cards.ts";
import { rfidService } from "../../services/rfid/rfid.service.ts";
import { request, subscribe } from "../../shared/bus/bus.ts";
import { tapPublished } from "../../shared/bus/taps.ts";
import { accessPresent, type RfidRead, type RfidStatus, rfidRead, rfidStatus } from "../../shared/contracts/rfid.ts";
import { type ApiSite, startApiSite } from "../support/api-site.ts";

const ANNA = "04A1B2C3D4E5F6";

interface CardSite extends ApiSite {
  readonly reads: RfidRead[];
  readonly statuses: Map<string, RfidStatus>;
  startCards(): void;
  startReader(evseId: string): void;
  end(name: string): Promise<void>;
  run(ms: number): Promise<void>;
  post(path: string, body?: string, type?: string): Promise<unknown>;
}

/** Api, settings, card list and the readers of both points, on one broker and stepped time. */
async function start(settings = "{ points: { left: { rfidreader: 1, access: 0 } } }"): Promise<CardSite> {
  const site = await startApiSite(settings);
  const { broker, clock } = site;
  const reads: RfidRead[] = [];
  const statuses = new Map<string, RfidStatus>();
  broker.createService({
    name: "onlooker",
    events: {
      ...subscribe(rfidRead, read => reads.push(read)),
      ...subscribe(rfidStatus, status => statuses.set(status.evseId, status)),
    },
  });
  const running: CardSite = {
    ...site,
    reads,
    statuses,
    startCards() {
      broker.createService(cardsService({ broker, clock, store: openSqliteCards(join(site.dataDir, "cards.db")) }));
    },
    startReader(evseId) {
      const copy = openSqliteCards(join(site.dataDir, `cards-${evseId}.db`));
      broker.createService(rfidService({ broker, clock, evseId, copy }));
    },
    end: name => end(broker, name),
    run: ms => clock.advanceAsync(ms, 250),
    async post(path, body, type = "application/json") {
      const headers: Record<string, string> = body === undefined ? {} : { "Content-Type": type };
      const answer = await site.ask(path, { method: "POST", headers, ...(body === undefined ? {} : { body }) });
      return answer.json;
    },
  };
  running.startCards();
  running.startReader("left");
  running.startReader("right");
  await running.run(3_000);
  return running;
}

async function end(broker: ServiceBroker, name: string): Promise<void> {
  const service = broker.services.find(candidate => candidate.name === name);
  if (service === undefined) throw new Error(`no service ${name}`);
  await broker.destroyService(service);
}

t.test("POST /rfid, learn and use: the words of a SmartEVSE, the same checks as a reader", async t => {
  const site = await start();
  t.teardown(() => site.stop());
  t.strictSame(await site.post("/evse/right/rfid?rfid=04A1B2C3D4E5F6"), { rfid_status: "RFID reader not enabled" });
  t.strictSame(await site.post("/rfid"), { rfid_status: "Missing rfid parameter" });
  t.strictSame(await site.post("/rfid?rfid=04A1B2C3D4E5FX"), { rfid_status: "Invalid RFID hex string" });
  for (const digits of ["04AABBCC", "04A1B2C3D4E5F", "04A1B2C3D4E5F6071829"]) {
    t.strictSame(await site.post(`/rfid?rfid=${digits}`), { rfid_status: "Invalid RFID length" });
  }
  t.strictSame(await site.post(`/rfid?rfid=${ANNA}`), { rfid: ANNA, rfid_status: "Invalid" });

  const reader = async (mode: number) => {
    const changes = [{ key: "rfidreader", evseId: "left", value: mode }];
    await site.ask("/api/v1/settings", {
      method: "PATCH",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ changes }),
    });
  };
  await reader(3);
  t.strictSame(await site.post("/rfid?rfid=04a1b2c3d4e5f6"), { rfid: "04a1b2c3d4e5f6", rfid_status: "Card Stored" });
  t.match(await site.post(`/rfid?rfid=${ANNA}`), { rfid_status: "Card already stored" });
  t.match(await site.post("/rfid?rfid=0102030405FF"), { rfid_status: "Card Stored" });
  await site.run(500);
  await reader(2);
  t.match(await site.post(`/rfid?rfid=${ANNA}`), { rfid_status: "Present" });
  t.match((await site.ask("/settings")).json, {
    evse: { access: 1, rfid: "Present", rfid_lastread: ANNA, rfidreader: "EnableOne" },
  });
  t.match(await site.post("/rfid?rfid=010102030405FF"), { rfid_status: "Present" }, "known, and ignored");
  t.match((await site.ask("/settings")).json, { evse: { access: 1 } });
  t.match(await site.post(`/rfid?rfid=${ANNA}`), { rfid_status: "Present" });
  t.match((await site.ask("/settings")).json, { evse: { access: 0 } });
  await reader(4);
  t.match(await site.post(`/rfid?rfid=${ANNA}`), { rfid_status: "Card Deleted" });
  t.match(await site.post(`/rfid?rfid=${ANNA}`), { rfid_status: "Card not in storage" });
  await reader(5);
  await site.run(2_000);
  t.match((await site.ask("/settings")).json, { evse: { rfidreader: "Disabled", rfid: "Not Installed" } });
  t.match((await site.ask("/api/v1/cards")).json, { cards: [] });
});

t.test("POST /rfid when no reader service runs is a reader that is not enabled", async t => {
  const site = await start();
  t.teardown(() => site.stop());
  await site.end("rfid-left");
  t.strictSame(await site.post(`/rfid?rfid=${ANNA}`), { rfid_status: "RFID reader not enabled" });
});

t.test("cards of 4, 6, 7 and 10 bytes, with their users, at every point; the page sees who charges", async t => {
  const site = await start("{ points: { left: { rfidreader: 1, access: 0 }, right: { rfidreader: 2, access: 0 } } }");
  t.teardown(() => site.stop());
  const cards = ["04AABBCC", "0102030405FF", ANNA, "04A1B2C3D4E5F6071829"];
  for (const uid of cards) {
    t.match(await site.post("/api/v1/cards", JSON.stringify({ uid, user: `user ${uid.length}` })), {
      outcome: "stored",
    });
  }
  await site.run(500);
  for (const uid of cards) {
    const granted = await site.post("/api/v1/points/right/card", JSON.stringify({ uid }));
    t.match(granted, {
      outcome: "granted",
      words: "accepted: charging is allowed",
      card: { user: `user ${uid.length}`, lastDigits: uid.slice(-4) },
    });
    site.tellPoint("right", { access: "on" });
    const { reader } = (await site.ask("/api/v1/points/right")).json as { reader: object };
    t.match(reader, { reader: "enable-one", locked: false, card: { user: `user ${uid.length}` } });
    t.notOk(JSON.stringify(reader).includes(uid), "never the whole number");
    t.match(await site.post("/api/v1/points/right/card", JSON.stringify({ uid })), { outcome: "ended" });
    site.tellPoint("right", { access: "off" });
    t.match((await site.ask("/api/v1/points/right")).json, { reader: { locked: true, card: null } });
  }
  t.equal(site.reads.length, 8);
  t.match(await site.post("/api/v1/points/left/card", JSON.stringify({ uid: "04AABB" })), {
    error: { code: "card.refused", message: /expected 8, 12, 14 or 20 hex digits/ },
  });
});

t.test("a list of 10,000 cards comes in, reaches every point, and goes out again", async t => {
  const site = await start();
  t.teardown(() => site.stop());
  const uids = Array.from({ length: 10_000 }, (_, index) =>
    index.toString(16).toUpperCase().padStart(14, "04B00000000000"),
  );
  const put = await site.ask("/api/v1/cards", {
    method: "PUT",
    headers: { "Content-Type": "text/plain" },
    body: uids.map((uid, index) => `${uid},user ${index}\r\n`).join(""),
  });
  t.match(put.json, { outcome: "replaced", cards: 10_000 });
  await site.run(3_000);
  t.match(site.statuses.get("left"), { cards: 10_000, directory: "current" });
  t.match(await site.post(`/rfid?rfid=${uids.at(-1) ?? ""}`), { rfid_status: "Present" }, "the last one too");
  const text = await site.ask("/api/v1/cards?format=txt");
  t.equal(text.text, uids.map(uid => `${uid}\n`).join(""));
  const json = (await site.ask("/api/v1/cards")).json as { cards: unknown[] };
  t.strictSame(json.cards.at(-1), { uid: uids.at(-1), user: "user 9999" });
});

t.test("POST /update takes rfid.txt in parts, and nothing else", async t => {
  const site = await start();
  t.teardown(() => site.stop());
  const text = "04A1B2C3D4E5F6\r\n010203040506\r\n04AABBCC000000\r\n";
  const part = (query: string, body: string) =>
    site.ask(`/update?${query}`, { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body });
  t.equal((await part(`file=rfid.txt&offset=0&size=${text.length}`, text.slice(0, 20))).text, "20");
  t.match((await site.ask("/api/v1/cards")).json, { cards: [] }, "not before the last part");
  const done = await part(`file=rfid.txt&offset=20&size=${text.length}`, text.slice(20));
  t.match([done.status, done.text], [200, String(text.length)]);
  t.match((await site.ask("/api/v1/cards")).json, {
    cards: [{ uid: "010203040506" }, { uid: "04A1B2C3D4E5F6" }, { uid: "04AABBCC" }],
  });
  const refused: readonly (readonly [query: string, body: string, text: RegExp])[] = [
    ["offset=0&size=1", "x", /^file required$/],
    ["file=rfid.txt&size=1", "x", /^offset required$/],
    ["file=rfid.txt&offset=0", "x", /^size required$/],
    ["file=rfid.txt&offset=0&size=99999999", "x", /^over max size of/],
    ["file=passwd&offset=0&size=1", "x", /^only allowed to flash rfid\.txt$/],
    ["file=firmware.signed.bin&offset=0&size=1", "x", /updated as a package/],
    ["file=rfid.txt&offset=7&size=9", "x", /does not follow/],
    ["file=rfid.txt&offset=0&size=5", "04AAB", /rfid\.txt: line 1: expected 8, 12, 14 or 20 hex digits/],
    ["file=rfid.txt&offset=0&size=3", "04AABBCC", /expected 3 bytes, got 8/],
  ];
  for (const [query, body, expected] of refused) {
    const answer = await part(query, body);
    t.equal(answer.status, 400, query);
    t.match(answer.text, expected, query);
  }
  t.match((await site.ask("/api/v1/cards")).json, { cards: [{}, {}, {}] }, "and nothing was changed");
});

t.test("bad card lists are refused with the line or field, and change nothing", async t => {
  const site = await start();
  t.teardown(() => site.stop());
  await site.post("/api/v1/cards", JSON.stringify({ uid: ANNA }));
  const put = (body: string, type: string) =>
    site.ask("/api/v1/cards", { method: "PUT", headers: { "Content-Type": type }, body });
  const bad: readonly (readonly [body: string, type: string, message: RegExp])[] = [
    ["04A1B2C3D4E5F6\nhello\n", "text/plain", /line 2: expected hex digits only/],
    ["04A1B2C3D4E5F6\n\n04\n", "text/plain", /line 3: expected 8, 12, 14 or 20 hex digits/],
    [`04A1B2C3D4E5F6,${"x".repeat(41)}`, "text/plain", /line 1: expected a name of at most 40 characters/],
    ['{"cards":[{"uid":"zz"}]}', "application/json", /cards\.0\.uid: expected hex/],
    ['{"cards":[{"number":"04AABBCC"}]}', "application/json", /uid/],
    ['{"cards":3}', "application/json", /cards/],
    ["{", "application/json", /not JSON/],
  ];
  for (const [body, type, message] of bad) {
    const answer = await put(body, type);
    t.equal(answer.status, 400, body);
    t.match((answer.json as { error: { message: string } }).error.message, message, body);
  }
  t.match(await site.post("/api/v1/cards", JSON.stringify({ uid: "0" })), {
    error: { code: "card.invalid", field: "uid" },
  });
  t.match((await site.ask("/api/v1/cards/04AABBCC", { method: "DELETE" })).status, 404);
  t.match((await site.ask("/api/v1/cards?format=csv")).json, { error: { permitted: "json, txt" } });
  t.match((await site.ask("/api/v1/cards")).json, { cards: [{ uid: ANNA, user: null }] });
  t.match((await site.ask(`/api/v1/cards/${ANNA}`, { method: "DELETE" })).json, { outcome: "deleted", cards: 0 });
});

t.test("without the card list and the settings service a point goes on with its copy, over a restart too", async t => {
  const site = await start();
  t.teardown(() => site.stop());
  await site.post("/api/v1/cards", JSON.stringify({ uid: ANNA, user: "Anna" }));
  await site.run(3_000);
  await site.end("cards");
  await site.end("settings");
  await site.end("rfid-left");
  site.startReader("left");
  await site.run(2_000);
  t.match(site.statuses.get("left"), { reader: "enable-all", access: "off", cards: 1, directory: "copy" });
  const swipe = () => request(site.broker, accessPresent, "rfid-left", { evseId: "left", uid: ANNA });
  t.match(await swipe(), { outcome: "granted", card: { user: "Anna", lastDigits: "E5F6" } });
  t.match(site.statuses.get("left"), { access: "on", card: { user: "Anna" } });
  await site.end("rfid-left");
  site.startReader("left");
  await site.run(1_000);
  t.match(site.statuses.get("left"), { access: "on", card: { user: "Anna" } }, "it remembers its holder");
  t.match(await swipe(), { outcome: "ended" });
});

t.test("a card that shall be learnt while its list is away is told so", async t => {
  const site = await start("{ points: { left: { rfidreader: 3 } } }");
  t.teardown(() => site.stop());
  await site.end("cards");
  t.match(await site.post("/api/v1/points/left/card", JSON.stringify({ uid: ANNA })), {
    outcome: "directory-away",
    words: /cannot be reached/,
  });
  t.strictSame(await site.post(`/rfid?rfid=${ANNA}`), { rfid: ANNA, rfid_status: "NOSTATUS" });
  t.equal((await site.ask("/api/v1/cards")).status, 503);
});

t.test("what the reader remembered and cannot be read is left out, not believed", async t => {
  const site = await start();
  t.teardown(() => site.stop());
  await site.end("rfid-left");
  const store = openSqliteCards(join(site.dataDir, "cards-left.db"));
  await store.putNote('{"reader":"open-door","access":"on"}');
  await store.close();
  await site.end("settings");
  site.startReader("left");
  await site.run(1_000);
  t.match(site.statuses.get("left"), { reader: "disabled", access: null });
});

t.test("whole card numbers leave the gateway neither by log nor by outside subject", async t => {
  const logged: string[] = [];
  const site = await start();
  t.teardown(() => site.stop());
  const keep = (...args: unknown[]) => logged.push(JSON.stringify(args));
  const before = site.broker.getLogger.bind(site.broker);
  site.broker.getLogger = (...args) => ({ ...before(...args), info: keep, warn: keep, error: keep });
  await site.end("rfid-left");
  await site.end("cards");
  rmSync(join(site.dataDir, "cards.db"));
  site.startCards();
  site.startReader("left");
  const outside: string[] = [];
  t.teardown(
    tapPublished(site.broker, (fact, payload) => {
      outside.push(JSON.stringify(fact.outside?.(payload) ?? payload));
    }),
  );
  await site.post("/api/v1/cards", JSON.stringify({ uid: ANNA, user: "Anna" }));
  await site.run(3_000);
  await site.post(`/rfid?rfid=${ANNA}`);
  await site.post("/rfid?rfid=FFEEDDCCBBAA99");
  await site.run(3_000);
  t.ok(
    logged.some(line => line.includes('"E5F6"')),
    "a card is logged by its last digits",
  );
  t.ok(
    outside.some(line => line.includes('"AA99"')),
    "and told outside by them",
  );
  for (const number of [ANNA, "FFEEDDCCBBAA99"]) {
    t.notOk(
      logged.some(line => line.includes(number)),
      `log, ${number}`,
    );
    t.notOk(
      outside.some(line => line.includes(number)),
      `outside, ${number}`,
    );
  }
  t.notOk(readFileSync(join(site.dataDir, "settings.db")).includes(ANNA), "nor does the settings' audit have it");
});
