/**
 * How much of an RS-485 line at 9600 8N1 the meters get: polls per second of 1, 4 and 8 meters as a share of what the
 * line can carry, what a dead meter of four costs the others, and whether the mains is read every second while eight car
 * meters share its line. The line is a real pty; the other end keeps the pace of the wire, byte for byte.
 *
 *   npm run bench:meter-bus
 */
import { ModbusMeter } from "../../services/meter/drivers/modbus.ts";
import { ModbusLine } from "../../services/meter/drivers/modbus-line.ts";
import { liveBlocks } from "../../services/meter/modbus/blocks.core.ts";
import { profileOf } from "../../services/meter/modbus/profiles.ts";
import { MeterReplyRefused, MeterTimeout, MeterUnreachable } from "../../shared/errors.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { eastronAt } from "../support/modbus-bench.ts";
import { ptyPair } from "../support/pty.ts";
import { PacedSlave } from "./lib/paced-slave.ts";
import { figuresOf } from "./lib/samples.ts";

const BAUD = 9_600;
const CHAR_MS = 10_000 / BAUD;
/** Silence before every frame (Modbus over serial line 2.5.1.1). */
const SILENCE_MS = 3.5 * CHAR_MS;
const SECONDS = Number(process.env["BENCH_SECONDS"] ?? 10);
const eastron = profileOf(4)!;
const [live] = liveBlocks(eastron);
if (live === undefined) throw new Error("an Eastron has a block of currents");
/** Request and reply with the silence before each: the line carries no more. */
const EXCHANGE_MS = (8 + 5 + 2 * live.quantity) * CHAR_MS + 2 * SILENCE_MS;
const LIMIT = 1_000 / EXCHANGE_MS;

/** Requests without a usable answer, per unit, of the measurement that runs. */
const failures = new Map<number, number>();
const cleanUp: (() => unknown)[] = [];
const bench = { teardown: (run: () => unknown): unknown => cleanUp.push(run) };

async function withLine(
  dead: readonly number[],
  run: (line: ModbusLine, slave: PacedSlave) => Promise<void>,
): Promise<void> {
  const slave = new PacedSlave(BAUD, dead);
  const { path } = await ptyPair(bench, BAUD, port => {
    slave.serve(port);
  });
  const line = new ModbusLine(
    { kind: "serial", path, baudRate: BAUD, parity: "none", stopBits: 1 },
    { clock: systemClock },
  );
  line.open();
  await run(line, slave);
  await line.close();
  for (const step of cleanUp.splice(0).reverse()) await step();
}

async function pause(ms: number): Promise<void> {
  await new Promise<void>(resolve => {
    setTimeout(resolve, ms);
  });
}

interface Polled {
  /** Answers per second, of each unit. */
  readonly rates: ReadonlyMap<number, number>;
  /** Share of the time by which the other end was later than a wire. */
  readonly late: number;
}

/** Asks units as fast as the line lets it. */
async function saturated(line: ModbusLine, slave: PacedSlave, units: readonly number[]): Promise<Polled> {
  const answers = new Map(units.map(unit => [unit, 0]));
  failures.clear();
  let counting = false;
  let running = true;
  const readers = units.map(async unit => {
    while (running) {
      try {
        await line.read({ unit, ...live! }, { urgency: "other", retries: 0, budgetMs: 2_000 });
        if (counting) answers.set(unit, (answers.get(unit) ?? 0) + 1);
      } catch (error) {
        // A dead meter is part of the bench: its driver asks again with its next poll.
        const isOfTheLine = [MeterTimeout, MeterUnreachable, MeterReplyRefused].some(kind => error instanceof kind);
        if (!isOfTheLine) throw error;
        if (counting) failures.set(unit, (failures.get(unit) ?? 0) + 1);
        await pause(100);
      }
    }
  });
  await pause(2_000);
  counting = true;
  const lateBefore = slave.lateMs;
  await pause(SECONDS * 1_000);
  const late = (slave.lateMs - lateBefore) / (SECONDS * 1_000);
  counting = false;
  running = false;
  await Promise.all(readers);
  return { rates: new Map([...answers].map(([unit, count]) => [unit, count / SECONDS])), late };
}

