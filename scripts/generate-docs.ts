import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { contractSchemas, contractsPage } from "./docs/contracts.ts";
import { faultsPage } from "./docs/faults.ts";
import { metersPage } from "./docs/meters.ts";
import { redefinitions } from "./docs/redefinitions.ts";
import { requirementProblems, requirementsPage } from "./docs/requirements.ts";
import { settingsPage } from "./docs/settings.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SNAPSHOT = "test/fixtures/contracts.json";

/** Every generated file: its path in the repository, and what stands in it. */
export function generatedFiles(): readonly { readonly path: string; readonly text: string }[] {
  return [
    { path: "docs/contracts.md", text: contractsPage() },
    { path: "docs/faults.md", text: faultsPage() },
    { path: "docs/meters.md", text: metersPage() },
    { path: "docs/requirements.md", text: requirementsPage(ROOT) },
    { path: "docs/settings.md", text: settingsPage() },
    { path: SNAPSHOT, text: `${JSON.stringify(contractSchemas(), null, 1)}\n` },
  ];
}

/** Paths of generated files that differ from what would be written now. */
export function staleFiles(root: string): readonly string[] {
  return generatedFiles()
    .filter(({ path, text }) => readOr(`${root}/${path}`, "") !== text)
    .map(({ path }) => path);
}

/** What the contracts redefine against the snapshot of the repository. */
export function redefinedContracts(root: string): readonly string[] {
  const before: unknown = JSON.parse(readOr(`${root}/${SNAPSHOT}`, "{}"));
  return redefinitions(before, contractSchemas(), "");
}

function readOr(path: string, fallback: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : fallback;
}

function main(args: readonly string[]): number {
  const unknown = args.filter(arg => arg !== "--check");
  if (unknown.length > 0) {
    console.error(`generate-docs: unknown argument ${unknown.join(" ")}; expected nothing (write) or --check`);
    return 2;
  }
  if (args.includes("--check")) {
    const stale = staleFiles(ROOT);
    if (stale.length > 0) console.error(`generate-docs: stale: ${stale.join(", ")}; run npm run docs`);
    const unshown = requirementProblems(ROOT);
    if (unshown.length > 0) console.error(`generate-docs: requirements:\n${unshown.join("\n")}`);
    return stale.length + unshown.length > 0 ? 1 : 0;
  }
  const redefined = redefinedContracts(ROOT);
  if (redefined.length > 0) {
    console.error(
      `generate-docs: contracts are redefined; give what changed a new name, or remove its entry from ${SNAPSHOT} if nobody can know it yet:\n${redefined.join("\n")}`,
    );
    return 1;
  }
  for (const { path, text } of generatedFiles()) {
    mkdirSync(dirname(`${ROOT}/${path}`), { recursive: true });
    writeFileSync(`${ROOT}/${path}`, text);
    console.log(`wrote ${relative(process.cwd(), `${ROOT}/${path}`)}`);
  }
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));
