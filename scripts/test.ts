import { installMissingPackages } from "./lib/packages.ts";
import { runTests, testFiles } from "./lib/run-tests.ts";
import { runStage, staticStages } from "./lib/stages.ts";
import { noTestRan, type Tally, tallyOf } from "./lib/tally.ts";

/** Every test there is. The last line is `N passed, N failed`; the exit code says the same. */
const FOLDERS = ["unit", "contract", "integration", "simulation", "long", "e2e", "browser"];
const JOBS = 2;

const stagesDone: boolean[] = [];

const refusal = installMissingPackages(say);
if (refusal !== null) {
  say(refusal);
  finish({ passed: 0, failed: 1 });
}

// Two at a time; each counts as one test.
const stages = [...staticStages({ cached: false })];
await Promise.all(
  Array.from({ length: JOBS }, async () => {
    for (let stage = stages.shift(); stage !== undefined; stage = stages.shift()) {
      const { name, ok, seconds, output } = await runStage(stage);
      stagesDone.push(ok);
      told(ok, name, seconds, output);
    }
  }),
);

// A file that passes here passes alone.
const results = await runTests(testFiles(FOLDERS), { processes: JOBS, quick: false }, result => {
  told(result.ok, `${result.file} (${result.passed})`, result.seconds, result.output);
});
const broken = results.filter(result => !result.ok);
if (broken.length > 0) say(`failed: ${broken.map(result => result.file).join(", ")}`);
if (noTestRan(results)) say("no test ran");
finish(tallyOf(stagesDone, results));

function told(ok: boolean, name: string, seconds: number, output: string): void {
  say(`${ok ? "ok    " : "FAILED"} ${name} ${seconds.toFixed(1)} s`);
  if (!ok) say(`${output.trim()}\n`);
}

function say(words: string): void {
  process.stdout.write(`${words}\n`);
}

function finish({ passed, failed }: Tally): never {
  say(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
