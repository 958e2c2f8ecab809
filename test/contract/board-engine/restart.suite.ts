import type { Test } from "tap";
import { BOOT, EVENT, FLAG, OPENED_BY, RESULT } from "../../../shared/evse-sysex/codes.ts";
import type { MakeEngine } from "../../support/board-engine.ts";
import { EngineBench } from "../../support/engine-bench.ts";

/** Resets, hangs and boots, in the middle of everything. */
export function restartSuite(t: Test, make: MakeEngine): void {
  t.test("a reset while charging opens at once and forgets what the host had said", async t => {
    const bench = new EngineBench(make);
    bench.configure("watchdogMs", 300);
    bench.charge();
    bench.stopBeating();
    bench.say("reset");
    t.equal(bench.mask, 0, "outputs fall with the reset");
    bench.run(30);
    t.equal(bench.board.dutyPct, 100);
    t.equal(bench.flags & (FLAG.wdArmed | FLAG.localOpen | FLAG.hwWatchdog), 0);
    t.equal(bench.lastArg(EVENT.boot), BOOT.external);
    t.equal(bench.status.bootCause, BOOT.external);
    bench.tell({ kind: "heartbeat", sequence: 1 });
    t.ok(bench.status.watchdogLeftMs > 900, "settings are those of a fresh boot");
    bench.run(20);
    t.equal(bench.send({ kind: "pwm", dutyPermille: 160 }), RESULT.ok);
    bench.run(30);
    t.equal(bench.send({ kind: "contactor", mask: 3 }), RESULT.ok, "and it charges again");
  });

  t.test("a hang keeps its outputs for the hardware watchdog's time, and is told after it", async t => {
    const bench = new EngineBench(make).charge();
    bench.stopBeating();
    bench.say("hang");
    const took = bench.msUntilOpen(150) ?? 999;
    t.ok(took >= 55 && took <= 70, `${took} ms`);
    bench.run(40);
    t.equal(bench.board.dutyPct, 100);
    t.equal(bench.lastArg(EVENT.boot), BOOT.watchdog);
    t.ok(bench.has(FLAG.hwWatchdog));
    bench.clear(FLAG.hwWatchdog);
    t.notOk(bench.has(FLAG.hwWatchdog));
  });

  t.test("a board that lives is not reset by its hardware watchdog", async t => {
    const bench = new EngineBench(make).charge();
    bench.run(5_000);
    t.equal(bench.mask, 3);
    t.notOk(bench.has(FLAG.hwWatchdog));
  });

  t.test("Firmata's system reset goes to the safe state and keeps latches and settings", async t => {
    const bench = new EngineBench(make);
    bench.configure("steadyClosedMs", 300);
    bench.charge();
    bench.send({ kind: "lock", drive: 1, pulseMs: 400 });
    bench.board.write(Uint8Array.of(0xff));
    bench.run(5);
    t.equal(bench.mask, 0);
    t.equal(bench.board.dutyPct, 100);
    t.equal(bench.board.lockDrive, 0);
    t.equal(bench.lastArg(EVENT.contactorsOpened), OPENED_BY.reset);
    t.ok(bench.has(FLAG.localOpen));
    t.ok(bench.has(FLAG.wdArmed), "the watchdog stays armed");
    const tripped = new EngineBench(make).charge();
    tripped.say("rcm 1");
    tripped.run(3);
    tripped.say("rcm 0");
    tripped.board.write(Uint8Array.of(0xff));
    tripped.run(5);
    t.ok(tripped.has(FLAG.rcmTrip));
  });

  t.test("a reset in the middle of a message, a lock pulse and a self test leaves nothing running", async t => {
    const bench = new EngineBench(make);
    bench.send({ kind: "lock", drive: 1, pulseMs: 500 });
    bench.send({ kind: "rcmTest", pulseMs: 400 });
    bench.board.write(Uint8Array.of(0xf0, 0x0e, 0x03));
    bench.run(1);
    bench.say("reset");
    t.equal(bench.board.lockDrive, 0);
    bench.run(60);
    bench.board.write(Uint8Array.of(0x03, 0x51, 0xf7));
    bench.run(10);
    t.equal(bench.mask, 0);
    t.equal(bench.flags & (FLAG.rcmTesting | FLAG.rcmTestBad), 0);
    t.notOk(
      bench.events().some(([code]) => code === EVENT.rcmTest),
      "a test that was cut has no result",
    );
  });

  t.test("ten resets in a row at odd moments: open each time, charging again each time", async t => {
    const bench = new EngineBench(make).charge();
    for (let i = 0; i < 10; i++) {
      bench.run(13.7 * (i + 1));
      bench.say("reset");
      t.equal(bench.mask, 0);
      bench.run(30);
      bench.beat();
      bench.send({ kind: "pwm", dutyPermille: 100 + i * 60 });
      bench.run(30);
      t.equal(bench.send({ kind: "contactor", mask: 3 }), RESULT.ok);
    }
  });
}
