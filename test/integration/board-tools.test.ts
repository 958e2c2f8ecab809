import t, { type Test } from "tap";
import { describeBoard, descriptionJson, descriptionLines } from "../../cli/board/describe.ts";
import { BoardRefused, BoardSilent } from "../../cli/board/errors.ts";
import { askAgain, mustBeIdle, mustHaveKept } from "../../cli/board/flash/flash.ts";
import type { SelftestOptions } from "../../cli/board/selftest/bench.ts";
import type { Finding } from "../../cli/board/selftest/finding.ts";
import { htmlOf } from "../../cli/board/selftest/html.ts";
import { type SelftestReport, textLines } from "../../cli/board/selftest/report.ts";
import { selftestBoard } from "../../cli/board/selftest/run.ts";
import { storeWanted } from "../../cli/board/store.ts";
import { type WantedOptions, wantedOf } from "../../cli/board/wanted.ts";
import { commandBytes } from "../../cli/board/wire.ts";
import { BoardLost } from "../../shared/errors.ts";
import { BoardToolBench } from "../support/board-bench.ts";

const WITHOUT_TESTER: SelftestOptions = { tester: false, confirmed: false, without: [], waitMs: 30_000 };
const SIX_AMPERES = wantedOf({ "safe-current": "6", grace: "60" });
const WITH_TESTER: SelftestOptions = { ...WITHOUT_TESTER, tester: true, confirmed: true };

async function selftest(bench: BoardToolBench, options: SelftestOptions): Promise<SelftestReport> {
  const session = await bench.open();
  try {
    return await bench.run(
      selftestBoard(session, bench.clock, bench.terminal, options, { board: "bench", note: "cabinet 7" }),
    );
  } finally {
    session.close();
  }
}

