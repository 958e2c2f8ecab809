import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { projectDir } from "./stages.ts";
import { type FileResult, TapReport } from "./tap-report.ts";

const PROGRAM = join(import.meta.dirname, "run-test-files.ts");
/** The process itself gives a file twenty minutes; one that cannot even say so is killed. */
const HUNG_AFTER_MS = 1_260_000;

/** Tests on stepped time leave much behind: with room for it a fifth of the CPU time is saved. */
const ROOM_FOR_GARBAGE = ["--max-semi-space-size=32"];

/** What stands in place of a file when there is none left. */
const NO_MORE = "";

/** A process that runs test files one after another, and what becomes of each. */
export class TestProcess {
  readonly #child: ChildProcess;
  readonly #report = new TapReport();
  readonly #files: string[] = [];
  readonly #closed: Promise<unknown>;
  /** What stands outside the tests' own words: warnings, stacks of crashes. Kept per file. */
  #stderr = "";
  #code: number | string | null = null;
  #onEnd: () => void = () => undefined;

  constructor({ quick }: { readonly quick: boolean }) {
    this.#child = spawn(process.execPath, [...ROOM_FOR_GARBAGE, PROGRAM], {
      cwd: projectDir,
      // tap would end the whole process after 30 s of tests.
      env: { ...process.env, TAP_TIMEOUT: "0", ...(quick ? { QUICK_PROPERTIES: "1" } : {}) },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    if (this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on("line", line => {
        if (line.startsWith("# end of ")) this.#onEnd();
        else this.#report.read(line);
      });
    }
    this.#closed = once(this.#child, "close").then(([code, signal]: unknown[]) => {
      this.#code = (code ?? signal) as number | string;
      this.#onEnd();
    });
  }

  get ended(): boolean {
    return this.#code !== null;
  }

  /** What one file came to: by its own words, or, where it took the process with it, by how that ended. */
  async run(file: string): Promise<FileResult> {
    const startedAt = performance.now();
    this.#files.push(file);
    const over = new Promise<void>(resolve => {
      this.#onEnd = resolve;
    });
    const hung = setTimeout(() => this.#child.kill("SIGKILL"), HUNG_AFTER_MS);
    this.#tell(file);
    await over;
    clearTimeout(hung);
    return this.#resultOf(file, (performance.now() - startedAt) / 1000);
  }

  /** Lets the process end. Resolves with a failure when its files were done, and it did not end well all the same. */
  async end(): Promise<FileResult | null> {
    if (this.ended) return null;
    const failed = this.#report.failed > 0;
    this.#tell(NO_MORE);
    await this.#closed;
    if (this.#code === 0 || (failed && this.#stderr === "")) return null;
    const output = `${this.#stderr.trim()}\nended with ${String(this.#code)} after ${this.#files.join(", ")}`;
    return { file: "after the last test", passed: 0, failed: 1, ok: false, seconds: 0, output };
  }

  #tell(message: string): void {
    // One that is gone already is heard of by its end.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #resultOf(file: string, seconds: number): FileResult {
    // What was said about the file may end in the middle.
    if (this.ended) this.#report.read(`not ok 1 - ${file}`);
    this.#report.end();
    const result = this.#report.results.find(result => result.file === file);
    const how = this.ended ? `\nthe process ended with ${String(this.#code)} while this file ran` : "";
    const before = this.ended && this.#files.length > 1 ? `, after ${this.#files.slice(0, -1).join(", ")}` : "";
    const said = `${this.#stderr.trim()}${how}${before}`.trim();
    this.#stderr = "";
    if (result === undefined) {
      return { file, passed: 0, failed: 1, ok: false, seconds, output: `nothing was said about this file\n${said}` };
    }
    const { ok, failed } = result;
    return {
      ...result,
      ok: ok && !this.ended,
      failed: this.ended ? Math.max(1, failed) : failed,
      seconds,
      output: [result.output, said].filter(text => text !== "").join("\n"),
    };
  }
}
