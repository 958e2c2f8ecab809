import t from "tap";
import { describeBoard } from "../../cli/board/describe.ts";
import type { SelftestOptions } from "../../cli/board/selftest/bench.ts";
import type { SelftestReport } from "../../cli/board/selftest/report.ts";
import { selftestBoard } from "../../cli/board/selftest/run.ts";
import { BoardSession } from "../../cli/board/session.ts";
import { storeWanted } from "../../cli/board/store.ts";
import { wantedOf } from "../../cli/board/wanted.ts";
import { AvrBoard } from "../support/avr-board/avr-board.ts";
import { releasedFirmware } from "../support/avr-board/released.ts";
import { obeyAvr } from "../support/avr-board/words.ts";
import { MemoryCable } from "../support/memory-link.ts";
import { ScriptedTerminal } from "../support/scripted-terminal.ts";

/** The tools on the real firmware, in a simulated processor whose cycles are the only clock. */
class FirmwareBench {
  readonly board = new AvrBoard({ program: releasedFirmware() });
  readonly terminal = new ScriptedTerminal();
  readonly #cable = new MemoryCable(this.board);

  constructor() {
    this.terminal.onTold = line => {
      const state = /^>>> .*(?:to ([ABC]) \(|back to ([AB]))/.exec(line);
      if (state !== null) obeyAvr(this.board, `ev ${state[1] ?? state[2] ?? ""}`);
    };
  }

  open(): Promise<BoardSession> {
    return this.run(BoardSession.open({ name: "avr", open: this.#cable.open, serial: null }, this.board.clock));
  }

  async selftest(session: BoardSession, options: Partial<SelftestOptions>): Promise<SelftestReport> {
    const whole = { tester: false, confirmed: true, without: [], waitMs: 5_000, ...options };
    return this.run(selftestBoard(session, this.board.clock, this.terminal, whole, { board: "avr", note: "" }));
  }

  async run<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const watched = work.finally(() => {
      over = true;
    });
    watched.catch(() => undefined);
    for (let ms = 0; !over; ms += 2) {
      if (ms > 60_000) throw new Error("not done after 60 simulated seconds");
      this.board.run(2);
      await new Promise<void>(resolve => {
        setImmediate(resolve);
      });
    }
    return watched;
  }
}

t.test("the firmware passes the whole self test, with every line run", async t => {
  const bench = new FirmwareBench();
  const session = await bench.open();
  const report = await bench.selftest(session, { tester: true });
  t.strictSame(
    report.findings.filter(({ verdict }) => verdict !== "pass"),
    [],
  );
  t.equal(report.verdict, "passed");
  t.ok(report.findings.length >= 27);
  t.strictSame(bench.board.coils, { l1: false, l23: false });
  t.equal(bench.board.dutyPct, 100);
});

t.test("the firmware keeps what is configured over a reset, and refuses it while a car is connected", async t => {
  const bench = new FirmwareBench();
  const session = await bench.open();
  const wanted = wantedOf({ "safe-current": "6", grace: "5", "threshold-cd": "4.2", "lock-max": "450" });
  await bench.run(storeWanted(session, wanted));
  bench.board.reset();
  await bench.run(session.pause(200));
  t.match(await bench.run(describeBoard(session)), {
    safe: { currentA: 6, graceS: 5, stored: "valid" },
    kept: { values: { thresholdCD: 4.2, thresholdBC: 7.5, lockMaxMs: 450 }, stored: "valid" },
  });
  obeyAvr(bench.board, "ev B");
  await bench.run(session.pause(100));
  await t.rejects(bench.run(storeWanted(session, wantedOf({ factory: true }))), { message: /a car is connected/ });
});

t.test("a broken lock and a monitor that does not trip are found on the firmware too", async t => {
  const bench = new FirmwareBench();
  obeyAvr(bench.board, "lockstuck 1");
  obeyAvr(bench.board, "rcmtest 0");
  const report = await bench.selftest(await bench.open(), {});
  const failed = report.findings.filter(({ verdict }) => verdict === "fail").map(({ id }) => id);
  t.strictSame(failed, ["rcm-trip", "rcm-recovery", "lock"]);
});
