import t from "tap";
import { simulate } from "../bench/closed-loop/plant.ts";
import { loadBaselines } from "../bench/closed-loop/report.ts";
import { listScenarios, loadScenario } from "../bench/closed-loop/scenario.ts";
import { createController } from "../bench/controller-core.ts";

/** Every car of a ring of n has its turn within n - 1 turns of the others, and IDLE TMO for each. */
const SWAP_S = 120;

t.test("several cars, too little for all: beside other controllers on the same scenarios", async t => {
  const names = listScenarios()
    .filter(({ cls }) => cls === "share")
    .map(({ name }) => name);
  t.equal(names.length, 10);
  const baselines = loadBaselines();
  const bestOverS = Math.min(
    ...baselines.map(({ results }) => names.reduce((sum, name) => sum + (results.get(name)?.overS ?? Infinity), 0)),
  );
  let overS = 0;
  let energyKWh = 0;
  let idealKWh = 0;
  for (const name of names) {
    const scenario = loadScenario(name);
    const { n, config } = scenario.init;
    const result = simulate(scenario, createController(scenario.init));
    overS += result.overS;
    energyKWh += result.energyKWh;
    idealKWh += result.idealKWh ?? 0;
    t.equal(result.openUnderLoad, 0, `${name}: no contactor opens under load`);
    if (config.rotationMin === 0) continue;
    t.ok((result.jainEnergy ?? 0) >= 0.95, `${name}: Jain ${result.jainEnergy}`);
    const roundS = (n - 1) * (config.rotationMin * 60 + config.idleTimeoutS) + SWAP_S;
    const longestS = Math.max(...result.longestStarveS);
    t.ok(longestS <= roundS, `${name}: ${longestS} s without current, one round is ${roundS} s`);
  }
  t.ok(overS <= 0.6 * bestOverS, `${overS} s over by 0.5 A, the best of the others ${bestOverS}`);
  t.ok(energyKWh / idealKWh >= 0.97, `${(energyKWh / idealKWh).toFixed(4)} of the ideal energy`);
});

t.test("by the sun, rotation on: both cars of a roof with sun for one have their turns [6.7-09]", async t => {
  const scenario = loadScenario("solar_share2_broken");
  const { init } = scenario;
  const config = { ...init.config, rotationMin: 30, minCurrentA: 14 };
  const result = simulate(scenario, createController({ ...init, config }));
  t.ok(
    result.perEvKWh.every(kWh => kWh >= 10),
    `${result.perEvKWh.join(" and ")} kWh`,
  );
});