/** A person who turns the knob of the car simulator as told. */
function turnsAsTold(bench: BoardToolBench): void {
  bench.terminal.onTold = line => {
    if (!line.startsWith(">>>")) return;
    const state = /to ([ABC]) \(|back to ([AB])/.exec(line);
    bench.say(`ev ${state?.[1] ?? state?.[2] ?? ""}`);
  };
}

function failures(report: SelftestReport): readonly string[] {
  return report.findings.filter(({ verdict }) => verdict === "fail").map(({ id }) => id);
}

function finding(report: SelftestReport, id: string): Finding {
  const found = report.findings.find(candidate => candidate.id === id);
  if (found === undefined) throw new Error(`the report has no ${id}`);
  return found;
}

/** However a test ended: nothing is closed, nothing oscillates. */
function isSafe(t: Test, bench: BoardToolBench): void {
  t.strictSame(bench.board.coils, { l1: false, l23: false }, "no contactor is driven");
  t.equal(bench.board.pilot.dutyPct, 100, "steady +12 V");
}

t.test("info tells what a board is, sees and keeps", async t => {
  const bench = new BoardToolBench();
  bench.say("pp 220");
  const session = await bench.open();
  const description = await bench.run(describeBoard(session));
  t.match(descriptionJson("bench", description), {
    firmware: { name: "EvsePilotFirmata", version: "1.0" },
    feature: "1.2",
    cp: "A",
    dutyPct: 100,
    ppOhm: 221,
    contactorK1: false,
    contactorK2: false,
    flags: [],
    lastStart: "power on",
    safeCurrent: { currentA: 0, graceS: 0, stored: "blank" },
  });
  const lines = descriptionLines("bench", description).join("\n");
  t.match(lines, /firmware {6}EvsePilotFirmata 1\.0/);
  t.match(lines, /high 12\.\d\d V, low no sample/);
  t.match(lines, /never set/);
});

t.test("info works with reports switched off, and says what is missing", async t => {
  const bench = new BoardToolBench();
  const session = await bench.open();
  await bench.run(session.must({ kind: "config", id: 2, value: 0 }, "reports off"));
  const description = await bench.run(describeBoard(session));
  t.equal(description.report, null);
  t.match(descriptionLines("bench", description).join("\n"), /PP {12}no report/);
});

t.test("a board with another firmware is named and refused", async t => {
  const bench = new BoardToolBench();
  bench.say("firmware StandardFirmata 2.5");
  const session = await bench.open();
  await t.rejects(bench.run(describeBoard(session)), {
    name: "BoardRefused",
    message: /found firmware "StandardFirmata" 2\.5, expected EvsePilotFirmata 1\.x/,
  });
});

t.test("silence, a pulled cable and a broken line are told apart", async t => {
  const silent = new BoardToolBench();
  silent.say("silent 1");
  await t.rejects(silent.open(), { constructor: BoardSilent, message: /no answer within 4000 ms/ });

  const absent = new BoardToolBench();
  absent.cable.pull();
  await t.rejects(absent.open(), { constructor: BoardLost, message: /no such device/ });

  const pulled = new BoardToolBench();
  const session = await pulled.open();
  pulled.cable.pull();
  await t.rejects(pulled.run(describeBoard(session)), { constructor: BoardLost, message: /cable pulled/ });

  const noisy = new BoardToolBench();
  const heard = await noisy.open();
  noisy.say("garbage 400");
  t.equal((await noisy.run(describeBoard(heard))).status.state, "A", "noise before an answer does not matter");
});

t.test("configure stores the safe current, reads it back, and it outlives a restart of the board", async t => {
  const bench = new BoardToolBench();
  const session = await bench.open();
  const { before, after } = await bench.run(storeWanted(session, SIX_AMPERES));
  t.strictSame(before.safe, { currentA: 0, graceS: 0, stored: "blank" });
  t.strictSame(after.safe, { currentA: 6, graceS: 60, stored: "valid" });
  t.strictSame(after.kept, before.kept, "the rest stays");
  bench.board.reset();
  await bench.run(session.pause(100));
  t.strictSame((await bench.run(describeBoard(session))).safe, after.safe);
  const cleared = await bench.run(storeWanted(session, wantedOf({ "safe-current": "0" })));
  t.strictSame(cleared.after.safe, { currentA: 0, graceS: 0, stored: "valid" });
});

t.test("configure stores thresholds and lock limit, and gives the firmware's own back", async t => {
  const bench = new BoardToolBench();
  const session = await bench.open();
  const wanted = wantedOf({ "threshold-bc": "7.25", "threshold-diode": "-10.4", "lock-max": "400" });
  const { before, after } = await bench.run(storeWanted(session, wanted));
  const own = {
    ...{ lockMaxMs: 600, thresholdAB: 10.5, thresholdBC: 7.5, thresholdCD: 4.5, thresholdDE: 1.5 },
    thresholdDiode: -10,
  };
  t.strictSame(before.kept, { values: own, stored: "blank" });
  const values = { ...own, thresholdBC: 7.25, thresholdDiode: -10.4, lockMaxMs: 400 };
  t.strictSame(after.kept, { values, stored: "valid" });
  bench.board.reset();
  await bench.run(session.pause(100));
  const description = await bench.run(describeBoard(session));
  t.strictSame(description.kept, after.kept);
  t.match(
    descriptionLines("bench", description).join("\n"),
    /thresholds {4}A\/B 10\.5, B\/C 7\.25, C\/D 4\.5, D\/E 1\.5, diode -10\.4 V; lock pulse at most 400 ms \(as stored/,
  );
  bench.say("cp 7.4");
  await bench.run(session.pause(50));
  t.equal(bench.board.cpState, "B", "in force");
  bench.say("cp car");
  const back = await bench.run(storeWanted(session, wantedOf({ factory: true })));
  t.strictSame(back.after.kept, { values: own, stored: "valid" });
});

t.test("a board whose lock limit is short is still tested, with pulses of that length", async t => {
  const bench = new BoardToolBench();
  const session = await bench.open();
  await bench.run(storeWanted(session, wantedOf({ "lock-max": "200" })));
  session.close();
  t.equal((await selftest(bench, WITHOUT_TESTER)).verdict, "passed");
});

t.test("what an older firmware cannot keep is named, and nothing is written", async t => {
  for (const [featureMinor, wanted, expected] of [
    [0, SIX_AMPERES, /feature 1\.0 stores no safe current; expected 1\.1 or newer: flash it first/],
    [1, wantedOf({ "lock-max": "300" }), /feature 1\.1 stores no thresholds and no lock limit; expected 1\.2 or newer/],
  ] as const) {
    const bench = new BoardToolBench({ featureMinor });
    const session = await bench.open();
    await t.rejects(bench.run(storeWanted(session, wanted)), { constructor: BoardRefused, message: expected });
    t.equal(bench.board.wiring.memory.safe.stored, "blank");
    t.match(
      descriptionLines("b", await bench.run(describeBoard(session))).join("\n"),
      /thresholds +the firmware's own/,
    );
  }
  const bench = new BoardToolBench({ featureMinor: 1 });
  const session = await bench.open();
  t.match((await bench.run(storeWanted(session, SIX_AMPERES))).after, { safe: { currentA: 6 }, kept: null });
});

t.test("configure and selftest keep their hands off while a car is connected or a contactor is closed", async t => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["ev B", /a car is connected \(pilot state B\): unplug it/],
    ["ev C", /a car is connected \(pilot state C\)/],
    ["ev D", /a car is connected \(pilot state D\)/],
    ["ev E", /the pilot line reads E, so that a car cannot be ruled out: expected A/],
    ["cp -5", /the pilot line reads invalid/],
    ["weld 1", /feedback says closed although it is not driven/],
  ];
  for (const [words, expected] of cases) {
    const bench = new BoardToolBench();
    bench.say(words);
    const session = await bench.open();
    await bench.run(session.pause(200));
    await t.rejects(bench.run(storeWanted(session, SIX_AMPERES)), {
      constructor: BoardRefused,
      message: expected,
    });
    await t.rejects(
      bench.run(selftestBoard(session, bench.clock, bench.terminal, WITHOUT_TESTER, { board: "b", note: "" })),
      { constructor: BoardRefused, message: expected },
    );
    t.equal(bench.board.wiring.memory.safe.stored, "blank", `${words}: nothing is stored`);
    t.equal(bench.board.pilot.dutyPct, 100, `${words}: nothing is driven`);
  }
});

