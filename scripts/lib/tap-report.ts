/** What one test file came to. */
export interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly ok: boolean;
  readonly seconds: number;
  /** What its failed tests said, and how the file ended. */
  readonly output: string;
}

/**
 * Reads the TAP stream of a process that runs test files line by line: a block of indented lines per file, closed by the file's own line
 * and, where it failed, a few lines about how. A test is a sentence of a file (one level in). A skipped or postponed
 * test is not a passed one.
 */
export class TapReport {
  readonly results: FileResult[] = [];
  readonly #onFile: (result: FileResult) => void;
  #block: string[] = [];
  #passed = 0;
  #failed = 0;
  /** A failed file whose closing lines are still to come. */
  #pending: FileResult | null = null;

  constructor(onFile: (result: FileResult) => void = () => undefined) {
    this.#onFile = onFile;
  }

  read(line: string): void {
    if (this.#pending !== null && /^ {2}\S/.test(line)) {
      this.#pending = { ...this.#pending, output: `${this.#pending.output}\n${line}` };
      return;
    }
    this.end();
    const test = /^ {4}(not )?ok \d+(.*)$/.exec(line);
    if (test !== null) {
      const counts = test[1] === undefined && !/ # (SKIP|TODO)\b/i.test(test[2] ?? "");
      if (counts) this.#passed += 1;
      else this.#failed += 1;
    }
    const closing = /^(not )?ok \d+ - (\S+)(.*)$/.exec(line);
    if (closing === null) this.#block.push(line);
    else this.#close(closing[1] === undefined, closing[2] ?? "", closing[3] ?? "");
  }

  /** The stream is over. */
  end(): void {
    if (this.#pending === null) return;
    const result = this.#pending;
    this.#pending = null;
    this.results.push(result);
    this.#onFile(result);
  }

  get passed(): number {
    return this.results.reduce((sum, result) => sum + result.passed, 0);
  }

  get failed(): number {
    return this.results.reduce((sum, result) => sum + result.failed, 0);
  }

  #close(endedWell: boolean, file: string, rest: string): void {
    const time = /# time=([\d.]+)(ms|s)?/.exec(rest);
    const ok = endedWell && this.#failed === 0 && this.#passed > 0;
    this.#pending = {
      file,
      passed: this.#passed,
      // A file that broke outside its tests (crash, time-out, a plan not kept) is a failure of its own.
      failed: ok ? 0 : Math.max(1, this.#failed),
      ok,
      seconds: Number(time?.[1] ?? 0) / (time?.[2] === "ms" ? 1000 : 1),
      output: this.#passed + this.#failed === 0 ? `${this.#block.join("\n")}\nno test ran in this file` : this.#story(),
    };
    this.#block = [];
    this.#passed = 0;
    this.#failed = 0;
    if (ok) this.end();
  }

  /** The block without the tests that passed. */
  #story(): string {
    const tests = this.#block.join("\n").split(/(?=^ {4}# Subtest: )/m);
    return tests.filter(text => /^ *not ok /m.test(text) || / # (SKIP|TODO)\b/i.test(text)).join("");
  }
}
