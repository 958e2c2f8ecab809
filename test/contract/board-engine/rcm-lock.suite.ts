import type { Test } from "tap";
import { EVENT, FLAG, LOCK_REACHED, OPENED_BY, RCM_TEST_FAILED, RESULT } from "../../../shared/evse-sysex/codes.ts";
import type { MakeEngine } from "../../support/board-engine.ts";
import { EngineBench } from "../../support/engine-bench.ts";

/** Residual current and its self test; the plug lock. */
export function rcmLockSuite(t: Test, make: MakeEngine): void {
  t.test("residual current opens at once, latches, and clears only when it is gone", async t => {
    for (const phaseMs of [0, 0.25, 0.5, 0.75]) {
      const bench = new EngineBench(make, { phaseMs }).charge();
      bench.run(phaseMs);
      bench.say("rcm 1");
      const took = bench.msUntilOpen(20) ?? 999;
      t.ok(took <= 0.1, `${took} ms`);
      const told = bench.events().slice(-3);
      t.strictSame(told, [
        [EVENT.contactorsOpened, OPENED_BY.rcm],
        [EVENT.rcmTrip, 0],
        [EVENT.rcmLine, 1],
      ]);
      bench.acknowledge();
      bench.clear(FLAG.rcmTrip);
      t.ok(bench.has(FLAG.rcmTrip));
      bench.say("rcm 0");
      bench.run(5);
      t.strictSame(bench.events().at(-1), [EVENT.rcmLine, 0]);
      t.ok(bench.has(FLAG.rcmTrip), "stays latched");
      t.notOk(bench.has(FLAG.rcmLine));
      t.equal(bench.send({ kind: "contactor", mask: 3 }), RESULT.refused);
      bench.clear(FLAG.rcmTrip);
      t.equal(bench.send({ kind: "contactor", mask: 3 }), RESULT.ok);
    }
  });

  t.test("a line that is bad from the start trips by its level", async t => {
    const bench = new EngineBench(make);
    bench.say("rcm 1");
    bench.run(5);
    bench.ear.heard.length = 0;
    bench.say("reset");
    bench.run(40);
    t.strictSame(bench.events().slice(1), [
      [EVENT.rcmTrip, 1],
      [EVENT.rcmLine, 1],
    ]);
    t.ok(bench.has(FLAG.rcmTrip));
    t.ok(bench.has(FLAG.rcmLine));
  });

  t.test("the self test tells its trip time and leaves nothing behind", async t => {
    const bench = new EngineBench(make);
    for (const pulseMs of [9, 501, 0]) t.equal(bench.send({ kind: "rcmTest", pulseMs }), RESULT.value, `${pulseMs}`);
    t.equal(bench.send({ kind: "rcmTest", pulseMs: 200 }), RESULT.ok);
    t.ok(bench.has(FLAG.rcmTesting));
    t.equal(bench.send({ kind: "rcmTest", pulseMs: 200 }), RESULT.refused, "one at a time");
    bench.run(200);
    const ms = bench.lastArg(EVENT.rcmTest) ?? 999;
    t.ok(ms >= 39 && ms <= 41, `${ms} ms`);
    t.equal(bench.flags & (FLAG.rcmTrip | FLAG.rcmTesting | FLAG.rcmTestBad | FLAG.rcmLine), 0);
    t.strictSame(
      bench
        .events()
        .map(([code]) => code)
        .slice(-3),
      [EVENT.rcmLine, EVENT.rcmTest, EVENT.rcmLine],
    );
    t.equal(bench.send({ kind: "rcmTest", pulseMs: 500 }), RESULT.ok, "and may be repeated");
  });

  t.test("a monitor that does not answer, or not in time, has failed", async t => {
    for (const [words, pulseMs] of [
      ["rcmtest 0", 100],
      ["rcmtest 1", 30],
    ] as const) {
      const bench = new EngineBench(make);
      bench.say(words);
      bench.send({ kind: "rcmTest", pulseMs });
      bench.run(pulseMs + 20);
      t.equal(bench.lastArg(EVENT.rcmTest), pulseMs | RCM_TEST_FAILED);
      t.ok(bench.has(FLAG.rcmTestBad));
      t.notOk(bench.has(FLAG.rcmTesting));
      bench.clear(FLAG.rcmTestBad);
      t.notOk(bench.has(FLAG.rcmTestBad));
    }
  });

  t.test("a line that does not recover after the test is a failed test and a trip", async t => {
    const bench = new EngineBench(make);
    bench.send({ kind: "rcmTest", pulseMs: 200 });
    bench.run(45);
    bench.say("rcm 1");
    bench.run(900);
    t.ok(bench.has(FLAG.rcmTesting));
    bench.run(200);
    t.equal(bench.flags & (FLAG.rcmTesting | FLAG.rcmTestBad | FLAG.rcmTrip), FLAG.rcmTestBad | FLAG.rcmTrip);
    t.strictSame(bench.events().at(-1), [EVENT.rcmTrip, 1]);
  });

  t.test("a residual current in the middle of the test counts as its answer", async t => {
    const bench = new EngineBench(make);
    bench.send({ kind: "rcmTest", pulseMs: 200 });
    bench.run(15);
    bench.say("rcm 1");
    bench.run(10);
    const ms = bench.lastArg(EVENT.rcmTest) ?? 999;
    t.ok(ms >= 13 && ms <= 22, `${ms} ms`);
    bench.say("rcm 0");
    bench.run(10);
    t.equal(bench.flags & (FLAG.rcmTrip | FLAG.rcmTesting | FLAG.rcmTestBad), 0);
  });

  t.test("no test under load, nor with a trip or a bad line", async t => {
    const bench = new EngineBench(make).charge();
    t.equal(bench.send({ kind: "rcmTest", pulseMs: 200 }), RESULT.refused, "under load");
    t.equal(bench.mask, 3);
    bench.say("rcm 1");
    bench.run(5);
    t.equal(bench.send({ kind: "rcmTest", pulseMs: 200 }), RESULT.refused, "bad line");
    bench.say("rcm 0");
    bench.run(5);
    t.equal(bench.send({ kind: "rcmTest", pulseMs: 200 }), RESULT.refused, "latched");
  });

  t.test("the lock moves in pulses of what was asked for, never longer, and rests", async t => {
    const bench = new EngineBench(make);
    for (const [drive, pulseMs] of [
      [1, 0],
      [1, 601],
      [3, 300],
      [127, 300],
      [2, 16_383],
    ] as const)
      t.equal(bench.send({ kind: "lock", drive, pulseMs }), RESULT.value, `${drive} for ${pulseMs}`);
    t.equal(bench.board.lockDrive, 0);
    for (const [drive, pulseMs] of [
      [1, 300],
      [2, 600],
    ] as const) {
      bench.write({ kind: "lock", drive, pulseMs });
      bench.msUntil(() => bench.board.lockDrive === drive, 5);
      const began = bench.board.nowMs;
      bench.run(12);
      t.equal(bench.send({ kind: "lock", drive: 1, pulseMs: 100 }), RESULT.busy, "busy");
      bench.msUntil(() => bench.board.lockDrive === 0, pulseMs + 20);
      const lasted = bench.board.nowMs - began;
      t.ok(lasted >= pulseMs - 1.2 && lasted <= pulseMs + 0.06, `${lasted} ms of ${pulseMs}`);
      bench.run(12);
      t.equal(bench.lastArg(EVENT.lockDone), drive | (drive === 1 ? LOCK_REACHED : 0));
      t.equal(bench.has(FLAG.lockFeedback), drive === 1);
      bench.run(460);
      t.equal(bench.send({ kind: "lock", drive: 1, pulseMs: 100 }), RESULT.busy, "it rests");
      bench.run(40);
    }
  });

  t.test("a lock pulse is cut by STOP, and short ones move nothing", async t => {
    const bench = new EngineBench(make);
    t.equal(bench.send({ kind: "lock", drive: 0, pulseMs: 0 }), RESULT.ok);
    t.equal(bench.lastArg(EVENT.lockDone), undefined, "nothing to stop, nothing to tell");
    bench.send({ kind: "lock", drive: 1, pulseMs: 400 });
    bench.run(50);
    t.equal(bench.send({ kind: "lock", drive: 0, pulseMs: 0 }), RESULT.ok);
    t.equal(bench.board.lockDrive, 0);
    bench.run(200);
    t.equal(bench.lastArg(EVENT.lockDone), 1);
    t.notOk(bench.has(FLAG.lockFeedback));
  });

  t.test("the installer's limit holds, and 1 s is the end of it", async t => {
    const bench = new EngineBench(make);
    bench.configure("lockMaxMs", 1000);
    t.equal(bench.send({ kind: "lock", drive: 1, pulseMs: 1001 }), RESULT.value);
    t.equal(bench.send({ kind: "lock", drive: 1, pulseMs: 1000 }), RESULT.ok);
    const lasted = bench.msUntil(() => bench.board.lockDrive === 0, 1_100) ?? 9_999;
    t.ok(lasted <= 1000.06, `${lasted} ms`);
  });

  t.test("under load the lock is not opened, but may be closed", async t => {
    const bench = new EngineBench(make).charge();
    t.equal(bench.send({ kind: "lock", drive: 2, pulseMs: 300 }), RESULT.refused);
    t.equal(bench.board.lockDrive, 0);
    t.equal(bench.send({ kind: "lock", drive: 1, pulseMs: 300 }), RESULT.ok);
    bench.run(900);
    bench.acknowledge();
    bench.say("lockstuck 1");
    t.equal(bench.send({ kind: "lock", drive: 2, pulseMs: 300 }), RESULT.ok);
    bench.run(310);
    t.ok(bench.has(FLAG.lockFeedback), "stuck");
    t.equal(bench.lastArg(EVENT.lockDone), 2 | LOCK_REACHED);
  });
}
