import type { Test } from "tap";
import { EVENT, FLAG, OPENED_BY, RESULT } from "../../../shared/evse-sysex/codes.ts";
import type { MakeEngine } from "../../support/board-engine.ts";
import { EngineBench } from "../../support/engine-bench.ts";

const PHASES = [0, 0.6, 1.3, 1.9];

/** What must hold before a contactor closes, and what opens it. */
export function contactorSuite(t: Test, make: MakeEngine): void {
  const ready = (): EngineBench => new EngineBench(make).ready();
  const close = (bench: EngineBench): number => bench.send({ kind: "contactor", mask: 3 });

  t.test("everything in order: it closes, each contactor as asked", async t => {
    for (const mask of [1, 2, 3]) {
      const bench = ready();
      t.strictSame(bench.ask({ kind: "contactor", mask }), { kind: "ack", command: 3, result: RESULT.ok, arg: mask });
      t.equal(bench.mask, mask);
      bench.run(25);
      t.equal(bench.poles, mask, "the poles follow");
      t.equal(bench.send({ kind: "contactor", mask: 0 }), RESULT.ok);
      t.equal(bench.mask, 0);
      bench.run(15);
      t.equal(bench.poles, 0);
      t.equal(bench.lastArg(EVENT.contactorsOpened), OPENED_BY.host);
      t.notOk(bench.has(FLAG.localOpen), "the host asked for it");
    }
    const bench = ready();
    for (const mask of [4, 7, 127]) t.equal(bench.send({ kind: "contactor", mask }), RESULT.value, `mask ${mask}`);
    t.equal(bench.mask, 0);
  });

  t.test("each interlock alone keeps it open, and is named", async t => {
    const cases: readonly (readonly [string, (bench: EngineBench) => void, number])[] = [
      ["state A", bench => bench.say("ev A"), 0],
      ["state B", bench => bench.say("ev B"), 0],
      ["state E", bench => bench.say("ev E"), 0],
      ["an invalid pilot", bench => bench.say("cp -5"), 0],
      [
        "state D when it is not allowed",
        bench => {
          bench.configure("allowD", 0);
          bench.say("ev D");
        },
        0,
      ],
      ["steady +12 V", bench => bench.send({ kind: "pwm", dutyPermille: 1000 }), 0],
      ["steady -12 V", bench => bench.send({ kind: "pwm", dutyPermille: 0 }), 0],
      ["a residual current", bench => bench.say("rcm 1"), FLAG.rcmLine | FLAG.rcmTrip],
      [
        "a residual current of before",
        bench => {
          bench.say("rcm 1");
          bench.run(5);
          bench.say("rcm 0");
        },
        FLAG.rcmTrip,
      ],
      ["a bridged diode", bench => bench.say("diode 0"), FLAG.diode],
      ["a self test that runs", bench => bench.send({ kind: "rcmTest", pulseMs: 500 }), FLAG.rcmTesting],
      [
        "a self test that failed",
        bench => {
          bench.say("rcmtest 0");
          bench.send({ kind: "rcmTest", pulseMs: 20 });
        },
        FLAG.rcmTestBad,
      ],
      [
        "a welded contactor",
        bench => {
          bench.say("weld 1");
          bench.run(120);
          bench.say("weld 0");
        },
        FLAG.weld,
      ],
      [
        "a host that fell silent",
        bench => {
          bench.stopBeating();
          bench.run(1_300);
          bench.beat();
        },
        FLAG.wdTrip,
      ],
    ];
    for (const [title, spoil, flags] of cases) {
      const bench = ready();
      spoil(bench);
      bench.run(25);
      const { result, arg } = bench.ask({ kind: "contactor", mask: 3 });
      t.equal(result, RESULT.refused, title);
      t.equal(arg & flags, flags, `${title}: the answer says so`);
      t.equal(arg & (FLAG.lockFeedback | FLAG.contactFeedback), 0, `${title}: without feedback bits`);
      t.equal(bench.mask, 0, title);
    }
  });

  t.test("without a first heartbeat it stays open", async t => {
    const bench = new EngineBench(make);
    bench.say("ev C");
    bench.run(30);
    t.equal(close(bench), RESULT.refused);
    t.notOk(bench.has(FLAG.wdArmed));
    bench.run(6_000);
    t.notOk(bench.has(FLAG.wdTrip), "and a watchdog that is not armed does not trip");
  });

  t.test("it does not close before the debounce has passed", async t => {
    const bench = new EngineBench(make).ready();
    bench.say("ev B");
    bench.run(30);
    bench.configure("debounceMs", 60);
    bench.say("ev C");
    bench.run(30);
    t.equal(close(bench), RESULT.refused);
    bench.run(50);
    t.equal(close(bench), RESULT.ok);
  });

  t.test("state D closes where it is allowed, and opens where it is not", async t => {
    const allowed = ready();
    allowed.say("ev D");
    allowed.run(25);
    t.equal(close(allowed), RESULT.ok);
    const forbidden = new EngineBench(make).charge();
    forbidden.configure("allowD", 0);
    forbidden.say("ev D");
    const took = forbidden.msUntilOpen(60) ?? 999;
    t.ok(took > 7.5 && took < 10.5, `${took} ms`);
    const allowing = new EngineBench(make).charge();
    allowing.say("ev D");
    t.equal(allowing.msUntilOpen(200), null);
  });

  t.test("a car that leaves C opens it after the debounce, whatever it leaves to", async t => {
    for (const [debounceMs, words] of [
      [10, "ev A"],
      [10, "ev B"],
      [10, "ev E"],
      [10, "cp -4"],
      [2, "ev B"],
      [20, "ev B"],
      [60, "ev A"],
    ] as const) {
      for (const phaseMs of debounceMs === 10 ? PHASES : [0.4]) {
        const bench = new EngineBench(make, { phaseMs });
        bench.charge();
        bench.configure("debounceMs", debounceMs);
        bench.run(phaseMs);
        bench.say(words);
        const took = bench.msUntilOpen(debounceMs + 40) ?? 999;
        const where = `${words}, debounce ${debounceMs}, phase ${phaseMs}: ${took} ms`;
        t.ok(took >= debounceMs - 2.3 && took <= debounceMs + 0.5, where);
        t.equal(bench.lastArg(EVENT.contactorsOpened), OPENED_BY.cp, where);
        t.ok(bench.has(FLAG.localOpen), where);
        bench.run(20);
        t.equal(bench.poles, 0, where);
      }
    }
  });

  t.test("what it opened by itself closes again only after it was told to open", async t => {
    const bench = new EngineBench(make).charge();
    bench.say("ev B");
    bench.run(30);
    bench.say("ev C");
    bench.run(30);
    const { result, arg } = bench.ask({ kind: "contactor", mask: 3 });
    t.equal(result, RESULT.refused);
    t.ok(arg & FLAG.localOpen);
    bench.acknowledge();
    t.equal(close(bench), RESULT.ok);
  });

  t.test("glitches shorter than the debounce keep it closed, and add up to nothing [1.9-4]", async t => {
    const bench = new EngineBench(make).charge();
    for (let glitch = 0; glitch < 20; glitch++) {
      bench.say("ev B");
      bench.run(5);
      bench.say("ev C");
      bench.run(7.3);
    }
    t.equal(bench.mask, 3);
  });

  t.test("samples that are not C add up whatever they are, and it does not close between them", async t => {
    const bench = new EngineBench(make).charge();
    const from = bench.board.nowMs;
    const alternate = (times: number): void => {
      for (let i = 0; i < times; i++) {
        bench.say(i % 2 === 0 ? "ev B" : "ev A");
        bench.run(2);
      }
    };
    alternate(8);
    const opened = bench.coils.find(({ atMs, mask }) => atMs >= from && mask === 0)?.atMs ?? Infinity;
    t.ok(opened - from <= 11, `${opened - from} ms of changing states`);
    const changes = bench.coils.length;
    for (let i = 0; i < 6; i++) {
      bench.write({ kind: "contactor", mask: 0 });
      bench.write({ kind: "contactor", mask: 3 });
      alternate(4);
    }
    t.equal(bench.coils.length, changes, "not even for a moment");
  });

  t.test("steady -12 V under load opens after 50 ms without a reading", async t => {
    for (const phaseMs of PHASES) {
      const bench = new EngineBench(make, { phaseMs }).charge();
      bench.write({ kind: "pwm", dutyPermille: 0 });
      const driven = bench.msUntil(() => bench.board.dutyPct === 0, 10) ?? 0;
      t.ok(driven < 6);
      const took = bench.msUntilOpen(120) ?? 999;
      t.ok(took >= 43 && took <= 53, `${took} ms`);
      t.equal(bench.lastArg(EVENT.contactorsOpened), OPENED_BY.cp);
    }
  });

  t.test("steady +12 V under load opens after the configured time, and a new offer starts it anew", async t => {
    const bench = new EngineBench(make).charge();
    bench.configure("steadyClosedMs", 300);
    bench.send({ kind: "pwm", dutyPermille: 1000 });
    bench.run(250);
    bench.send({ kind: "pwm", dutyPermille: 160 });
    bench.run(20);
    bench.send({ kind: "pwm", dutyPermille: 1000 });
    const took = bench.msUntilOpen(500) ?? 999;
    t.ok(took >= 294 && took <= 302, `${took} ms`);
    t.equal(bench.lastArg(EVENT.contactorsOpened), OPENED_BY.steadyTooLong);
  });

  t.test("the time at steady +12 V is 6 s where nobody says otherwise", async t => {
    const bench = new EngineBench(make).charge();
    bench.send({ kind: "pwm", dutyPermille: 1000 });
    const took = bench.msUntilOpen(6_500) ?? 99_999;
    t.ok(took > 5_990 && took < 6_003, `${took} ms`);
  });

  t.test("a main contact that stays closed is welded: told after 100 ms, blocking until it is seen open", async t => {
    const bench = new EngineBench(make).charge();
    t.ok(bench.has(FLAG.contactFeedback));
    bench.say("weld 1");
    bench.write({ kind: "contactor", mask: 0 });
    const open = bench.msUntil(() => bench.mask === 0, 20);
    t.not(open, null);
    bench.run(95);
    t.notOk(
      bench.events().some(([code]) => code === EVENT.weld),
      "not before 100 ms",
    );
    bench.run(15);
    t.ok(bench.events().some(([code]) => code === EVENT.weld));
    t.ok(bench.has(FLAG.weld));
    bench.clear(FLAG.weld);
    t.ok(bench.has(FLAG.weld), "still closed");
    bench.say("weld 0");
    bench.run(50);
    bench.clear(FLAG.weld);
    t.notOk(bench.has(FLAG.weld));
    t.notOk(bench.has(FLAG.contactFeedback));
  });

  t.test("a contact that opens in time, or belongs to K2, is not welded", async t => {
    const bench = new EngineBench(make).charge();
    bench.say("weld 2");
    bench.send({ kind: "contactor", mask: 0 });
    bench.run(200);
    t.notOk(bench.has(FLAG.weld));
  });

  t.test("a contactor that does not move shows in its feedback", async t => {
    const bench = new EngineBench(make);
    bench.say("stuck 1");
    bench.charge();
    t.equal(bench.mask, 3);
    t.equal(bench.poles, 0);
    t.notOk(bench.has(FLAG.contactFeedback));
  });
}
