import { join } from "node:path";
import t from "tap";
import { cardsService } from "../../services/rfid/cards.service.ts";
import { openSqliteCards } from "../../services/rfid/drivers/sqlite-cards.ts";
import { rfidService } from "../../services/rfid/rfid.service.ts";
import { request, subscribe } from "../../shared/bus/bus.ts";
import { type ChargingSession, evseSessionEnded } from "../../shared/contracts/evse.ts";
import { accessPresent, cardsChange, type ReadOutcome } from "../../shared/contracts/rfid.ts";
import { type Teardown, tempDir } from "../support/servers.ts";
import { SteppedSite } from "../support/stepped-site.ts";

const ANNA = "04A1B2C3D4E5F6";
const ENABLE_ONE = 2;
const OFF = 0;

/** The stepped site with a card reader at its point that knows one card; a car charges under it. */
async function chargingByCard(t: Teardown) {
  const site = await SteppedSite.charging(t);
  const { broker, clock } = site;
  const dir = tempDir(t, "access");
  const sessions: ChargingSession[] = [];
  broker.createService(cardsService({ broker, clock, store: openSqliteCards(join(dir, "cards.db")) }));
  broker.createService(
    rfidService({ broker, clock, evseId: "left", copy: openSqliteCards(join(dir, "cards-left.db")) }),
  );
  broker.createService({
    name: "records",
    events: subscribe(evseSessionEnded, ended => sessions.push(ended.session)),
  });
  await site.run(3_000);
  const change = { kind: "add" as const, uid: ANNA, user: "Anna" };
  await request(broker, cardsChange, "cards", { by: "test", change });
  await site.set("rfidreader", ENABLE_ONE, "left");
  await site.set("access", OFF, "left");
  await site.tell("unplug left");
  await site.run(10_000);
  sessions.length = 0;
  const swipe = async (uid = ANNA): Promise<ReadOutcome> =>
    (await request(broker, accessPresent, "rfid-left", { evseId: "left", uid })).outcome;
  await site.tell("plug left");
  await site.run(20_000);
  return { site, swipe, sessions };
}

t.test("a locked point takes no car; its card opens it, and closes it again within 6 s", async t => {
  const { site, swipe } = await chargingByCard(t);
  t.notOk(site.closed());
  t.equal(site.status().reason, "locked: present a card");
  t.equal(await swipe("FFEEDDCC"), "unknown");
  await site.run(10_000);
  t.notOk(site.closed());
  t.equal(await swipe(), "granted");
  await site.until("charging", 60_000, () => site.closed());
  t.equal(await swipe(), "ended");
  const openMs = await site.until("contactor open", 6_100, () => !site.closed());
  t.comment(`open after ${openMs} ms`);
  await site.run(60_000);
  t.notOk(site.closed());
});

t.test("the settings service dies: the card still opens and closes the point", async t => {
  const { site, swipe } = await chargingByCard(t);
  await site.kill("settings");
  await site.run(10_000);
  t.equal(await swipe(), "granted");
  await site.until("charging", 60_000, () => site.closed());
  await site.run(60_000);
  t.ok(site.closed(), "and goes on");
  t.equal(await swipe(), "ended");
  await site.until("contactor open", 6_100, () => !site.closed());
});

t.test("the card reader dies after it has locked: the point stays locked", async t => {
  const { site, swipe } = await chargingByCard(t);
  await site.kill("settings");
  await swipe();
  await site.until("charging", 60_000, () => site.closed());
  await swipe();
  await site.until("contactor open", 6_100, () => !site.closed());
  await site.kill("rfid-left");
  await site.run(120_000);
  t.notOk(site.closed());
});

t.test("contact lost for 30 s: charging goes on under the same card; for 70 s: locked", async t => {
  const { site, swipe, sessions } = await chargingByCard(t);
  await swipe();
  await site.until("charging", 60_000, () => site.closed());
  await site.run(30_000);
  await site.tell("unplug left");
  await site.run(30_000);
  await site.tell("plug left");
  await site.until("charging again", 60_000, () => site.closed());
  await site.run(30_000);
  await site.tell("unplug left");
  await site.run(70_000);
  await site.tell("plug left");
  await site.run(60_000);
  t.notOk(site.closed());
  const card = { user: "Anna", lastDigits: "E5F6" };
  t.match(sessions, [{ card }, { card }], "both sessions are hers");
});
