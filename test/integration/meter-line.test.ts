import t from "tap";
import { ModbusMeter } from "../../services/meter/drivers/modbus.ts";
import { ModbusLine } from "../../services/meter/drivers/modbus-line.ts";
import { ModbusLines } from "../../services/meter/drivers/modbus-lines.ts";
import { openMeterDriver } from "../../services/meter/drivers/open.ts";
import { profileOf } from "../../services/meter/modbus/profiles.ts";
import { ModbusSlave, slaveFaults } from "../../services/simulator/meters/modbus-slave.ts";
import {
  MeterException,
  MeterNotAvailable,
  MeterTimeout,
  MeterUnreachable,
  messageOf,
  StartRefused,
} from "../../shared/errors.ts";
import { systemClock } from "../../shared/time/clock.ts";
import {
  CountingEastron,
  carrying,
  eastronAt,
  eastronShowing,
  listenTo,
  serialSlave,
  tcpSlave,
  until,
} from "../support/modbus-bench.ts";

// Most of the time here is waiting for time-outs: the tests wait together.
t.jobs = 4;

const reading = { urgency: "other", retries: 0, budgetMs: 5_000 } as const;
const patiently = { ...reading, budgetMs: 30_000 } as const;
const live = { fn: 4, start: 6, quantity: 12 } as const;

t.test("many readers share a line, and each gets its own answer", { buffered: true }, async t => {
  for (const { slave, address } of [await tcpSlave(t), await serialSlave(t, 115_200)]) {
    const units = [10, 11, 12, 13];
    for (const unit of units) slave.add(unit, eastronShowing({ now: carrying(unit) }));
    // Nothing here is about time: a busy machine may let the slave answer late.
    const line = new ModbusLine(address, { clock: systemClock, replyMs: 30_000 });
    line.open();
    const asked = [...units, ...units, ...units].map(async unit => {
      const { data, since } = await line.read({ unit, ...live }, reading);
      t.ok(since <= systemClock.now());
      return data.readFloatBE(0) === unit;
    });
    t.ok((await Promise.all(asked)).every(Boolean), line.words);
    t.strictSame(line.countersOf(10), { requests: 3, replies: 3, timeouts: 0, refused: 0, exceptions: 0 });
    await line.close();
  }
});

t.test("says what went wrong: silence, exception, a line that is not there", { buffered: true }, async t => {
  const { slave, address } = await tcpSlave(t);
  slave.add(10, eastronShowing({ now: carrying(1) }));
  slave.add(11, eastronShowing({ now: carrying(1) }));
  slave.setFault(10, slaveFaults.silent);
  const line = new ModbusLine(address, { clock: systemClock, replyMs: 100 });
  await t.rejects(
    line.read({ unit: 10, ...live }, reading),
    new MeterUnreachable(`${line.words}: the line is not open`),
  );
  line.open();
  const silent = line.read({ unit: 10, ...live }, reading);
  await t.rejects(silent, new MeterTimeout("address 10", 100));
  t.equal(line.countersOf(10).timeouts, 1);
  await line.close();
  // On a line that waits for as long as a busy machine needs.
  const patient = new ModbusLine(address, { clock: systemClock, replyMs: 30_000 });
  patient.open();
  const beyond = patient.read({ unit: 11, fn: 4, start: 0x200, quantity: 2 }, patiently);
  await t.rejects(beyond, {
    constructor: MeterException,
    message: /^address 11: .*exception 2.*illegal data address/i,
  });
  t.equal(patient.countersOf(11).exceptions, 1);
  await patient.close();

  await slave.close();
  const nobody = new ModbusLine(address, { clock: systemClock });
  nobody.open();
  await t.rejects(nobody.read({ unit: 10, ...live }, reading), {
    constructor: MeterUnreachable,
    message: /ECONNREFUSED/,
  });
  await nobody.close();
  const noPort = {
    kind: "serial",
    path: "/dev/there-is-no-such-port",
    baudRate: 9_600,
    parity: "none",
    stopBits: 1,
  } as const;
  const missing = new ModbusLine(noPort, { clock: systemClock });
  missing.open();
  await t.rejects(missing.read({ unit: 10, ...live }, reading), {
    constructor: MeterUnreachable,
    message: /no such file/i,
  });
  await missing.close();
});

t.test("a request that nobody serves in its time is given back", { buffered: true }, async t => {
  const { slave, address } = await tcpSlave(t);
  slave.add(10, eastronShowing({ now: carrying(1) }));
  slave.setFault(10, slaveFaults.late(120));
  const line = new ModbusLine(address, { clock: systemClock, replyMs: 30_000 });
  line.open();
  const first = line.read({ unit: 10, ...live }, patiently);
  const second = line.read({ unit: 10, ...live }, { ...reading, budgetMs: 60 });
  await t.rejects(second, { constructor: MeterUnreachable, message: /no turn for address 10 within its time/ });
  t.equal((await first).data.length, 24);
  await line.close();
});

t.test("a lost line comes back by itself", { buffered: true }, async t => {
  const slave = new ModbusSlave(systemClock);
  const meter = new CountingEastron();
  slave.add(10, meter.registers);
  const port = await slave.listen(0);
  const line = new ModbusLine({ kind: "tcp", host: "127.0.0.1", port }, { clock: systemClock });
  const driver = new ModbusMeter(profileOf(4)!, eastronAt(10), line, systemClock);
  const heard = listenTo(driver);
  const next = async (what: string): Promise<void> => {
    const { length } = heard.samples;
    await until(() => heard.samples.length > length, what);
  };
  await next("a first sample");
  slave.dropConnections();
  await next("a sample after the connection was cut");
  await slave.close();
  await until(() => heard.problems.some(words => words.includes("ECONNREFUSED")), "the gateway is missed");
  const again = new ModbusSlave(systemClock);
  again.add(10, meter.registers);
  await again.listen(port);
  await next("a sample after the gateway restarted");
  await driver.stop();
  await again.close();
  t.strictSame(
    heard.samples.map(sample => meter.wrongWith(sample)).filter(wrong => wrong !== null),
    [],
  );
});

