import type { Test } from "tap";
import { EVENT, FLAG, OPENED_BY, RESULT } from "../../../shared/evse-sysex/codes.ts";
import type { MakeEngine } from "../../support/board-engine.ts";
import { EngineBench } from "../../support/engine-bench.ts";

/** The installer's safe current: kept, read back, and what it does when the grants end. */
export function safeCurrentSuite(t: Test, make: MakeEngine): void {
  const read = (bench: EngineBench) => bench.query({ kind: "safe" }, "safe");
  const set = (bench: EngineBench, currentDeciA: number, graceS: number): number =>
    bench.send({ kind: "setSafe", currentDeciA, graceS });
  /** Charging at this duty with the safe current in the board, and the control loop dead from now on. */
  const silent = (currentDeciA: number, graceS: number, dutyPermille = 266): EngineBench => {
    const bench = new EngineBench(make);
    if (set(bench, currentDeciA, graceS) !== RESULT.ok) throw new Error("the bench could not store");
    bench.charge();
    bench.send({ kind: "pwm", dutyPermille });
    bench.stopBeating();
    bench.tell({ kind: "heartbeat", sequence: 1 });
    return bench;
  };

  t.test("what is stored is read back, and outlives resets", async t => {
    const bench = new EngineBench(make);
    t.strictSame(read(bench), { kind: "safe", currentDeciA: 0, graceS: 0, stored: "blank" });
    for (const [currentDeciA, graceS] of [
      [60, 1],
      [320, 3600],
      [163, 600],
      [0, 0],
    ] as const) {
      const answer = bench.ask({ kind: "setSafe", currentDeciA, graceS });
      t.strictSame(answer, { kind: "ack", command: 0x0b, result: RESULT.ok, arg: currentDeciA });
      t.strictSame(read(bench), { kind: "safe", currentDeciA, graceS, stored: "valid" });
      bench.say("reset");
      bench.run(40);
      t.strictSame(read(bench), { kind: "safe", currentDeciA, graceS, stored: "valid" }, "after a reset");
    }
  });

  t.test(
    "what no pilot can signal, and a time without a current, is refused with the value that was wrong",
    async t => {
      const bench = new EngineBench(make);
      for (const [currentDeciA, graceS, wrong] of [
        [1, 60, 1],
        [59, 60, 59],
        [321, 60, 321],
        [16_383, 60, 16_383],
        [160, 3601, 3601],
        [160, 0, 0],
        [0, 60, 60],
      ] as const) {
        const { result, arg } = bench.ask({ kind: "setSafe", currentDeciA, graceS });
        t.strictSame([result, arg], [RESULT.value, wrong], `${currentDeciA} for ${graceS}`);
      }
      t.equal(read(bench).stored, "blank");
    },
  );

  t.test("nothing is stored while a car is connected", async t => {
    for (const words of ["ev B", "ev C", "ev D", "ev E", "cp -4"]) {
      const bench = new EngineBench(make);
      bench.say(words);
      bench.run(30);
      t.equal(set(bench, 100, 60), RESULT.refused, words);
      t.equal(read(bench).stored, "blank");
    }
    const charging = new EngineBench(make).charge();
    t.equal(set(charging, 100, 60), RESULT.refused);
    t.equal(charging.mask, 3);
  });

  t.test("a damaged record counts as none, and is told as damaged", async t => {
    const bench = silent(100, 60);
    bench.say("eeprom damaged");
    bench.say("reset");
    bench.run(40);
    t.match(read(bench), { currentDeciA: 0, graceS: 0, stored: "damaged" });
    bench.charge();
    bench.stopBeating();
    bench.run(1_400);
    t.equal(bench.mask, 0);
    bench.say("ev A");
    bench.run(30);
    t.equal(set(bench, 80, 60), RESULT.ok, "and can be written anew");
    t.match(read(bench), { currentDeciA: 80, stored: "valid" });
  });

  t.test("cells that take nothing any more are noticed", async t => {
    const bench = new EngineBench(make);
    bench.say("eeprom worn");
    t.equal(set(bench, 100, 60), RESULT.store);
    t.equal(read(bench).currentDeciA, 0);
    bench.say("eeprom good");
    t.equal(set(bench, 100, 60), RESULT.ok);
  });

  t.test("the grant runs out: the safe current for its time, then +12 V and open", async t => {
    const bench = silent(100, 2);
    bench.run(1_000);
    t.equal(bench.mask, 3);
    t.ok(bench.has(FLAG.safeCurrent));
    t.notOk(bench.has(FLAG.wdTrip));
    t.ok(Math.abs(bench.board.dutyPct - 16.6) < 0.06, `10 A: ${bench.board.dutyPct} %`);
    t.equal(bench.status.watchdogLeftMs, 0);
    bench.run(1_940);
    t.equal(bench.mask, 3);
    bench.run(70);
    t.equal(bench.mask, 0);
    bench.run(5);
    t.equal(bench.board.dutyPct, 100);
    t.notOk(bench.has(FLAG.safeCurrent));
    t.ok(bench.has(FLAG.wdTrip));
    const told = bench.events().slice(-4);
    t.strictSame(told, [
      [EVENT.safeCurrent, 1],
      [EVENT.safeCurrent, 0],
      [EVENT.watchdogTrip, 1000],
      [EVENT.contactorsOpened, OPENED_BY.watchdog],
    ]);
  });

  t.test("never more than was granted", async t => {
    const bench = silent(320, 5, 120);
    bench.run(1_050);
    t.ok(bench.has(FLAG.safeCurrent));
    t.ok(Math.abs(bench.board.dutyPct - 12) < 0.06, `${bench.board.dutyPct} %`);
  });

  t.test("a grant in time ends it and goes on; no offer is made without one", async t => {
    const bench = silent(100, 5);
    bench.run(1_050);
    t.equal(bench.send({ kind: "pwm", dutyPermille: 300 }), RESULT.refused, "PWM without a grant");
    t.equal(bench.send({ kind: "contactor", mask: 3 }), RESULT.refused, "closing without a grant");
    t.equal(bench.mask, 3);
    const answer = bench.ask({ kind: "setpoint", dutyPermille: 266, mask: 3, ttlMs: 1000, sequence: 3 });
    t.strictSame([answer.result, answer.arg], [RESULT.ok, 3]);
    bench.run(5);
    t.notOk(bench.has(FLAG.safeCurrent));
    t.ok(Math.abs(bench.board.dutyPct - 26.6) < 0.06);
    t.equal(bench.lastArg(EVENT.safeCurrent), 0);
    t.notOk(
      bench.events().some(([code]) => code === EVENT.contactorsOpened),
      "without ever opening",
    );
    bench.run(1_050);
    t.ok(bench.has(FLAG.safeCurrent), "and it holds again after the next silence");
  });

  t.test("every protection works as before meanwhile, and its end is the end of charging", async t => {
    for (const [words, why, limitMs] of [
      ["ev B", OPENED_BY.cp, 10.6],
      ["rcm 1", OPENED_BY.rcm, 1.1],
      ["diode 0", OPENED_BY.diode, 10.6],
    ] as const) {
      const bench = silent(100, 5);
      bench.run(1_050);
      bench.say(words);
      const took = bench.msUntilOpen(40) ?? 999;
      t.ok(took <= limitMs, `${words}: ${took} ms`);
      bench.run(10);
      t.equal(bench.lastArg(EVENT.contactorsOpened), why);
      t.equal(bench.board.dutyPct, 100, `${words}: nothing is offered any more`);
      t.ok(bench.has(FLAG.wdTrip));
      t.notOk(bench.has(FLAG.safeCurrent));
    }
    const told = silent(100, 5);
    told.run(1_050);
    told.acknowledge();
    told.run(5);
    t.equal(told.mask, 0);
    t.equal(told.board.dutyPct, 100);
  });

  t.test("where nothing charges, or nothing is offered, silence is silence", async t => {
    const open = new EngineBench(make);
    set(open, 100, 60);
    open.ready();
    open.stopBeating();
    open.run(1_300);
    t.equal(open.board.dutyPct, 100);
    t.ok(open.has(FLAG.wdTrip));
    const digital = silent(100, 60, 50);
    digital.run(1_050);
    t.equal(digital.mask, 0, "5 % offers no current");
    const steady = silent(100, 60, 1000);
    steady.run(1_050);
    t.equal(steady.mask, 0);
  });
}
