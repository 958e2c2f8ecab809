import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir, runNode } from "./stages.ts";
import { type FileResult, TapReport } from "./tap-report.ts";

const TAP = "node_modules/tap/dist/esm/run.mjs";

/** The test files below these folders of test/, folder by folder. */
export function testFiles(folders: readonly string[]): readonly string[] {
  return folders.flatMap(folder => globSync(`test/${folder}/**/*.test.ts`, { cwd: projectDir }).sort());
}

/** Runs test files with tap. Resolves with what each came to; a failure of tap itself is a result of its own. */
export async function runTests(
  files: readonly string[],
  jobs: number,
  onFile: (result: FileResult) => void,
): Promise<TapReport> {
  await buildTapWhenChanged();
  const report = new TapReport(onFile);
  const { code, output } = await runNode([TAP, "run", "--reporter=tap", `--jobs=${jobs}`, ...files], line => {
    report.read(line);
  });
  report.end();
  const missing = files.length - report.results.length;
  if ((code !== 0 && report.failed === 0) || missing > 0) {
    const result = { file: "tap", passed: 0, failed: Math.max(1, missing), ok: false, seconds: 0, output };
    report.results.push(result);
    onFile(result);
  }
  return report;
}

/** As `runTests`, without tap's own runner: half the start-up of each file, which is most of a quick one. */
export async function runTestsQuickly(
  files: readonly string[],
  jobs: number,
  onFile: (result: FileResult) => void,
): Promise<{ passed: number; failed: number }> {
  const waiting = [...files];
  const total = { passed: 0, failed: 0 };
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
        const result = await runTestFile(file);
        total.passed += result.passed;
        total.failed += result.failed;
        onFile(result);
      }
    }),
  );
  return total;
}

async function runTestFile(file: string): Promise<FileResult> {
  const startedAt = performance.now();
  const report = new TapReport();
  // A file says alone what tap's runner would indent and close.
  const { code, output } = await runNode([file], line => {
    report.read(`    ${line}`);
  });
  report.read(`${code === 0 ? "" : "not "}ok 1 - ${file}`);
  report.end();
  const seconds = (performance.now() - startedAt) / 1000;
  const result = report.results[0] ?? { file, passed: 0, failed: 1, ok: false, seconds, output };
  return { ...result, seconds, output: result.output === "" ? output : result.output };
}

/** tap builds itself from its plugins once per installation. */
async function buildTapWhenChanged(): Promise<void> {
  const installed = join(projectDir, "node_modules/.evse-stamp");
  const stamp = existsSync(installed) ? readFileSync(installed, "utf8") : "";
  const builtFrom = join(projectDir, ".tap/.evse-stamp");
  if (stamp !== "" && existsSync(builtFrom) && readFileSync(builtFrom, "utf8") === stamp) return;
  const { code, output } = await runNode([TAP, "build"]);
  if (code !== 0) throw new Error(`tap build failed:\n${output}`);
  mkdirSync(join(projectDir, ".tap"), { recursive: true });
  writeFileSync(builtFrom, stamp);
}
