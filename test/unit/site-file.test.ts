import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { messageOf, SiteFileError } from "../../shared/errors.ts";
import { circuitPlans, measuresAllPoints } from "../../shared/site/circuits.ts";
import { instancesOf, nameOfInstance, nodesOf, parseSite, readSiteFile } from "../../shared/site/site-file.ts";

const GOOD = `site: test
chargePoints: [{ id: left, serial: 1 }]
services: [{ service: settings }]
`;
const withPoint = (keys: string) => GOOD.replace("serial: 1", keys);
const withLine = (line: string) => `${GOOD}lines: { din-rail: ${line} }\n`;

const withCircuits = (circuits: string) =>
  `${GOOD.replace("{ service: settings }", "{ service: settings }, { service: meter, id: mains, role: mains }, { service: meter, id: sub, role: circuit }")}circuits: [${circuits}]\n`;

function refusal(text: string): string {
  try {
    parseSite(text, "cabinet.yaml");
  } catch (error) {
    return error instanceof SiteFileError ? error.message : `another error: ${messageOf(error)}`;
  }
  return "accepted";
}

const ID = "1 to 32 of a-z, 0-9 and '-', beginning with a letter or digit";

/** Every message names the file, the key and what would be right. */
const REFUSED: readonly (readonly [what: string, text: string, problem: string])[] = [
  ["an empty file", "", "the file is empty; expected a mapping with site, chargePoints and services"],
  ["a list", "- a", 'expected a mapping with site, chargePoints and services, got ["a"]'],
  ["no site", GOOD.replace("site: test\n", ""), `site: is missing; expected text`],
  ["a site with blanks", GOOD.replace("test", "Test Site"), `site: expected ${ID}, got "Test Site"`],
  [
    "a misspelt part",
    `${GOOD}setting: {}`,
    "setting: unknown key; did you mean settings? expected site, name, chargePoints, lines, supply, circuits, services, settings",
  ],
  [
    "no charge points",
    GOOD.replace("[{ id: left, serial: 1 }]", "[]"),
    "chargePoints: expected at least one charge point, got []",
  ],
  [
    "charge points by name",
    GOOD.replace("[{ id: left, serial: 1 }]", "{ left: 1 }"),
    'chargePoints: expected a list, got {"left":1}',
  ],
  [
    "a point without serial",
    GOOD.replace(", serial: 1", ""),
    "chargePoints[0].serial: is missing; expected a whole number 1..4294967295",
  ],
  [
    "a serial in words",
    withPoint("serial: one"),
    'chargePoints[0].serial: expected a whole number 1..4294967295, got "one"',
  ],
  ["a serial 0", withPoint("serial: 0"), "chargePoints[0].serial: expected a whole number 1..4294967295, got 0"],
  [
    "a serial too large",
    withPoint("serial: 4294967296"),
    "chargePoints[0].serial: expected a whole number 1..4294967295, got 4294967296",
  ],
  [
    "a misspelt key",
    withPoint("serial: 1, phasess: 3"),
    "chargePoints[0].phasess: unknown key; did you mean phases? expected id, serial, name, phases, phaseRotation, safeCurrentA, minimumA, part",
  ],
  ["two phases", withPoint("serial: 1, phases: 2"), "chargePoints[0].phases: expected 1 or 3, got 2"],
  [
    "a minimum no car needs",
    withPoint("serial: 1, minimumA: 40"),
    "chargePoints[0].minimumA: expected 6..32 A, got 40",
  ],
  ["a part of nothing", withPoint("serial: 1, part: 0"), "chargePoints[0].part: expected 0.1..10, got 0"],
  [
    "a safe current no pilot can signal",
    withPoint("serial: 1, safeCurrentA: 4"),
    "chargePoints[0].safeCurrentA: expected 0 or 6..32 A, got 4",
  ],
  [
    "a safe current too large",
    withPoint("serial: 1, safeCurrentA: 40"),
    "chargePoints[0].safeCurrentA: expected 0 or 6..32 A, got 40",
  ],
  [
    "a negative safe current",
    withPoint("serial: 1, safeCurrentA: -6"),
    "chargePoints[0].safeCurrentA: expected 0 or 6..32 A, got -6",
  ],
  [
    "a safe current that is no number",
    withPoint("serial: 1, safeCurrentA: .nan"),
    "chargePoints[0].safeCurrentA: expected 0 or 6..32 A, got NaN",
  ],
  [
    "a phase twice",
    withPoint("serial: 1, phaseRotation: [l1, l1, l2]"),
    'chargePoints[0].phaseRotation: expected each of l1, l2, l3 once, got ["l1","l1","l2"]',
  ],
  [
    "a phase missing",
    withPoint("serial: 1, phaseRotation: [l1, l2]"),
    'chargePoints[0].phaseRotation: expected each of l1, l2, l3 once, got ["l1","l2"]',
  ],
  [
    "a fourth phase",
    withPoint("serial: 1, phaseRotation: [l1, l2, l4]"),
    'chargePoints[0].phaseRotation[2]: expected l1 or l2 or l3, got "l4"',
  ],
  [
    "an empty name",
    withPoint("serial: 1, name: ''"),
    'chargePoints[0].name: expected text of 1 to 40 characters, got ""',
  ],
  [
    "an id twice",
    withPoint("serial: 1 }, { id: left, serial: 2"),
    "chargePoints[1].id: left stands at chargePoints[0] already",
  ],
  [
    "a serial twice",
    withPoint("serial: 1 }, { id: right, serial: 1"),
    "chargePoints[1].serial: 1 stands at chargePoints[0] already",
  ],
  ["no services", GOOD.replace("[{ service: settings }]", "[]"), "services: expected at least one service, got []"],
  [
    "a service without name",
    GOOD.replace("service: settings", "id: x"),
    "services[0].service: is missing; expected text of 1 to 40 characters",
  ],
  [
    "a service id in capitals",
    GOOD.replace("settings }", "meter, id: MAINS }"),
    `services[0].id: expected ${ID}, got "MAINS"`,
  ],
  [
    "a service twice",
    GOOD.replace("}]\nservices: [", "}]\nservices: [{ service: settings }, "),
    "services[1].id: settings on main stands at services[0] already",
  ],
  [
    "a line of unknown kind",
    withLine("{ kind: usb, path: x }"),
    'lines.din-rail.kind: expected kind serial, tcp or rtu-tcp, got "usb"',
  ],
  [
    "a line without path",
    withLine("{ kind: serial }"),
    "lines.din-rail.path: is missing; expected text of 1 to 255 characters",
  ],
  [
    "an odd baud rate",
    withLine("{ kind: serial, path: x, baudRate: 9601 }"),
    "lines.din-rail.baudRate: expected 1200 or 2400 or 4800 or 9600 or 19200 or 38400 or 57600 or 115200, got 9601",
  ],
  [
    "a port too large",
    withLine("{ kind: tcp, host: x, port: 70000 }"),
    "lines.din-rail.port: expected a whole number 1..65535, got 70000",
  ],
  [
    "a line id with blanks",
    `${GOOD}lines: { "din rail": { kind: tcp, host: x } }`,
    `lines.din rail: expected as key ${ID}, got "din rail"`,
  ],
  [
    "a setting that is true",
    `${GOOD}settings: { site: { lcd_pin: true } }`,
    "settings.site.lcd_pin: expected a number or text or a list, got true",
  ],
  [
    "settings of no owner",
    `${GOOD}settings: { sites: {} }`,
    "settings.sites: unknown key; did you mean site? expected site, points",
  ],
  [
    "a circuit below one that is not there",
    withCircuits("{ id: garage, limitA: 32, parent: hall, points: [left] }"),
    'circuits[0].parent: there is no circuit "hall"; expected none, as there is no other circuit',
  ],
  [
    "circuits that feed each other",
    withCircuits(
      "{ id: a, limitA: 32, parent: c, points: [left] }, { id: b, limitA: 32, parent: a }, { id: c, limitA: 32, parent: b }",
    ),
    'circuits[0].parent: circuit "a" feeds itself: a < c < b < a; expected no loop',
  ],
  [
    "a circuit that feeds itself",
    withCircuits("{ id: a, limitA: 32, parent: a, points: [left] }"),
    'circuits[0].parent: circuit "a" feeds itself: a < a; expected no loop',
  ],
  [
    "a point on two circuits",
    withCircuits("{ id: a, limitA: 32, points: [left] }, { id: b, limitA: 32, points: [left] }"),
    'circuits[1].points[0]: charge point "left" stands in circuit "a" (circuits[0]) already; expected each point on one circuit, the circuits above it follow from parent',
  ],
  [
    "a circuit of an unknown point",
    withCircuits("{ id: a, limitA: 32, points: [middle] }"),
    'circuits[0].points[0]: there is no charge point "middle"; expected one of: left',
  ],
  [
    "a circuit that feeds nobody",
    withCircuits("{ id: a, limitA: 32, points: [left] }, { id: b, limitA: 32, parent: a }"),
    'circuits[1].points: expected a charge point on circuit "b" or below it',
  ],
  [
    "two circuits of one name",
    withCircuits("{ id: a, limitA: 32, points: [left] }, { id: a, limitA: 20 }"),
    "circuits[1].id: a stands at circuits[0] already",
  ],
  [
    "a circuit without a fuse that is one",
    withCircuits("{ id: a, limitA: 5, points: [left] }"),
    "circuits[0].limitA: expected 6..1000 A, or { l1, l2, l3 } of them, got 5",
  ],
  [
    "a circuit with one phase forgotten",
    withCircuits("{ id: a, limitA: { l1: 32, l2: 32 }, points: [left] }"),
    'circuits[0].limitA: expected 6..1000 A, or { l1, l2, l3 } of them, got {"l1":32,"l2":32}',
  ],
  [
    "a circuit with a meter that is none of circuits",
    withCircuits("{ id: a, limitA: 32, points: [left], meter: mains }"),
    'circuits[0].meter: there is no meter "mains" of role circuit; expected one of: sub',
  ],
  [
    "one meter for two circuits",
    withCircuits("{ id: a, limitA: 32, points: [left], meter: sub }, { id: b, limitA: 40, parent: a, meter: sub }"),
    "circuits[1].meter: sub is the meter of circuits[0] already",
  ],
  [
    "two meters of the circuit of all points",
    withCircuits("{ id: a, limitA: 32, points: [left] }").replace(
      "{ service: settings }",
      "{ service: settings }, { service: meter, id: other, role: circuit }",
    ),
    'services[3].role: meter "sub" is a second one for the circuit of all points; expected it as meter of one of circuits',
  ],
  [
    "a misspelt key of a circuit",
    withCircuits("{ id: a, limitA: 32, point: [left] }"),
    "circuits[0].point: unknown key; did you mean points? expected id, limitA, parent, points, meter",
  ],
];

