import t from "tap";
import { noWords } from "../../cli/board/no-words.ts";
import { partsOf, secondsOf } from "../../cli/board/selftest/selftest.ts";
import { targetOf } from "../../cli/board/target.ts";
import { helpOf, readArguments } from "../../cli/options.ts";

const TABLE = {
  port: { value: "PATH", help: "where" },
  note: { value: "TEXT", help: "what" },
  json: { help: "machine-readable" },
} as const;

t.test("options are read with a space and with an equals sign, words are kept apart", async t => {
  t.strictSame(readArguments(["--port", "/dev/a", "x", "--json"], TABLE), {
    options: { port: "/dev/a", note: undefined, json: true },
    words: ["x"],
  });
  t.strictSame(readArguments(["--port=/dev/a=b", "--note", "-5"], TABLE).options, {
    port: "/dev/a=b",
    note: "-5",
    json: false,
  });
  t.match(helpOf(TABLE), "--port PATH  where\n  --note TEXT  what\n  --json       machine-readable");
});

t.test("what cannot be meant is refused with what would be right", async t => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--prot", "/dev/a"], /there is no option --prot; did you mean --port\?/],
    [["--zzzzzz"], /there is no option --zzzzzz; expected one of: --port, --note, --json/],
    [["-p", "/dev/a"], /there is no option -p/],
    [["--port"], /--port needs a value: --port PATH/],
    [["--port="], /--port needs a value/],
    [["--port", "--json"], /--port needs a value/],
    [["--json=yes"], /--json takes no value; found "yes"/],
    [["--json", "--json"], /--json is given twice/],
    [["--port", "a", "--port", "b"], /--port is given twice/],
    [["--constructor"], /there is no option --constructor/],
    [["--__proto__", "x"], /there is no option --__proto__/],
    [["--"], /there is no option --/],
  ];
  for (const [args, message] of cases) {
    t.throws(() => readArguments(args, TABLE), { name: "WrongUse", message }, args.join(" "));
  }
});

t.test("exactly one way to a board is named, and named rightly", async t => {
  const none = { port: undefined, baud: undefined, tcp: undefined };
  const cases: readonly (readonly [Partial<typeof none> | Record<string, string>, RegExp])[] = [
    [{}, /which board\? Expected --port PATH or --tcp HOST:PORT/],
    [{ port: "/dev/a", tcp: "b:1" }, /exclude each other/],
    [{ port: "/dev/a", baud: "9600" }, /--baud 9600: expected 57600 or 115200/],
    [{ port: "/dev/a", baud: "fast" }, /--baud fast: expected 57600 or 115200/],
    [{ tcp: "b:1", baud: "57600" }, /--baud belongs to --port/],
    [{ tcp: "b" }, /--tcp b: expected HOST:PORT with a port 1\.\.65535/],
    [{ tcp: "b:0" }, /--tcp b:0/],
    [{ tcp: "b:65536" }, /--tcp b:65536/],
    [{ tcp: ":80" }, /--tcp :80/],
    [{ tcp: "::1:80" }, /--tcp ::1:80/],
  ];
  for (const [options, message] of cases) {
    t.throws(() => targetOf({ ...none, ...options }), { name: "WrongUse", message }, JSON.stringify(options));
  }
  t.match(targetOf({ ...none, tcp: "[::1]:3030" }), { name: "[::1]:3030", serial: null });
  t.match(targetOf({ ...none, port: "/dev/a", baud: "115200" }).serial, { path: "/dev/a", baudRate: 115_200 });
});

t.test("a word without its option is not overlooked", async t => {
  t.throws(() => noWords("info", ["/dev/ttyACM0"]), {
    message: /found "\/dev\/ttyACM0"; expected --port \/dev\/ttyACM0/,
  });
  t.throws(() => noWords("info", ["host:3030"]), { message: /expected --tcp host:3030/ });
  t.throws(() => noWords("info", ["now"]), { message: /takes options only; found "now"/ });
  noWords("info", []);
});

t.test("parts and times of a self test", async t => {
  t.strictSame(partsOf("rcm, lock"), ["rcm", "lock"]);
  t.strictSame(partsOf(undefined), []);
  for (const text of ["rmc", "", "rcm,", "RCM", "rcm;lock"]) {
    t.throws(() => partsOf(text), { name: "WrongUse", message: /expected some of rcm, lock, feedback, k2/ }, text);
  }
  t.equal(secondsOf("30"), 30);
  for (const text of ["0", "3601", "-1", "1.5", "soon"]) {
    t.throws(() => secondsOf(text), { name: "WrongUse", message: /expected whole seconds 1\.\.3600/ }, text);
  }
});
