import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { meter } from "../../cli/meter/main.ts";
import { WrongUse } from "../../cli/options.ts";
import { withCrc } from "../../services/meter/modbus/frame.core.ts";
import { simulatedSensorbox } from "../../services/simulator/meters/sensorbox.ts";
import { EvseError } from "../../shared/errors.ts";
import { carrying, eastronShowing, rtuTcpSlave, serialSlave, tcpSlave } from "../support/modbus-bench.ts";
import { ScriptedTerminal } from "../support/scripted-terminal.ts";
import { tempDir } from "../support/servers.ts";
import { startProgram } from "../support/site-process.ts";
import { homewizardSays, httpDevice } from "../support/source-bench.ts";

t.setTimeout(900_000);
const projectDir = join(import.meta.dirname, "../..");

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `edge-evse meter ...` to its end, in this process: what a process adds to it is seen where one is started. */
async function run(args: readonly string[], input = ""): Promise<Ran> {
  const terminal = new ScriptedTerminal();
  terminal.typed = input;
  let code: number;
  try {
    code = await meter(args, terminal);
  } catch (error) {
    if (!(error instanceof EvseError)) throw error;
    terminal.tell(error.message);
    code = error instanceof WrongUse ? 2 : 1;
  }
  return { code, out: terminal.printed.join("\n"), err: terminal.told.join("\n") };
}

/** The same as a process of its own. */
async function runProcess(args: readonly string[], input = ""): Promise<Ran> {
  const child = spawn(process.execPath, [join(projectDir, "cli/main.ts"), "meter", ...args], { cwd: projectDir });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  // A tool that refuses its arguments does not read what is offered.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  await once(child, "close");
  return { code: child.exitCode, out, err };
}

interface Vector {
  readonly name: string;
  readonly config?: unknown;
  readonly exchanges: unknown;
  readonly expect?: Readonly<Record<string, unknown>> & { readonly reject?: boolean };
  readonly expect_registers?: Readonly<Record<string, number>>;
  readonly expect_application?: { readonly current_A_signed?: readonly number[] };
}
interface Group {
  readonly meter?: string;
  readonly profile?: string;
  readonly address: number;
  readonly vectors: readonly Vector[];
}

function groups(name: string): readonly Group[] {
  const path = join(projectDir, `test/fixtures/meter-vectors/${name}.json`);
  return JSON.parse(readFileSync(path, "utf8")) as readonly Group[];
}

function isNear(got: unknown, wanted: unknown, tolerance: number): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(got) &&
      got.length === wanted.length &&
      wanted.every((value, at) => isNear(got[at], value, tolerance))
    );
  }
  return typeof wanted === "number" && Math.abs(Number(got) - wanted) <= tolerance;
}

t.test("decode --json: every golden vector, one line each, with the names and units of its expectation", async t => {
  const all = [...groups("smartevse"), ...groups("profiles"), ...groups("profiles-gx")].flatMap(
    ({ meter, profile, address, vectors }) =>
      vectors.map(vector => ({ id: meter === undefined ? { profile } : { meter }, address, vector })),
  );
  t.ok(all.length >= 250);
  const lines = all.map(({ id, address, vector: { config, exchanges } }) =>
    JSON.stringify({ ...id, address, ...(config === undefined ? {} : { config }), exchanges }),
  );
  const { code, out } = await runProcess(["decode", "--json"], `${lines.join("\n")}\n`);
  t.equal(code, 0);
  const decoded = out
    .trim()
    .split("\n")
    .map(line => JSON.parse(line) as Record<string, unknown>);
  t.equal(decoded.length, all.length);
  for (const [at, { id, vector }] of all.entries()) {
    const got = decoded[at] ?? {};
    const name = `${JSON.stringify(id)} ${vector.name}`;
    const { expect = {}, expect_registers = {}, expect_application = {} } = vector;
    if (expect.reject === true) {
      t.match(got, { reject: true, reason: /\S/ }, name);
      continue;
    }
    const wrong = [
      ...Object.entries(expect).filter(([key, value]) => !isNear(got[key], value, key === "current_A" ? 0.002 : 1)),
      ...Object.entries(expect_registers).filter(
        ([key, value]) =>
          !isNear((got["registers"] as Record<string, number>)[key], value, Math.max(0.002, Math.abs(value) * 1e-6)),
      ),
      ...Object.entries(expect_application).filter(
        ([key, value]) => key === "current_A_signed" && !isNear(got[key], value, 0.002),
      ),
    ];
    t.strictSame(wrong, [], name);
  }
});

