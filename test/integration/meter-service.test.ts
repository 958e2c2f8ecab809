import { ServiceBroker } from "moleculer";
import t, { type Test } from "tap";
import { ModbusLines } from "../../services/meter/drivers/modbus-lines.ts";
import { openMeterDriver } from "../../services/meter/drivers/open.ts";
import { meterConfig } from "../../services/meter/meter.config.ts";
import { meterService } from "../../services/meter/meter.service.ts";
import { slaveFaults } from "../../services/simulator/meters/modbus-slave.ts";
import { publish, request, subscribe } from "../../shared/bus/bus.ts";
import {
  type MeterReading,
  type MeterRole,
  type MeterStatus,
  meterFeed,
  meterReading,
  meterStatus,
} from "../../shared/contracts/meter.ts";
import { settingsCurrent } from "../../shared/contracts/settings.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { carrying, eastronShowing, tcpSlave, until } from "../support/modbus-bench.ts";

const nothing = { currentA: null, totalPowerW: null, importWh: null, exportWh: null };

/** A meter service on a broker of its own; its clock moves only in `passing`. */
async function start(t: Test, config: Record<string, unknown>, lines: ModbusLines, clock: ManualClock) {
  const broker = new ServiceBroker({ logger: false });
  const readings: MeterReading[] = [];
  const statuses: MeterStatus[] = [];
  broker.createService(
    meterService({
      broker,
      clock,
      meterId: "mains",
      config: meterConfig.parse(config),
      openDriver: spec => openMeterDriver(spec, { lines, clock }),
    }),
  );
  broker.createService({
    name: "listener",
    events: {
      ...subscribe(meterReading, reading => readings.push(reading)),
      ...subscribe(meterStatus, status => statuses.push(status)),
    },
  });
  await broker.start();
  t.teardown(() => broker.stop());
  let revision = 0;
  return {
    broker,
    readings,
    statuses,
    settings: (site: Record<string, number>) =>
      publish(broker, settingsCurrent, { revision: (revision += 1), site, points: {} }),
    feed: (amps: number, role: MeterRole = "mains", evseId: string | null = null) =>
      request(broker, meterFeed, "meter-mains", { ...nothing, role, evseId, currentA: { l1: amps, l2: 0, l3: 0 } }),
    /** Feeds until it is taken: a driver opens in its own time. */
    feedUntilTaken: async (amps: number) => {
      let accepted = false;
      while (!accepted) {
        clock.advance(10);
        const params = { ...nothing, role: "mains", evseId: null, currentA: { l1: amps, l2: 0, l3: 0 } } as const;
        accepted = (await request(broker, meterFeed, "meter-mains", params)).accepted;
      }
    },
    /** Lets time pass in steps, with real input and output in between, until something holds. */
    passing: (holds: () => boolean, what: string) =>
      until(() => {
        clock.advance(20);
        return holds();
      }, what),
  };
}

