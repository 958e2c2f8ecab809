import { createInterface } from "node:readline";

/** Where a tool says things and asks for them. */
export interface Terminal {
  /** A line of the result: standard output. */
  print(line: string): void;
  /** A line of progress or of trouble: standard error, so that `--json` stays readable by programs. */
  tell(line: string): void;
  /** A person's answer; null when nobody can answer. */
  ask(question: string): Promise<string | null>;
  /** What a program writes to the tool: standard input, until its end or until the person wants to stop. */
  readonly input: AsyncIterable<Buffer>;
  /** Aborts when the person wants to stop. */
  readonly stop: AbortSignal;
}

/** The terminal of this process. Ctrl-C asks the tool to end in order; it may be heard twice, from here and from npx. */
export function processTerminal(): Terminal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      stop.abort();
    });
  }
  // `| head` has read enough: nobody hears the rest, which is no reason to die with a stack.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    stop.abort();
  });
  return {
    print: line => void process.stdout.write(`${line}\n`),
    tell: line => void process.stderr.write(`${line}\n`),
    ask: question => askOn(question, stop.signal),
    input: { [Symbol.asyncIterator]: () => inputUntil(stop.signal) },
    stop: stop.signal,
  };
}

async function* inputUntil(stop: AbortSignal): AsyncGenerator<Buffer> {
  const chunks = (process.stdin as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const stopped = new Promise<{ readonly done: true; readonly value: undefined }>(resolve => {
    stop.addEventListener("abort", () => resolve({ done: true, value: undefined }));
  });
  for (;;) {
    const next: IteratorResult<Buffer, unknown> = await Promise.race([chunks.next(), stopped]);
    if (next.done === true) return;
    yield next.value;
  }
}

async function askOn(question: string, stop: AbortSignal): Promise<string | null> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  process.stderr.write(`${question} `);
  try {
    return await new Promise(resolve => {
      lines.once("line", resolve);
      lines.once("close", () => {
        resolve(null);
      });
      stop.addEventListener("abort", () => {
        resolve(null);
      });
    });
  } finally {
    lines.close();
  }
}
