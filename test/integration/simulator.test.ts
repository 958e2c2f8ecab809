import { createServer } from "node:net";
import modbus from "modbus-serial";
import type { ServiceBroker } from "moleculer";
import t, { type Test } from "tap";
import { simulatorConfig } from "../../services/simulator/simulator.config.ts";
import { simulatorParts } from "../../services/simulator/simulator.parts.ts";
import { simulatorService } from "../../services/simulator/simulator.service.ts";
import { request, subscribe } from "../../shared/bus/bus.ts";
import { type SimulatorTruth, simulatorCommand, simulatorTruth } from "../../shared/contracts/simulator.ts";
import { EVENT, OPENED_BY, OUTPUT } from "../../shared/evse-sysex/codes.ts";
import { parseSite } from "../../shared/site/site-file.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { freePorts, type Teardown } from "../support/servers.ts";
import { BoardHost, startServices } from "../support/simulated-site.ts";

const site = parseSite(
  `
site: test
chargePoints:
  - { id: left, serial: 1 }
  - { id: right, serial: 2, phaseRotation: [l2, l3, l1] }
services: [{ service: settings }]
`,
  "test.yaml",
);

interface Rig {
  readonly clock: ManualClock;
  readonly broker: ServiceBroker;
  readonly host: BoardHost;
  readonly meterPort: number;
  readonly truths: SimulatorTruth[];
  say(words: string): Promise<string>;
  /** Lets time pass, with a heartbeat every 250 ms as a control loop would. */
  readonly pass: (seconds: number) => Promise<void>;
}

/** One simulated site with two boards and two meters, quiet apart from 1 A on each phase. */
async function startRig(t: Teardown, extra: Record<string, unknown> = {}): Promise<Rig> {
  const [left = 0, right = 0, meterPort = 0] = await freePorts(3);
  const clock = new ManualClock();
  const config = simulatorConfig.parse({
    boards: { left: { port: left }, right: { port: right } },
    meters: [
      { role: "mains", port: meterPort, unit: 10 },
      { role: "ev", evseId: "right", port: meterPort, unit: 13 },
    ],
    house: { kind: "quiet", baseA: 1 },
    cars: { right: { kind: "ev3p16", plugAfterS: 1 } },
    ...extra,
  });
  const truths: SimulatorTruth[] = [];
  const broker = await startServices(t, broker => [
    simulatorService({ broker, clock, config, site, ...simulatorParts(config, clock) }),
    { name: "onlooker", events: subscribe(simulatorTruth, truth => void truths.push(truth)) },
  ]);
  const host = await BoardHost.connect(t, right, () => clock.now());
  let sequence = 0;
  return {
    clock,
    broker,
    host,
    meterPort,
    truths,
    say: async words => (await request(broker, simulatorCommand, "simulator", { words })).done,
    async pass(seconds) {
      for (let quarter = 0; quarter < seconds * 4; quarter += 1) {
        clock.advance(250);
        sequence = (sequence + 1) % 128;
        await host.send({ kind: "heartbeat", sequence });
      }
    },
  };
}

/** Offers 16 A, waits for state C, closes both contactors. */
async function charge(t: Test, { host, pass }: Rig): Promise<void> {
  await pass(1.5);
  await host.send({ kind: "heartbeat", sequence: 1 }, { kind: "pwm", dutyPermille: 267 });
  await pass(4);
  t.equal((await host.status()).state, "C");
  await host.send({ kind: "contactor", mask: OUTPUT.k1 | OUTPUT.k2 });
  await pass(20);
}

/** Floats of input registers, as a host reads them. */
async function readFloats(t: Teardown, port: number, unit: number, address: number, count: number): Promise<number[]> {
  const client = new modbus.default();
  await client.connectTCP("127.0.0.1", { port });
  t.teardown(() => client.close(() => undefined));
  client.setID(unit);
  client.setTimeout(300);
  const { buffer } = await client.readInputRegisters(address, count * 2);
  return Array.from({ length: count }, (_, index) => buffer.readFloatBE(index * 4));
}

