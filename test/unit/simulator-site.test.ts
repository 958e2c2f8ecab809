import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { type Command, parseCommand } from "../../services/simulator/scenario.core.ts";
import { simulatorConfig } from "../../services/simulator/simulator.config.ts";
import type { BoardDrives } from "../../services/simulator/simulator.port.ts";
import { advanceSite } from "../../services/simulator/site.core.ts";
import { namesOf, planSite, problemsInSimulator } from "../../services/simulator/site-plan.ts";
import {
  initialSite,
  type SiteInput,
  type SiteOutput,
  type SiteState,
} from "../../services/simulator/site-state.core.ts";
import { simulatorTruth } from "../../shared/contracts/simulator.ts";
import { readSiteFile, type Site } from "../../shared/site/site-file.ts";

const demo = readSiteFile(join(import.meta.dirname, "../../deploy/sites/demo.yaml"));

/** The simulator's part of a site file. */
function partOf(site: Site): unknown {
  const found = site.services.find(({ service }) => service === "simulator");
  return Object.fromEntries(Object.entries(found ?? {}).filter(([key]) => key !== "service" && key !== "node"));
}

const config = simulatorConfig.parse(partOf(demo));
const names = namesOf(config);
const offering: BoardDrives = { dutyPct: 26.6, pilotLine: true, contactorL1: true, contactorL23: true };
const tick: SiteInput = { kind: "tick", boards: { left: offering, right: offering } };

function run(state: SiteState, inputs: readonly SiteInput[]): { state: SiteState; outputs: SiteOutput[] } {
  const outputs: SiteOutput[] = [];
  let site = state;
  for (const input of inputs) {
    const moved = advanceSite(site, input);
    site = moved.state;
    outputs.push(...moved.outputs);
  }
  return { state: site, outputs };
}

const ticks = (count: number): SiteInput[] => Array.from({ length: count }, () => tick);

t.test("the demo site fits itself and shows its two cars, one after the other", async t => {
  t.strictSame(problemsInSimulator(config, demo), []);
  const { outputs } = run(initialSite(planSite(config, demo)), ticks(4 * 40));
  t.strictSame(
    outputs.flatMap(output => (output.kind === "present" ? [`${output.evseId} ${output.car.pilot}`] : [])),
    ["left B", "left C", "right B", "right C"],
  );
  t.strictSame(
    outputs.flatMap(output => (output.kind === "told" ? [output.done] : [])),
    ["left: car plugged in", "right: car plugged in"],
  );
});

t.test("at speed 10 a tenth of the ticks makes the same site", async t => {
  const plan = planSite(config, demo);
  const slow = run(initialSite(plan), ticks(1_000)).state;
  const fast = run(initialSite({ ...plan, speed: 10 }), ticks(100)).state;
  t.strictSame(fast.plant.step, slow.plant.step);
  const kWh = (site: SiteState): number[] => site.plant.cars.map(({ energyKWh }) => energyKWh);
  for (const [index, energyKWh] of kWh(slow).entries()) {
    t.ok(Math.abs(energyKWh - kWh(fast)[index]!) < 0.02, "but for the moment at which the second car comes");
  }
});

t.test("a car that is pulled and plugged in again between two steps begins from the start", async t => {
  const charging = run(initialSite(planSite(config, demo)), ticks(4 * 30)).state;
  t.match(charging.plant.cars[0], { pilot: "C", drawA: 15.96 });
  const replug = ["unplug left", "plug left"].map((words): SiteInput => {
    const parsed = parseCommand(words, names);
    if (!parsed.ok) throw new Error(parsed.error);
    return { kind: "command", command: parsed.value };
  });
  const { state, outputs } = run(charging, [...replug, tick]);
  t.match(state.plant.cars[0], { pilot: "B", drawA: 0 });
  t.strictSame(
    outputs.flatMap(output => (output.kind === "present" ? [output.car.pilot] : [])),
    ["A", "B"],
  );
});

const commands = [
  "house l1 30",
  "house l2 -200",
  "house auto",
  "roof 100000",
  "roof clouds",
  "plug left",
  "unplug left",
  "plug right",
  "unplug right",
  "car left full",
  "car left wants",
  "car left 1p",
  "car left 3p",
  "car left stuck",
  "car left obeys",
  "meter mains silent",
  "meter ev-left answers",
  "board left reset",
  "contactor right weld",
].map((words): Command => {
  const parsed = parseCommand(words, names);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
});
const drives: fc.Arbitrary<BoardDrives> = fc.record({
  dutyPct: fc.double({ min: 0, max: 100, noNaN: true }),
  pilotLine: fc.boolean(),
  contactorL1: fc.boolean(),
  contactorL23: fc.boolean(),
});
const input: fc.Arbitrary<SiteInput> = fc.oneof(
  fc.constantFrom(...commands).map((command): SiteInput => ({ kind: "command", command })),
  fc.record({ kind: fc.constant("tick" as const), boards: fc.record({ left: drives, right: drives }) }),
);

t.test("whatever is said and done: what it tells keeps the contract, and an unplugged car draws nothing", async () => {
  fc.assert(
    fc.property(fc.array(input, { minLength: 20, maxLength: 200 }), inputs => {
      const { outputs } = run(initialSite(planSite(config, demo)), inputs);
      return outputs.every(
        output =>
          output.kind !== "truth" ||
          (simulatorTruth.payload.safeParse(output.truth).success &&
            output.truth.cars.every(car => car.plugged || (car.drawA === 0 && car.pilot === "A"))),
      );
    }),
  );
});
