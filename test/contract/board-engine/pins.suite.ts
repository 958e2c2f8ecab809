import type { Test } from "tap";
import type { MakeEngine } from "../../support/board-engine.ts";
import { EngineBench } from "../../support/engine-bench.ts";

const RESERVED = [0, 1, 2, 4, 7, 8, 9, 10, 12, 16, 17];

/** Firmata's pins: the free ones work, the reserved ones do nothing. */
export function pinsSuite(t: Test, make: MakeEngine): void {
  const quiet = (): EngineBench => {
    const bench = new EngineBench(make);
    bench.configure("reportMs", 0);
    bench.ear.heard.length = 0;
    return bench;
  };
  const put = (bench: EngineBench, ...bytes: number[]): void => {
    bench.board.write(Uint8Array.from(bytes));
    bench.run(8);
  };
  const lastHex = (bench: EngineBench): string | undefined => bench.ear.heard.at(-1)?.hex;

  t.test("reserved pins do nothing and say nothing", async t => {
    const bench = quiet();
    for (const pin of RESERVED) {
      put(bench, 0xf4, pin, 1, 0xf5, pin, 1);
      put(bench, 0xf4, pin, 3, 0xf0, 0x6f, pin, 0x7f, 1, 0xf7);
      put(bench, 0xf0, 0x6d, pin, 0xf7);
      t.equal(lastHex(bench), `f06e${pin.toString(16).padStart(2, "0")}7f0000f7`, `pin ${pin}`);
    }
    put(bench, 0x90, 0x7f, 1, 0x91, 0x7f, 1, 0x92, 0x7f, 1);
    put(bench, 0xe9, 0, 0, 0xe4, 0x7f, 1, 0xe7, 0x7f, 1);
    bench.run(50);
    t.strictSame(bench.board.coils, { l1: false, l23: false });
    t.equal(bench.board.dutyPct, 100);
    t.equal(bench.board.lockDrive, 0);
  });

  t.test("free pins are read, pulled up and told when they change", async t => {
    const bench = quiet();
    put(bench, 0xf4, 3, 0x0b, 0xd0, 1);
    bench.say("pin D3 1");
    bench.run(8);
    bench.say("pin D3 0");
    bench.run(8);
    t.equal(lastHex(bench), "900000");
    bench.say("pin D3 1");
    bench.run(8);
    t.equal(lastHex(bench), "900800");
    const before = bench.ear.heard.length;
    bench.run(200);
    t.equal(bench.ear.heard.length, before, "nothing without a change");
    put(bench, 0xd0, 0);
    bench.say("pin D3 0");
    bench.run(8);
    t.equal(bench.ear.heard.length, before, "nothing when not asked");
    put(bench, 0xf4, 13, 0, 0xd1, 1);
    bench.say("pin D13 1");
    bench.run(8);
    t.equal(lastHex(bench), "912000");
    put(bench, 0xf4, 19, 0, 0xd2, 1);
    bench.say("pin D19 1");
    bench.run(8);
    t.equal(lastHex(bench), "920800");
  });

  t.test(
    "a free pin that nothing holds is high where it is pulled up; what is put on one outlives a reset",
    async t => {
      const bench = quiet();
      put(bench, 0xd1, 1, 0xf4, 11, 0x0b);
      t.equal(lastHex(bench), "910800");
      put(bench, 0xf4, 18, 0x0b, 0xd2, 1);
      t.equal(lastHex(bench), "920400", "an open switch");
      bench.say("switch 1");
      bench.run(8);
      bench.say("reset");
      bench.run(40);
      put(bench, 0xf4, 18, 0x0b, 0xd2, 1);
      bench.run(40);
      t.equal(bench.ear.heard.findLast(({ hex }) => hex.startsWith("92"))?.hex, "920000", "still pressed");
    },
  );

  t.test("free pins are driven, their state can be asked, and a reset frees them", async t => {
    const bench = quiet();
    put(bench, 0xf4, 6, 3, 0xe6, 0x00, 0x01, 0xf0, 0x6d, 6, 0xf7);
    t.equal(lastHex(bench), "f06e06030001f7", "PWM 128");
    put(bench, 0xf0, 0x6f, 6, 0x7f, 0x7f, 0xf7, 0xf0, 0x6d, 6, 0xf7);
    t.equal(lastHex(bench), "f06e06037f01f7", "PWM beyond 255 is 255");
    put(bench, 0xf4, 13, 1, 0x91, 0x20, 0, 0xf0, 0x6d, 13, 0xf7);
    t.equal(lastHex(bench), "f06e0d010100f7", "D13 high by its port");
    put(bench, 0xf5, 13, 0, 0xf0, 0x6d, 13, 0xf7);
    t.equal(lastHex(bench), "f06e0d010000f7", "and low by itself");
    put(bench, 0xf4, 13, 2, 0xf0, 0x6d, 13, 0xf7);
    t.equal(lastHex(bench), "f06e0d010000f7", "a mode it has not is ignored");
    put(bench, 0xff);
    put(bench, 0xf0, 0x6d, 6, 0xf7);
    t.equal(lastHex(bench), "f06e06000000f7");
  });

  t.test("analog channels are sampled at their interval", async t => {
    const bench = quiet();
    bench.say("pp 1000");
    bench.run(10);
    put(bench, 0xf0, 0x7a, 50, 0, 0xf7, 0xf0, 0x7c, 0xf7);
    t.equal(lastHex(bench), "f07c3200f7");
    put(bench, 0xf0, 0x7a, 1, 0, 0xf7, 0xf0, 0x7c, 0xf7);
    t.equal(lastHex(bench), "f07c0500f7", "not below 5 ms");
    put(bench, 0xf0, 0x7a, 50, 0, 0xf7);
    bench.ear.heard.length = 0;
    put(bench, 0xc0, 1, 0xc1, 1);
    bench.run(200);
    const of = (prefix: string): string[] =>
      bench.ear.heard.map(({ hex }) => hex).filter(hex => hex.startsWith(prefix));
    t.ok(of("e0").length === 5 || of("e0").length === 4, `${of("e0").length} values of the pilot`);
    t.match(of("e0")[0], /^e0(19|1a|1b)07$/, "12 V are 922 counts");
    t.match(of("e1")[0], /^e1(7f03|0004)$/, "1 kohm is half of the reference");
    put(bench, 0xc0, 0, 0xc1, 0);
    bench.ear.heard.length = 0;
    bench.run(200);
    t.strictSame(of("e"), []);
    put(bench, 0xc6, 1, 0xc2, 1, 0xc4, 1, 0xd3, 1);
    t.strictSame(of("e"), [], "a channel that is none, reserved or digital");
  });

  t.test("what hangs on A4 and A5 by default is read: a switch to ground, and a sensor", async t => {
    const bench = quiet();
    put(bench, 0xf4, 18, 0x0b, 0xd2, 1);
    for (const [pressed, hex] of [
      [1, "920000"],
      [0, "920400"],
      [1, "920000"],
    ] as const) {
      bench.say(`switch ${pressed}`);
      bench.run(8);
      t.equal(lastHex(bench), hex, `switch ${pressed}`);
    }
    put(bench, 0xf4, 19, 2, 0xf0, 0x7a, 20, 0, 0xf7, 0xc5, 1);
    for (const [mV, counts] of [
      [710, 145],
      [1250, 256],
      [0, 0],
      [5000, 1023],
    ] as const) {
      bench.say(`sensor ${mV}`);
      bench.run(60);
      const [, low = 0, high = 0] = Buffer.from(lastHex(bench) ?? "", "hex");
      t.ok(Math.abs((low | (high << 7)) - counts) <= 1, `${mV} mV: ${low | (high << 7)}`);
    }
  });

  t.test("the relay on D5 takes the car off the line", async t => {
    const bench = new EngineBench(make);
    bench.charge();
    put(bench, 0xf4, 5, 1, 0x90, 0x20, 0);
    t.equal(bench.board.lineConnected, false);
    bench.run(20);
    t.equal(bench.mask, 0);
    t.equal(bench.status.state, "A");
    put(bench, 0x90, 0, 0);
    bench.run(30);
    t.ok(bench.board.lineConnected);
    t.equal(bench.status.state, "C");
    put(bench, 0xf4, 5, 3, 0xe5, 0x7f, 1);
    t.notOk(bench.board.lineConnected, "PWM of 255 is a level");
  });
}
