import fc from "fast-check";
import t from "tap";
import { VirtualBoard, type VirtualBoardOptions } from "../../services/simulator/board/virtual-board.ts";
import { obey } from "../../services/simulator/board/words.ts";
import { crc7, frame } from "../../shared/evse-sysex/bits.ts";
import { BOOT, CONFIG, EVENT, FLAG, OPENED_BY, RCM_TEST_FAILED, RESULT } from "../../shared/evse-sysex/codes.ts";
import type { HostCommand } from "../../shared/evse-sysex/command.ts";
import { type BoardMessage, encodeMessage } from "../../shared/evse-sysex/message.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { BoardEar, wire } from "../support/board-host.ts";

/** A board on a clock of its own, a host that only listens, and a control loop that beats when told to. */
class Bench {
  readonly clock = new ManualClock();
  readonly board: VirtualBoard;
  readonly ear: BoardEar;
  #beats: (() => void) | null = null;
  #sequence = 0;

  constructor(options: Partial<VirtualBoardOptions> = {}) {
    this.board = new VirtualBoard({ clock: this.clock, samplePhaseMs: 0, ...options });
    this.ear = new BoardEar(() => this.clock.now());
    this.board.connect(bytes => this.ear.feed(bytes));
  }

  send(command: HostCommand): number | null {
    const before = this.ear.messages("ack").length;
    this.board.write(wire(command));
    const acks = this.ear.messages("ack");
    return acks.length === before ? null : acks.at(-1)!.result;
  }