t.test("Disabled, API, Eastron3P and back: the meter follows the setting without a restart", async t => {
  const { slave, address } = await tcpSlave(t);
  const shown = { now: carrying(7) };
  slave.add(10, eastronShowing(shown));
  const clock = new ManualClock();
  const lines = new ModbusLines({ meters: address }, { clock });
  const meter = await start(t, { role: "mains", driver: { kind: "setting", line: "meters" } }, lines, clock);
  const { readings, statuses, settings, feed, feedUntilTaken, passing } = meter;
  const state = (): string => statuses.at(-1)?.state ?? "";
  clock.advance(2_000);
  t.match(statuses, [{ state: "waiting", lastError: "the settings have not been heard yet" }]);

  settings({ mains_meter: 0 });
  t.match(statuses.at(-1), { state: "off", typeLabel: "Disabled" });
  t.strictSame(await feed(5), { accepted: false });
  clock.advance(5_000);
  t.strictSame(readings, [], "no meter, no readings");

  settings({ mains_meter: 9 });
  t.match(statuses.at(-1), { state: "waiting", typeLabel: "API", source: "API" });
  await feedUntilTaken(5);
  t.match(readings, [{ meterId: "mains", sequence: 1, ageMs: 0, currentA: { l1: 5 }, quality: "measured" }]);
  t.equal(readings[0]?.measuredAt, new Date(clock.civilMs()).toISOString());
  t.equal(state(), "ok");
  await t.rejects(feed(201), {
    type: "meter.feed-refused",
    message: /fed current L1 of 201 A; expected -200\.\.200 A/,
  });
  await t.rejects(feed(1, "ev", "left"), { message: "meter-mains is the meter of mains, not of ev left" });
  t.equal(readings.length, 1, "refused values are not told");

  settings({ mains_meter: 4, mains_meter_address: 10 });
  await passing(() => readings.at(-1)?.currentA.l1 === 7, "a reading of the Eastron");
  t.match(statuses.at(-1), {
    state: "ok",
    typeLabel: "Eastron3P",
    address: 10,
    source: `Eastron3P, address 10, tcp 127.0.0.1:${address.port}`,
  });
  t.strictSame(await feed(5), { accepted: false }, "a meter that measures is not fed");
  shown.now = carrying(-9);
  await passing(() => readings.at(-1)?.currentA.l1 === -9, "the next value");
  await passing(() => readings.at(-1)?.importWh === 1_000_000, "its counter");

  settings({ mains_meter: 4, mains_meter_address: 11 });
  const { length } = readings;
  await passing(() => (statuses.at(-1)?.counters.timeouts ?? 0) > 0, "nobody answers at address 11");
  t.equal(readings.length, length);
  t.match(statuses.at(-1), { state: "waiting", address: 11, lastError: /address 11 gave no answer within \d+ ms/ });

  settings({ mains_meter: 0 });
  t.equal(state(), "off");
  const asked = slave.requestsTo(10);
  clock.advance(10_000);
  t.equal(slave.requestsTo(10), asked, "and nobody is asked any more");
  const sequences = new Set(readings.map(reading => reading.sequence));
  t.equal(Math.max(...sequences), sequences.size, "each sample has a number of its own, whichever meter it is from");
});

t.test(
  "a meter that goes silent says so within seconds, its last reading grows old, and it comes back by itself",
  async t => {
    const { slave, address } = await tcpSlave(t);
    slave.add(10, eastronShowing({ now: carrying(7) }));
    const clock = new ManualClock();
    const lines = new ModbusLines({ meters: address }, { clock });
    const config = { role: "mains", driver: { kind: "modbus", type: "Eastron3P", address: 10 } };
    const { readings, statuses, passing } = await start(t, config, lines, clock);
    await passing(() => readings.length >= 3, "three readings");
    slave.setFault(10, slaveFaults.silent);
    const silentFrom = clock.now();
    await passing(() => statuses.at(-1)?.state === "silent", "silence is noticed");
    t.ok(clock.now() - silentFrom <= 4_500, `after ${clock.now() - silentFrom} ms`);
    const last = readings.at(-1)?.sequence;
    await passing(() => (readings.at(-1)?.ageMs ?? 0) > 9_000, "the old reading is repeated with its age");
    t.equal(readings.at(-1)?.sequence, last);
    t.match(statuses.at(-1)?.lastError, /address 10/);
    const told = readings.length;
    clock.advance(3_000);
    t.ok(readings.length <= told + 1, "and no longer than it may be used");
    slave.setFault(10, null);
    const backFrom = clock.now();
    await passing(() => statuses.at(-1)?.state === "ok", "it answers again");
    t.ok(clock.now() - backFrom <= 4_000, `back after ${clock.now() - backFrom} ms`);
    t.equal(readings.at(-1)?.sequence, (last ?? 0) + 1);
  },
);

t.test("a meter without a way to it says what is missing and the service lives on", async t => {
  const clock = new ManualClock();
  const config = { role: "mains", driver: { kind: "setting", line: "cellar" } };
  const { statuses, settings, passing, feedUntilTaken } = await start(t, config, new ModbusLines({}, { clock }), clock);
  settings({ mains_meter: 4 });
  const wanted = "there is no line cellar; the site file has no lines";
  await passing(() => statuses.at(-1)?.lastError === wanted, "the reason");
  t.match(statuses.at(-1), { state: "waiting", typeLabel: "Eastron3P" });
  settings({ mains_meter: 9 });
  await feedUntilTaken(1);
  t.match(statuses.at(-1), { state: "ok", typeLabel: "API" }, "another choice works");
});
