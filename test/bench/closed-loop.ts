/**
 * Closed loop: the product's controller in the simulated house, beside what others reach on the same scenarios.
 *
 *   npm run -s bench:closed-loop -- [PATTERN] [--class smart,share] [--json FILE]
 *                                     [--in-process [--controller FILE] | --spawn [--command "node other.js"]]
 *
 * PATTERN picks scenarios by name; without it the classes decide (default: smart). The controller is a module in this
 * process (FILE exports `createController`), or with `--spawn` a program of its own at the other end of the line protocol.
 */
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { startChild } from "./closed-loop/child.ts";
import { type RunResult, simulate, simulateAsync } from "./closed-loop/plant.ts";
import type { CreateController } from "./closed-loop/protocol.ts";
import { type Column, compare, loadBaselines, scenarioTable, totalsTable } from "./closed-loop/report.ts";
import { listScenarios, loadScenario, type Scenario } from "./closed-loop/scenario.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    class: { type: "string", default: "smart" },
    json: { type: "string" },
    spawn: { type: "boolean", default: false },
    "in-process": { type: "boolean", default: false },
    controller: { type: "string", default: "test/bench/controller-core.ts" },
    command: { type: "string" },
  },
});

if (options.spawn && options["in-process"]) refuse("--spawn and --in-process exclude each other");
const wanted = pick(positionals[0], options.class.split(","));
const runOne = options.spawn ? runProgram : inProcess(await loadController(options.controller));
const startedAt = performance.now();
const results = new Map<string, RunResult>();
for (const name of wanted) results.set(name, await runOne(loadScenario(name)));
const tookS = (performance.now() - startedAt) / 1000;

const ours: Column = { name: "ours", results };
const baselines = loadBaselines();
console.log(scenarioTable([ours, ...baselines], wanted));
console.log();
const totals = compare([ours, ...baselines], wanted);
console.log(totalsTable(totals));
console.log(`\n${wanted.length} scenarios in ${tookS.toFixed(1)} s`);
if (options.json !== undefined) {
  const report = { scenarios: [...results.values()], totals: Object.fromEntries(totals) };
  writeFileSync(options.json, `${JSON.stringify(report, null, 1)}\n`);
}

function pick(pattern: string | undefined, classes: readonly string[]): readonly string[] {
  const all = listScenarios();
  const unknown = classes.find(wantedClass => !all.some(({ cls }) => cls === wantedClass));
  if (unknown !== undefined)
    refuse(`--class ${unknown}: expected some of ${[...new Set(all.map(s => s.cls))].join(", ")}`);
  const names = all
    .filter(({ name, cls }) => (pattern === undefined ? classes.includes(cls) : name.includes(pattern)))
    .map(({ name }) => name);
  if (names.length > 0) return names;
  return refuse(`no scenario is called like ${pattern ?? ""}; there are: ${all.map(({ name }) => name).join(", ")}`);
}

async function loadController(file: string): Promise<CreateController> {
  const module = (await import(pathToFileURL(file).href)) as { createController?: CreateController };
  return module.createController ?? refuse(`--controller ${file}: expected a module that exports createController`);
}

function inProcess(createController: CreateController): (scenario: Scenario) => RunResult {
  return scenario => simulate(scenario, createController(scenario.init));
}

async function runProgram(scenario: Scenario): Promise<RunResult> {
  const command = options.command?.split(" ") ?? ["test/bench/controller.ts"];
  const child = await startChild(
    options.command === undefined ? [process.execPath, ...command] : command,
    scenario.init,
  );
  const result = await simulateAsync(scenario, message => child.step(message));
  await child.end();
  return result;
}

function refuse(why: string): never {
  console.error(why);
  process.exit(1);
}
