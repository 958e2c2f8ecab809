import { readFileSync } from "node:fs";
import fc from "fast-check";
import t from "tap";
import { contractSchemas } from "../../scripts/docs/contracts.ts";
import { redefinitions } from "../../scripts/docs/redefinitions.ts";
import { redefinedContracts, staleFiles } from "../../scripts/generate-docs.ts";
import * as balancer from "../../shared/contracts/balancer.ts";
import * as evse from "../../shared/contracts/evse.ts";
import * as history from "../../shared/contracts/history.ts";
import { allFacts, allRequests } from "../../shared/contracts/index.ts";
import * as insight from "../../shared/contracts/insight.ts";
import * as lease from "../../shared/contracts/lease.ts";
import * as limits from "../../shared/contracts/limits.ts";
import * as meter from "../../shared/contracts/meter.ts";
import * as pilot from "../../shared/contracts/pilot.ts";
import * as rfid from "../../shared/contracts/rfid.ts";
import * as settings from "../../shared/contracts/settings.ts";
import * as simulator from "../../shared/contracts/simulator.ts";
import * as solar from "../../shared/contracts/solar.ts";
import { idSchema, offerA } from "../../shared/contracts/units.ts";

const root = new URL("../..", import.meta.url).pathname;
const everything = [...allFacts, ...allRequests];

t.test("every example keeps its contract and is not changed by parsing", async t => {
  for (const fact of allFacts) t.same(fact.payload.parse(fact.example), fact.example, fact.name);
  for (const asked of allRequests) t.same(asked.params.parse(asked.example), asked.example, asked.name);
});

t.test("every name is owner.word, stands there once, and an id fits into a subject", async t => {
  const owners = [
    "meter",
    "balancer",
    "evse",
    "pilot",
    "settings",
    "simulator",
    "history",
    "cards",
    "rfid",
    "access",
    "solar",
    "limits",
    "lease",
  ];
  for (const { name } of everything) {
    t.match(name, /^[a-z]+\.[a-z]+(-[a-z]+)*$/);
    t.ok(owners.includes(name.slice(0, name.indexOf("."))), `${name} has an owner`);
  }
  t.equal(new Set(everything.map(contract => contract.name)).size, everything.length);
  for (const fact of allFacts) t.equal(idSchema.safeParse(fact.idOf(fact.example)).success, true, fact.name);
});

t.test("every fact lives longer than its owner takes to repeat it, twice over", async t => {
  for (const { name, everyMs, expiresAfterMs } of allFacts) {
    if (expiresAfterMs === null) continue;
    t.ok(everyMs !== null && expiresAfterMs >= 2 * everyMs, name);
  }
});

t.test("every contract that is defined is in the catalogue", async t => {
  const modules: readonly object[] = [
    balancer,
    evse,
    meter,
    pilot,
    rfid,
    settings,
    simulator,
    history,
    insight,
    limits,
    solar,
    lease,
  ];
  const defined = modules.flatMap(module => Object.values(module) as unknown[]).filter(isContract);
  t.strictSame(defined.map(contract => contract.name).sort(), everything.map(contract => contract.name).sort());
});

t.test("nothing is redefined: fields are added, a redefinition takes a new name", async t => {
  t.strictSame(redefinedContracts(root), [], "see docs/contracts.md; the snapshot is test/fixtures/contracts.json");
});

t.test("documentation and snapshot are what the code says (npm run docs)", async t => {
  t.strictSame(staleFiles(root), []);
});

t.test("the check for redefinitions finds them and lets additions pass", async t => {
  const before = contractSchemas();
  t.strictSame(redefinitions(before, before, ""), []);
  const change = (edit: (schema: never) => unknown) => {
    const after = structuredClone(before);
    edit(after as never);
    return redefinitions(before, after, "");
  };
  type Editable = Record<string, { payload: { properties: Record<string, object>; required: string[] } }>;
  const grant = (schemas: Editable) => schemas["evse.grant"]!.payload;
  t.strictSame(
    change((all: Editable) => void Object.assign(grant(all).properties, { note: { type: "string" } })),
    [],
  );
  t.strictSame(
    change((all: Editable) => void Object.assign(all, { "new.fact": {} })),
    [],
  );
  t.match(
    change((all: Editable) => delete grant(all).properties["offerA"]),
    [/evse\.grant\.payload\.properties\.offerA: is gone/],
  );
  t.match(
    change((all: Editable) => void Object.assign(grant(all).properties["offerA"]!, { maximum: 100 })),
    [/maximum: was 80, is 100/],
  );
  t.match(
    change((all: Editable) => void Object.assign(grant(all).properties["pilot"]!, { enum: ["idle"] })),
    [/"offer" is gone/, /./, /./],
  );
  t.match(
    change((all: Editable) => grant(all).required.shift()),
    [/required: "evseId" is gone/],
  );
  t.match(
    change((all: Editable) => delete all["evse.grant"]),
    [/evse\.grant: is gone/],
  );
});

t.test("an offer is 0 or 6..80 A, whatever the number", async () => {
  fc.assert(
    fc.property(fc.oneof(fc.double(), fc.double({ min: -1, max: 90 })), value => {
      return offerA.safeParse(value).success === (value === 0 || (value >= 6 && value <= 80));
    }),
  );
});

t.test("the documentation names every fact, its subject and every setting", async t => {
  const contracts = readFileSync(`${root}/docs/contracts.md`, "utf8");
  for (const fact of allFacts) {
    const [owner, word] = fact.name.split(".");
    t.ok(contracts.includes(`edge.<site>.${owner}.<id>.${word}`), fact.name);
  }
  t.match(contracts, /\| `offerA` \| number, 0 or 6\.\.80 \|/);
  const page = readFileSync(`${root}/docs/settings.md`, "utf8");
  t.match(
    page,
    /\| `current_min` \| MIN \| .* \| site \| 6\.\.16 A \| 6 A \| there is a mains meter; not on a node \| yes \|/,
  );
});

function isContract(value: unknown): value is { readonly name: string } {
  const kind = (value as { kind?: unknown } | null)?.kind;
  return kind === "fact" || kind === "request";
}
