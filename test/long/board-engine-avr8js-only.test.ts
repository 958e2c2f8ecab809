import t from "tap";
import { BOOT, EVENT, FLAG, RESULT } from "../../shared/evse-sysex/codes.ts";
import { AvrBoard } from "../support/avr-board/avr-board.ts";
import { releasedFirmware } from "../support/avr-board/released.ts";
import { avrEngineOf } from "../support/board-engine.ts";
import { wire } from "../support/board-host.ts";
import { EngineBench } from "../support/engine-bench.ts";

/** What only a processor with interrupts, ports and buffers can get wrong. */

function charging(): { board: AvrBoard; bench: EngineBench } {
  // A copy: some tests change it.
  const board = new AvrBoard({ program: Uint16Array.from(releasedFirmware()) });
  return { board, bench: new EngineBench(() => avrEngineOf(board)).charge() };
}

t.test("a line that cannot keep up drops whole messages, and says so", async t => {
  for (const [title, bytes, times] of [
    ["Firmata", [0xf0, 0x6b, 0xf7], 12],
    ["EVSE", [...wire({ kind: "info" })], 40],
  ] as const) {
    const { bench } = charging();
    bench.configure("reportMs", 0);
    for (let i = 0; i < times; i++) bench.board.write(Uint8Array.from(bytes));
    bench.run(300);
    t.ok(bench.has(FLAG.overrun), title);
    bench.clear(FLAG.overrun);
    t.notOk(bench.has(FLAG.overrun), title);
    t.equal(bench.mask, 3, title);
  }
});

t.test("without its 1 ms base the board restarts, although its main loop turns", async t => {
  const { board, bench } = charging();
  const TIMSK1 = 0x6f;
  bench.stopBeating();
  board.processor.cpu.data[TIMSK1] = 0;
  // Bytes on the line keep the loop turning.
  board.write(new Uint8Array(2_000));
  const took = bench.msUntilOpen(120) ?? 999;
  t.ok(took >= 55 && took <= 70, `${took} ms`);
  bench.run(400);
  t.equal(bench.lastArg(EVENT.boot), BOOT.watchdog);
  t.ok(bench.has(FLAG.hwWatchdog));
});

t.test("a main loop that stands still is restarted, although the interrupts run", async t => {
  const { board, bench } = charging();
  const RESET_WATCHDOG = 0x95a8;
  const NOTHING = 0;
  const { progMem } = board.processor.cpu;
  // Without this instruction the loop is as good as standing still for the watchdog.
  const fed = [...progMem.keys()].filter(at => progMem[at] === RESET_WATCHDOG);
  t.ok(fed.length > 0);
  for (const at of fed) progMem[at] = NOTHING;
  const took = bench.msUntilOpen(120) ?? 999;
  t.ok(took <= 70, `${took} ms`);
});

t.test("the pilot has 1 kHz, to the processor's cycle", async t => {
  const { board, bench } = charging();
  const rises: number[] = [];
  let high = board.pilotHigh;
  for (let i = 0; i < 40_000; i++) {
    board.runUntil(board.clock.cycles + 16);
    if (board.pilotHigh && !high) rises.push(board.clock.now());
    high = board.pilotHigh;
  }
  t.equal(bench.mask, 3);
  const meanMs = ((rises.at(-1) ?? 0) - (rises[0] ?? 0)) / (rises.length - 1);
  t.ok(rises.length >= 39 && Math.abs(meanMs - 1) < 0.000_1, `${meanMs} ms`);
});

t.test("a free pin's write gives no contactor back that an interrupt opens in the middle of it", async t => {
  const { board, bench } = charging();
  bench.configure("reportMs", 0);
  board.write(Uint8Array.of(0xf4, 3, 1));
  bench.run(5);
  const write = Uint8Array.of(0x90, 0x08, 0);
  const arrivalCycles = Math.round((write.length * 10 * 16_000_000) / 57_600);
  const stuck: number[] = [];
  for (let offset = 0; offset < 2_400; offset += 2) {
    bench.run((offset % 97) / 97);
    board.write(write);
    board.runUntil(board.clock.cycles + arrivalCycles + offset);
    bench.say("rcm 1");
    board.run(0.3);
    if (bench.mask !== 0) stuck.push(offset);
    bench.say("rcm 0");
    board.run(1.2);
    for (const command of [
      { kind: "heartbeat", sequence: 1 },
      { kind: "contactor", mask: 0 },
      { kind: "clear", flags: FLAG.rcmTrip },
      { kind: "contactor", mask: 3 },
    ] as const)
      bench.write(command);
    board.run(6);
    if (bench.mask !== 3) t.fail(`offset ${offset} did not close again`);
  }
  t.strictSame(stuck, []);
});

t.test("the lock drives never meet, whatever is asked for", async t => {
  const board = new AvrBoard({ program: releasedFirmware() });
  const bench = new EngineBench(() => avrEngineOf(board));
  let met = false;
  for (let i = 0; i < 40; i++) {
    bench.write({ kind: "lock", drive: 1 + (i % 2), pulseMs: 30 + i });
    if (i % 3 === 0) bench.write({ kind: "lock", drive: 0, pulseMs: 0 });
    bench.msUntil(() => {
      met ||= board.lockShort;
      return false;
    }, 40);
  }
  t.notOk(met);
  t.ok(bench.events().some(([code]) => code === EVENT.lockDone));
});

t.test("a duty that changes all the time never loses the pilot", async t => {
  const { bench } = charging();
  for (let i = 0; i < 200; i++) {
    bench.board.write(wire({ kind: "pwm", dutyPermille: i % 2 === 0 ? 970 : 50 }));
    bench.run(5 + (i % 7) * 0.3);
  }
  t.equal(bench.mask, 3, "every change costs a sample at most");
  t.equal(bench.status.state, "C");
  t.equal(bench.send({ kind: "pwm", dutyPermille: 160 }), RESULT.ok);
});
