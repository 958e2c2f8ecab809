import { globSync } from "node:fs";
import { projectDir } from "./stages.ts";
import type { FileResult } from "./tap-report.ts";
import { TestProcess } from "./test-process.ts";

export interface TestRun {
  /** How many processes run tests at a time. */
  readonly processes: number;
  /** A process runs one file after another, and properties are tried on a part of the days. Else each file has its own. */
  readonly quick: boolean;
}

/** The test files below these folders of test/, folder by folder. */
export function testFiles(folders: readonly string[]): readonly string[] {
  return folders.flatMap(folder => globSync(`test/${folder}/**/*.test.ts`, { cwd: projectDir }).sort());
}

/** Runs test files in processes. Resolves with what each came to, in the order in which they ended. */
export async function runTests(
  files: readonly string[],
  { processes, quick }: TestRun,
  onFile: (result: FileResult) => void,
): Promise<readonly FileResult[]> {
  const waiting = [...files];
  const results: FileResult[] = [];
  const told = (result: FileResult): void => {
    results.push(result);
    onFile(result);
  };
  await Promise.all(
    Array.from({ length: Math.min(processes, files.length) }, async () => {
      while (waiting.length > 0) {
        const process = new TestProcess({ quick });
        for (let file = waiting.shift(); file !== undefined; file = quick ? waiting.shift() : undefined) {
          told(await process.run(file));
          // The others are not to suffer for a file that took its process with it.
          if (process.ended) break;
        }
        const broken = await process.end();
        if (broken !== null) told(broken);
      }
    }),
  );
  return results;
}
