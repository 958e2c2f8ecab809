import type { Test } from "tap";
import { CONFIG, type ConfigName, FLAG, KEEP_NONE, KEPT_NAMES, RESULT } from "../../../shared/evse-sysex/codes.ts";
import type { MakeEngine } from "../../support/board-engine.ts";
import { EngineBench } from "../../support/engine-bench.ts";

/** CONFIG values that the installer has the board keep: lock limit and thresholds. */
export function keepSuite(t: Test, make: MakeEngine): void {
  const kept = (bench: EngineBench) => bench.query({ kind: "kept" }, "kept");
  const keep = (bench: EngineBench, name: ConfigName, value: number): number =>
    bench.send({ kind: "keep", id: CONFIG[name].id, value });
  const restart = (bench: EngineBench): void => {
    bench.say("reset");
    bench.run(40);
  };
  const own = Object.fromEntries(KEPT_NAMES.map(name => [name, CONFIG[name].initial]));
  /** Which class the board takes this voltage for, coming from A. */
  const classOf = (bench: EngineBench, volts: number): string => {
    bench.say("ev A");
    bench.run(20);
    bench.say(`cp ${volts}`);
    bench.run(20);
    const { state } = bench.status;
    bench.say("cp car");
    bench.run(20);
    return state;
  };

  t.test("what is kept holds at once and after every reset, beside the firmware's own values", async t => {
    const bench = new EngineBench(make);
    t.strictSame(kept(bench), { kind: "kept", values: own, stored: "blank" });
    t.equal(classOf(bench, 7.2), "C");
    const answer = bench.ask({ kind: "keep", id: CONFIG.thresholdBC.id, value: 8192 + 700 });
    t.strictSame(answer, { kind: "ack", command: 0x0d, result: RESULT.ok, arg: 8192 + 700 });
    const values = { ...own, thresholdBC: 8192 + 700 };
    t.strictSame(kept(bench), { kind: "kept", values, stored: "valid" });
    t.equal(classOf(bench, 7.2), "B");
    restart(bench);
    t.strictSame(kept(bench), { kind: "kept", values, stored: "valid" });
    t.equal(classOf(bench, 7.2), "B");
    t.equal(keep(bench, "lockMaxMs", 300), RESULT.ok);
    t.strictSame(kept(bench).values, { ...values, lockMaxMs: 300 }, "one does not displace the other");
    restart(bench);
    t.equal(bench.send({ kind: "lock", drive: 1, pulseMs: 301 }), RESULT.value);
    t.equal(bench.send({ kind: "lock", drive: 1, pulseMs: 300 }), RESULT.ok);
  });

  t.test("a value set by CONFIG alone is gone after a reset", async t => {
    const bench = new EngineBench(make);
    bench.configure("thresholdBC", 8192 + 700);
    t.equal(classOf(bench, 7.2), "B");
    t.equal(kept(bench).values.thresholdBC, CONFIG.thresholdBC.initial);
    restart(bench);
    t.equal(classOf(bench, 7.2), "C");
  });

  t.test("0 gives the firmware's own value back", async t => {
    const bench = new EngineBench(make);
    keep(bench, "thresholdBC", 8192 + 700);
    keep(bench, "thresholdDE", 8192 + 120);
    t.equal(keep(bench, "thresholdBC", KEEP_NONE), RESULT.ok);
    t.equal(classOf(bench, 7.2), "C", "at once");
    restart(bench);
    t.strictSame(kept(bench).values, { ...own, thresholdDE: 8192 + 120 });
  });

  t.test("each takes its whole range, and nothing beside it; what is no installer's matter is not kept", async t => {
    const bench = new EngineBench(make);
    for (const name of KEPT_NAMES) {
      const { min, max } = CONFIG[name];
      for (const value of [min, max]) {
        t.equal(keep(bench, name, value), RESULT.ok, `${name} ${value}`);
        t.equal(kept(bench).values[name], value);
      }
      for (const value of [min - 1, max + 1, 1, 16_383])
        t.equal(keep(bench, name, value), RESULT.value, `${name} ${value}`);
    }
    for (const id of [0, 1, 2, 3, 4, 5, 6, 13, 127])
      t.equal(bench.send({ kind: "keep", id, value: 20 }), RESULT.value, `id ${id}`);
  });

  t.test("no threshold that is allowed takes one of the standard's bands for another", async t => {
    const bands = { A: [11, 13], B: [8, 10], C: [5, 7], D: [2, 4], E: [-1, 1] } as const;
    for (const edge of ["min", "max"] as const) {
      const bench = new EngineBench(make);
      bench.beat();
      for (const name of KEPT_NAMES) keep(bench, name, CONFIG[name][edge]);
      for (const [state, [least, most]] of Object.entries(bands)) {
        // Beyond the hysteresis of 0.2 V, from whichever side it is entered.
        t.equal(classOf(bench, least + 0.25), state, `${edge}: ${least} V`);
        t.equal(classOf(bench, most - 0.25), state, `${edge}: ${most} V`);
      }
    }
  });

  t.test("nothing is kept while a car is connected", async t => {
    for (const words of ["ev B", "ev C", "ev E", "cp -4"]) {
      const bench = new EngineBench(make);
      bench.say(words);
      bench.run(30);
      const { result, arg } = bench.ask({ kind: "keep", id: CONFIG.thresholdBC.id, value: 8192 + 700 });
      t.equal(result, RESULT.refused, words);
      t.equal(arg & FLAG.contactFeedback, 0);
      t.equal(kept(bench).stored, "blank");
    }
    const charging = new EngineBench(make).charge();
    t.equal(keep(charging, "lockMaxMs", 300), RESULT.refused);
    t.equal(charging.mask, 3);
  });

  t.test("a damaged record counts as none, and is told as damaged", async t => {
    const bench = new EngineBench(make);
    keep(bench, "thresholdBC", 8192 + 700);
    bench.say("eeprom damaged");
    t.equal(kept(bench).stored, "valid", "what was read at the boot holds until the next");
    restart(bench);
    t.strictSame(kept(bench), { kind: "kept", values: own, stored: "damaged" });
    t.equal(classOf(bench, 7.2), "C");
    t.equal(keep(bench, "thresholdBC", 8192 + 700), RESULT.ok, "and can be written anew");
    t.equal(kept(bench).stored, "valid");
  });

  t.test("cells that take nothing any more are noticed, and the value does not hold", async t => {
    const bench = new EngineBench(make);
    bench.say("eeprom worn");
    t.equal(keep(bench, "thresholdBC", 8192 + 700), RESULT.store);
    t.equal(classOf(bench, 7.2), "C");
    bench.say("eeprom good");
    t.equal(keep(bench, "thresholdBC", 8192 + 700), RESULT.ok);
  });

  t.test("safe current and kept values do not touch each other's record", async t => {
    const bench = new EngineBench(make);
    t.equal(bench.send({ kind: "setSafe", currentDeciA: 130, graceS: 77 }), RESULT.ok);
    for (const name of KEPT_NAMES) keep(bench, name, CONFIG[name].max);
    restart(bench);
    t.match(bench.query({ kind: "safe" }, "safe"), { currentDeciA: 130, graceS: 77, stored: "valid" });
    t.equal(bench.send({ kind: "setSafe", currentDeciA: 0, graceS: 0 }), RESULT.ok);
    restart(bench);
    t.match(kept(bench), {
      values: Object.fromEntries(KEPT_NAMES.map(name => [name, CONFIG[name].max])),
      stored: "valid",
    });
  });
}
