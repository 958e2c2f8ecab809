import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const projectDir = join(import.meta.dirname, "../..");

/** One check of the sources that is no test of behaviour: it passes or fails as a whole. */
export interface Stage {
  readonly name: string;
  /** Arguments of the project's Node. */
  readonly run: readonly string[];
  /** What the result rests on: with the same it is not run again once it has passed. */
  readonly restsOn?: () => string;
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

/** Where checks remember what they saw. */
const CACHE = ".tap";

/**
 * What is checked without running the program, the slowest first. With `cached`, files that did not change are not looked
 * at again: for the inner loop. A type that changed elsewhere may then hide a finding of lint, so npm test goes without.
 */
export function staticStages({ cached }: { readonly cached: boolean }): readonly Stage[] {
  // What was found with other packages says nothing: types come from them.
  const seen = `${CACHE}/eslint-cache-${hashOf("package-lock.json")}`;
  const lint = cached ? ["--cache", "--cache-strategy=content", `--cache-location=${seen}`] : [];
  const types = (name: string) =>
    cached ? ["--incremental", "--tsBuildInfoFile", `${CACHE}/${name}.tsbuildinfo`] : [];
  return [
    { name: "lint", run: ["node_modules/eslint/bin/eslint.js", "--max-warnings=0", ...lint, "."] },
    {
      name: "layers",
      run: [
        "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs",
        "--config",
        ".dependency-cruiser.mjs",
        ...SOURCES,
      ],
      ...(cached ? { restsOn: importsOf } : {}),
    },
    { name: "types", run: [TSC, "--noEmit", ...types("types")] },
    ...(existsSync(join(projectDir, WEB))
      ? [{ name: "types of the page", run: [TSC, "--noEmit", "-p", WEB, ...types("page")] }]
      : []),
    { name: "format", run: ["node_modules/@biomejs/biome/bin/biome", "ci", "--colors=off", "."] },
    { name: "docs", run: ["scripts/generate-docs.ts", "--check"] },
  ];
}

function hashOf(file: string): string {
  return createHash("sha256")
    .update(readFileSync(join(projectDir, file)))
    .digest("hex")
    .slice(0, 12);
}

/** All that the layer rules look at: which files there are, every line that can be part of an import, and the rules. */
function importsOf(): string {
  const hash = createHash("sha256");
  const files = SOURCES.flatMap(source =>
    source.endsWith(".ts") ? [source] : globSync(`${source}/**/*.{ts,tsx,mjs,js,json}`, { cwd: projectDir }),
  );
  for (const file of files.sort()) {
    const lines = readFileSync(join(projectDir, file), "utf8").split("\n");
    hash.update(`${file}\0${lines.filter(line => /import|export|from|require|Builtin/.test(line)).join("\n")}\0`);
  }
  for (const file of [".dependency-cruiser.mjs", "package-lock.json"]) {
    hash.update(readFileSync(join(projectDir, file)));
  }
  return hash.digest("hex");
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

export async function runStage({ name, run, restsOn }: Stage): Promise<StageResult> {
  const startedAt = performance.now();
  const stamp = join(projectDir, CACHE, `${name}.passed`);
  const basis = restsOn?.();
  if (basis !== undefined && existsSync(stamp) && readFileSync(stamp, "utf8") === basis) {
    return { name: `${name} (nothing changed)`, ok: true, seconds: (performance.now() - startedAt) / 1000, output: "" };
  }
  const { code, output } = await runNode(run);
  if (code === 0 && basis !== undefined) {
    mkdirSync(join(projectDir, CACHE), { recursive: true });
    writeFileSync(stamp, basis);
  }
  return { name, ok: code === 0, seconds: (performance.now() - startedAt) / 1000, output };
}
