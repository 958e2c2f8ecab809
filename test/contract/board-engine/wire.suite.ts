import type { Test } from "tap";
import { crc7, frame } from "../../../shared/evse-sysex/bits.ts";
import { BOOT, CONFIG, type ConfigDefinition, EVENT, OUTPUT, RESULT } from "../../../shared/evse-sysex/codes.ts";
import { encodeMessage } from "../../../shared/evse-sysex/message.ts";
import type { MakeEngine } from "../../support/board-engine.ts";
import { EngineBench } from "../../support/engine-bench.ts";

const NAME = `f0790100${Buffer.from("EvsePilotFirmata").toString("hex").replaceAll(/../g, "$&00")}f7`;
const CAPABILITIES = [
  ...["7f7f7f", "0001" + "0101" + "0b01" + "0308" + "7f", "7f"],
  ...["00010101" + "0b01" + "0308" + "7f", "00010101" + "0b01" + "0308" + "7f", "7f7f7f7f"],
  ...["00010101" + "0b01" + "0308" + "7f", "7f", "00010101" + "0b01" + "7f", "020a7f", "020a7f", "7f7f"],
  ...["00010101" + "0b01" + "020a7f", "00010101" + "0b01" + "020a7f"],
].join("");

/** What is heard on these bytes, reports left out. */
function answers(bench: EngineBench, hex: string): string[] {
  const before = bench.ear.heard.length;
  bench.board.write(Buffer.from(hex, "hex"));
  bench.run(45 + hex.length * 0.09);
  return bench.ear.heard.slice(before).map(heard => heard.hex);
}

