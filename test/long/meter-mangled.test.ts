import { createServer } from "node:net";
import type { Duplex } from "node:stream";
import t, { type Test } from "tap";
import { ModbusMeter } from "../../services/meter/drivers/modbus.ts";
import { ModbusLine } from "../../services/meter/drivers/modbus-line.ts";
import type { LineAddress } from "../../services/meter/drivers/modbus-wire.ts";
import { profileOf } from "../../services/meter/modbus/profiles.ts";
import { eastron3P } from "../../services/simulator/meters/eastron.ts";
import {
  addressed,
  mbapFrame,
  rtuFrame,
  takeMbapRequests,
  takeRtuRequests,
} from "../../services/simulator/meters/slave-frames.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { mangled, type Random, randomOf } from "../support/mangling.ts";
import { carrying, eastronAt, listenTo, until } from "../support/modbus-bench.ts";
import { ptyPair } from "../support/pty.ts";

// The lines are waited for, not the processor: the three go together.
t.jobs = 3;
t.setTimeout(900_000);

const FRAMES = 10_000;
/**
 * Damaged answers in a row, before a whole one. On a serial line a third one would have the meter set aside for a while; on
 * Modbus TCP one may cost the connection.
 */
const IN_A_ROW = { serial: 2, "rtu-tcp": 2, tcp: 1 } as const;
const FIRST_LIVE_REGISTER = 0x06;
const POLL_MS = 200;

/** An Eastron at the other end of a real line whose every answer shows another current, and may be damaged. */
class Counterpart {
  readonly #framing: "rtu" | "tcp";
  readonly #random: Random;
  #received: Buffer = Buffer.alloc(0);
  /** Damage of the next answers; off: they are whole. */
  isDamaging = false;
  amps = 0;
  answers = 0;
  readonly damages = new Map<number, string>();

  constructor(framing: "rtu" | "tcp", seed: number) {
    this.#framing = framing;
    this.#random = randomOf(seed);
  }

