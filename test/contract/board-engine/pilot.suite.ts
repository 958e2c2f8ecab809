import type { Test } from "tap";
import { CP_STATES, EVENT, FLAG, OPENED_BY, RESULT } from "../../../shared/evse-sysex/codes.ts";
import type { MakeEngine } from "../../support/board-engine.ts";
import { EngineBench } from "../../support/engine-bench.ts";

const DUTIES = [50, 60, 100, 160, 266, 500, 850, 960, 970, 1000];
const HIGH_V = { A: 12, B: 8.98, C: 6, D: 2.93, E: 0 } as const;
const STATES = ["A", "B", "C", "D", "E"] as const;

/** What is driven, what is read back, and what it is taken for. */
export function pilotSuite(t: Test, make: MakeEngine): void {
  t.test("every state is read at every duty, high and low", async t => {
    const bench = new EngineBench(make);
    bench.beat();
    for (const dutyPermille of DUTIES) {
      t.equal(bench.send({ kind: "pwm", dutyPermille }), RESULT.ok);
      for (const state of STATES) {
        bench.say(`ev ${state}`);
        bench.run(65);
        const { high, low, state: found } = bench.ear.last("report");
        const where = `${state} at ${dutyPermille}`;
        t.equal(found, state, where);
        t.ok(Math.abs((high?.avgV ?? 99) - HIGH_V[state]) < 0.1, `${where}: high ${high?.avgV}`);
        const lowV = state === "E" ? 0 : -12;
        if (dutyPermille === 1000) t.equal(low, null, `${where}: no low half`);
        else t.ok(Math.abs((low?.avgV ?? 99) - lowV) < 0.1, `${where}: low ${low?.avgV}`);
      }
      bench.say("cp -5");
      bench.run(65);
      t.equal(bench.ear.last("report").state, "invalid", `-5 V at ${dutyPermille}`);
      bench.say("cp car");
      const driven = bench.board.dutyPct * 10;
      // The simulated timer switches off one tick of 0.05 % early; edges are known to an instruction.
      t.ok(driven - dutyPermille <= 0.3 && dutyPermille - driven <= 0.85, `${dutyPermille}: ${driven}`);
    }
  });

  t.test("every 0.1 % is driven as asked", async t => {
    const bench = new EngineBench(make);
    bench.beat();
    bench.configure("reportMs", 0);
    for (let dutyPermille = 50; dutyPermille <= 970; dutyPermille += 23) {
      bench.write({ kind: "pwm", dutyPermille });
      bench.run(6);
      const driven = bench.board.dutyPct * 10;
      t.ok(driven - dutyPermille <= 0.3 && dutyPermille - driven <= 0.85, `${dutyPermille}: ${driven}`);
    }
  });

  t.test("a pilot outside every class is invalid, and -12 V on the high half is too", async t => {
    const bench = new EngineBench(make);
    bench.beat();
    bench.send({ kind: "pwm", dutyPermille: 160 });
    for (const volts of [-2, -3, -6, -12]) {
      bench.say(`cp ${volts}`);
      bench.run(30);
      t.equal(bench.status.state, "invalid", `${volts} V`);
    }
    bench.say("cp -1");
    bench.run(30);
    t.equal(bench.status.state, "E", "-1 V");
  });

  t.test("a class is left 0.2 V beyond its threshold, in both directions", async t => {
    const bench = new EngineBench(make);
    bench.beat();
    bench.send({ kind: "pwm", dutyPermille: 500 });
    const stateAt = (volts: number): string => {
      bench.say(`cp ${volts}`);
      bench.run(16);
      return bench.status.state;
    };
    for (const [index, threshold] of [10.5, 7.5, 4.5, 1.5].entries()) {
      const [above, below] = [CP_STATES[index], CP_STATES[index + 1]];
      t.equal(stateAt(threshold + 1), above);
      t.equal(stateAt(threshold - 0.13), above, `${above} is kept at ${threshold - 0.13}`);
      t.equal(stateAt(threshold - 0.27), below, `${below} from ${threshold - 0.27}`);
      t.equal(stateAt(threshold + 0.13), below, `${below} is kept at ${threshold + 0.13}`);
      t.equal(stateAt(threshold + 0.27), above, `${above} from ${threshold + 0.27}`);
    }
  });

  t.test("thresholds follow their settings", async t => {
    const bench = new EngineBench(make);
    bench.beat();
    bench.send({ kind: "pwm", dutyPermille: 500 });
    bench.say("cp 7.25");
    bench.run(20);
    t.equal(bench.status.state, "C");
    bench.configure("thresholdBC", 8192 + 700);
    bench.run(20);
    t.equal(bench.status.state, "B");
  });

  t.test("steady -12 V is state F, and a steady pilot has one half", async t => {
    const bench = new EngineBench(make);
    bench.say("ev B");
    bench.send({ kind: "pwm", dutyPermille: 0 });
    bench.run(100);
    t.equal(bench.board.dutyPct, 0);
    const negative = bench.ear.last("report");
    t.strictSame([negative.high, negative.state], [null, "F"]);
    t.equal(negative.low?.samples, 10);
    bench.send({ kind: "pwm", dutyPermille: 1000 });
    bench.run(60);
    t.equal(bench.board.dutyPct, 100);
    const positive = bench.ear.last("report");
    t.strictSame([positive.low, positive.state], [null, "B"]);
    t.equal(positive.high?.samples, 10, "500 a second here too");
  });

  t.test("PWM needs a heartbeat; +12 V, -12 V and open never do", async t => {
    const bench = new EngineBench(make);
    t.equal(bench.send({ kind: "pwm", dutyPermille: 160 }), RESULT.refused);
    for (const dutyPermille of [0, 1000]) t.equal(bench.send({ kind: "pwm", dutyPermille }), RESULT.ok);
    t.equal(bench.send({ kind: "contactor", mask: 0 }), RESULT.ok);
    bench.beat();
    for (const dutyPermille of [1, 49, 971, 999, 1001, 16_383])
      t.equal(bench.send({ kind: "pwm", dutyPermille }), RESULT.value, `${dutyPermille}`);
    bench.run(3);
    t.equal(bench.board.dutyPct, 100);
  });

  t.test("a new duty is on the line within two periods, a steady level within one", async t => {
    const bench = new EngineBench(make);
    bench.beat();
    bench.configure("reportMs", 0);
    bench.send({ kind: "pwm", dutyPermille: 500 });
    bench.run(10);
    bench.write({ kind: "pwm", dutyPermille: 100 });
    const reached = bench.msUntil(() => Math.abs(bench.board.dutyPct - 10) < 0.06, 20);
    t.ok(reached !== null && reached <= 1.3 + 3.1, `${reached} ms with the bytes on the line`);
  });

  t.test("proximity resistors are read", async t => {
    const bench = new EngineBench(make);
    for (const ohm of [100, 220, 680, 1500]) {
      bench.say(`pp ${ohm}`);
      bench.run(45);
      const read = bench.ear.last("report").ppOhm ?? 0;
      t.ok(Math.abs(read - ohm) / ohm < 0.02, `${ohm} reads ${read}`);
    }
    bench.say("pp 0");
    bench.run(45);
    t.equal(bench.ear.last("report").ppOhm, 0);
    bench.say("pp open");
    bench.run(45);
    t.equal(bench.ear.last("report").ppOhm, null);
  });

  t.test("each change of state is told once, with the one before", async t => {
    const bench = new EngineBench(make);
    bench.beat();
    bench.send({ kind: "pwm", dutyPermille: 160 });
    bench.run(20);
    bench.ear.heard.length = 0;
    for (const state of ["B", "C", "D", "E", "A"]) {
      bench.say(`ev ${state}`);
      bench.run(30);
    }
    const told = bench.ear
      .messages("event")
      .filter(({ code }) => code === EVENT.cpState)
      .map(({ arg }) => `${CP_STATES[arg >> 4]}${CP_STATES[arg & 15]}`);
    t.strictSame(told, ["AB", "BC", "CD", "DE", "EA"]);
  });

  t.test("a bridged diode opens under load, is told, and blocks until it is whole again", async t => {
    for (const phaseMs of [0, 0.7, 1.5]) {
      const bench = new EngineBench(make, { phaseMs });
      bench.charge();
      bench.say("diode 0");
      const took = bench.msUntilOpen(60) ?? 999;
      t.ok(took >= 7.7 && took <= 10.5, `${took} ms`);
      t.equal(bench.lastArg(EVENT.contactorsOpened), OPENED_BY.diode);
      t.equal(bench.lastArg(EVENT.diode), 1);
      t.ok(bench.has(FLAG.diode));
      bench.acknowledge();
      t.equal(bench.send({ kind: "contactor", mask: 3 }), RESULT.refused);
      bench.say("diode 1");
      bench.run(20);
      t.equal(bench.lastArg(EVENT.diode), 0);
      t.equal(bench.send({ kind: "contactor", mask: 3 }), RESULT.ok);
    }
  });

  t.test("a diode is not judged where it cannot be: without a car, or on a steady pilot", async t => {
    const bench = new EngineBench(make);
    bench.beat();
    bench.say("ev B");
    bench.say("diode 0");
    bench.run(100);
    t.notOk(bench.has(FLAG.diode), "steady +12 V says nothing about it");
    bench.send({ kind: "pwm", dutyPermille: 160 });
    bench.run(50);
    t.ok(bench.has(FLAG.diode));
    bench.say("ev A");
    bench.run(50);
    t.notOk(bench.has(FLAG.diode), "no car, no diode to miss");
  });
}
