import { spawnSync } from "node:child_process";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { frame, seal } from "../../shared/evse-sysex/bits.ts";
import { BOOT, CONFIG, EVENT, FLAG } from "../../shared/evse-sysex/codes.ts";
import { AvrBoard } from "../support/avr-board/avr-board.ts";
import { programOf } from "../support/avr-board/intel-hex.ts";
import { InterruptWatch } from "../support/avr-board/interrupt-watch.ts";
import { firmwareDir, releasedFirmware } from "../support/avr-board/released.ts";
import { avrEngineOf } from "../support/board-engine.ts";
import { EngineBench } from "../support/engine-bench.ts";
import { tempDir } from "../support/servers.ts";

t.setTimeout(900_000);

const FLASH_BYTES = 32_768;
const RAM_BYTES = 2_048;
/** Of flash, and of RAM with the stack at its deepest. */
const MOST = 0.6;

/** Everything at once: reports as fast as they come, questions, lock, self test, free pins, trips. */
function exercise(bench: EngineBench): void {
  bench.configure("reportMs", 10);
  bench.board.write(Uint8Array.of(0xf4, 3, 0x0b, 0xd0, 1, 0xc0, 1, 0xc1, 1, 0xf0, 0x7a, 5, 0, 0xf7, 0xf4, 6, 3));
  for (let round = 0; round < 20; round++) {
    bench.board.write(Uint8Array.of(0xe6, round, 1, 0xf0, 0x6b, 0xf7, 0xf0, 0x79, 0xf7));
    bench.say(`pin D3 ${round % 2}`);
    bench.send({ kind: "setpoint", dutyPermille: 100 + round * 30, mask: 3, ttlMs: 400, sequence: round });
    bench.send({ kind: "lock", drive: 1, pulseMs: 100 });
    bench.run(17.3);
    if (round % 4 === 0) bench.say("ev B");
    if (round % 4 === 1) bench.say("rcm 1");
    bench.run(21.1);
    bench.say("rcm 0");
    bench.say("ev C");
    bench.run(10);
    bench.clear(FLAG.rcmTrip);
    bench.send({ kind: "setpoint", dutyPermille: 200, mask: 0, ttlMs: 400, sequence: round });
    bench.send({ kind: "rcmTest", pulseMs: 60 });
    bench.run(130);
  }
  bench.say("ev A");
  bench.run(30);
  bench.send({ kind: "setSafe", currentDeciA: 160, graceS: 60 });
  bench.send({ kind: "keep", id: CONFIG.thresholdBC.id, value: CONFIG.thresholdBC.max });
  bench.query({ kind: "kept" }, "kept");
}

t.test("flash and static RAM leave room", async t => {
  const program = releasedFirmware();
  const used = program.findLastIndex(word => word !== 0xffff) * 2 + 2;
  t.ok(used <= FLASH_BYTES * MOST, `${used} bytes of flash`);
});

t.test(
  "with everything going on at once, RAM leaves room and no interrupt keeps the others waiting for long",
  async t => {
    const board = new AvrBoard({ program: releasedFirmware() });
    const bench = new EngineBench(() => avrEngineOf(board)).charge();
    const watch = new InterruptWatch(board);
    exercise(bench);
    watch.stop();
    const used = RAM_BYTES - board.untouchedRam;
    t.comment(`${used} bytes of RAM were touched, stack included`);
    t.ok(used <= RAM_BYTES * MOST, `${used} bytes`);
    t.comment(`interrupts off for at most ${watch.longestUs.toFixed(1)} us`);
    t.ok(watch.longestUs > 1 && watch.longestUs <= 60, `${watch.longestUs} us`);
  },
);

t.test("a hex that is not whole is refused with its line", async t => {
  const good = readFileSync(join(firmwareDir, "evse-pilot.hex"), "latin1");
  const lines = good.trim().split(/\r?\n/);
  t.equal(programOf(good).length, FLASH_BYTES / 2);
  for (const [title, hex, expected] of [
    ["empty", "", /line 1: expected ":"/],
    ["no end record", lines.slice(0, -1).join("\n"), /without an end record/],
    ["a wrong checksum", good.replace(/..\r?\n/, "00\n"), /line 1: wrong checksum/],
    ["a short line", lines.with(2, lines[2]!.slice(0, -4)).join("\n"), /line 3: \d+ bytes, expected/],
    ["text", "hello", /line 1: expected ":" and pairs of hex digits/],
  ] as const)
    t.throws(() => programOf(hex), { message: expected }, title);
});

/** Sub id of a command that only a test build has. */
const HANG = 0x3f;

/** Built from a copy, in another folder than anyone else's. */
function build(t: Test, ...options: string[]): string {
  const elsewhere = tempDir(t, "firmware-elsewhere");
  cpSync(firmwareDir, elsewhere, { recursive: true, filter: source => !source.endsWith("/build") });
  const made = spawnSync("make", ["-s", "-C", elsewhere, "all", ...options], { encoding: "utf8" });
  t.equal(made.status, 0, made.stderr);
  return readFileSync(join(elsewhere, "build", "evse-pilot.hex"), "latin1");
}

t.test("the released hex is what the sources give, wherever they are built", async t => {
  const released = readFileSync(join(firmwareDir, "evse-pilot.hex"), "latin1");
  t.ok(build(t) === released, "run `make release` in services/pilot/firmware and commit the hex");
});

t.test("a test build can be hung by command, and its hardware watchdog ends that", async t => {
  const board = new AvrBoard({ program: programOf(build(t, "HOOKS=1")) });
  const bench = new EngineBench(() => avrEngineOf(board)).charge();
  bench.stopBeating();
  board.write(frame(seal(HANG, [])));
  const took = bench.msUntilOpen(120) ?? 999;
  t.ok(took > 55 && took <= 70, `${took} ms after the first byte of the command`);
  bench.run(40);
  t.equal(bench.lastArg(EVENT.boot), BOOT.watchdog);
  t.ok(bench.has(FLAG.hwWatchdog));
  t.equal(board.dutyPct, 100);
});