const rounded = (values: readonly number[]): number[] => values.map(value => Math.round(value));

t.test("a car charges through its board, and meters and truth show it on the phases it is wired to", async t => {
  const rig = await startRig(t);
  await charge(t, rig);
  const truth = rig.truths.at(-1)!;
  const car = truth.cars.find(({ evseId }) => evseId === "right")!;
  t.match(car, { plugged: true, pilot: "C", phases: 3 });
  t.ok(Math.abs(car.drawA - 16) < 0.1, `draws what the board signals: ${car.drawA} A`);
  t.ok(car.energyWh > 20);
  t.match(
    truth.cars.find(({ evseId }) => evseId === "left"),
    { plugged: false, pilot: "A", drawA: 0 },
  );
  t.ok(rig.truths.length >= 25, "told once a second");

  await rig.say("car right 1p");
  await rig.pass(10);
  // Eastron SDM630: currents at 0x06, powers at 0x0c.
  t.strictSame(rounded(await readFloats(t, rig.meterPort, 13, 0x06, 3)), [16, 0, 0], "on its own L1");
  t.strictSame(rounded(await readFloats(t, rig.meterPort, 10, 0x06, 3)), [1, 17, 1], "which is L2 of the house");
  const [, powerW = 0] = await readFloats(t, rig.meterPort, 10, 0x0c, 3);
  t.ok(Math.abs(powerW - 17 * 230) < 60, `${powerW} W`);
  const [importKWh = 0] = await readFloats(t, rig.meterPort, 13, 0x48, 1);
  t.ok(importKWh > 0.02 && importKWh < 0.2, `${importKWh} kWh`);
});

t.test("a plug that is pulled shows at once, and the board opens by itself", async t => {
  const rig = await startRig(t);
  await charge(t, rig);
  await rig.say("unplug right");
  rig.clock.advance(100);
  const { state, outputs } = await rig.host.status();
  t.equal(state, "A");
  t.equal(outputs & (OUTPUT.k1 | OUTPUT.k2), 0);
  t.match(
    rig.host.ear.messages("event").find(({ code }) => code === EVENT.contactorsOpened),
    { arg: OPENED_BY.cp },
  );
  await rig.pass(1);
  t.match(rig.truths.at(-1)?.cars[1], { plugged: false, pilot: "A", drawA: 0 });
  t.equal(await rig.say("plug right"), "right: car plugged in");
  await rig.pass(1);
  t.match(rig.truths.at(-1)?.cars[1], { plugged: true, pilot: "B" });
  t.ok(rig.truths.at(-1)!.cars[1]!.energyWh < 0.01, "counts from the plug-in");
});

t.test("a car that is stuck draws on without a pilot signal until the board opens", async t => {
  const rig = await startRig(t);
  await charge(t, rig);
  t.equal(await rig.say("car right stuck"), "right: the car ignores the end of the pilot signal");
  await rig.pass(1);
  await rig.host.send({ kind: "pwm", dutyPermille: 1000 });
  await rig.pass(4);
  t.match(rig.truths.at(-1)?.cars[1], { pilot: "C", drawA: 16 });
  await rig.pass(3);
  t.match(rig.truths.at(-1)?.cars[1], { drawA: 0 });
  t.match(rig.host.ear.messages("event").at(-1), { code: EVENT.contactorsOpened, arg: OPENED_BY.steadyTooLong });
});

t.test("a full car stops by itself and wants again when told to", async t => {
  const rig = await startRig(t);
  await charge(t, rig);
  await rig.say("car right full");
  await rig.pass(5);
  t.match(rig.truths.at(-1)?.cars[1], { pilot: "B", drawA: 0 });
  await rig.say("car right wants");
  await rig.pass(5);
  t.match(rig.truths.at(-1)?.cars[1], { pilot: "C" });
});

