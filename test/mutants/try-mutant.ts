import { spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Mutant, mutated } from "./mutant.ts";

const projectDir = fileURLToPath(new URL("../../", import.meta.url));
export const firmwareDir = join(projectDir, "services/pilot/firmware");
/** Where most of what these files do is looked at: there first, so that a fault is met soon. */
const TALK = /\/(config|firmata|main|memory|pilot|pins|reading|sampling|telemetry)\.[ch]$/;
/** Where a mutant is, and how its suite is to be run. */
interface Place {
  readonly dir: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A fault may make the board stand still, and a test wait for it. */
const PATIENCE_MS = 240_000;

/** The first sentence of the suite that fails with this fault in the board; null = nothing noticed it. */
export async function tryMutant(board: "firmware" | "virtual", mutant: Mutant): Promise<string | null> {
  const dir = mkdtempSync(join(tmpdir(), "board-mutant-"));
  try {
    const place = board === "firmware" ? builtFirmware(dir, mutant) : mutatedProject(dir, mutant);
    for (const suite of suitesOf(board, mutant)) {
      const failure = await firstFailure(suite, place);
      if (failure !== null) return failure;
    }
    return null;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function suitesOf(board: "firmware" | "virtual", { file }: Mutant): readonly string[] {
  if (board === "virtual") return ["test/contract/board-engine-virtual.test.ts"];
  const parts = TALK.test(file) ? ["talk", "protection", "only"] : ["protection", "talk", "only"];
  return parts.map(part => `test/long/board-engine-avr8js-${part}.test.ts`);
}

function builtFirmware(dir: string, mutant: Mutant): Place {
  cpSync(firmwareDir, dir, { recursive: true, filter: source => !source.endsWith("/build") });
  inject(dir, mutant);
  const made = spawnSync("make", ["-s", "-C", dir, "all", "WERROR="], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(`"${mutant.fault}" does not build: ${made.stderr}`);
  return { dir, cwd: projectDir, env: { EVSE_FIRMWARE_HEX: join(dir, "build", "evse-pilot.hex") } };
}

function mutatedProject(dir: string, mutant: Mutant): Place {
  for (const folder of ["services", "shared", "test/contract", "test/support"]) {
    mkdirSync(join(dir, folder), { recursive: true });
    const filter = (source: string): boolean => !/\/(web|firmware\/build)$/.test(source);
    cpSync(join(projectDir, folder), join(dir, folder), { recursive: true, filter });
  }
  cpSync(join(projectDir, "package.json"), join(dir, "package.json"));
  symlinkSync(join(projectDir, "node_modules"), join(dir, "node_modules"));
  inject(dir, mutant);
  return { dir, cwd: dir, env: {} };
}

function inject(dir: string, mutant: Mutant): void {
  const path = join(dir, mutant.file);
  writeFileSync(path, mutated(readFileSync(path, "utf8"), mutant));
}

/** Into a file: a suite that bails out does not wait until a pipe is read. */
async function firstFailure(file: string, place: Place): Promise<string | null> {
  const { dir, cwd, env } = place;
  const heard = join(dir, "heard.txt");
  const out = openSync(heard, "w");
  const child = spawn(process.execPath, [file], {
    cwd,
    env: { ...process.env, ...env, TAP_BAIL: "1" },
    stdio: ["ignore", out, out],
    timeout: PATIENCE_MS,
  });
  const code = await new Promise<number | null>(resolve => child.on("close", resolve));
  closeSync(out);
  if (code === 0) return null;
  const output = readFileSync(heard, "utf8");
  const failure = /^ *not ok \d+(?: - )?(.*)$/m.exec(output)?.[1];
  // A suite that does not even start has found nothing.
  if (failure === undefined && code !== null) throw new Error(`${file} ended with ${code}: ${output.slice(-800)}`);
  return failure ?? "the suite did not end";
}