t.test("a bad site file is refused with file, key and what would be right", async t => {
  for (const [what, text, problem] of REFUSED) t.equal(refusal(text), `cabinet.yaml: ${problem}`, what);
});

t.test("several problems are told at once, one per line", async t => {
  t.equal(
    refusal("site: 1\nchargePoints: {}\nservices: x\n"),
    'cabinet.yaml:\n  site: expected text, got 1\n  chargePoints: expected a list, got {}\n  services: expected a list, got "x"',
  );
});

t.test("what is not YAML is told with line and column", async t => {
  t.match(refusal("site: [a"), /^cabinet\.yaml: not YAML: .* at line 1, column 9/);
  t.match(refusal(`site: ${"[".repeat(20_000)}${"]".repeat(20_000)}`), /^cabinet\.yaml: not YAML: nested too deeply$/);
  t.match(refusal(`${GOOD}site: again\n`), /^cabinet\.yaml: not YAML: Map keys must be unique at line 4, column 1/);
});

t.test("a file that is not there is named with the reason", async t => {
  t.throws(() => readSiteFile("/nowhere/site.yaml"), {
    code: "site-file.invalid",
    message: "/nowhere/site.yaml: there is no such file",
  });
  const dir = mkdtempSync(join(tmpdir(), "evse-site-"));
  t.throws(() => readSiteFile(dir), {
    code: "site-file.invalid",
    message: `${dir}: expected a site file, got a directory`,
  });
  t.throws(() => readSiteFile(join("/etc/passwd", "x")), { message: /cannot be read: ENOTDIR/ });
  writeFileSync(join(dir, "huge.yaml"), `${GOOD}#${"x".repeat(4_000_000)}`);
  t.throws(() => readSiteFile(join(dir, "huge.yaml")), {
    message: /huge\.yaml: expected at most 4000000 characters, got 4/,
  });
  writeFileSync(join(dir, "site.yaml"), GOOD);
  t.equal(readSiteFile(join(dir, "site.yaml")).site, "test");
  rmSync(dir, { recursive: true });
});

