import { runTests, testFiles } from "./lib/run-tests.ts";
import { runStage, staticStages } from "./lib/stages.ts";

/** The quick inner loop: what needs no server, no browser and no process of its own. */
const FOLDERS = ["unit", "contract", "integration", "simulation"];

const startedAt = performance.now();
let broken = 0;

async function checkSources(): Promise<void> {
  for (const stage of staticStages()) {
    const { name, ok, seconds, output } = await runStage(stage);
    told(ok, name, seconds, output);
  }
}

async function checkBehaviour(): Promise<void> {
  const from = performance.now();
  const report = await runTests(testFiles(FOLDERS), 2, result => {
    if (!result.ok) told(false, result.file, result.seconds, result.output);
  });
  told(
    report.failed === 0 && report.passed > 0,
    `${report.passed} tests`,
    (performance.now() - from) / 1000,
    "no test ran",
  );
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
