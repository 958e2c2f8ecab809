import type { SerialPort } from "serialport";
import t, { type Test } from "tap";
import { ModbusMeter } from "../../services/meter/drivers/modbus.ts";
import { ModbusLine } from "../../services/meter/drivers/modbus-line.ts";
import type { LineAddress } from "../../services/meter/drivers/modbus-wire.ts";
import { withCrc } from "../../services/meter/modbus/frame.core.ts";
import { profileOf } from "../../services/meter/modbus/profiles.ts";
import { ModbusSlave, type SlaveFault, slaveFaults } from "../../services/simulator/meters/modbus-slave.ts";
import { systemClock } from "../../shared/time/clock.ts";
import {
  CountingEastron,
  eastronAt,
  listenTo,
  rtuTcpSlave,
  serialSlave,
  tcpSlave,
  until,
} from "../support/modbus-bench.ts";
import { ptyPair } from "../support/pty.ts";

// Most of the time here is waiting for time-outs: the tests wait together.
t.jobs = 3;

const REPLY_MS = 100;

/** Changes one byte range of an answer `[unit, function, byte count, data...]`. */
function overwrite(at: number, bytes: number[]): SlaveFault {
  return {
    answer: answer => {
      const changed = Buffer.from(answer);
      changed.set(bytes.slice(0, Math.max(0, changed.length - at)), at);
      return changed;
    },
  };
}

function instead(body: string): SlaveFault {
  return { answer: () => Buffer.from(body.replaceAll(" ", ""), "hex") };
}

function onTheWire(change: (frame: Buffer) => Buffer): SlaveFault {
  return { bytes: change };
}

/** Answers that must not be believed, on any line. */
const anywhere: Readonly<Record<string, SlaveFault>> = {
  "no answer": slaveFaults.silent,
  "an answer of another unit": slaveFaults.wrongUnit(11),
  "an answer to another function": overwrite(1, [3]),
  "an answer to a function that reads coils": overwrite(1, [1]),
  "exception 2": slaveFaults.exception(2),
  "exception 4": slaveFaults.exception(4),
  "exception 2 without its mark": instead("0A 04 02"),
  "two registers instead of twelve": instead("0A 04 04 41 80 00 00"),
  "an answer without data": instead("0A 04 00"),
  "a byte count that is not the data's": overwrite(2, [22]),
  "a byte count of 255": overwrite(2, [255]),
  "NaN as current": overwrite(3, [0x7f, 0xc0, 0, 0]),
  "infinity as current": overwrite(7, [0x7f, 0x80, 0, 0]),
  "minus infinity as power": overwrite(15, [0xff, 0x80, 0, 0]),
  "a million amperes": overwrite(3, [0x49, 0x74, 0x24, 0x00]),
  "300 kW on a phase": overwrite(15, [0x48, 0x92, 0x7c, 0x00]),
};

/** Another master asks the same meter for its voltages and more, and is answered: nothing tells that from an answer to us. */
const foreignExchange = Buffer.concat([
  withCrc(Buffer.from("0a040000000c", "hex")),
  withCrc(Buffer.concat([Buffer.from("0a0418", "hex"), Buffer.from("41c80000".repeat(6), "hex")])),
]);

const onSerial: Readonly<Record<string, SlaveFault>> = {
  ...anywhere,
  "a flipped bit in the checksum": slaveFaults.crc,
  "a flipped bit in the data": onTheWire(frame =>
    Buffer.from(frame.map((byte, at) => (at === 5 ? byte ^ 0x10 : byte))),
  ),
  "the checksum's bytes exchanged": onTheWire(frame =>
    Buffer.concat([frame.subarray(0, -2), Buffer.from([frame.at(-1) ?? 0, frame.at(-2) ?? 0])]),
  ),
  "the last byte lost": slaveFaults.truncated(1),
  "three bytes only": onTheWire(frame => frame.subarray(0, 3)),
  "a byte lost in the middle": onTheWire(frame => Buffer.concat([frame.subarray(0, 9), frame.subarray(10)])),
  "a byte too many in the middle": onTheWire(frame =>
    Buffer.concat([frame.subarray(0, 9), Buffer.from([0]), frame.subarray(9)]),
  ),
  zeroes: onTheWire(frame => Buffer.alloc(frame.length)),
  "a line held high": onTheWire(frame => Buffer.alloc(frame.length, 0xff)),
  noise: onTheWire(() => Buffer.from(Array.from({ length: 200 }, (_, index) => (index * 73 + 41) & 0xff))),
  "the beginning of the answer again and again": onTheWire(frame =>
    Buffer.concat(Array.from({ length: 6 }, () => frame.subarray(0, 5))),
  ),
  "late by more than the time for it": slaveFaults.late(REPLY_MS + 40),
  "another master's question and its answer": onTheWire(frame => Buffer.concat([foreignExchange, frame])),
  "another master's question only": onTheWire(() => foreignExchange.subarray(0, 8)),
};