t.test("a small site file is enough, and the rest has its defaults", async t => {
  t.same(parseSite(GOOD, "cabinet.yaml"), {
    file: "cabinet.yaml",
    site: "test",
    chargePoints: [{ id: "left", serial: 1, phases: 3, phaseRotation: ["l1", "l2", "l3"], safeCurrentA: 0, part: 1 }],
    lines: {},
    supply: {},
    circuits: [],
    services: [{ service: "settings" }],
    settings: { site: {}, points: {} },
  });
});

t.test("circuits of any depth: each with every point below it and its meter", async t => {
  const site = parseSite(
    GOOD.replace(
      "[{ id: left, serial: 1 }]",
      "[{ id: left, serial: 1 }, { id: right, serial: 2 }, { id: yard, serial: 3 }]",
    ).replace(
      "{ service: settings }",
      "{ service: meter, id: sub, role: circuit }, { service: meter, id: all, role: circuit }",
    ) +
      "circuits: [{ id: garage, limitA: 32, points: [left], parent: hall }, { id: box, limitA: { l1: 16, l2: 20, l3: 16 }, points: [right], parent: garage }, { id: hall, limitA: 50, points: [], meter: sub }]",
    "cabinet.yaml",
  );
  t.strictSame(circuitPlans(site), [
    { id: "garage", limitA: [32, 32, 32], members: ["left", "right"], meterId: null },
    { id: "box", limitA: [16, 20, 16], members: ["right"], meterId: null },
    { id: "hall", limitA: [50, 50, 50], members: ["left", "right"], meterId: "sub" },
  ]);
  t.equal(measuresAllPoints(site, "sub"), false);
  t.equal(measuresAllPoints(site, "all"), true);
});