/** Says so where the figures are those of a busy machine, whose other end of the line was late. */
function warnOf(lateUnits: readonly number[]): void {
  const late = lateUnits.reduce((all, unit) => all + (failures.get(unit) ?? 0), 0);
  if (late > 0) console.log(`       ${late} requests failed: this machine is too busy to keep the pace of the wire`);
}

function sum(rates: ReadonlyMap<number, number>): number {
  return [...rates.values()].reduce((all, rate) => all + rate, 0);
}

console.log(
  `one line, ${BAUD} 8N1, Eastron's currents and powers: ${EXCHANGE_MS.toFixed(1)} ms each, at most ${LIMIT.toFixed(1)}/s`,
);
console.log("\nmeters   polls/s   share of the limit (aim >= 90 %)   slowest/fastest   lost to a late other end");
for (const count of [1, 4, 8]) {
  const units = Array.from({ length: count }, (_, index) => 10 + index);
  await withLine([], async (line, slave) => {
    const { rates, late } = await saturated(line, slave, units);
    const each = [...rates.values()];
    const fairness = Math.min(...each) / Math.max(...each);
    console.log(
      `${String(count).padStart(6)} ${sum(rates).toFixed(1).padStart(9)} ${`${((100 * sum(rates)) / LIMIT).toFixed(1)} %`.padStart(12)} ${fairness.toFixed(2).padStart(37)} ${`${(100 * late).toFixed(1)} %`.padStart(26)}`,
    );
    warnOf(units);
  });
}

let alive = 0;
await withLine([], async (line, slave) => {
  alive = sum((await saturated(line, slave, [10, 11, 12])).rates);
});
await withLine([13], async (line, slave) => {
  const rates = new Map((await saturated(line, slave, [10, 11, 12, 13])).rates);
  rates.delete(13);
  const lost = 100 * (1 - sum(rates) / alive);
  console.log(
    `\none dead meter of four: the other three ${sum(rates).toFixed(1)}/s instead of ${alive.toFixed(1)}/s, ${lost.toFixed(1)} % less (aim <= 10 %)`,
  );
  warnOf([10, 11, 12]);
});

await withLine([], async line => {
  const ages: number[] = [];
  const intervals: number[] = [];
  const others: number[] = [];
  const problems: string[] = [];
  const meters = [
    new ModbusMeter(eastron, eastronAt(10, { role: "mains", pollMs: 1_000 }), line, systemClock),
    ...Array.from(
      { length: 8 },
      (_, index) => new ModbusMeter(eastron, eastronAt(11 + index, { role: "ev", pollMs: 2_000 }), line, systemClock),
    ),
  ];
  const last = new Map<number, number>();
  for (const [index, meter] of meters.entries()) {
    meter.start({
      sample: ({ sampledAt }) => {
        const before = last.get(index);
        last.set(index, sampledAt);
        if (before === undefined) return;
        if (index === 0) ages.push(systemClock.now() - sampledAt);
        (index === 0 ? intervals : others).push(sampledAt - before);
      },
      problem: words => problems.push(words),
    });
  }
  await pause(3 * SECONDS * 1_000);
  for (const meter of meters) await meter.stop();
  const show = (name: string, samples: readonly number[]): void => {
    const { n, p50, p99, max } = figuresOf(samples);
    console.log(
      `  ${name.padEnd(34)} p50 ${p50.toFixed(0).padStart(5)} ms  p99 ${p99.toFixed(0).padStart(5)} ms  max ${max.toFixed(0).padStart(5)} ms  n=${n}`,
    );
  };
  console.log("\nmains every 1 s beside eight car meters every 2 s, counters and voltages of all of them every 10 s");
  show("time between samples of the mains", intervals);
  show("age of the mains when delivered", ages);
  show("time between samples of a car", others);
  console.log(`  problems: ${problems.length}${problems.length === 0 ? "" : ` (${problems[0] ?? ""})`}`);
});
