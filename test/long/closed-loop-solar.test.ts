import t from "tap";
import { simulate } from "../bench/closed-loop/plant.ts";
import { loadBaselines, totalsOf } from "../bench/closed-loop/report.ts";
import { loadScenario } from "../bench/closed-loop/scenario.ts";
import { createController } from "../bench/controller-core.ts";

// Five of the twelve, to be quick: `npm run -s bench:closed-loop -- --class solar` runs them all.
const NAMES = ["solar_rect_1p", "solar_rect_auto", "solar_finish", "solar_broken_1p", "solar_broken_zoe"];

t.test("the product's cores under a simulated roof, beside other controllers on the same scenarios", async t => {
  const results = NAMES.map(name => {
    const scenario = loadScenario(name);
    return simulate(scenario, createController(scenario.init));
  });
  const ours = totalsOf(results);
  const others = loadBaselines().map(({ results: known }) => totalsOf(NAMES.map(name => known.get(name)!)));
  const least = (pick: (totals: typeof ours) => number): number => Math.min(...others.map(pick));
  const ops = least(({ contactorOps }) => contactorOps);
  t.ok(ours.contactorOps <= ops / 2, `${ours.contactorOps} contactor operations, the best other ${ops}`);
  const switches = least(({ phaseSwitches }) => phaseSwitches);
  t.ok(ours.phaseSwitches <= switches / 2, `${ours.phaseSwitches} phase switches, the best other ${switches}`);
  const gridKWh = least(({ evGridKWh }) => evGridKWh ?? Infinity);
  t.ok((ours.evGridKWh ?? Infinity) <= gridKWh, `${ours.evGridKWh} kWh from the grid, the best other ${gridKWh}`);
  const floors = { solar_rect_1p: 0.96, solar_rect_auto: 0.94, solar_finish: 0.91, solar_broken_1p: 0.96 };
  for (const [name, floor] of Object.entries(floors)) {
    const share = results.find(result => result.name === name)?.selfShareUsable ?? 0;
    t.ok(share >= floor, `${name}: ${share} of the surplus used`);
  }
  for (const { name, openUnderLoad, livePhaseSwitch, over10S } of results) {
    t.strictSame(
      { openUnderLoad, livePhaseSwitch, over10S },
      { openUnderLoad: 0, livePhaseSwitch: 0, over10S: 0 },
      name,
    );
  }
});

t.test("two cars on one roof under broken clouds: no hunting", async t => {
  const scenario = loadScenario("solar_share2_broken");
  const result = simulate(scenario, createController(scenario.init));
  t.ok(result.contactor1Ops <= 6, `${result.contactor1Ops} contactor operations in 9 hours`);
  t.ok((result.selfShareUsable ?? 0) >= 0.94, `${result.selfShareUsable} of the surplus used`);
});
