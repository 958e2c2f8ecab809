import t from "tap";
import { runTool } from "../../cli/tools.ts";
import { ScriptedTerminal } from "../support/scripted-terminal.ts";

t.test("help and mistakes tell what can be done, with code 2 for what was not understood", async t => {
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [[], 2, /board +flashes, tests and commissions a pilot board/],
    [["--help"], 0, /edge-evse <tool> --help/],
    [["bored"], 2, /there is no tool "bored"; did you mean board\?/],
    [["constructor"], 2, /there is no tool "constructor"/],
    [["board"], 2, /selftest +tests a board/],
    [["board", "--help"], 0, /configure +stores safe current, thresholds/],
    [["board", "flush"], 2, /there is no command "board flush"; did you mean flash\?/],
    [["board", "info"], 2, /which board\? Expected --port PATH or --tcp HOST:PORT/],
    [["board", "info", "--help"], 0, /--tcp HOST:PORT/],
    [["board", "flash", "--help"], 0, /--boot-baud RATE/],
    [["board", "selftest", "--help"], 0, /--without PARTS/],
    [["board", "configure", "--help"], 0, /--safe-current AMPERES[^]*--threshold-bc VOLTS/],
    [["board", "configure", "--tcp", "a:1"], 2, /nothing to store: expected one of --safe-current, /],
    [["board", "configure", "--tcp", "a:1", "--threshold-bc", "9"], 2, /--threshold-bc 9: expected 7\.\.8 V/],
    [
      ["board", "configure", "--tcp", "a:1", "--threshold-diode", "-9"],
      2,
      /--threshold-diode -9: expected -11\.\.-10 V/,
    ],
    [["board", "info", "/dev/ttyACM0"], 2, /expected --port \/dev\/ttyACM0/],
    [["board", "selftest", "--tcp", "a:1", "--yes"], 2, /--yes belongs to --tester/],
    [
      ["board", "selftest", "--tcp", "a:1", "--report", "/proc/none/x"],
      2,
      /--report \/proc\/none\/x: cannot be written/,
    ],
    [["board", "info", "--tcp", "127.0.0.1:1"], 1, /ECONNREFUSED.*nothing listens there/],
    [
      ["board", "info", "--port", "/dev/nothing-here"],
      1,
      /No such file or directory.*; (no serial adapter is|plugged in)/,
    ],
    [["board", "info", "--port", "/dev/null"], 1, /that is no serial port; (no serial adapter is|plugged in)/],
    [["board", "info", "--port", "/tmp"], 1, /that is no serial port/],
  ];
  for (const [args, code, expected] of cases) {
    const terminal = new ScriptedTerminal();
    t.equal(await runTool(args, terminal), code, args.join(" "));
    const said = [...terminal.printed, ...terminal.told].join("\n");
    t.match(said, expected, args.join(" "));
    t.notMatch(said, /\n {4}at /, "no stack");
    t.equal(terminal.printed.length > 0, code === 0 || args.length === (args[0] === "board" ? 1 : 0), "results only");
  }
});
