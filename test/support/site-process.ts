import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Teardown, until } from "./servers.ts";

const projectDir = join(import.meta.dirname, "../..");

export interface SiteProcess {
  readonly child: ChildProcess;
  /** Everything it has said so far. */
  said(): string;
  /** Waits until it says this; with `from`, only what it said after that many characters counts. */
  says(pattern: RegExp, options?: { readonly withinMs?: number; readonly from?: number }): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
  /** As a terminal's Ctrl-C: to it and to whatever it started that is still in its process group. */
  signalGroup(name: NodeJS.Signals): void;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

export interface SiteProcessOptions {
  readonly siteFile?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the program as its own process, as a gateway would. What it said is shown when the test fails. */
export function startSite(t: Teardown, options: SiteProcessOptions): SiteProcess {
  const args = [...(options.siteFile === undefined ? [] : ["--site", options.siteFile]), ...(options.args ?? [])];
  return startProgram(t, "start.mjs", args, options.env ?? {});
}

/** As `startSite`, for any of the project's programs. */
export function startProgram(
  t: Teardown,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): SiteProcess {
  const child = spawn(process.execPath, [join(projectDir, program), ...args], {
    cwd: projectDir,
    // The environment of the person who runs the tests must not reach in.
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // The leader of a group of its own.
    detached: true,
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  const ended = once(child, "close").then(() => child.exitCode ?? child.signalCode ?? "gone");
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await ended;
  });
  return {
    child,
    said: () => said,
    async says(pattern, { withinMs = 120_000, from = 0 } = {}) {
      try {
        return await until(`${program} says ${String(pattern)}`, () => pattern.exec(said.slice(from)), withinMs);
      } catch (error) {
        throw new Error(`${error instanceof Error ? error.message : ""}; it said:\n${said.slice(-4_000)}`, {
          cause: error,
        });
      }
    },
    signal: name => void child.kill(name),
    signalGroup: name => {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    },
    ended,
  };
}