/** Bytes: announcements, answers, framing, configuration. */
export function wireSuite(t: Test, make: MakeEngine): void {
  const quiet = (): EngineBench => {
    const bench = new EngineBench(make);
    bench.configure("reportMs", 0);
    return bench;
  };

  t.test("a board announces itself, byte for byte", async t => {
    const bench = new EngineBench(make);
    const bootOf = (arg: number): string =>
      Buffer.from(frame(encodeMessage({ kind: "event", code: EVENT.boot, arg, clockMs: 0, flags: 0 }))).toString("hex");
    const first = bench.ear.heard.slice(0, 3).map(({ hex }) => hex);
    if (bench.board.name === "avr8js") t.strictSame(first, ["f90206", NAME, "f00e430101000000000027f7"], "power on");
    bench.ear.heard.length = 0;
    bench.say("reset");
    bench.run(15);
    t.strictSame(
      bench.ear.heard.slice(0, 3).map(({ hex }) => hex),
      ["f90206", NAME, bootOf(BOOT.external)],
    );
  });

  t.test("documented bytes are answered with documented bytes", async t => {
    const bench = quiet();
    const vectors: readonly (readonly [string, string, string[]])[] = [
      ["version", "f9", ["f90206"]],
      ["version with stray data", "f90000", ["f90206"]],
      ["firmware", "f079f7", [NAME]],
      ["analog mapping", "f069f7", [`f06a${"7f".repeat(14)}000102030405f7`]],
      ["capabilities", "f06bf7", [`f06c${CAPABILITIES}f7`]],
      ["state of pin 13", "f06d0df7", ["f06e0d000000f7"]],
      ["state of a reserved pin", "f06d04f7", ["f06e047f0000f7"]],
      ["state of a pin that is not there", "f06d14f7", []],
      ["sampling interval", "f07cf7", ["f07c1300f7"]],
      ["heartbeat 1", "f00e04011ff7", []],
      ["PWM 16 %", "f00e02200163f7", ["f00e400200200107f7"]],
      ["close in state A", "f00e030351f7", ["f00e400304000239f7"]],
      ["wrong checksum", "f00e030300f7", ["f00e400306000078f7"]],
      ["INFO", "f00e0941f7", ["f00e4401020268076807250274037403680708274004" + "63f7"]],
      ["safe current of a new board", "f00e0c6cf7", ["f00e4500000000007af7"]],
      ["kept values of a new board", "f00e0e7ef7", ["f00e4658041a486e45424316411838006ff7"]],
      ["an unknown sysex", "f0710102f7", []],
    ];
    for (const [title, asked, expected] of vectors) {
      const heard = answers(bench, asked);
      if (title === "INFO") t.equal(heard[0]?.slice(0, 12), expected[0]?.slice(0, 12), title);
      else t.strictSame(heard, expected, title);
    }
    bench.say("ev C");
    bench.run(30);
    t.strictSame(answers(bench, "f00e030351f7"), ["f00e40030003004ef7"], "close in C");
    t.strictSame(answers(bench, "f00e05012c020af7").length, 1, "lock 300 ms");
  });

  t.test("INFO tells what the board can do", async t => {
    const bench = quiet();
    t.match(bench.query({ kind: "info" }, "info"), {
      ...{ versionMajor: 1, versionMinor: 2, contactors: 2, dutyUnits: 1000, pilotHz: 1000, adcStep: 293 },
      ...{ highSamplesPerS: 500, lowSamplesPerS: 500, lockHardMaxMs: 1000, watchdogMaxMs: 5000, baudPer100: 576 },
    });
  });

  t.test("unknown commands and wrong lengths are named as such, and change nothing", async t => {
    const bench = quiet();
    const sealed = (...bytes: number[]): string =>
      Buffer.from([0xf0, 0x0e, ...bytes, crc7(bytes), 0xf7]).toString("hex");
    const ack = (sub: number, result: number): string[] => [sealed(0x40, sub, result, 0, 0)];
    for (const sub of [0x00, 0x0f, 0x3f, 0x40, 0x41, 0x46, 0x7f])
      t.strictSame(answers(bench, sealed(sub)), ack(sub, RESULT.unknown), `sub id ${sub}`);
    const lengths = [3, 2, 1, 1, 3, 2, 2, 0, 0, 6, 4, 0, 3, 0];
    for (const [index, length] of lengths.entries()) {
      const sub = index + 1;
      for (const bytes of [length - 1, length + 1].filter(count => count >= 0)) {
        const payload = Array<number>(bytes).fill(1);
        t.strictSame(answers(bench, sealed(sub, ...payload)), ack(sub, RESULT.length), `${sub} with ${bytes}`);
      }
    }
    t.strictSame(answers(bench, "f00ef7"), ack(0, RESULT.crc), "nothing between id and end");
    t.strictSame(answers(bench, "f00e03f7"), ack(3, RESULT.crc), "no checksum");
    t.equal(bench.board.dutyPct, 100);
  });

  t.test("every setting takes its whole range and nothing beside it", async t => {
    const bench = quiet();
    const definitions: readonly (readonly [string, ConfigDefinition])[] = Object.entries(CONFIG);
    for (const [name, { id, min, max, initial, zeroIsOff }] of definitions) {
      const zero = zeroIsOff === true;
      for (const value of [min, max, initial, ...(zero ? [0] : [])])
        t.strictSame(
          bench.ask({ kind: "config", id, value }),
          { kind: "ack", command: 1, result: RESULT.ok, arg: value },
          `${name} ${value}`,
        );
      for (const value of [min - 1, max + 1, 16_383].filter(value => value >= 0 && (value !== 0 || !zero)))
        t.equal(bench.send({ kind: "config", id, value }), RESULT.value, `${name} ${value}`);
      if (zero) t.equal(bench.send({ kind: "config", id, value: 0 }), RESULT.ok);
    }
    for (const id of [0, 13, 127]) t.equal(bench.send({ kind: "config", id, value: 1 }), RESULT.value, `id ${id}`);
  });

  t.test("bytes may come in any pieces, at any pace", async t => {
    const bench = quiet();
    bench.beat();
    const bytes = [...Buffer.from("f00e02200163f7", "hex")];
    for (const byte of bytes) {
      bench.board.write(Uint8Array.of(byte));
      bench.run(1.3);
    }
    bench.run(5);
    t.equal(bench.ear.messages("ack").at(-1)?.arg, 160, "one by one");
    const before = bench.ear.messages("ack").length;
    bench.board.write(Uint8Array.from([...bytes, ...bytes, ...bytes]));
    bench.run(20);
    t.equal(bench.ear.messages("ack").length, before + 3, "three in one piece");
  });

  t.test("a sysex of more than 48 bytes is skipped, one of 48 is answered", async t => {
    const bench = quiet();
    const hexOf = (count: number): string => `f00e${"01".repeat(count)}f7`;
    t.strictSame(answers(bench, hexOf(48)), []);
    t.equal(answers(bench, hexOf(47)).length, 1);
    t.strictSame(answers(bench, `${hexOf(500)}f9`), ["f90206"], "and what follows is heard");
  });

  t.test("a command byte ends what was under way", async t => {
    const bench = quiet();
    bench.ready();
    for (const inside of ["f9", "f0", "90", "f4", "80", "fe"]) {
      bench.board.write(Buffer.from(`f00e03${inside}0351f7`, "hex"));
      bench.run(10);
      t.equal(bench.mask, 0, inside);
    }
    t.equal(bench.send({ kind: "contactor", mask: 3 }), RESULT.ok, "it still closes when asked whole");
  });

  t.test("reports come at their interval, or not at all, and count what was read between them", async t => {
    const bench = new EngineBench(make);
    for (const [reportMs, samples] of [
      [10, 5],
      [20, 10],
      [100, 50],
      [400, 127],
    ] as const) {
      bench.configure("reportMs", reportMs);
      bench.run(reportMs * 2);
      const before = bench.ear.messages("report").length;
      bench.run(reportMs * 5 + 5);
      const count = bench.ear.messages("report").length - before;
      t.ok(count === 5 || count === 6, `${count} reports at ${reportMs} ms`);
      const counted = bench.ear.last("report").high?.samples ?? 0;
      t.ok(Math.abs(counted - samples) <= 1, `${counted} samples in ${reportMs} ms`);
    }
    bench.configure("reportMs", 0);
    const before = bench.ear.messages("report").length;
    bench.run(500);
    t.equal(bench.ear.messages("report").length, before);
  });

  t.test("means stay right over a long pause", async t => {
    const bench = new EngineBench(make);
    bench.ready();
    bench.configure("reportMs", 0);
    bench.run(1_500);
    bench.configure("reportMs", 10);
    bench.run(40);
    const first = bench.ear.messages("report").findLast(report => (report.high?.samples ?? 0) === 127);
    t.ok(Math.abs((first?.high?.avgV ?? 0) - 6) < 0.1, `${first?.high?.avgV} V`);
    t.ok(Math.abs((first?.low?.avgV ?? 0) + 12) < 0.1, `${first?.low?.avgV} V`);
  });

  t.test("a report shows outputs and echoes the heartbeat; the clock wraps", async t => {
    const bench = new EngineBench(make);
    bench.charge();
    bench.tell({ kind: "heartbeat", sequence: 97 });
    bench.stopBeating();
    bench.send({ kind: "lock", drive: 1, pulseMs: 100 });
    bench.run(40);
    t.match(bench.ear.last("report"), {
      heartbeat: 97,
      outputs: OUTPUT.k1 | OUTPUT.k2 | OUTPUT.lock,
      dutyPermille: 160,
    });
    t.match(bench.status, { lockDrive: 1, outputs: OUTPUT.k1 | OUTPUT.k2 | OUTPUT.lock });
    bench.configure("reportMs", 1000);
    bench.run(17_600);
    const clocks = bench.ear.messages("report").map(({ clockMs }) => clockMs);
    t.ok(
      clocks.some((clock, index) => index > 0 && clock < (clocks[index - 1] ?? 0)),
      "from 16383 to 0",
    );
  });

  t.test("STATUS tells what is left of the grant, and why the board booted", async t => {
    const bench = new EngineBench(make);
    t.match(bench.status, { watchdogLeftMs: 0, bootCause: BOOT.powerOn, state: "A", outputs: 0 });
    bench.tell({ kind: "heartbeat", sequence: 1 });
    const left = bench.status.watchdogLeftMs;
    t.ok(left > 985 && left <= 1000, `${left} ms`);
  });
}
