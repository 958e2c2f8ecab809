import type { Test } from "tap";
import { EVENT, FLAG, OPENED_BY, RESULT } from "../../../shared/evse-sysex/codes.ts";
import type { MakeEngine } from "../../support/board-engine.ts";
import { EngineBench } from "../../support/engine-bench.ts";

/** A heartbeat of 7 bytes at 57600 baud takes 1.2 ms; a board with paced bytes counts from their end. */
const BYTES_MS = 1.3;
const SETPOINT_BYTES_MS = 2.1;

/** Permission with a deadline: heartbeats, setpoints, and what silence does. */
export function grantSuite(t: Test, make: MakeEngine): void {
  const setpoint = (change: { dutyPermille?: number; mask?: number; ttlMs?: number; sequence?: number } = {}) =>
    ({ kind: "setpoint", dutyPermille: 160, mask: 3, ttlMs: 1000, sequence: 5, ...change }) as const;

  t.test("a host that falls silent: +12 V and open at the deadline", async t => {
    for (const [watchdogMs, graceMs] of [
      [1000, 0],
      [300, 0],
      [100, 0],
      [500, 300],
    ] as const) {
      const bench = new EngineBench(make).charge();
      bench.stopBeating();
      bench.write({ kind: "heartbeat", sequence: 9 });
      bench.configure("watchdogGraceMs", graceMs);
      bench.configure("watchdogMs", watchdogMs);
      const from = bench.board.nowMs;
      bench.write({ kind: "heartbeat", sequence: 10 });
      const took = bench.msUntilOpen(watchdogMs + graceMs + 50, from) ?? 99_999;
      const least = watchdogMs + graceMs;
      t.ok(took >= least && took <= least + 2 + BYTES_MS, `${watchdogMs} + ${graceMs}: ${took} ms`);
      bench.run(30);
      t.equal(bench.board.dutyPct, 100);
      t.equal(bench.lastArg(EVENT.watchdogTrip), watchdogMs);
      t.equal(bench.lastArg(EVENT.contactorsOpened), OPENED_BY.watchdog);
      t.ok(bench.has(FLAG.wdTrip));
    }
  });

  t.test("with a grace, +12 V comes first and the contactors stay for it", async t => {
    const bench = new EngineBench(make);
    bench.configure("watchdogGraceMs", 400);
    bench.charge();
    bench.stopBeating();
    bench.run(1_100);
    t.equal(bench.board.dutyPct, 100);
    t.equal(bench.mask, 3);
    bench.run(400);
    t.equal(bench.mask, 0);
  });

  t.test("each heartbeat starts the time anew", async t => {
    const bench = new EngineBench(make).charge();
    bench.stopBeating();
    for (let i = 0; i < 8; i++) {
      bench.write({ kind: "heartbeat", sequence: i });
      bench.run(900);
      t.equal(bench.mask, 3);
    }
    bench.run(150);
    t.equal(bench.mask, 0);
  });

  t.test("after a trip: no PWM, no closing, no clearing before heartbeats; a longer time is no heartbeat", async t => {
    const bench = new EngineBench(make).charge();
    bench.configure("watchdogMs", 300);
    bench.stopBeating();
    bench.run(700);
    t.equal(bench.send({ kind: "pwm", dutyPermille: 160 }), RESULT.refused);
    bench.acknowledge();
    t.equal(bench.send({ kind: "contactor", mask: 3 }), RESULT.refused);
    bench.clear(FLAG.wdTrip);
    t.ok(bench.has(FLAG.wdTrip));
    bench.configure("watchdogMs", 5000);
    t.equal(bench.status.watchdogLeftMs, 0);
    bench.clear(FLAG.wdTrip);
    t.ok(bench.has(FLAG.wdTrip));
    bench.beat();
    bench.clear(FLAG.wdTrip);
    t.notOk(bench.has(FLAG.wdTrip));
    t.equal(bench.send({ kind: "pwm", dutyPermille: 160 }), RESULT.ok);
    bench.run(30);
    t.equal(bench.send({ kind: "contactor", mask: 3 }), RESULT.ok);
  });

  t.test("CLEAR touches latches only, and answers what is left", async t => {
    const bench = new EngineBench(make).charge();
    bench.say("rcm 1");
    bench.run(5);
    const { result, arg } = bench.ask({ kind: "clear", flags: 0x3fff });
    t.equal(result, RESULT.ok);
    t.equal(arg & (FLAG.rcmTrip | FLAG.rcmLine | FLAG.localOpen | FLAG.wdArmed), 0x10f & ~FLAG.wdTrip);
    bench.say("rcm 0");
    bench.run(5);
    t.equal(bench.ask({ kind: "clear", flags: FLAG.weld }).arg & FLAG.rcmTrip, FLAG.rcmTrip, "others stay");
    t.equal(bench.ask({ kind: "clear", flags: FLAG.rcmTrip }).arg & FLAG.rcmTrip, 0);
  });

  t.test("a setpoint drives pilot and contactors in one, and closes only where all interlocks agree", async t => {
    const bench = new EngineBench(make);
    bench.say("pp 220");
    bench.say("ev B");
    bench.run(20);
    t.strictSame(
      bench.ask(setpoint()),
      { kind: "ack", command: 0x0a, result: RESULT.ok, arg: 0 },
      "in B: nothing closes",
    );
    bench.run(5);
    t.ok(Math.abs(bench.board.dutyPct - 16) < 0.06);
    bench.say("ev C");
    bench.run(30);
    t.equal(bench.mask, 0, "a permission is taken up by the next one");
    t.equal(bench.ask(setpoint({ sequence: 6 })).arg, 3);
    t.equal(bench.mask, 3);
    bench.run(30);
    t.equal(bench.ear.last("report").heartbeat, 6);
    t.equal(bench.ask(setpoint({ mask: 1 })).arg, 1, "L2 and L3 dropped");
    t.equal(bench.mask, 1);
    t.equal(bench.ask(setpoint({ mask: 3, dutyPermille: 266 })).arg, 3);
    t.equal(bench.ask(setpoint({ mask: 1, dutyPermille: 1000 })).arg, 1, "dropping needs no interlock");
    t.equal(bench.mask, 1);
    t.equal(bench.ask(setpoint({ mask: 3 })).arg, 3);
    t.equal(bench.ask(setpoint({ mask: 0 })).arg, 0);
    t.equal(bench.mask, 0);
    bench.run(5);
    t.equal(bench.lastArg(EVENT.contactorsOpened), OPENED_BY.host);
  });

  t.test("a setpoint holds for its own time and not longer", async t => {
    for (const ttlMs of [100, 700, 2500]) {
      const bench = new EngineBench(make).charge();
      bench.stopBeating();
      const from = bench.board.nowMs;
      bench.write(setpoint({ ttlMs }));
      const took = bench.msUntilOpen(ttlMs + 50, from) ?? 99_999;
      t.ok(took >= ttlMs && took <= ttlMs + 2 + SETPOINT_BYTES_MS, `${ttlMs}: ${took} ms`);
      bench.run(20);
      t.equal(bench.lastArg(EVENT.watchdogTrip), ttlMs);
      t.equal(bench.board.dutyPct, 100);
    }
  });

  t.test("the heartbeat's time does not stretch a setpoint's", async t => {
    const bench = new EngineBench(make).charge();
    bench.stopBeating();
    bench.send(setpoint({ ttlMs: 200 }));
    bench.configure("watchdogMs", 5000);
    bench.run(230);
    t.equal(bench.mask, 0);
  });

  t.test("a setpoint out of range changes nothing, not even the deadline", async t => {
    const bench = new EngineBench(make).charge();
    bench.stopBeating();
    bench.send(setpoint({ ttlMs: 400, dutyPermille: 200 }));
    const before = bench.board.nowMs;
    for (const [change, arg] of [
      [{ dutyPermille: 49 }, 49],
      [{ dutyPermille: 975 }, 975],
      [{ mask: 4 }, 4],
      [{ ttlMs: 99 }, 99],
      [{ ttlMs: 5001 }, 5001],
    ] as const) {
      const answer = bench.ask(setpoint(change));
      t.strictSame([answer.result, answer.arg], [RESULT.value, arg], JSON.stringify(change));
    }
    t.equal(bench.mask, 3);
    t.ok(Math.abs(bench.board.dutyPct - 20) < 0.06);
    bench.run(430 - (bench.board.nowMs - before));
    t.equal(bench.mask, 0);
  });

  t.test("after a trip a setpoint beats but drives nothing until the trip is cleared", async t => {
    const bench = new EngineBench(make).charge();
    bench.stopBeating();
    bench.run(1_300);
    t.equal(bench.send(setpoint()), RESULT.refused);
    t.equal(bench.board.dutyPct, 100);
    bench.clear(FLAG.wdTrip);
    t.equal(bench.send(setpoint({ mask: 0 })), RESULT.ok);
    bench.run(30);
    t.equal(bench.ask(setpoint()).arg, 3);
  });

  t.test("what the board opened by itself, no repeated setpoint closes", async t => {
    const bench = new EngineBench(make).charge();
    bench.say("ev B");
    bench.run(30);
    bench.say("ev C");
    bench.run(30);
    for (let i = 0; i < 4; i++) t.equal(bench.ask(setpoint()).arg, 0);
    t.ok(bench.has(FLAG.localOpen));
    bench.send(setpoint({ mask: 0 }));
    t.equal(bench.ask(setpoint()).arg, 3);
  });

  t.test("a repeated setpoint without an offer does not stretch the time at steady +12 V", async t => {
    const bench = new EngineBench(make).charge();
    bench.configure("steadyClosedMs", 500);
    const from = bench.board.nowMs;
    for (let i = 0; i < 7; i++) {
      bench.send(setpoint({ dutyPermille: 1000 }));
      bench.run(90);
    }
    const opened = bench.coils.find(({ atMs, mask }) => atMs > from && mask === 0)?.atMs ?? Infinity;
    t.ok(opened - from < 510, `${opened - from} ms`);
  });
}