t.test("a serial line comes back after its cable was out", { buffered: true }, async t => {
  const { slave, address, unplug, replug } = await serialSlave(t, 115_200);
  slave.add(10, eastronShowing({ now: carrying(4) }));
  const line = new ModbusLine(address, { clock: systemClock });
  const driver = new ModbusMeter(profileOf(4)!, eastronAt(10), line, systemClock);
  const heard = listenTo(driver);
  await until(() => heard.samples.length > 0, "a first sample");
  await unplug();
  await until(() => heard.problems.length > 0, "the cable is missed");
  const { length } = heard.samples;
  await replug();
  await until(() => heard.samples.length > length, "a sample after it was plugged in again");
  await driver.stop();
  t.pass("without restarting anything");
});

t.test("a connection that takes requests and never answers is given up and made anew", { buffered: true }, async t => {
  const { slave, address } = await tcpSlave(t);
  const line = new ModbusLine(address, { clock: systemClock, replyMs: 30 });
  line.open();
  // Nobody has these addresses: three requests in a row without any answer.
  for (const unit of [20, 21, 22]) await t.rejects(line.read({ unit, ...live }, reading), MeterTimeout);
  slave.add(10, eastronShowing({ now: carrying(1) }));
  let data: Buffer | null = null;
  const refusals: string[] = [];
  await until(() => {
    if (data === null) {
      line.read({ unit: 10, ...live }, reading).then(
        registers => (data = registers.data),
        (error: unknown) => refusals.push(messageOf(error)),
      );
    }
    return data !== null;
  }, "an answer on a new connection");
  t.match(refusals[0], /no answer to 3 requests in a row/, "meanwhile it says why");
  await line.close();
});

t.test("a dead meter of three costs the others little", { buffered: true }, async t => {
  const { slave, address } = await tcpSlave(t);
  const lines = new ModbusLines({ meters: address }, { clock: systemClock, replyMs: 60 });
  const drivers = [10, 11, 12].map(unit => {
    slave.add(unit, eastronShowing({ now: carrying(unit) }));
    const role = unit === 10 ? "mains" : "ev";
    return openMeterDriver(eastronAt(unit, { role }), { lines, clock: systemClock });
  });
  slave.setFault(11, slaveFaults.silent);
  const heard = drivers.map(driver => listenTo(driver));
  await until(() => (heard[0]?.samples.length ?? 0) >= 40, "forty samples of the mains");
  await Promise.all(drivers.map(driver => driver.stop()));
  t.equal(heard[1]?.samples.length, 0);
  t.ok((heard[2]?.samples.length ?? 0) >= 36, `${heard[2]?.samples.length ?? 0} samples of the other`);
  t.ok(slave.requestsTo(11) <= 7, `${slave.requestsTo(11)} requests to the dead one`);
  t.match(heard[1]?.problems.at(-1), /no answer to \d+ requests in a row; next attempt in \d/);
});

t.test("drivers of one line share its owner, which goes with the last of them", { buffered: true }, async t => {
  const { slave, address } = await tcpSlave(t);
  for (const unit of [10, 12]) slave.add(unit, eastronShowing({ now: carrying(unit) }));
  const lines = new ModbusLines({ meters: address }, { clock: systemClock });
  t.equal(lines.line("meters"), lines.line(null), "the only line needs no name");
  const [one, two] = [10, 12].map(unit => openMeterDriver(eastronAt(unit), { lines, clock: systemClock }));
  const [first, second] = [listenTo(one!), listenTo(two!)];
  await until(() => first.samples.length > 0 && second.samples.length > 0, "samples of both");
  await one!.stop();
  const { length } = second.samples;
  await until(() => second.samples.length > length + 1, "the other goes on");
  t.strictSame(second.samples.at(-1)?.currentA, { l1: 12, l2: 12, l3: 12 });
  await two!.stop();
  t.equal(first.samples.at(-1)?.currentA.l1, 10);
});

t.test("says which lines there are when a meter names another, or none of several", { buffered: true }, async t => {
  const tcp = (port: number) => ({ kind: "tcp", host: "127.0.0.1", port }) as const;
  const two = new ModbusLines({ rail: tcp(1), roof: tcp(2) }, { clock: systemClock });
  const none = new ModbusLines({}, { clock: systemClock });
  t.throws(
    () => two.line("cellar"),
    new MeterNotAvailable("there is no line cellar; lines of the site file: rail, roof"),
  );
  t.throws(() => two.line("toString"), MeterNotAvailable);
  t.throws(() => two.line(null), { message: /which line this meter is on is not said.*rail, roof/ });
  t.throws(() => none.line(null), { message: /the site file has no lines/ });
  t.throws(() => openMeterDriver({ ...eastronAt(10), meter: "phoenix" }, { lines: two, clock: systemClock }), {
    message: /^no Modbus meter is called phoenix; known: abb_b2x, .*phoenix_eem350/,
  });
});

t.test("a taken port of a simulated meter is named", { buffered: true }, async t => {
  const { address } = await tcpSlave(t);
  await t.rejects(new ModbusSlave(systemClock).listen(address.port), {
    constructor: StartRefused,
    message: new RegExp(`port ${address.port} on 127\\.0\\.0\\.1.*EADDRINUSE`),
  });
});
