import t from "tap";
import { type RunResult, simulate } from "../bench/closed-loop/plant.ts";
import type { StepMessage } from "../bench/closed-loop/protocol.ts";
import { loadBaselines } from "../bench/closed-loop/report.ts";
import { loadScenario, type Scenario } from "../bench/closed-loop/scenario.ts";
import { createController } from "../bench/controller-core.ts";

/** What the baselines reach on a scenario, with their names. */
function baselinesOn(name: string): readonly (readonly [string, RunResult])[] {
  return loadBaselines().flatMap(({ name: who, results }) => {
    const result = results.get(name);
    return result === undefined ? [] : [[who, result] as const];
  });
}

/** Runs a scenario and tells the longest time that the meter showed the sum of the phases above a limit while the car drew. */
function runWatched(scenario: Scenario, limitA: number): { readonly result: RunResult; readonly longestS: number } {
  const controller = createController(scenario.init);
  let sinceS: number | null = null;
  let longestS = 0;
  const result = simulate(scenario, (message: StepMessage) => {
    const sumA = message.mainsCurrents[0] + message.mainsCurrents[1] + message.mainsCurrents[2];
    const drawn = message.evCurrents.some(currents => currents[0] > 0.3);
    if (sumA > limitA + 0.3 && drawn) {
      sinceS ??= message.mainsT;
      longestS = Math.max(longestS, message.t - sinceS);
    } else sinceS = null;
    return controller(message);
  });
  return { result, longestS };
}

t.test("CAPACITY under load steps: never above it for longer than a meter period and the car's reaction", async t => {
  const scenario = loadScenario("cap_sum_steps");
  const { result, longestS } = runWatched(scenario, scenario.config.maxSumMainsA);
  // Samples come every 2 s, half a second late; the car reacts after 2 s, ramps, and has 1.5 s to end its charging.
  t.ok(longestS <= 2 + 0.5 + 6, `${longestS} s`);
  t.ok(result.energyKWh >= 4.3, `${result.energyKWh} kWh`);
  t.equal(result.openUnderLoad, 0);
  // No baseline keeps it.
  for (const [who, baseline] of baselinesOn("cap_sum_steps")) {
    t.ok(result.sumOverS <= 0.3 * baseline.sumOverS, `${result.sumOverS} s over, ${who} ${baseline.sumOverS} s`);
  }
});

t.test("the quarter hour: the average is kept, with more energy than any baseline that keeps it [11-R3]", async t => {
  const scenario = loadScenario("cap_quarter_quiet");
  const limitW = scenario.config.capacityLimitW;
  const result = simulate(scenario, createController(scenario.init));
  // A meter period and the car's reaction at its minimum, spread over the quarter hour.
  const toleranceW = (3 * 6 * 230 * (2 + 6)) / 900;
  t.ok(result.quarterMaxW <= limitW + toleranceW, `${result.quarterMaxW} W`);
  t.ok(result.energyKWh >= 3.7, `${result.energyKWh} kWh of the 3.78 that the house leaves`);
  t.equal(result.openUnderLoad, 0);
  for (const [who, baseline] of baselinesOn("cap_quarter_quiet")) {
    const keeps = baseline.quarterMaxW <= limitW + toleranceW;
    t.ok(
      !keeps || result.energyKWh > baseline.energyKWh,
      `${who}: ${baseline.energyKWh} kWh, ${baseline.quarterMaxW} W`,
    );
  }
});