t.test("decode --json: a Sensorbox tells its currents, their source and what else it knows", async t => {
  const vectors = JSON.parse(
    readFileSync(join(projectDir, "test/fixtures/meter-vectors/sensorbox.json"), "utf8"),
  ) as readonly {
    name: string;
    settings: unknown;
    request: string;
    response: string;
    expect: Record<string, unknown>;
  }[];
  const lines = vectors.map(({ settings, request, response }) =>
    JSON.stringify({ meter: "sensorbox", address: 10, settings, exchanges: [{ request, response }] }),
  );
  const { out } = await run(["decode", "--json"], lines.join("\n"));
  const decoded = out
    .trim()
    .split("\n")
    .map(line => JSON.parse(line) as Record<string, unknown>);
  t.equal(vectors.length, 16);
  for (const [at, { name, expect }] of vectors.entries()) {
    const wanted = expect["ignored"] === true ? { reject: true, reason: /nothing new was measured/ } : expect;
    t.match(decoded[at], wanted, name);
  }
});

t.test("decode --json: an answer for each line, whatever is in it", async t => {
  const odd = [
    "",
    " \r",
    "\u0000\u0001",
    '{"meter": "a\u2028b", "exchanges": []}',
    '{"meter": "4", "exchanges": [{}]}',
    "[".repeat(100_000),
  ];
  const { code, out } = await run(["decode", "--json"], `${odd.join("\n")}\n`);
  t.equal(code, 0);
  const answers = out
    .trim()
    .split("\n")
    .map(line => JSON.parse(line) as Record<string, unknown>);
  t.equal(answers.length, odd.length, "the n-th answer belongs to the n-th line");
  for (const answer of answers) t.match(answer, { reject: true, reason: /\S/ });
  const last = await run(["decode", "--json"], "{");
  t.match(JSON.parse(last.out), { reject: true }, "and for the last one, without its line feed");
});

t.test("decode --json: what is not understood is rejected in its line, and the next line is read", async t => {
  const [group] = groups("smartevse");
  const good = { meter: group?.meter, address: group?.address, exchanges: group?.vectors[0]?.exchanges };
  const [exchange] = good.exchanges as { request: string; response: string }[];
  const bad: readonly (readonly [string, RegExp])[] = [
    ["{", /no JSON/],
    ["[]", /expected an object/],
    ["null", /expected an object/],
    ['"eastron_3p"', /expected an object/],
    ["{}", /meter or profile: expected a name/],
    [JSON.stringify({ ...good, meter: "eastron_3pp" }), /no meter is called eastron_3pp; did you mean/],
    [JSON.stringify({ ...good, meter: "constructor" }), /no meter is called constructor/],
    [JSON.stringify({ ...good, meter: { a: 1 } }), /expected a name/],
    [JSON.stringify({ ...good, exchanges: [] }), /exchanges: expected a list/],
    [JSON.stringify({ ...good, exchanges: "0A" }), /exchanges: expected a list/],
    [JSON.stringify({ ...good, exchanges: [null] }), /exchanges\[0\]\.request: expected bytes in hex/],
    [JSON.stringify({ ...good, exchanges: [{ request: "0G" }] }), /request: expected bytes in hex/],
    [JSON.stringify({ ...good, exchanges: [{ ...exchange, response: "0" }] }), /response: expected bytes in hex/],
    [
      JSON.stringify({ ...good, exchanges: [{ ...exchange, request: "0A04" }] }),
      /request: expected a read of registers/,
    ],
    [JSON.stringify({ ...good, exchanges: [{ ...exchange, request: "0A 04 00 0C 00 06 B1 71" }] }), /a wrong checksum/],
    [JSON.stringify({ ...good, address: 11 }), /is for address 10; expected 11/],
    [JSON.stringify({ ...good, exchanges: [{ ...exchange, response: "0A 84 02 B3 03" }] }), /exception 2/],
    [JSON.stringify({ ...good, exchanges: [{ ...exchange, response: "0A 04 0C 00" }] }), /4 bytes only/],
    [
      JSON.stringify({ ...good, exchanges: [{ ...exchange, response: "0B 04 04 41 80 00 00 44 50" }] }),
      /unit 11 instead/,
    ],
    [JSON.stringify({ ...good, meter: "custom" }), /config: expected the settings/],
    [
      JSON.stringify({ ...good, meter: "custom", config: { byte_order: 7 } }),
      /config\.byte_order: expected a whole number 0\.\.3/,
    ],
    [JSON.stringify({ ...good, meter: "sensorbox" }), /\S/],
  ];
  const lines = [...bad.map(([line]) => line), JSON.stringify(good)];
  const { out } = await run(["decode", "--json"], lines.join("\n"));
  const decoded = out
    .trim()
    .split("\n")
    .map(line => JSON.parse(line) as Record<string, unknown>);
  t.equal(decoded.length, lines.length);
  for (const [at, [line, reason]] of bad.entries()) t.match(decoded[at], { reject: true, reason }, line.slice(0, 100));
  t.match(decoded.at(-1), { phases: 3 });
});