t.test("configure refuses while the board itself holds a contactor closed", async t => {
  const bench = new BoardToolBench();
  bench.say("ev C");
  const session = await bench.open();
  session.beat();
  await bench.run(session.must({ kind: "pwm", dutyPermille: 266 }, "pilot"));
  await bench.run(session.pause(100));
  await bench.run(session.must({ kind: "contactor", mask: 3 }, "close"));
  await t.rejects(bench.run(storeWanted(session, SIX_AMPERES)), {
    message: /contactors K1 and K2 on: a car is charging/,
  });
});

t.test("configure says when the board cannot keep a value, or never could", async t => {
  const worn = new BoardToolBench();
  worn.board.wiring.memory.setWorn(true);
  const session = await worn.open();
  await t.rejects(worn.run(storeWanted(session, SIX_AMPERES)), { message: /EEPROM does not keep/ });
});

t.test("a board is flashed only when it can tell that no car is connected, or a person vouches for it", async t => {
  const ask = (bench: BoardToolBench, blank: boolean): Promise<unknown> =>
    bench.run(mustBeIdle(bench.target, blank, bench.clock, bench.terminal));
  const cases: readonly (readonly [string, RegExp, boolean])[] = [
    ["ev B", /not now: a car is connected \(pilot state B\)/, false],
    ["weld 1", /not now: the contactor's feedback says closed/, false],
    ["cp 0", /not now: the pilot line reads E/, false],
    ["firmware StandardFirmata 2.5", /runs "StandardFirmata" 2\.5, which cannot tell .* say --blank/, true],
    ["silent 1", /does not answer, so that a car cannot be ruled out; .* say --blank/, true],
  ];
  for (const [words, message, lifted] of cases) {
    const bench = new BoardToolBench();
    bench.say(words);
    await bench.clock.advanceAsync(200);
    await t.rejects(ask(bench, false), { constructor: BoardRefused, message }, words);
    if (lifted) t.equal(await ask(bench, true), null, `${words}, vouched for`);
    else await t.rejects(ask(bench, true), { message }, `${words}: --blank lifts nothing on a board that answers`);
  }
  t.match(await ask(new BoardToolBench(), false), { firmware: { name: "EvsePilotFirmata" } });
});

t.test("after flashing the board must come back, under our name, with what the installer stored", async t => {
  const bench = new BoardToolBench();
  bench.cable.pull();
  bench.clock.after(5_000, () => {
    bench.cable.plugIn();
  });
  const after = await bench.run(askAgain(bench.target, bench.clock, bench.terminal));
  t.equal(after.firmware.name, "EvsePilotFirmata", "a port that comes back late is waited for");
  mustHaveKept(null, after);
  mustHaveKept(after, after);
  t.throws(
    () => {
      mustHaveKept({ ...after, safe: { currentA: 6, graceS: 300, stored: "valid" } }, after);
    },
    { name: "FlashFailed", message: /safe current was 6 A for 300 s .*; that is now 0 A.*configure it again/ },
  );
  const { kept } = after;
  if (kept === null) throw new Error("a board of today keeps values");
  t.throws(
    () => {
      mustHaveKept({ ...after, kept: { values: { ...kept.values, thresholdBC: 7.2 }, stored: "valid" } }, after);
    },
    { name: "FlashFailed", message: /thresholds were .*B\/C 7\.2,.*; that is now .*B\/C 7\.5,/ },
  );
  t.throws(() => mustHaveKept(after, { ...after, kept: null }), { message: /that is not supported by this firmware/ });

  const foreign = new BoardToolBench();
  foreign.say("firmware SomethingElse 1.0");
  await t.rejects(foreign.run(askAgain(foreign.target, foreign.clock, foreign.terminal)), {
    name: "FlashFailed",
    message: /written and verified, but the board does not run it: .*found firmware "SomethingElse" 1\.0/,
  });
  const dead = new BoardToolBench();
  dead.say("silent 1");
  await t.rejects(dead.run(askAgain(dead.target, dead.clock, dead.terminal)), {
    message: /the board does not run it: .*no answer within 4000 ms/,
  });
});

t.test("what no board may hold is refused before a board is touched", async t => {
  const volts = (range: string): RegExp => new RegExp(`: expected ${range} V in steps of 0\\.01 V, between two bands`);
  const cases: readonly (readonly [WantedOptions, RegExp])[] = [
    [{}, /nothing to store: expected one of --safe-current, --grace, --lock-max, .*--factory/],
    [{ grace: "60" }, /--grace belongs to --safe-current/],
    [{ "safe-current": "5.9", grace: "60" }, /--safe-current 5\.9: expected 0 or 6\.\.32 A/],
    [{ "safe-current": "32.1", grace: "60" }, /--safe-current 32\.1/],
    [{ "safe-current": "-6", grace: "60" }, /--safe-current -6/],
    [{ "safe-current": "6A", grace: "60" }, /--safe-current 6A/],
    [{ "safe-current": "NaN", grace: "60" }, /--safe-current NaN/],
    [{ "safe-current": "6.55", grace: "60" }, /in steps of 0\.1 A/],
    [{ "safe-current": "1e1", grace: "60" }, /--safe-current 1e1/],
    [{ "safe-current": "16" }, /--grace is missing: how long may 16 A go on\? expected whole seconds 1\.\.3600/],
    [{ "safe-current": "16", grace: "0" }, /--grace 0: expected whole seconds 1\.\.3600/],
    [{ "safe-current": "16", grace: "3601" }, /--grace 3601/],
    [{ "safe-current": "16", grace: "1.5" }, /--grace 1\.5/],
    [{ "safe-current": "16", grace: "-1" }, /--grace -1/],
    [{ "safe-current": "0", grace: "60" }, /--grace means nothing with a safe current of 0 A/],
    [{ "threshold-ab": "9.99" }, volts("10\\.\\.11")],
    [{ "threshold-bc": "8.01" }, volts("7\\.\\.8")],
    [{ "threshold-cd": "4.555" }, volts("4\\.\\.5")],
    [{ "threshold-de": "-1.5" }, volts("1\\.\\.2")],
    [{ "threshold-de": "1,5" }, /--threshold-de 1,5/],
    [{ "threshold-diode": "-9.9" }, volts("-11\\.\\.-10")],
    [{ "threshold-diode": "10.5" }, /--threshold-diode 10\.5/],
    [{ "lock-max": "19" }, /--lock-max 19: expected 20\.\.1000 ms$/],
    [{ "lock-max": "1001" }, /--lock-max 1001/],
    [{ "lock-max": "0" }, /--lock-max 0/],
    [{ "lock-max": "300.5" }, /--lock-max 300\.5/],
    [{ factory: true, "lock-max": "300" }, /--factory and --lock-max exclude each other/],
  ];
  for (const [options, expected] of cases) {
    t.throws(() => wantedOf(options), { name: "WrongUse", message: expected }, JSON.stringify(options));
  }
  t.strictSame(wantedOf({ "safe-current": "32", grace: "3600" }).safe, { currentA: 32, graceS: 3600 });
  t.strictSame(wantedOf({ "safe-current": "0" }).safe, { currentA: 0, graceS: 0 });
  t.strictSame(wantedOf({ "threshold-diode": "-11" }), {
    safe: null,
    kept: [{ name: "thresholdDiode", value: -11 }],
  });
});

t.test("a healthy board passes without a car simulator, and what was not tried is said", async t => {
  const bench = new BoardToolBench();
  const changes: boolean[] = [];
  bench.board.onChange(() => changes.push(bench.board.coils.l1));
  const report = await selftest(bench, WITHOUT_TESTER);
  t.equal(report.verdict, "passed");
  t.strictSame(failures(report), []);
  t.notOk(changes.includes(true), "no contactor was ever driven");
  t.equal(finding(report, "rcm-trip").measured, "40 ms");
  t.equal(finding(report, "k1-closes").verdict, "not run");
  t.match(finding(report, "silence").measured, /^\d+ to 10\d\d ms, then 100 %$/);
  t.equal(bench.board.wiring.lock.locked, false, "the lock is left unlocked");
  t.match(textLines(report).join("\n"), /no: nothing was tested under load/);
  t.equal(bench.board.flags & 1, 0, "the trip it caused is cleared");
  isSafe(t, bench);
});

t.test(
  "with a car simulator contactors close in state C, and open when the host falls silent and when the car leaves",
  async t => {
    const bench = new BoardToolBench();
    turnsAsTold(bench);
    const closedIn: string[] = [];
    let before = false;
    bench.board.onChange(() => {
      if (bench.board.coils.l1 && !before) closedIn.push(bench.board.cpState);
      before = bench.board.coils.l1;
    });
    const report = await selftest(bench, WITH_TESTER);
    t.strictSame(failures(report), []);
    t.equal(report.verdict, "passed");
    t.strictSame([...new Set(closedIn)], ["C"]);
    t.notOk(report.findings.some(({ verdict }) => verdict === "not run"));
    t.match(finding(report, "level-b").measured, /^(8\.9|9\.0)\d V$/);
    t.match(finding(report, "level-c").measured, /^(5\.9|6\.0)\d V$/);
    for (const id of ["k1-closes", "k1-opens", "silence-opens", "leave-c"]) {
      const ms = Number(/^(\d+) ms$/.exec(finding(report, id).measured)?.[1]);
      t.ok(ms > 0 && ms <= 40, `${id}: ${ms} ms; the simulated contactor takes 12 to 18`);
    }
    isSafe(t, bench);
  },
);

t.test("the contactors close only after the person has typed the word", async t => {
  for (const answer of [null, "", "yes", "CLOSE"]) {
    const bench = new BoardToolBench();
    turnsAsTold(bench);
    bench.terminal.answer = answer;
    const report = await selftest(bench, { ...WITH_TESTER, confirmed: false });
    t.equal(report.verdict, "aborted", `${answer}`);
    t.match(report.aborted ?? "", answer === null ? /nobody confirmed/ : /not confirmed/);
    t.notOk(report.findings.some(({ id }) => id === "k1-closes"));
    isSafe(t, bench);
  }
  const bench = new BoardToolBench();
  turnsAsTold(bench);
  bench.terminal.answer = "close";
  t.equal((await selftest(bench, { ...WITH_TESTER, confirmed: false })).verdict, "passed");
  t.match(bench.terminal.asked[0] ?? "", /supply voltage on the outlet/);
});

t.test(
  "a board whose clock runs wrong is found by this computer's, and one within the standard's 0.5 % is not",
  async t => {
    for (const [speed, hz, fails] of [
      [1, "1000.0 Hz", []],
      [1.004, "1004.0 Hz", []],
      [0.996, "996.0 Hz", []],
      [1.01, "1010.0 Hz", ["frequency"]],
      [0.99, "990.0 Hz", ["frequency"]],
    ] as const) {
      const bench = new BoardToolBench({ speed });
      const report = await selftest(bench, WITHOUT_TESTER);
      t.strictSame(failures(report), fails, `${speed}`);
      const measured = Number.parseFloat(finding(report, "frequency").measured);
      t.ok(Math.abs(measured - Number.parseFloat(hz)) <= 1, `${measured} Hz of ${hz}`);
    }
    const bench = new BoardToolBench();
    const report = await selftest(bench, { ...WITHOUT_TESTER, without: ["rcm", "lock", "k2", "feedback"] });
    t.equal(finding(report, "frequency").verdict, "pass", "a short test waits for it");
  },
);

t.test("each thing that is broken fails its own line, and only that", async t => {
  const idle: readonly (readonly [string, readonly string[]])[] = [
    ["rcm 1", ["flags", "rcm-trip"]],
    ["rcmtest 0", ["rcm-trip", "rcm-recovery"]],
    ["lockstuck 1", ["lock"]],
    ["pp 20", ["pp"]],
    ["overrun", ["flags"]],
  ];
  for (const [words, expected] of idle) {
    const bench = new BoardToolBench();
    bench.say(words);
    const report = await selftest(bench, WITHOUT_TESTER);
    t.strictSame(failures(report), expected, words);
    t.equal(report.verdict, "failed");
    isSafe(t, bench);
  }
  const load: readonly (readonly [string, string, readonly string[]])[] = [
    ["stuck 1", "", ["k1-closes"]],
    ["", "weld 1", ["k1-opens"]],
  ];
  for (const [before, whenClosed, expected] of load) {
    const bench = new BoardToolBench();
    turnsAsTold(bench);
    if (before !== "") bench.say(before);
    bench.board.onChange(() => {
      if (whenClosed !== "" && bench.board.contactors.l1) bench.say(whenClosed);
    });
    const report = await selftest(bench, WITH_TESTER);
    t.strictSame(failures(report), expected, `${before}${whenClosed}`);
    t.match(finding(report, "leave-c"), { verdict: "not run", note: /a contactor that failed/ });
    isSafe(t, bench);
  }
});

t.test("a pilot with wrong levels or a missing half fails", async t => {
  const bench = new BoardToolBench();
  const session = await bench.open();
  // 11.2 V is still state A for the board, but no open-circuit voltage of the standard.
  bench.say("cp 11.2");
  const report = await bench.run(
    selftestBoard(session, bench.clock, bench.terminal, WITHOUT_TESTER, { board: "b", note: "" }),
  );
  t.ok(failures(report).includes("pilot-steady-high"), failures(report).join(" "));
  t.ok(failures(report).includes("pilot-low"));
});

t.test("what is said to be not fitted is not asked for", async t => {
  const bench = new BoardToolBench();
  turnsAsTold(bench);
  for (const words of ["rcmtest 0", "lockstuck 1", "stuck 1"]) bench.say(words);
  const report = await selftest(bench, { ...WITH_TESTER, without: ["rcm", "lock", "feedback", "k2"] });
  t.strictSame(failures(report), []);
  const missing = report.findings.filter(({ verdict }) => verdict === "not fitted").map(({ id }) => id);
  t.strictSame(missing, ["rcm-trip", "rcm-recovery", "lock", "unlock", "k2"]);
  t.match(finding(report, "k1-opens").note, /no feedback fitted/);
});

t.test("a safe current is seen to take over, and to end when it is short enough to wait for", async t => {
  for (const [grace, opens] of [
    ["5", "pass"],
    ["600", "not run"],
  ] as const) {
    const bench = new BoardToolBench();
    turnsAsTold(bench);
    const session = await bench.open();
    await bench.run(storeWanted(session, wantedOf({ "safe-current": "6", grace })));
    session.close();
    const report = await selftest(bench, WITH_TESTER);
    t.strictSame(failures(report), []);
    t.match(finding(report, "silence-load").measured, new RegExp(`then 10\\.0 % for ${grace} s`));
    t.equal(finding(report, "silence-opens").verdict, opens);
    t.strictSame(report.safeCurrent, { currentA: 6, graceS: Number(grace), stored: "valid" });
    isSafe(t, bench);
  }
});

t.test(
  "the test stops, safely, when somebody plugs in, nobody turns the knob, the cable goes or Ctrl-C comes",
  async t => {
    const plugged = new BoardToolBench();
    plugged.terminal.onTold = line => {
      if (line.includes("Proximity")) plugged.say("ev B");
    };
    t.match(
      (await selftest(plugged, WITHOUT_TESTER)).aborted ?? "",
      /something was plugged in during the test \(pilot state B\)/,
    );
    isSafe(t, plugged);

    const slow = new BoardToolBench();
    t.match((await selftest(slow, WITH_TESTER)).aborted ?? "", /did not show B within 30 s; the board sees A/);
    isSafe(t, slow);

    const pulled = new BoardToolBench();
    pulled.terminal.onTold = line => {
      if (line.includes("Proximity")) pulled.cable.pull();
    };
    t.match((await selftest(pulled, WITHOUT_TESTER)).aborted ?? "", /cable pulled/);
    t.ok(pulled.terminal.told.some(line => line.includes("opens by itself")));
    await pulled.clock.advanceAsync(2_000);
    isSafe(t, pulled);

    const stopped = new BoardToolBench();
    turnsAsTold(stopped);
    stopped.board.onChange(() => {
      if (stopped.board.contactors.l1) stopped.terminal.interrupt();
    });
    const report = await selftest(stopped, WITH_TESTER);
    t.equal(report.aborted, "stopped");
    isSafe(t, stopped);
  },
);

t.test("a silent board during the test is a failure, not a pass", async t => {
  const bench = new BoardToolBench();
  bench.terminal.onTold = line => {
    if (line.includes("Plug lock unlocks")) bench.say("silent 1");
  };
  const report = await selftest(bench, WITHOUT_TESTER);
  t.not(report.verdict, "passed");
});

t.test("a board that goes on without its host fails the pull test, idle and under load", async t => {
  const bench = new BoardToolBench();
  turnsAsTold(bench);
  // Somebody else's heartbeats stand for a watchdog that does not count.
  bench.clock.every(200, () => {
    bench.board.write(commandBytes({ kind: "heartbeat", sequence: 0 }));
  });
  const report = await selftest(bench, WITH_TESTER);
  t.strictSame(failures(report), ["silence", "silence-load"]);
  t.match(finding(report, "silence").measured, /expected that the board notices the silence/);
  isSafe(t, bench);
});

t.test("the printable report escapes what came from outside and shows every line", async t => {
  const bench = new BoardToolBench();
  const session = await bench.open();
  const note = `<script>alert("1")</script> & 'x'`;
  const report = await bench.run(
    selftestBoard(session, bench.clock, bench.terminal, WITHOUT_TESTER, { board: "left", note }),
  );
  const html = htmlOf(report);
  t.notOk(html.includes("<script>"));
  t.match(html, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;");
  for (const { title } of report.findings) t.ok(html.includes(title.replace("'", "&#39;")), title);
  t.match(html, /Name, signature/);
  t.equal(report.at, new Date(bench.clock.civilMs()).toISOString().slice(0, 10) + report.at.slice(10));
});
