import t from "tap";
import { EVENT, FLAG, RESULT } from "../../shared/evse-sysex/codes.ts";
import { AvrBoard } from "../support/avr-board/avr-board.ts";
import { releasedFirmware } from "../support/avr-board/released.ts";
import { avrEngineOf } from "../support/board-engine.ts";
import { wire } from "../support/board-host.ts";
import { EngineBench } from "../support/engine-bench.ts";

/** What only a processor with interrupts, ports and buffers can get wrong. */

function charging(): { board: AvrBoard; bench: EngineBench } {
  const board = new AvrBoard({ program: releasedFirmware() });
  return { board, bench: new EngineBench(() => avrEngineOf(board)).charge() };
}

t.test("a line that cannot keep up drops whole messages, and says so", async t => {
  const { bench } = charging();
  for (let i = 0; i < 12; i++) bench.board.write(Uint8Array.of(0xf0, 0x6b, 0xf7));
  bench.run(300);
  t.ok(bench.has(FLAG.overrun));
  bench.run(100);
  bench.clear(FLAG.overrun);
  t.notOk(bench.has(FLAG.overrun));
  t.equal(bench.mask, 3);
});

t.test("a free pin that is written all the time gives no contactor back that an interrupt has opened", async t => {
  const { board, bench } = charging();
  bench.board.write(Uint8Array.of(0xf4, 3, 1, 0xf4, 6, 1, 0xf4, 5, 0));
  bench.configure("reportMs", 0);
  for (let i = 0; i < 300; i++) {
    for (let n = 0; n < 4; n++) bench.board.write(Uint8Array.of(0x90, n % 2 === 0 ? 0x48 : 0, 0));
    board.run(1 + i * 0.0137);
    bench.say("rcm 1");
    board.run(0.2);
    if (bench.mask !== 0) t.fail(`coils ${bench.mask} after a residual current, round ${i}`);
    bench.say("rcm 0");
    board.run(3);
    bench.tell({ kind: "heartbeat", sequence: 1 });
    bench.write({ kind: "contactor", mask: 0 });
    bench.write({ kind: "clear", flags: FLAG.rcmTrip });
    bench.write({ kind: "contactor", mask: 3 });
    board.run(8);
    if (bench.mask !== 3) t.fail(`round ${i} did not close again`);
  }
  t.pass("300 rounds");
});

t.test("the lock drives never meet, whatever is asked for", async t => {
  const board = new AvrBoard({ program: releasedFirmware() });
  const bench = new EngineBench(() => avrEngineOf(board));
  let met = false;
  for (let i = 0; i < 40; i++) {
    bench.write({ kind: "lock", drive: 1 + (i % 2), pulseMs: 30 + i });
    if (i % 3 === 0) bench.write({ kind: "lock", drive: 0, pulseMs: 0 });
    bench.msUntil(() => {
      met ||= board.lockShort;
      return false;
    }, 40);
  }
  t.notOk(met);
  t.ok(bench.events().some(([code]) => code === EVENT.lockDone));
});

t.test("a duty that changes all the time never loses the pilot", async t => {
  const { bench } = charging();
  for (let i = 0; i < 200; i++) {
    bench.board.write(wire({ kind: "pwm", dutyPermille: i % 2 === 0 ? 970 : 50 }));
    bench.run(5 + (i % 7) * 0.3);
  }
  t.equal(bench.mask, 3, "every change costs a sample at most");
  t.equal(bench.status.state, "C");
  t.equal(bench.send({ kind: "pwm", dutyPermille: 160 }), RESULT.ok);
});