t.test("decode --json: a phase that was not read is not one without current", async t => {
  const frame = (body: string): string => withCrc(Buffer.from(body, "hex")).toString("hex");
  for (const [register, registers, rest] of [
    ["0006", { current_l1: 16 }, { current_A_signed: [16] }],
    ["0008", { current_l2: 16 }, {}],
  ] as const) {
    const exchanges = [{ request: frame(`0a04${register}0002`), response: frame("0a040441800000") }];
    const { out } = await run(["decode", "--json"], JSON.stringify({ meter: "eastron_3p", address: 10, exchanges }));
    t.strictSame(JSON.parse(out), { ...rest, registers });
  }
});

t.test("decode: frames as arguments and on standard input, for people", async t => {
  const frames = ["0A 04 00 06 00 02 90 B1", "0A 04 04 41 80 00 00 54 90"];
  const asArguments = await run(["decode", "--type", "Eastron3P", ...frames]);
  t.match(asArguments, { code: 0, out: /registers\n {2}current_l1 +16/ });
  const whole = groups("smartevse").find(({ meter }) => meter === "eastron_3p")?.vectors[0];
  const pairs = (whole?.exchanges as { request: string; response: string }[]).flatMap(({ request, response }) => [
    request,
    response,
  ]);
  const typed = await run(["decode", "--type", "4"], pairs.join("\n"));
  t.match(typed, { code: 0, out: /current_A +12 {2}-6\.5 {2}0\.5/ });
  t.match(await run(["decode", "--type", "eastron_sdm630", ...pairs]), {
    code: 0,
    out: /registers\n {2}current_l1 +12/,
  });
});

t.test("read: once, again and again, and of a site file", async t => {
  const { slave, address } = await tcpSlave(t);
  slave.add(10, eastronShowing({ now: carrying(7) }));
  const where = ["--tcp", `127.0.0.1:${address.port}`];
  const once = await run(["read", "--type", "Eastron3P", "--address", "10", "--every", "200", ...where]);
  t.match(once, {
    code: 0,
    out: /current A: L1 .*\n +7\.00 +7\.00 +7\.00 +4830/,
    err: /reading Eastron3P, address 10, tcp/,
  });
  const json = await run(["read", "--json", "--type", "4", "--address", "10", ...where]);
  t.match(JSON.parse(json.out), { currentA: { l1: 7, l2: 7, l3: 7 }, totalPowerW: 4_830 });
  t.match(await run(["read", "--type", "4", "--address", "11", "--within", "1", ...where]), {
    code: 1,
    err: /no sample within 1 s/,
  });

  const watching = startProgram(
    t,
    "cli/main.ts",
    ["meter", "read", "--watch", "--every", "200", "--type", "4", "--address", "10", ...where],
    {},
  );
  await watching.says(/(7\.00[^\n]*\n[^\n]*){3}/);
  watching.signal("SIGINT");
  t.equal(await watching.ended, 0, "Ctrl-C ends it in order");

  const box = { model: "2", generation: 2, wiring: 0, ct: [4, 5, 6], p1: null } as const;
  const gateway = await rtuTcpSlave(t, 115_200);
  gateway.slave.addDevice(10, simulatedSensorbox({ ...box }));
  const sensorbox = await run([
    "read",
    "--type",
    "sensorbox",
    "--address",
    "10",
    "--rtu-tcp",
    `127.0.0.1:${gateway.address.port}`,
  ]);
  t.match(sensorbox, { code: 0, out: /4\.00 +5\.00 +6\.00/ });

  const device = await httpDevice(t);
  device.answer = (_request, response) => void response.end(homewizardSays(9));
  const file = join(tempDir(t, "cli"), "site.yaml");
  writeFileSync(
    file,
    `site: home\nchargePoints: [{ id: left, serial: 1 }]\nservices:\n` +
      `  - { service: meter, id: mains, role: mains, driver: { kind: http, preset: homewizard, url: "${device.url}" } }\n` +
      `  - { service: meter, id: other, role: mains, driver: { kind: setting } }\n`,
  );
  t.match(await run(["read", "mains", "--site", file]), { code: 0, out: /9\.00 +9\.00 +9\.00 +6210/ });
  t.match(await run(["read", "other", "--site", file]), { code: 2, err: /is chosen in the menu/ });
  t.match(await run(["read", "none", "--site", file]), {
    code: 2,
    err: /no meter "none"; expected one of: mains, other/,
  });
});

