import { availableParallelism } from "node:os";
import { runTests, testFiles } from "./lib/run-tests.ts";
import { runStage, staticStages } from "./lib/stages.ts";

/** The quick inner loop: what needs no server, no browser and no process of its own. Those that wait most come first. */
const FOLDERS = ["simulation", "integration", "contract", "unit"];
/** More than there are cores where these are few: many tests of the shells wait for real sockets and lines. */
const PROCESSES = Math.max(3, availableParallelism());

const startedAt = performance.now();
let broken = 0;

async function checkSources(): Promise<void> {
  for (const stage of staticStages({ cached: true })) {
    const { name, ok, seconds, output } = await runStage(stage);
    told(ok, name, seconds, output);
  }
}

async function checkBehaviour(): Promise<void> {
  const from = performance.now();
  const results = await runTests(testFiles(FOLDERS), { processes: PROCESSES, quick: true }, result => {
    if (!result.ok) told(false, result.file, result.seconds, result.output);
  });
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  const seconds = (performance.now() - from) / 1000;
  if (passed === 0 && failed === 0) told(false, "tests", seconds, "no test ran");
  else process.stdout.write(`${failed === 0 ? "ok    " : "FAILED"} ${passed} tests ${seconds.toFixed(1)} s\n`);
}

await Promise.all([checkSources(), checkBehaviour()]);
const seconds = (performance.now() - startedAt) / 1000;
process.stdout.write(`${broken === 0 ? "all well" : `${broken} failed`}, ${seconds.toFixed(1)} s\n`);
process.exit(broken === 0 ? 0 : 1);

function told(ok: boolean, name: string, seconds: number, output: string): void {
  if (!ok) broken += 1;
  process.stdout.write(`${ok ? "ok    " : "FAILED"} ${name} ${seconds.toFixed(1)} s\n`);
  if (!ok) process.stdout.write(`${output.trim()}\n`);
}