  beat(): void {
    this.#sequence = (this.#sequence + 1) % 128;
    this.send({ kind: "heartbeat", sequence: this.#sequence });
  }

  startBeating(): void {
    this.beat();
    this.#beats = this.clock.every(250, () => this.beat());
  }

  stopBeating(): void {
    this.#beats?.();
  }

  run(ms: number): void {
    this.clock.advance(ms);
  }

  say(words: string): string {
    return obey(this.board, words);
  }

  /** Car in C at 16 %, contactors closed. */
  charge(): void {
    this.startBeating();
    this.send({ kind: "config", id: CONFIG.allowD.id, value: 0 });
    this.send({ kind: "pwm", dutyPermille: 160 });
    this.say("pp 220");
    this.say("ev C");
    this.run(100);
    if (this.send({ kind: "contactor", mask: 3 }) !== RESULT.ok) throw new Error("the bench could not close");
    this.run(100);
  }

  /** Runs until the coils fall; how long it took, or null when they did not within `limitMs`. */
  msUntilOpen(limitMs: number): number | null {
    const from = this.clock.now();
    let openedAt: number | null = this.board.coils.l1 || this.board.coils.l23 ? null : from;
    const stop = this.board.onChange(() => {
      if (!this.board.coils.l1 && !this.board.coils.l23) openedAt ??= this.clock.now();
    });
    this.run(limitMs);
    stop();
    return openedAt === null ? null : openedAt - from;
  }

  opened(): number | undefined {
    return this.ear.messages("event").findLast(event => event.code === EVENT.contactorsOpened)?.arg;
  }
}

const hexOf = (message: BoardMessage): string => Buffer.from(frame(encodeMessage(message))).toString("hex");
const flagged = (flags: number, flag: number): boolean => (flags & flag) !== 0;

t.test("a board announces itself, byte for byte", async t => {
  const bench = new Bench();
  bench.say("reset");
  t.strictSame(
    bench.ear.heard.map(({ hex }) => hex),
    [
      "f90206",
      `f0790100${Buffer.from("EvsePilotFirmata").toString("hex").replaceAll(/../g, "$&00")}f7`,
      // The codec's test holds the documented bytes of this event after power-on.
      hexOf({ kind: "event", code: EVENT.boot, arg: BOOT.external, clockMs: 0, flags: 0 }),
    ],
  );
});

t.test("a board answers the documented bytes with the documented bytes", async t => {
  const bench = new Bench();
  bench.run(50);
  const answered = (hex: string): string[] => {
    const before = bench.ear.heard.length;
    bench.board.write(Buffer.from(hex, "hex"));
    return bench.ear.heard.slice(before).map(heard => heard.hex);
  };
  t.strictSame(answered("f90000"), ["f90206"], "version");
  t.strictSame(answered("f069f7"), [`f06a${"7f".repeat(14)}000102030405f7`], "analog mapping");
  t.strictSame(answered("f06d0df7"), ["f06e0d000000f7"], "state of pin 13");
  t.equal(answered("f06bf7")[0]?.length, 81 * 2, "capabilities");
  t.strictSame(answered("f07cf7"), ["f07c1300f7"], "sampling interval: 19 ms");
  t.strictSame(answered("f00e04011ff7"), [], "a heartbeat is not answered");
  t.strictSame(answered("f00e02200163f7"), ["f00e400200200107f7"], "PWM 16 %");
  t.strictSame(answered("f00e030351f7"), ["f00e400304000239f7"], "closing in state A is refused");
  t.strictSame(answered("f00e030300f7"), ["f00e400306000078f7"], "wrong checksum");
  bench.say("ev C");
  bench.run(20);
  t.strictSame(answered("f00e030351f7"), ["f00e40030003004ef7"], "closing in C");
  t.equal(answered("f00e0848f7").length, 1, "STATUS");
  t.equal(answered("f00e0941f7").length, 1, "INFO");
});

t.test("reserved pins do nothing and say nothing", async t => {
  const bench = new Bench();
  for (const pin of [2, 4, 7, 9, 10, 12, 16, 17]) {
    bench.board.write(Uint8Array.of(0xf4, pin, 1, 0xf5, pin, 1, 0xe0 | Math.min(pin, 15), 1, 1));
  }
  bench.board.write(Uint8Array.of(0x90, 0x7f, 1, 0x91, 0x7f, 1));
  bench.run(200);
  t.strictSame(bench.board.coils, { l1: false, l23: false });
  t.equal(bench.board.pilot.dutyPct, 100);
  bench.ear.heard.length = 0;
  bench.board.write(Uint8Array.of(0xf0, 0x6d, 4, 0xf7));
  t.equal(bench.ear.heard.at(-1)?.hex, "f06e047f0000f7");
});

t.test("a free pin can be read, driven and reported", async t => {
  const bench = new Bench();
  bench.board.write(Uint8Array.of(0xf4, 3, 0x0b, 0xd0, 1));
  t.equal(bench.ear.heard.at(-1)?.hex, "900800", "first value on enable, pulled up");
  bench.say("pin D3 0");
  t.equal(bench.ear.heard.at(-1)?.hex, "900000");
  bench.board.write(Uint8Array.of(0xf4, 6, 3, 0xe6, 0x00, 0x01, 0xf0, 0x6d, 6, 0xf7));
  t.equal(bench.ear.heard.at(-1)?.hex, "f06e06030001f7", "PWM 128");
  bench.board.write(Uint8Array.of(0xf0, 0x7a, 50, 0, 0xf7, 0xc0, 1));
  const before = bench.ear.heard.length;
  bench.send({ kind: "config", id: CONFIG.reportMs.id, value: 0 });
  bench.run(200);
  const samples = bench.ear.heard.slice(before).filter(({ hex }) => hex.startsWith("e0"));
  t.equal(samples.length, 4, "analog 0 every 50 ms");
  t.equal(samples[0]?.hex, "e01a07", "12 V are 922 counts");
});

t.test("the pilot reads what a car makes of it", async t => {
  const expected = { A: [12, -12], B: [8.98, -12], C: [6, -12], D: [2.93, -12] } as const;
  for (const state of ["A", "B", "C", "D"] as const) {
    for (const dutyPermille of [50, 60, 100, 160, 500, 960, 970]) {
      const bench = new Bench();
      bench.startBeating();
      bench.send({ kind: "pwm", dutyPermille });
      bench.say(`ev ${state}`);
      bench.run(200);
      const report = bench.ear.last("report");
      t.equal(report.state, state);
      t.ok(Math.abs(report.high!.avgV - expected[state][0]) < 0.1, `${state} high ${report.high!.avgV}`);
      t.ok(Math.abs(report.low!.avgV - expected[state][1]) < 0.1, `${state} low ${report.low!.avgV}`);
      t.equal(report.high!.samples, 10, "500 samples a second");
    }
  }
});

t.test("steady pilots have one half only, and steady -12 V is state F", async t => {
  const bench = new Bench();
  bench.startBeating();
  bench.run(100);
  t.strictSame([bench.ear.last("report").low, bench.ear.last("report").state], [null, "A"]);
  bench.send({ kind: "pwm", dutyPermille: 0 });
  bench.run(100);
  t.strictSame([bench.ear.last("report").high, bench.ear.last("report").state], [null, "F"]);
  bench.send({ kind: "pwm", dutyPermille: 1000 });
  bench.run(100);
  t.equal(bench.ear.last("report").state, "A");
});

t.test("proximity resistors are read as the divider gives them", async t => {
  const bench = new Bench();
  for (const ohm of [100, 220, 680, 1500]) {
    bench.say(`pp ${ohm}`);
    bench.run(20);
    const read = bench.ear.last("report").ppOhm!;
    t.ok(Math.abs(read - ohm) / ohm < 0.01, `${ohm} reads ${read}`);
  }
  bench.say("pp open");
  bench.run(20);
  t.equal(bench.ear.last("report").ppOhm, null);
});

t.test("a car that leaves C opens the contactor after the debounce, to the ms", async t => {
  for (const [debounceMs, state] of [
    [10, "A"],
    [10, "B"],
    [10, "E"],
    [20, "B"],
    [60, "A"],
  ] as const) {
    for (const phase of [0, 0.5, 1, 1.9]) {
      const bench = new Bench({ samplePhaseMs: phase });
      bench.send({ kind: "config", id: CONFIG.debounceMs.id, value: debounceMs });
      bench.charge();
      bench.say(`ev ${state}`);
      // The first sample that differs comes with the phase, then N - 1 more, 2 ms apart.
      const expected = phase + debounceMs - 2;
      const took = bench.msUntilOpen(200)!;
      t.ok(Math.abs(took - expected) < 1e-6, `debounce ${debounceMs}, to ${state}, phase ${phase}: ${took} ms`);
      t.equal(bench.opened(), OPENED_BY.cp);
      t.ok(flagged(bench.board.flags, FLAG.localOpen));
      t.strictSame(bench.board.contactors, { l1: false, l23: false }, "the poles followed");
    }
  }
});

t.test("the poles follow the coil: 18 ms to close, 12 ms to open", async t => {
  const bench = new Bench();
  bench.charge();
  bench.send({ kind: "contactor", mask: 0 });
  bench.run(11);
  t.strictSame(bench.board.contactors, { l1: true, l23: true });
  bench.run(1);
  t.strictSame(bench.board.contactors, { l1: false, l23: false });
  bench.send({ kind: "contactor", mask: 1 });
  bench.run(17);
  t.strictSame(bench.board.contactors, { l1: false, l23: false });
  bench.run(1);
  t.strictSame(bench.board.contactors, { l1: true, l23: false });
});

t.test("twenty glitches of 5 ms keep it closed", async t => {
  const bench = new Bench({ samplePhaseMs: 0.7 });
  bench.charge();
  for (let glitch = 0; glitch < 20; glitch++) {
    bench.say("ev B");
    bench.run(5);
    bench.say("ev C");
    bench.run(23);
  }
  t.strictSame(bench.board.coils, { l1: true, l23: true });
});

t.test("samples that are not C add up whatever they are", async t => {
  const bench = new Bench();
  bench.charge();
  const from = bench.clock.now();
  for (const state of ["B", "A", "B", "A", "B", "A"]) {
    bench.say(`ev ${state}`);
    bench.run(2);
  }
  t.strictSame(
    bench.board.coils,
    { l1: false, l23: false },
    `open after ${bench.clock.now() - from} ms of changing states`,
  );
});

t.test("state D opens the contactor unless the board was told to allow it", async t => {
  const bench = new Bench();
  bench.charge();
  bench.say("ev D");
  t.equal(bench.msUntilOpen(100), 8);
  const allowing = new Bench();
  allowing.charge();
  allowing.send({ kind: "config", id: CONFIG.allowD.id, value: 1 });
  allowing.say("ev D");
  t.equal(allowing.msUntilOpen(100), null);
});

t.test("a host that falls silent: steady +12 V and open after exactly the watchdog time", async t => {
  for (const [watchdogMs, graceMs] of [
    [1000, 0],
    [300, 0],
    [1000, 500],
  ] as const) {
    const bench = new Bench();
    bench.send({ kind: "config", id: CONFIG.watchdogMs.id, value: watchdogMs });
    bench.send({ kind: "config", id: CONFIG.watchdogGraceMs.id, value: graceMs });
    bench.charge();
    bench.stopBeating();
    bench.beat();
    t.equal(bench.msUntilOpen(3000), watchdogMs + graceMs);
    t.equal(bench.board.pilot.dutyPct, 100);
    t.equal(bench.opened(), OPENED_BY.watchdog);
    t.ok(flagged(bench.board.flags, FLAG.wdTrip));
  }
});

t.test("a tripped watchdog refuses PWM, closing and its own clearing until heartbeats flow", async t => {
  const bench = new Bench();
  bench.charge();
  bench.stopBeating();
  bench.run(1500);
  t.equal(bench.send({ kind: "pwm", dutyPermille: 160 }), RESULT.refused);
  t.equal(bench.send({ kind: "contactor", mask: 1 }), RESULT.refused);
  bench.send({ kind: "clear", flags: FLAG.wdTrip });
  t.ok(flagged(bench.board.flags, FLAG.wdTrip), "still latched");
  bench.startBeating();
  bench.send({ kind: "clear", flags: FLAG.wdTrip });
  t.notOk(flagged(bench.board.flags, FLAG.wdTrip), "cleared");
  bench.send({ kind: "pwm", dutyPermille: 160 });
  bench.run(50);
  t.equal(bench.send({ kind: "contactor", mask: 1 }), RESULT.refused, "it opened by itself: told to open first");
  t.ok(flagged(bench.ear.last("ack").arg, FLAG.localOpen));
  bench.send({ kind: "contactor", mask: 0 });
  t.equal(bench.send({ kind: "contactor", mask: 1 }), RESULT.ok);
});

t.test("without a first heartbeat there is neither PWM nor closing, but always +12 V, -12 V and open", async t => {
  const bench = new Bench();
  bench.say("ev C");
  bench.run(100);
  t.equal(bench.send({ kind: "pwm", dutyPermille: 160 }), RESULT.refused);
  t.equal(bench.send({ kind: "contactor", mask: 3 }), RESULT.refused);
  for (const dutyPermille of [0, 1000]) t.equal(bench.send({ kind: "pwm", dutyPermille }), RESULT.ok);
  t.equal(bench.send({ kind: "contactor", mask: 0 }), RESULT.ok);
  bench.run(10_000);
  t.notOk(flagged(bench.board.flags, FLAG.wdTrip), "and an unarmed watchdog does not trip");
});

t.test("residual current opens at once, latches, and clears only when it is gone", async t => {
  const bench = new Bench();
  bench.charge();
  bench.say("rcm 1");
  t.strictSame(bench.board.coils, { l1: false, l23: false }, "within the same instant");
  t.equal(bench.opened(), OPENED_BY.rcm);
  bench.send({ kind: "contactor", mask: 0 });
  bench.send({ kind: "clear", flags: FLAG.rcmTrip });
  t.ok(flagged(bench.board.flags, FLAG.rcmTrip));
  bench.say("rcm 0");
  t.ok(flagged(bench.board.flags, FLAG.rcmTrip), "stays latched");
  t.equal(bench.send({ kind: "contactor", mask: 3 }), RESULT.refused);
  bench.send({ kind: "clear", flags: FLAG.rcmTrip });
  t.equal(bench.send({ kind: "contactor", mask: 3 }), RESULT.ok);
});

t.test("the residual-current self test tells its trip time, or that it failed", async t => {
  const bench = new Bench();
  bench.startBeating();
  bench.run(50);
  t.equal(bench.send({ kind: "rcmTest", pulseMs: 9 }), RESULT.value);
  t.equal(bench.send({ kind: "rcmTest", pulseMs: 200 }), RESULT.ok);
  t.equal(bench.send({ kind: "rcmTest", pulseMs: 200 }), RESULT.refused, "one at a time");
  bench.run(200);
  t.equal(bench.ear.messages("event").findLast(event => event.code === EVENT.rcmTest)?.arg, 40);
  t.notOk(flagged(bench.board.flags, FLAG.rcmTrip | FLAG.rcmTesting | FLAG.rcmTestBad));
  bench.say("rcmtest 0");
  bench.send({ kind: "rcmTest", pulseMs: 200 });
  bench.run(300);
  t.equal(bench.ear.messages("event").findLast(event => event.code === EVENT.rcmTest)?.arg, 200 | RCM_TEST_FAILED);
  t.ok(flagged(bench.board.flags, FLAG.rcmTestBad));
  bench.send({ kind: "clear", flags: FLAG.rcmTestBad });
  t.notOk(flagged(bench.board.flags, FLAG.rcmTestBad));
});

t.test("a self test too short for the monitor to answer has failed", async t => {
  const bench = new Bench();
  bench.run(50);
  bench.send({ kind: "rcmTest", pulseMs: 30 });
  bench.run(50);
  t.equal(bench.ear.messages("event").findLast(event => event.code === EVENT.rcmTest)?.arg, 30 | RCM_TEST_FAILED);
});

t.test("closing is refused as soon as the pilot leaves 5..97 %, before the car has answered", async t => {
  for (const dutyPermille of [0, 1000]) {
    const bench = readyToClose();
    bench.send({ kind: "pwm", dutyPermille });
    t.equal(bench.send({ kind: "contactor", mask: 3 }), RESULT.refused, `${dutyPermille}`);
  }
});

t.test("a sysex of more than 48 bytes is not even answered", async t => {
  const bench = new Bench();
  const before = bench.ear.heard.length;
  bench.board.write(Uint8Array.of(0xf0, 0x0e, ...Array<number>(48).fill(1), 0xf7));
  t.equal(bench.ear.heard.length, before);
  bench.board.write(Uint8Array.of(0xf0, 0x0e, ...Array<number>(47).fill(1), 0xf7));
  t.equal(bench.ear.heard.length, before + 1, "one byte less is refused in words");
});

t.test("no self test under load", async t => {
  const bench = new Bench();
  bench.charge();
  t.equal(bench.send({ kind: "rcmTest", pulseMs: 200 }), RESULT.refused);
});

t.test("a bridged diode opens under load and blocks until it is whole again", async t => {
  const bench = new Bench();
  bench.charge();
  bench.say("diode 0");
  const took = bench.msUntilOpen(100)!;
  t.ok(took >= 8 && took <= 10, `${took} ms`);
  t.equal(bench.opened(), OPENED_BY.diode);
  bench.send({ kind: "contactor", mask: 0 });
  t.equal(bench.send({ kind: "contactor", mask: 3 }), RESULT.refused);
  bench.say("diode 1");
  bench.run(20);
  t.equal(bench.send({ kind: "contactor", mask: 3 }), RESULT.ok);
});

t.test("steady -12 V under load opens after 50 ms, steady +12 V after 6 s", async t => {
  const negative = new Bench();
  negative.charge();
  negative.send({ kind: "pwm", dutyPermille: 0 });
  const took = negative.msUntilOpen(200)!;
  t.ok(took >= 49 && took <= 51, `${took} ms`);
  const positive = new Bench();
  positive.charge();
  positive.send({ kind: "pwm", dutyPermille: 1000 });
  t.equal(positive.msUntilOpen(10_000), 6000);
  t.equal(positive.opened(), OPENED_BY.steadyTooLong);
});

t.test("a reset opens at once and forgets everything; a hang keeps its outputs for 64 ms", async t => {
  const bench = new Bench();
  bench.charge();
  bench.say("reset");
  t.strictSame(bench.board.coils, { l1: false, l23: false });
  t.equal(bench.board.pilot.dutyPct, 100);
  t.notOk(flagged(bench.board.flags, FLAG.wdArmed));
  const hung = new Bench();
  hung.charge();
  hung.say("hang");
  t.equal(hung.msUntilOpen(200), 64);
  t.ok(flagged(hung.board.flags, FLAG.hwWatchdog), "and says so");
  t.equal(hung.ear.messages("event").findLast(event => event.code === EVENT.boot)?.arg, BOOT.watchdog);
});

t.test("Firmata's system reset opens, returns to +12 V and keeps the latches", async t => {
  const bench = new Bench();
  bench.charge();
  bench.say("rcm 1");
  bench.say("rcm 0");
  bench.board.write(Uint8Array.of(0xff));
  t.strictSame(bench.board.coils, { l1: false, l23: false });
  t.equal(bench.board.pilot.dutyPct, 100);
  t.ok(flagged(bench.board.flags, FLAG.rcmTrip));
  const loaded = new Bench();
  loaded.charge();
  loaded.board.write(Uint8Array.of(0xff));
  t.equal(loaded.msUntilOpen(1), 0);
  t.equal(loaded.opened(), OPENED_BY.reset);
});

t.test("a welded contactor is told after 100 ms and blocks while its feedback says closed", async t => {
  const bench = new Bench();
  bench.charge();
  bench.say("weld 1");
  bench.send({ kind: "contactor", mask: 0 });
  bench.run(99);
  t.notOk(flagged(bench.board.flags, FLAG.weld));
  bench.run(2);
  t.ok(flagged(bench.board.flags, FLAG.weld));
  t.strictSame(bench.board.contactors, { l1: true, l23: false });
  bench.send({ kind: "clear", flags: FLAG.weld });
  t.ok(flagged(bench.board.flags, FLAG.weld), "still closed");
  bench.say("weld 0");
  bench.run(50);
  bench.send({ kind: "clear", flags: FLAG.weld });
  t.notOk(flagged(bench.board.flags, FLAG.weld));
});

t.test("a contactor that sticks open shows in its feedback", async t => {
  const bench = new Bench();
  bench.say("stuck 1");
  bench.charge();
  t.strictSame(bench.board.coils, { l1: true, l23: true });
  t.strictSame(bench.board.contactors, { l1: false, l23: false });
  t.notOk(flagged(bench.board.flags, FLAG.contactFeedback));
});

t.test("the plug lock moves in pulses, rests, and stays put under load", async t => {
  const bench = new Bench();
  bench.startBeating();
  t.equal(bench.send({ kind: "lock", drive: 1, pulseMs: 601 }), RESULT.value);
  t.equal(bench.send({ kind: "lock", drive: 3, pulseMs: 300 }), RESULT.value);
  t.equal(bench.send({ kind: "lock", drive: 1, pulseMs: 300 }), RESULT.ok);
  t.equal(bench.send({ kind: "lock", drive: 2, pulseMs: 300 }), RESULT.busy);
  bench.run(301);
  t.ok(flagged(bench.board.flags, FLAG.lockFeedback));
  t.equal(bench.ear.messages("event").findLast(event => event.code === EVENT.lockDone)?.arg, 0x11);
  t.equal(bench.send({ kind: "lock", drive: 2, pulseMs: 300 }), RESULT.busy, "rests");
  bench.run(500);
  bench.charge();
  t.equal(bench.send({ kind: "lock", drive: 2, pulseMs: 300 }), RESULT.refused, "under load");
  bench.send({ kind: "contactor", mask: 0 });
  bench.say("lockstuck 1");
  t.equal(bench.send({ kind: "lock", drive: 2, pulseMs: 300 }), RESULT.ok);
  bench.run(301);
  t.ok(flagged(bench.board.flags, FLAG.lockFeedback), "stuck");
});

t.test("the relay on D5 takes the car off the line: the board sees 12 V", async t => {
  const bench = new Bench();
  bench.charge();
  bench.board.write(Uint8Array.of(0xf4, 5, 1, 0x90, 0x20, 0));
  t.strictSame(bench.board.pilot, { connected: false, dutyPct: 16 });
  t.equal(bench.msUntilOpen(50), 8);
  t.equal(bench.ear.last("report").state, "A");
  bench.board.write(Uint8Array.of(0x90, 0, 0));
  bench.run(50);
  t.equal(bench.ear.last("report").state, "C");
});

t.test("values out of range are refused and change nothing", async t => {
  const bench = new Bench();
  bench.startBeating();
  const cases: readonly HostCommand[] = [
    ...[1, 49, 971, 999, 1001, 16_383].map(dutyPermille => ({ kind: "pwm", dutyPermille }) as const),
    ...[4, 127].map(mask => ({ kind: "contactor", mask }) as const),
    { kind: "config", id: 0, value: 1 },
    { kind: "config", id: 13, value: 1 },
    { kind: "config", id: CONFIG.watchdogMs.id, value: 99 },
    { kind: "config", id: CONFIG.watchdogMs.id, value: 0 },
    { kind: "config", id: CONFIG.reportMs.id, value: 9 },
    { kind: "config", id: CONFIG.debounceMs.id, value: 61 },
    { kind: "config", id: CONFIG.allowD.id, value: 2 },
    { kind: "config", id: CONFIG.lockMaxMs.id, value: 1001 },
    { kind: "lock", drive: 1, pulseMs: 0 },
    { kind: "rcmTest", pulseMs: 501 },
  ];
  for (const command of cases) t.equal(bench.send(command), RESULT.value, JSON.stringify(command));
  t.equal(bench.board.pilot.dutyPct, 100);
});

t.test("words that make no sense are refused with what would be right", async t => {
  const bench = new Bench();
  const cases: readonly [string, RegExp][] = [
    ["", /expected one of: ev A\|B\|C\|D\|E, diode 0\|1/],
    ["fly", /"fly": expected one of/],
    ["toString", /expected one of/],
    ["__proto__", /expected one of/],
    ["ev", /expected ev A\|B\|C\|D\|E/],
    ["ev F", /"ev F": expected ev A/],
    ["ev c", /expected ev A/],
    ["ev C C", /expected ev A/],
    ["diode yes", /expected diode 0\|1/],
    ["pp", /expected pp <ohm>\|open/],
    ["pp -5", /expected pp/],
    ["pp 99999", /expected pp/],
    ["cp 16", /expected cp <volts/],
    ["cp x", /expected cp/],
    ["rcm 2", /expected rcm 0\|1/],
    ["weld 4", /expected weld <mask 0\.\.3>/],
    ["stuck", /expected stuck 0\|1/],
    ["pin D20 1", /expected pin D0\.\.D19/],
    ["pin 5 1", /expected pin/],
    ["pin D5 2", /expected pin/],
    ["lose -1", /expected lose/],
    ["pace 10", /expected pace <baud>\|off/],
    ["garbage 0", /expected garbage/],
    ["firmware X", /expected firmware <name> <major>\.<minor>/],
    ["firmware X 1", /expected firmware/],
    ["reset now", /expected reset/],
  ];
  const before = bench.say("stat");
  for (const [words, expected] of cases)
    t.throws(() => bench.say(words), { code: "simulator.words-refused", message: expected });
  t.equal(bench.say("stat"), before);
});

/** Everything stands ready: the car asks, the pilot runs, heartbeats flow. Only a valid CONTACTOR is missing. */
function readyToClose(): Bench {
  const bench = new Bench();
  bench.startBeating();
  bench.send({ kind: "pwm", dutyPermille: 160 });
  bench.say("ev C");
  bench.run(100);
  return bench;
}

t.test("no garbage closes a contactor, and the board still answers after each", async t => {
  const close = [0x03, 0x03];
  const cases: readonly [string, readonly number[]][] = [
    ["a close without its end", [0xf0, 0x0e, ...close, 0x51]],
    ["a close without its start", [0x0e, ...close, 0x51, 0xf7]],
    ["a close without checksum", [0xf0, 0x0e, ...close, 0xf7]],
    ["a close with checksum 0", [0xf0, 0x0e, ...close, 0, 0xf7]],
    ["a close under another feature", [0xf0, 0x0f, ...close, 0x51, 0xf7]],
    ["a close interrupted by a version query", [0xf0, 0x0e, 0x03, 0xf9, 0x03, 0x51, 0xf7]],
    ["a close interrupted by a new sysex", [0xf0, 0x0e, 0x03, 0xf0, 0x03, 0x51, 0xf7]],
    ["a close interrupted by a reset", [0xf0, 0x0e, 0x03, 0xff, 0x03, 0x51, 0xf7]],
    ["a close with an 8-bit byte", [0xf0, 0x0e, 0x03, 0x83, 0x51, 0xf7]],
    ["a close behind 60 bytes", [0xf0, ...Array<number>(60).fill(1), 0x0e, ...close, 0x51, 0xf7]],
    ["a close with trailing bytes", [0xf0, 0x0e, ...close, 0x51, 0, 0, 0xf7]],
    ["a close of contactor 7", [0xf0, 0x0e, 0x03, 0x40, crc7([0x03, 0x40]), 0xf7]],
    ["a close with two masks", [0xf0, 0x0e, 0x03, 1, 1, crc7([0x03, 1, 1]), 0xf7]],
    ["a close as sub id 0x43", [0xf0, 0x0e, 0x43, 0x03, crc7([0x43, 0x03]), 0xf7]],
    ["an empty sysex", [0xf0, 0xf7]],
    ["only a feature id", [0xf0, 0x0e, 0xf7]],
    ["ends without starts", [0xf7, 0xf7, 0xf7]],
    ["starts without ends", [0xf0, 0xf0, 0xf0]],
    ["a sysex of 10 kB", [0xf0, 0x0e, ...Array<number>(10_000).fill(0x03), 0xf7]],
    ["digital writes to every port", Array.from({ length: 16 }, (_unused, port) => [0x90 | port, 0x7f, 0x7f]).flat()],
    ["analog writes to every pin", Array.from({ length: 16 }, (_unused, pin) => [0xe0 | pin, 0x7f, 0x7f]).flat()],
    ["modes for every pin", Array.from({ length: 128 }, (_unused, pin) => [0xf4, pin, 1, 0xf5, pin, 1]).flat()],
    ["state of pins that do not exist", [0xf0, 0x6d, 0x7f, 0xf7, 0xf0, 0x6d, 0xf7]],
    ["commands that do not exist", [0xf1, 1, 0xf2, 2, 0xf8, 0xfa, 0xfe, 0x80, 1, 2, 0xa0, 3, 0xb0, 4]],
    ["all zeros", Array<number>(200).fill(0)],
    ["all 0x7F", Array<number>(200).fill(0x7f)],
  ];
  for (const [title, bytes] of cases) {
    const bench = readyToClose();
    bench.board.write(Uint8Array.from(bytes));
    bench.run(50);
    t.strictSame(bench.board.coils, { l1: false, l23: false }, title);
    const before = bench.ear.messages("status").length;
    bench.send({ kind: "status" });
    t.equal(bench.ear.messages("status").length, before + 1, `${title}: still answers`);
  }
});

t.test("no spoiled close command closes, in whatever chunks it comes", async () => {
  const bench = readyToClose();
  const good = [...wire({ kind: "contactor", mask: 3 })];
  const bits = good.length * 8;
  const spoiled = fc.uniqueArray(fc.nat(bits - 1), { minLength: 1, maxLength: 2 });
  fc.assert(
    fc.property(spoiled, fc.nat(good.length), (flips, cut) => {
      const bytes = good.map((byte, at) =>
        flips.reduce((b, flip) => (flip >> 3 === at ? b ^ (1 << (flip & 7)) : b), byte),
      );
      bench.board.write(Uint8Array.from(bytes.slice(0, cut)));
      bench.board.write(Uint8Array.from(bytes.slice(cut)));
      bench.run(1);
      return !bench.board.coils.l1 && !bench.board.coils.l23;
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), noise => {
      bench.board.write(noise);
      bench.run(1);
      return !bench.board.coils.l1 && !bench.board.coils.l23;
    }),
    { numRuns: 500 },
  );
  bench.board.write(Uint8Array.of(0xff, 0xf7));
  bench.send({ kind: "config", id: CONFIG.watchdogMs.id, value: 1000 });
  if (bench.ear.last("ack").result !== RESULT.ok) throw new Error("the board does not answer any more");
});

t.test("a paced line takes ten bit times per byte", async t => {
  const bench = new Bench();
  bench.say("pace 9600");
  bench.ear.heard.length = 0;
  bench.board.write(Uint8Array.of(0xf9));
  bench.run(1);
  t.equal(bench.ear.heard.length, 0);
  bench.run(3.2);
  t.equal(bench.ear.heard[0]?.hex, "f90206", "one byte there, three bytes back: 4.17 ms");
});

t.test("a late ACK is late by just that, and a silent board says nothing", async t => {
  const bench = new Bench();
  bench.say("lateack 300");
  t.equal(bench.send({ kind: "pwm", dutyPermille: 1000 }), null);
  bench.run(300);
  t.equal(bench.ear.last("ack").result, RESULT.ok);
  bench.say("silent 1");
  const before = bench.ear.heard.length;
  bench.run(1000);
  t.equal(bench.ear.heard.length, before);
});

t.test("a simulated day with reports off costs next to nothing", async t => {
  const bench = new Bench();
  bench.send({ kind: "config", id: CONFIG.reportMs.id, value: 0 });
  bench.say("ev B");
  bench.run(24 * 3600 * 1000);
  t.equal(bench.board.cpState, "B");
});