t.test("scan: finds what answers on a line and guesses its type", async t => {
  const { slave, address } = await serialSlave(t, 115_200);
  slave.add(12, eastronShowing({ now: carrying(7) }));
  slave.addDevice(14, simulatedSensorbox({ model: "2", generation: 2, wiring: 0, ct: [4, 5, 6], p1: null }));
  slave.add(15, () => null);
  const line = ["--serial", address.path, "--baud", "115200", "--wait", "300"];
  const { code, out, err } = await run(["scan", "--json", "--addresses", "11-16", ...line]);
  t.equal(code, 0);
  const found = out
    .trim()
    .split("\n")
    .map(text => JSON.parse(text) as { address: number; guesses: { type: string }[] });
  t.strictSame(
    found.map(({ address: at }) => at),
    [12, 14, 15],
  );
  t.match(found[0]?.guesses, [{ type: "eastron_sdm630", certainty: 1 }], "what explains most of it comes first");
  t.match(found[1]?.guesses, [{ type: "sensorbox" }]);
  t.strictSame(found[2]?.guesses, [], "only exceptions: there, but unknown");
  t.match(err, /address 11 of 11-16, 0 found\n(.*\n)*3 found/, "with progress");
  t.match(await run(["scan", "--addresses", "100", ...line]), { code: 1, err: /nothing answered; check A and B/ });
});

t.test("record and replay: a meter's traffic goes into a file and comes back as the same meter", async t => {
  const { slave, address } = await tcpSlave(t);
  slave.add(10, eastronShowing({ now: carrying(7) }));
  const file = join(tempDir(t, "record"), "meter.jsonl");
  const type = ["--type", "Eastron3P", "--address", "10"];
  const recorded = await run([
    "record",
    file,
    ...type,
    "--seconds",
    "1",
    "--every",
    "200",
    "--tcp",
    `127.0.0.1:${address.port}`,
  ]);
  t.match(recorded, { code: 0, err: /\d+ answers in / });
  t.match(await run(["record", file, ...type, "--tcp", "127.0.0.1:1"]), {
    code: 1,
    err: /ECONNREFUSED|cannot be made/,
  });

  const replaying = startProgram(t, "cli/main.ts", ["meter", "replay", file, "--tcp", "127.0.0.1:0"], {});
  const [, port = ""] = await replaying.says(/tcp 127\.0\.0\.1:(\d+)/);
  const again = await run(["read", ...type, "--json", "--tcp", `127.0.0.1:${port}`]);
  t.match(JSON.parse(again.out), { currentA: { l1: 7, l2: 7, l3: 7 } });
  replaying.signal("SIGINT");
  t.equal(await replaying.ended, 0);

  const exchanges = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map(line => JSON.parse(line) as { response: string | null });
  const line = JSON.stringify({ meter: "Eastron3P", exchanges: exchanges.filter(({ response }) => response !== null) });
  t.match(JSON.parse((await run(["decode", "--json"], line)).out), { current_A: [7, 7, 7] }, "and decode reads it");
});

