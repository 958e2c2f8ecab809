import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SerialPort } from "serialport";
import t, { type Test } from "tap";
import { avrdudeArguments } from "../../cli/board/flash/avrdude.ts";
import { flash, OWN_FIRMWARE } from "../../cli/board/flash/flash.ts";
import { parseIntelHex } from "../../cli/board/flash/intel-hex.ts";
import { obey } from "../../services/simulator/board/words.ts";
import { type FlashableBoard, flashableBoard } from "../support/flashable-board.ts";
import { hexOf } from "../support/intel-hex.ts";
import { ScriptedTerminal } from "../support/scripted-terminal.ts";
import { tempDir } from "../support/servers.ts";

t.setTimeout(900_000);

/** Real avrdude, a real pty, and a boot loader that speaks STK500 at its other end. */

function firmwareFile(t: Test): { readonly file: string; readonly data: Uint8Array } {
  const data = Uint8Array.from({ length: 1_000 }, (_, index) => (index * 7) & 0xff);
  data.set(Buffer.from("EvsePilotFirmata"), 300);
  const file = join(tempDir(t, "hex"), "new.hex");
  writeFileSync(file, hexOf(data, 16));
  return { file, data };
}

async function run(board: FlashableBoard, hex: string, ...args: string[]): Promise<ScriptedTerminal> {
  await board.idle();
  const terminal = new ScriptedTerminal();
  const code = await flash(["--port", board.path, "--hex", hex, ...args], terminal);
  if (code !== 0) throw new Error(`code ${code}`);
  return terminal;
}

t.test("avrdude is asked for one verified write through the boot loader", async t => {
  const args = avrdudeArguments({ program: "avrdude", port: "/dev/ttyACM0", baudRate: 115_200 }, "/tmp/a.hex");
  t.strictSame(args.join(" "), "-p atmega328p -c arduino -P /dev/ttyACM0 -b 115200 -D -U flash:w:/tmp/a.hex:i");
  t.notOk(args.includes("-V"), "verification is not switched off");
});

t.test("a new firmware is written, verified, started and asked; the safe current stays", async t => {
  const board = await flashableBoard(t);
  board.board.wiring.memory.safe.write({ currentDeciA: 60, graceS: 300 });
  board.onFlashed = () => {
    board.board.firmware = { name: "EvsePilotFirmata", major: 1, minor: 7 };
  };
  const { file, data } = firmwareFile(t);
  const terminal = await run(board, file);
  t.ok(Buffer.from(board.bootLoader.flash.subarray(0, data.length)).equals(Buffer.from(data)));
  t.match(terminal.printed, [
    /was +EvsePilotFirmata 1\.0/,
    /is now +EvsePilotFirmata 1\.7, EVSE feature 1\.2/,
    /safe current +6 A for 300 s/,
    /thresholds +A\/B 10\.5, /,
  ]);
  for (const line of ["writing 50 %", "writing 100 %", "verifying 100 %"]) t.ok(terminal.told.includes(line), line);
});

t.test("a blank board takes the project's own firmware once the person has said that it is blank", async t => {
  const board = await flashableBoard(t);
  board.hasFirmware = false;
  const terminal = await run(board, OWN_FIRMWARE, "--blank", "--json");
  t.match(JSON.parse(terminal.printed[0] ?? ""), { before: null, after: "EvsePilotFirmata 1.0" });
  t.ok(Buffer.from(board.bootLoader.flash).includes("EvsePilotFirmata"));
});

t.test("nothing is written while a car is connected, not even into a board that is said to be blank", async t => {
  const board = await flashableBoard(t);
  const { file } = firmwareFile(t);
  obey(board.board, "ev C");
  await t.rejects(run(board, file, "--blank"), { name: "BoardRefused", message: /pilot state C.*unplug it/ });
  t.equal(board.bootLoader.pagesWritten, 0);
});

t.test("what goes wrong at the boot loader is told in avrdude's words", async t => {
  const board = await flashableBoard(t);
  const { file } = firmwareFile(t);
  board.bootLoader.faults.flipAt = 200;
  await t.rejects(run(board, file), { name: "FlashFailed", message: /verification mismatch/ });
  board.bootLoader.faults.flipAt = null;
  board.bootLoader.faults.signature = [0x1e, 0x93, 0x0b];
  await t.rejects(run(board, file), { name: "FlashFailed", message: /signature/i });
});

t.test("a port in use, a missing program and a wrong file are refused before anything is written", async t => {
  const board = await flashableBoard(t);
  const { file } = firmwareFile(t);
  await t.rejects(run(board, file, "--avrdude", "avrdude-that-is-not-there"), {
    name: "FlashFailed",
    message: /avrdude-that-is-not-there is not installed: apt-get install avrdude/,
  });
  await t.rejects(run(board, file, "--avrdude", "/bin/true"), { message: /does not answer like avrdude/ });
  await t.rejects(run(board, "/nowhere/new.hex"), { name: "FirmwareFileRefused", message: /cannot be read/ });
  await t.rejects(run(board, file, "--boot-baud", "9600"), { name: "WrongUse", message: /expected 115200 or 57600/ });
  await t.rejects(flash(["--tcp", "127.0.0.1:1"], new ScriptedTerminal()), {
    message: /expected --port PATH, not --tcp/,
  });
  await t.rejects(flash(["--port", "/dev/nothing-here"], new ScriptedTerminal()), {
    name: "BoardLost",
    message: /No such file/,
  });

  await board.idle();
  const other = new SerialPort({ path: board.path, baudRate: 57_600, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    other.open(error => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  await t.rejects(flash(["--port", board.path, "--hex", file], new ScriptedTerminal()), {
    name: "BoardLost",
    message: /another program uses this port: stop the edge-evse service/,
  });
  await new Promise<void>(resolve => {
    other.close(() => {
      resolve();
    });
  });
  t.equal(board.bootLoader.pagesWritten, 0);
});

t.test("the firmware that comes with the project fits the board and is ours", async t => {
  const terminal = new ScriptedTerminal();
  await t.rejects(flash(["--port", "/dev/nothing-here"], terminal), { name: "BoardLost" });
  t.match(terminal.told[0] ?? "", /evse-pilot\.hex: \d{4,5} bytes; avrdude \d/);
  t.throws(() => parseIntelHex(":00000001FF", 1), { name: "FirmwareFileRefused" });
});