const onTcp: Readonly<Record<string, SlaveFault>> = {
  ...anywhere,
  "another transaction's number": onTheWire(frame => {
    const changed = Buffer.from(frame);
    changed.writeUInt16BE((changed.readUInt16BE(0) + 1) & 0xffff, 0);
    return changed;
  }),
  "another protocol": onTheWire(frame => Buffer.concat([frame.subarray(0, 2), Buffer.from([0, 1]), frame.subarray(4)])),
  "a length that is too long": onTheWire(frame =>
    Buffer.concat([frame.subarray(0, 4), Buffer.from([0, 60]), frame.subarray(6)]),
  ),
  "a length that is too short": onTheWire(frame =>
    Buffer.concat([frame.subarray(0, 4), Buffer.from([0, 7]), frame.subarray(6)]),
  ),
  "a length no message has": onTheWire(frame =>
    Buffer.concat([frame.subarray(0, 4), Buffer.from([0xff, 0xff]), frame.subarray(6)]),
  ),
  "half a message": onTheWire(frame => frame.subarray(0, 12)),
  "words of another protocol": onTheWire(() => Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")),
  "late by more than the time for it": slaveFaults.late(REPLY_MS + 40),
};

/** Answers that arrive whole, with something around them. */
const noisyButWhole: Readonly<Record<string, SlaveFault>> = {
  "noise before the answer": onTheWire(frame => Buffer.concat([Buffer.from([0, 0xff, 0x0a, 0x04]), frame])),
  "noise after the answer": onTheWire(frame => Buffer.concat([frame, Buffer.from([0, 0x0a, 0x04, 0x18])])),
};

async function survive(
  t: Test,
  { slave, address }: { slave: ModbusSlave; address: LineAddress },
  faults: Readonly<Record<string, SlaveFault>>,
): Promise<void> {
  const meter = new CountingEastron();
  slave.add(10, meter.registers);
  const line = new ModbusLine(address, { clock: systemClock, replyMs: REPLY_MS });
  // A role that is asked once: every answer that is refused is a poll that is lost.
  const driver = new ModbusMeter(profileOf(4)!, eastronAt(10, { role: "ev", pollMs: 50 }), line, systemClock);
  const heard = listenTo(driver);
  await until(() => heard.samples.length > 0, "a first sample");

  for (const [name, fault] of Object.entries(faults)) {
    const problems = heard.problems.length;
    meter.fault = name;
    slave.setFault(10, fault);
    await until(() => heard.problems.length > problems, `${name}: a problem`);
    meter.fault = null;
    slave.setFault(10, null);
    const asked = meter.measured.size;
    const { length } = heard.samples;
    await until(() => heard.samples.length > length, `${name}: a sample after it`);
    const polls = meter.measured.size - asked;
    t.ok(polls <= 3, `${name}: back after ${polls} polls; it said: ${heard.problems.at(problems) ?? ""}`);
  }
  await driver.stop();

  t.strictSame(
    heard.samples.map(sample => meter.wrongWith(sample)).filter(wrong => wrong !== null),
    [],
    "no value that the meter did not measure, and none made younger",
  );
  const believed = heard.samples.map(({ currentA }) => meter.measured.get(currentA.l1)?.fault ?? null);
  t.strictSame(
    believed.filter(fault => fault !== null && !fault.startsWith("late")),
    [],
    "no answer that came with a fault",
  );
  t.ok(
    heard.problems.every(words => words.length > 10),
    "every problem is said in words",
  );
}

t.test("no bad frame on a serial line is believed, and the next good one is", { buffered: true }, async t => {
  t.ok(Object.keys(onSerial).length >= 20);
  await survive(t, await serialSlave(t, 115_200), onSerial);
});

t.test("no bad frame behind a gateway is believed, and the next good one is", { buffered: true }, async t => {
  await survive(t, await rtuTcpSlave(t, 115_200), onSerial);
});

t.test("no bad message on TCP is believed, and the next good one is", { buffered: true }, async t => {
  t.ok(Object.keys(onTcp).length >= 20);
  await survive(t, await tcpSlave(t), onTcp);
});

t.test("two masters on one line: nothing of the other's is believed, and it is named", { buffered: true }, async t => {
  const slave = new ModbusSlave(systemClock);
  const meter = new CountingEastron();
  slave.add(10, meter.registers);
  let wire: SerialPort | null = null;
  const { path } = await ptyPair(t, 115_200, port => {
    wire = port;
    slave.serveRtu(port, 115_200);
  });
  t.teardown(() => slave.close());
  const address = { kind: "serial", path, baudRate: 115_200, parity: "none", stopBits: 1 } as const;
  const line = new ModbusLine(address, { clock: systemClock, replyMs: REPLY_MS });
  const driver = new ModbusMeter(profileOf(4)!, eastronAt(10, { role: "ev", pollMs: 50 }), line, systemClock);
  const heard = listenTo(driver);
  // It keeps no time with us: before our questions, between them and their answers, and behind those.
  const cancel = systemClock.every(173, () => wire?.write(foreignExchange));
  await until(
    () => heard.samples.length > 20 && heard.problems.some(words => words.includes("another master is on this line")),
    "samples in spite of it, and its name",
  );
  cancel();
  await driver.stop();
  t.strictSame(
    heard.samples.map(sample => meter.wrongWith(sample)).filter(wrong => wrong !== null),
    [],
    "no value that the other was told",
  );
});

t.test("noise around a whole frame costs nothing", { buffered: true }, async t => {
  const { slave, address } = await serialSlave(t, 115_200);
  const meter = new CountingEastron();
  slave.add(10, meter.registers);
  const line = new ModbusLine(address, { clock: systemClock });
  const driver = new ModbusMeter(profileOf(4)!, eastronAt(10, { role: "ev", pollMs: 50 }), line, systemClock);
  const heard = listenTo(driver);
  for (const [name, fault] of Object.entries(noisyButWhole)) {
    meter.fault = name;
    slave.setFault(10, fault);
    const shown = (): number =>
      heard.samples.filter(({ currentA }) => meter.measured.get(currentA.l1)?.fault === name).length;
    await until(() => shown() >= 3, `${name}: three samples`);
  }
  await driver.stop();
  t.strictSame(heard.problems, []);
  t.strictSame(
    heard.samples.map(sample => meter.wrongWith(sample)).filter(wrong => wrong !== null),
    [],
  );
});