t.test("fuses of a large site begin where the settings end", async t => {
  t.strictSame(parseSite(`${GOOD}\nsupply: { mainsA: 630, circuitA: 400 }`, "cabinet.yaml").supply, {
    mainsA: 630,
    circuitA: 400,
  });
  t.strictSame(parseSite(GOOD, "cabinet.yaml").supply, {});
  t.match(refusal(`${GOOD}\nsupply: { mainsA: 63 }`), /supply.mainsA: expected 201..1000 A/);
  t.match(refusal(`${GOOD}\nsupply: { circuitA: 4000 }`), /supply.circuitA: expected 161..1000 A/);
  t.match(refusal(`${GOOD}\nsupply: { main: 630 }`), /supply.*main/);
});

t.test("a node takes its own instances; an unknown one is told the known ones", async t => {
  const site = parseSite(
    GOOD.replace("[{ service: settings }]", "[{ service: settings }, { service: pilot, id: left, node: garage }]"),
    "cabinet.yaml",
  );
  t.strictSame(nodesOf(site), ["main", "garage"]);
  t.strictSame(instancesOf(site, "garage").map(nameOfInstance), ["pilot-left"]);
  t.strictSame(instancesOf(site, undefined).map(nameOfInstance), ["settings", "pilot-left"]);
  t.throws(() => instancesOf(site, "attic"), {
    message: "cabinet.yaml: NODE_ID=attic names no node of this site; expected one of: main, garage",
  });
});

t.test("whatever stands in a file, it is accepted or refused as a site file, never a crash", async () => {
  const anything = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({ site: fc.anything(), chargePoints: fc.array(fc.anything()), lines: fc.anything() })
      .map(value => JSON.stringify(value)),
  );
  fc.assert(fc.property(anything, text => !refusal(text).startsWith("another error")));
});
