import { spawnSync } from "node:child_process";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { frame, seal } from "../../shared/evse-sysex/bits.ts";
import { BOOT, EVENT, FLAG } from "../../shared/evse-sysex/codes.ts";
import { AvrBoard } from "../support/avr-board/avr-board.ts";
import { programOf } from "../support/avr-board/intel-hex.ts";
import { firmwareDir } from "../support/avr-board/released.ts";
import { avrEngineOf } from "../support/board-engine.ts";
import { EngineBench } from "../support/engine-bench.ts";
import { tempDir } from "../support/servers.ts";

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
