import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

export const projectDir = join(import.meta.dirname, "../..");

/** One check of the sources that is no test of behaviour: it passes or fails as a whole. */
export interface Stage {
  readonly name: string;
  /** Arguments of the project's Node. */
  readonly run: readonly string[];
}

export interface StageResult {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
  readonly output: string;
}

const TSC = "node_modules/typescript-native/bin/tsc";
const SOURCES = ["main.ts", "moleculer.config.ts", "cli", "services", "shared", "test", "scripts"];
const WEB = "services/api/web/tsconfig.json";

/** What is checked without running the program, the slowest first. */
export function staticStages({ lintCache }: { readonly lintCache: boolean }): readonly Stage[] {
  const cache = lintCache ? ["--cache", "--cache-strategy=content", "--cache-location=.tap/eslint-cache"] : [];
  return [
    { name: "lint", run: ["node_modules/eslint/bin/eslint.js", "--max-warnings=0", ...cache, "."] },
    {
      name: "layers",
      run: [
        "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs",
        "--config",
        ".dependency-cruiser.mjs",
        ...SOURCES,
      ],
    },
    { name: "types", run: [TSC, "--noEmit"] },
    ...(existsSync(join(projectDir, WEB)) ? [{ name: "types of the page", run: [TSC, "--noEmit", "-p", WEB] }] : []),
    { name: "format", run: ["node_modules/@biomejs/biome/bin/biome", "ci", "--colors=off", "."] },
    { name: "docs", run: ["scripts/generate-docs.ts", "--check"] },
  ];
}

/** Runs a program and keeps what it says; `onLine` hears its standard output as it comes. */
export async function runNode(
  args: readonly string[],
  onLine: (line: string) => void = () => undefined,
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: projectDir, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (rest !== "") onLine(rest);
      resolve({ code: code ?? 1, output: signal === null ? output : `${output}\nended by ${signal}` });
    });
  });
}

export async function runStage(stage: Stage): Promise<StageResult> {
  const startedAt = performance.now();
  const { code, output } = await runNode(stage.run);
  return { name: stage.name, ok: code === 0, seconds: (performance.now() - startedAt) / 1000, output };
}
