import t from "tap";
import { z } from "zod";
import { SiteFileError } from "../../shared/errors.ts";
import { checkSite, createServices, entry } from "../../shared/site/assemble.ts";
import { nodesCarrying, parseSite } from "../../shared/site/site-file.ts";

const none = z.strictObject({});
const entries = [
  entry<null, typeof none>({ service: "settings", id: "none", config: none, create: () => ({ name: "settings" }) }),
  entry<null, typeof none>({
    service: "evse",
    id: "charge-point",
    config: none,
    create: (_, __, { id }) => ({ name: `evse-${id}` }),
  }),
  entry({
    service: "pilot",
    id: "charge-point",
    config: z.strictObject({ link: z.strictObject({ port: z.number().int().min(1).max(65_535) }) }),
    create: (_around: null, config) => ({ name: `pilot-${config.link.port}` }),
  }),
  entry({
    service: "meter",
    id: "any",
    config: z.strictObject({ line: z.string() }),
    linesOf: ({ line }) => [{ line, path: "line" }],
    create: () => ({ name: "meter" }),
  }),
];

const GOOD = `
site: home
chargePoints: [{ id: left, serial: 1 }]
lines: { rail: { kind: tcp, host: 127.0.0.1, port: 1502 } }
services:
  - { service: settings }
  - { service: evse, id: left, node: a }
  - { service: pilot, id: left, node: a, link: { port: 1 } }
  - { service: meter, id: mains, node: b, line: rail }
`;

const check = (text: string) => checkSite(parseSite(text, "home.yaml"), entries);

t.test("a good site passes, and each node gets its own services", async t => {
  t.doesNotThrow(() => check(GOOD));
  const site = parseSite(GOOD, "home.yaml");
  t.strictSame(
    createServices(site, "a", entries, null).map(schema => schema.name),
    ["evse-left", "pilot-1"],
  );
  t.equal(createServices(site, undefined, entries, null).length, 4);
});

const REFUSED: readonly (readonly [what: string, from: string, to: string, message: RegExp])[] = [
  [
    "a value out of range",
    "port: 1 }",
    "port: 70000 }",
    /services\[2\]\.link\.port: expected a number of at most 65535, got 70000/,
  ],
  ["a value of the wrong type", "port: 1 }", "port: x }", /services\[2\]\.link\.port: expected a number, got "x"/],
  ["a missing part", ", link: { port: 1 }", "", /services\[2\]\.link: is missing; expected a mapping/],
  [
    "a key nobody knows",
    "link: {",
    "lnk: 1, link: {",
    /services\[2\]\.lnk: unknown key; did you mean link\? expected link/,
  ],
  [
    "a service nobody knows",
    "service: meter",
    "service: metre",
    /services\[3\]\.service: there is no service "metre".*meter.*Expected one of: settings, evse, pilot, meter/,
  ],
  ["an id where none belongs", "service: settings", "service: settings, id: x", /services\[0\]\.id: .*expected no id/],
  ["a missing id", "service: meter, id: mains", "service: meter", /services\[3\]\.id: is missing; expected a name/],
  [
    "an id that is no charge point",
    "evse, id: left",
    "evse, id: middle",
    /services\[1\]\.id: there is no charge point "middle"; expected one of: left/,
  ],
  [
    "a charge point without evse",
    "- { service: evse, id: left, node: a }",
    "",
    /chargePoints\[0\]: charge point "left" has no evse; add/,
  ],
  [
    "evse and pilot apart",
    "evse, id: left, node: a",
    "evse, id: left, node: b",
    /services\[2\]\.node: pilot "left" is on a and its evse .* on b; expected the same node/,
  ],
  [
    "a line nobody laid",
    "line: rail",
    "line: roof",
    /services\[3\]\.line: there is no line "roof"; expected one of: rail/,
  ],
  [
    "two owners of a line",
    "line: rail }",
    "line: rail }\n  - { service: meter, id: pv, node: c, line: rail }",
    /services\[4\]\.line: line "rail" is used on c and by services\[3\] on b; expected one node/,
  ],
];

t.test("what may stand by stands on several nodes, anything else on one", async t => {
  const standby = entry({
    service: "balancer",
    id: "none",
    several: "standby",
    config: z.strictObject({}),
    create: () => ({ name: "balancer" }),
  });
  const twice = `${GOOD}  - { service: balancer, node: a }\n  - { service: balancer, node: b }\n`;
  const site = parseSite(twice, "home.yaml");
  t.doesNotThrow(() => checkSite(site, [...entries, standby]));
  t.strictSame(nodesCarrying(site, "balancer"), ["a", "b"]);
  const names = createServices(site, undefined, [...entries, standby], null).map(schema => schema.name);
  t.equal(names.filter(name => name === "balancer").length, 1, "one process runs it once");
  const settings = `${GOOD}  - { service: settings, node: b }\n`;
  t.throws(
    () => checkSite(parseSite(settings, "home.yaml"), [...entries, standby]),
    /services\[4\]\.node: settings stands at services\[0\] already; on several nodes may stand: balancer/,
  );
});

for (const [what, from, to, message] of REFUSED) {
  t.test(`refuses ${what}, naming its path and what would be right`, async t => {
    t.ok(GOOD.includes(from), "the case changes something");
    t.throws(() => check(GOOD.replace(from, to)), message);
    t.throws(() => check(GOOD.replace(from, to)), SiteFileError);
  });
}

t.test("names every problem of a site at once", async t => {
  const text = GOOD.replace("port: 1 }", "port: 0 }")
    .replace("line: rail }", "line: roof }")
    .replace("service: settings", "service: x");
  t.throws(() => check(text), /services\[0\][\s\S]*services\[2\][\s\S]*services\[3\]/);
});
