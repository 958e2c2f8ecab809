import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import t from "tap";
import { lineOf } from "../bench/closed-loop/line.ts";
import { createController } from "../bench/closed-loop/plain-follower.ts";
import { simulate } from "../bench/closed-loop/plant.ts";
import { listScenarios, loadScenario } from "../bench/closed-loop/scenario.ts";

// Written by the plant with which the baselines were measured, driven by the same controller.
const reference = JSON.parse(
  readFileSync(new URL("../bench/closed-loop/fixtures/reference-runs.json", import.meta.url), "utf8"),
) as Record<string, { messagesSha256: string; result: Record<string, unknown> }>;

for (const [name, expected] of Object.entries(reference)) {
  t.test(`${name}: tells every message and every measure as the plant of the baselines does`, async t => {
    const scenario = loadScenario(name);
    const controller = createController(scenario.init);
    const lines = createHash("sha256");
    // The others were not measured at MIN.
    const { evGridAtMinKWh, ...result } = simulate(scenario, message => {
      lines.update(`${lineOf(message)}\n`);
      return controller(message);
    });
    t.equal(lines.digest("hex"), expected.messagesSha256);
    t.strictSame(result, expected.result);
    t.ok((evGridAtMinKWh ?? 0) <= (result.evGridKWh ?? 0), `${evGridAtMinKWh} kWh of ${result.evGridKWh} at MIN`);
  });
}

t.test("every listed scenario can be loaded and fits its own description", async t => {
  const listed = listScenarios();
  t.equal(listed.length, 35);
  for (const { name, cls } of listed) {
    const scenario = loadScenario(name);
    t.equal(scenario.name, name);
    t.equal(scenario.cls, cls);
    t.equal(scenario.config.maxCurrentA.length, scenario.init.n);
    t.equal(scenario.visits.length, scenario.init.n);
    t.ok(scenario.houseA.every(row => row.every(Number.isFinite)));
  }
});