t.test("a command line that is not understood says what would be right, and does nothing", async t => {
  const dir = tempDir(t, "wrong");
  const empty = join(dir, "empty");
  writeFileSync(empty, "");
  const broken = join(dir, "broken");
  writeFileSync(broken, '{"recording":"edge-evse meter"}\n{"atMs":0,"request":"0A04","response":null,"tookMs":1}\n');
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /read +reads a meter/],
    [["reed"], /there is no command "meter reed".*read/],
    [["read"], /--type METER and --address N are needed/],
    [["read", "--type", "4"], /are needed/],
    [["read", "--type", "4", "--address", "0", "--tcp", "h:1"], /--address 0: expected a whole number 1\.\.247/],
    [["read", "--type", "4", "--address", "248", "--tcp", "h:1"], /--address 248/],
    [["read", "--type", "4", "--address", "x", "--tcp", "h:1"], /--address x/],
    [["read", "--type", "4", "--address", "10"], /which line\?/],
    [["read", "--type", "4", "--address", "10", "--tcp", "h:1", "--serial", "/dev/x"], /which line\?/],
    [["read", "--type", "4", "--address", "10", "--tcp", "h:99999"], /--tcp h:99999: expected HOST:PORT/],
    [["read", "--type", "4", "--address", "10", "--tcp", "h:0"], /--tcp h:0: expected HOST:PORT/],
    [["read", "--type", "4", "--adress", "10", "--tcp", "h:1"], /no option --adress; did you mean --address\?/],
    [["read", "--type", "4", "--address", "10", "--rtu-tcp", "h"], /--rtu-tcp h: expected HOST:PORT/],
    [
      ["read", "--type", "4", "--address", "10", "--serial", "/dev/x", "--baud", "9601"],
      /--baud 9601: expected one of/,
    ],
    [
      ["read", "--type", "4", "--address", "10", "--serial", "/dev/x", "--parity", "mark"],
      /--parity mark: expected one of/,
    ],
    [["read", "--type", "4", "--address", "10", "--serial", "/dev/x", "--stop", "3"], /--stop 3: expected one of 1, 2/],
    [["read", "--type", "eastron_3pp", "--address", "10", "--tcp", "h:1"], /no meter is called eastron_3pp/],
    [
      ["read", "--every", "1", "--type", "4", "--address", "10", "--tcp", "h:1"],
      /--every 1: expected a whole number 200/,
    ],
    [["read", "--frob"], /there is no option --frob/],
    [["read", "mains", "--site", join(dir, "none.yaml")], /none\.yaml: there is no such file/],
    [["scan", "--addresses", "0-300", "--tcp", "h:1"], /--addresses 0-300: expected FROM-TO within 1-247/],
    [["scan", "--addresses", "20-10", "--tcp", "h:1"], /--addresses 20-10/],
    [["scan", "please", "--tcp", "h:1"], /"please" is not understood/],
    [["decode"], /--type METER is missing/],
    [["decode", "--type", "4", "0A"], /1 frames; expected a request and a response/],
    [["decode", "--type", "4", "0A", "zz"], /"zz": expected bytes in hex/],
    [["decode", "--json", "0A"], /takes no frames/],
    [["record", "--type", "4", "--address", "10", "--tcp", "h:1"], /which FILE/],
    [["record", "f", "--type", "nothing", "--address", "10", "--tcp", "h:1"], /no meter is called nothing/],
    [["replay"], /which FILE/],
    [["replay", join(dir, "none")], /none: cannot be read/],
    [["replay", empty], /is no recording/],
    [["replay", broken], /broken, line 2: request: expected 8 bytes/],
    [["replay", broken, "--tcp", "h:1", "--serial", "/dev/x"], /--tcp or --serial, not both/],
  ];
  for (const [args, words] of cases) {
    const { code, out, err } = await run(args);
    t.ok(code === 1 || code === 2);
    t.match(`${out}\n${err}`, words, `meter ${args.join(" ")}`);
  }
  t.match(await runProcess(["reed"]), {
    code: 2,
    err: /^edge-evse: there is no command "meter reed"[^\n]*\n(?! {4}at)/,
  });
  const helps = ["read", "scan", "decode", "record", "replay"];
  const helped = await Promise.all(helps.map(async command => run([command, "--help"])));
  for (const [at, command] of helps.entries()) {
    t.match(helped[at], { code: 0, out: new RegExp(`edge-evse meter ${command}`) });
  }
});