  serve(stream: Duplex): void {
    this.#received = Buffer.alloc(0);
    stream.on("error", () => stream.destroy());
    stream.on("data", (bytes: Buffer) => {
      const all = Buffer.concat([this.#received, bytes]);
      if (this.#framing === "rtu") {
        const { requests, rest } = takeRtuRequests(all);
        this.#received = rest;
        for (const request of requests) this.#send(stream, request, rtuFrame(this.#answer(request)));
      } else {
        const { requests, rest } = takeMbapRequests(all);
        this.#received = rest;
        for (const { transaction, body } of requests) {
          this.#send(stream, body, mbapFrame(transaction, this.#answer(body)));
        }
      }
    });
  }

  #answer(request: Buffer): Buffer {
    const { unit, fn, start, quantity } = addressed(request);
    // 1.001, 1.002 ...: no two answers show the same.
    if (start === FIRST_LIVE_REGISTER) this.amps = 1 + (this.answers + 1) / 1_000;
    const registers = eastron3P(() => carrying(this.amps));
    const answer = Buffer.alloc(3 + 2 * quantity);
    answer.set([unit, fn, 2 * quantity]);
    for (let index = 0; index < quantity; index += 1) {
      answer.writeUInt16BE(registers(fn, start + index) ?? 0, 3 + 2 * index);
    }
    return answer;
  }

  #send(stream: Duplex, request: Buffer, frame: Buffer): void {
    const isLive = addressed(request).start === FIRST_LIVE_REGISTER;
    if (isLive) this.answers += 1;
    if (!isLive || !this.isDamaging) {
      stream.write(frame);
      return;
    }
    const { damage, bytes } = mangled(this.#framing, frame, this.#random);
    this.damages.set(this.answers, damage);
    if (bytes.length > 0) stream.write(bytes);
  }
}

/** Long enough for bytes to come through a line of this machine. */
async function pause(): Promise<void> {
  await new Promise<void>(resolve => {
    setTimeout(resolve, 1);
  });
}

async function turn(): Promise<void> {
  await new Promise<void>(resolve => {
    setImmediate(resolve);
  });
}

/** Damaged answers and whole ones by turns. Time is stepped, the line is real. */
async function endure(t: Test, address: LineAddress, slave: Counterpart, frames: number): Promise<void> {
  const inARow = IN_A_ROW[address.kind];
  const clock = new ManualClock();
  const line = new ModbusLine(address, { clock });
  const eastron = profileOf(4)!;
  // Currents and powers only: every answer is one that is looked at.
  const profile = {
    ...eastron,
    registers: eastron.registers.filter(({ quantity }) => /^(current|power)L/.test(quantity)),
  };
  const driver = new ModbusMeter(profile, eastronAt(10, { role: "ev", pollMs: POLL_MS }), line, clock);
  const heard = listenTo(driver);

  const said = (): number => heard.samples.length + heard.problems.length;

  /** One poll: until the driver has said how it went. Time goes on only where the line has nothing to bring. */
  async function poll(): Promise<void> {
    const before = said();
    const { answers } = slave;
    const { requests } = driver.counters();
    while (driver.counters().requests === requests && said() === before) {
      clock.advance(5);
      await turn();
    }
    let heardAt = 0;
    for (let turns = 0; said() === before; turns += 1) {
      if (turns > 20_000) throw new Error(`no poll ended: ${driver.source}`);
      // The request goes out after a quiet time of the line; what is damaged arrives, but no answer will.
      if (turns < 3) clock.advance(5);
      else if (slave.answers === answers || !slave.isDamaging || turns - heardAt < 2) {
        await pause();
        // What the machine delivers late needs a little of the line's time as well.
        if (turns % 16 === 15) clock.advance(5);
      } else clock.advance(100);
      if (slave.answers === answers) heardAt = turns;
      await turn();
    }
  }

  await until(() => {
    clock.advance(5);
    return heard.samples.length > 0;
  }, "a first sample");
  /** How often the meter was asked until it was believed again. */
  const asked = new Map<number, number>();
  for (let frame = 0; frame < frames; frame += inARow) {
    slave.isDamaging = true;
    for (let row = 0; row < inARow; row += 1) await poll();
    slave.isDamaging = false;
    const { length } = heard.samples;
    const { answers } = slave;
    for (let polls = 0; heard.samples.length === length; polls += 1) {
      if (polls > 100) throw new Error(`not back after ${polls} polls: ${heard.problems.at(-1) ?? ""}`);
      await poll();
    }
    asked.set(slave.answers - answers, (asked.get(slave.answers - answers) ?? 0) + 1);
  }
  await driver.stop();

  const wrong = heard.samples.filter(({ currentA: { l1, l2, l3 } }) => {
    const answer = Math.round((l1 - 1) * 1_000);
    const isShown = answer >= 1 && answer <= slave.answers && Math.abs(l1 - (1 + answer / 1_000)) < 1e-5;
    return !isShown || l2 !== l1 || l3 !== l1 || slave.damages.has(answer);
  });
  t.strictSame(wrong, [], "no value is believed that the meter did not measure or that came damaged");
  t.equal(slave.damages.size, frames, "damaged frames");
  const afterOne = asked.get(1) ?? 0;
  t.ok(Math.max(...asked.keys()) <= 2, `asked again at most twice: ${JSON.stringify([...asked])}`);
  const rows = frames / inARow;
  t.ok(afterOne >= 0.999 * rows, `${afterOne} of ${rows} times a sample came from the next poll`);
  const kinds = new Set(slave.damages.values());
  t.ok(kinds.size >= 6, `${kinds.size} kinds of damage: ${[...kinds].join(", ")}`);
}

async function listening(t: Test, slave: Counterpart): Promise<number> {
  const server = createServer(socket => {
    socket.setNoDelay();
    slave.serve(socket);
  });
  t.teardown(() => server.close());
  return new Promise(resolve => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

t.test("10,000 damaged frames on a serial line", { buffered: true }, async t => {
  const slave = new Counterpart("rtu", 1);
  const { path } = await ptyPair(t, 115_200, port => {
    slave.serve(port);
  });
  await endure(t, { kind: "serial", path, baudRate: 115_200, parity: "none", stopBits: 1 }, slave, FRAMES);
});

t.test("10,000 damaged frames behind a gateway", { buffered: true }, async t => {
  const slave = new Counterpart("rtu", 2);
  const port = await listening(t, slave);
  await endure(t, { kind: "rtu-tcp", host: "127.0.0.1", port, baudRate: 115_200 }, slave, FRAMES);
});

t.test("10,000 damaged messages on Modbus TCP", { buffered: true }, async t => {
  const slave = new Counterpart("tcp", 3);
  const port = await listening(t, slave);
  await endure(t, { kind: "tcp", host: "127.0.0.1", port }, slave, FRAMES);
});
