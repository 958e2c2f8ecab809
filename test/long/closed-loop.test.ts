import t from "tap";
import { simulate } from "../bench/closed-loop/plant.ts";
import { loadBaselines, totalsOf } from "../bench/closed-loop/report.ts";
import { listScenarios, loadScenario } from "../bench/closed-loop/scenario.ts";
import { createController } from "../bench/controller-core.ts";

t.test("the product's cores in the simulated house, beside a well-known controller on the same scenarios", async t => {
  const names = listScenarios()
    .filter(({ cls }) => cls === "smart")
    .map(({ name }) => name);
  const ours = totalsOf(
    names.map(name => {
      const scenario = loadScenario(name);
      return simulate(scenario, createController(scenario.init));
    }),
  );
  const column = loadBaselines().find(({ name }) => name === "peer");
  if (column === undefined) throw new Error("the baselines lack the peer");
  const peer = totalsOf(names.map(name => column.results.get(name)!));
  t.equal(names.length, 11);
  t.ok(ours.over10S <= 0.85 * peer.over10S, `${ours.over10S} s over the limit by 10 %, the peer ${peer.over10S}`);
  t.ok((ours.shareOfIdeal ?? 0) >= 0.96, `${ours.shareOfIdeal?.toFixed(4)} of the ideal energy`);
  t.ok(
    ours.contactorOps <= 0.6 * peer.contactorOps,
    `${ours.contactorOps} contactor operations, the peer ${peer.contactorOps}`,
  );
});

t.test("several cars on one site: nobody over the limit for longer than a single car would be", async t => {
  for (const name of ["share2_limit", "share4_site", "share8_site"]) {
    const scenario = loadScenario(name);
    const result = simulate(scenario, createController(scenario.init));
    const peer = loadBaselines()
      .find(column => column.name === "peer")
      ?.results.get(name);
    t.ok(
      result.over10S <= (peer?.over10S ?? 0),
      `${name}: ${result.over10S} s over by 10 %, the peer ${peer?.over10S}`,
    );
    t.ok((result.utilisation ?? 0) >= 0.97, `${name}: ${result.utilisation} of the ideal energy`);
    t.equal(result.openUnderLoad, 0);
  }
});