t.test("house, roof and scenario move the mains", async t => {
  const rig = await startRig(t, { scenario: ["at 3 s house l2 18", "at 5 s house auto"], cars: {} });
  await rig.pass(4);
  t.strictSame(rounded(Object.values(rig.truths.at(-1)!.mainsA)), [1, 19, 1]);
  await rig.pass(3);
  t.strictSame(rounded(Object.values(rig.truths.at(-1)!.mainsA)), [1, 1, 1]);
  await rig.say("roof 6900");
  await rig.pass(3);
  const truth = rig.truths.at(-1)!;
  t.strictSame(rounded(Object.values(truth.mainsA)), [-9, -9, -9]);
  t.strictSame(rounded(Object.values(truth.houseA)), [1, 1, 1]);
  t.equal(Math.round(truth.roofW), 6900);
  t.strictSame(
    rounded(await readFloats(t, rig.meterPort, 10, 0x0c, 3)).map(w => Math.round(w / 230)),
    [-9, -9, -9],
  );
});

t.test("a meter falls silent and answers again", async t => {
  const rig = await startRig(t);
  t.equal(await rig.say("meter mains silent"), "meter mains is silent");
  await t.rejects(readFloats(t, rig.meterPort, 10, 0x06, 3), /timed out/i);
  t.equal((await readFloats(t, rig.meterPort, 13, 0x06, 3)).length, 3, "the other unit answers");
  await rig.say("meter mains answers");
  t.equal((await readFloats(t, rig.meterPort, 10, 0x06, 3)).length, 3);
});

t.test("boards restart, fall silent and talk nonsense; contactors weld", async t => {
  const rig = await startRig(t);
  await rig.pass(1);
  const boots = (): number => rig.host.ear.messages("event").filter(({ code }) => code === EVENT.boot).length;
  await rig.say("board right reset");
  await rig.host.send();
  t.equal(boots(), 1);
  await rig.say("board right garbage");
  await rig.pass(0.5);
  t.equal((await rig.host.status()).state, "B", "understood again after the noise");
  await rig.say("board right silent");
  const heard = rig.host.ear.heard.length;
  rig.clock.advance(1_000);
  await rig.say("board right answers");
  await rig.host.send();
  t.ok(rig.host.ear.heard.length - heard < 5, "nothing of that second came through");
  await rig.say("contactor right weld");
  rig.clock.advance(1_000);
  await rig.host.send();
  t.equal(rig.host.ear.messages("event").at(-1)?.code, EVENT.weld, "the board sees that the contact does not open");
  t.equal(await rig.say("contactor right free"), "contactor right moves freely");
});

t.test("words it does not understand are refused by name, and change nothing", async t => {
  const rig = await startRig(t, { cars: {} });
  for (const words of ["house l4 18", "plug middle", "meter left silent", "dance", "board left explode"]) {
    await t.rejects(rig.say(words), { type: "simulator.command-refused", message: /expected/ }, words);
  }
  await rig.pass(2);
  t.strictSame(rounded(Object.values(rig.truths.at(-1)!.mainsA)), [1, 1, 1]);
});

for (const taken of ["board", "meter"] as const) {
  t.test(`a taken port of a ${taken} refuses the start with port and key`, async t => {
    const blocker = createServer().listen(0, "127.0.0.1");
    t.teardown(() => blocker.close());
    const [free = 0] = await freePorts(1);
    const busy = (blocker.address() as { port: number }).port;
    const start = startRig(
      t,
      taken === "board"
        ? { boards: { left: { port: busy } }, cars: {}, meters: [] }
        : { boards: { left: { port: free } }, cars: {}, meters: [{ role: "mains", port: busy, unit: 10 }] },
    );
    const key = taken === "board" ? "boards\\.left\\.port" : "meters\\[0\\]\\.port";
    await t.rejects(start, { code: "start.refused", message: new RegExp(`${key}: .*${busy}`) });
  });
}
