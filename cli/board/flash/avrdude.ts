import { spawn } from "node:child_process";
import { FlashFailed } from "../errors.ts";

/** The flash program of Debian, as it is used here: a boot loader of the Arduino kind on a serial port. */
export interface Avrdude {
  readonly program: string;
  readonly port: string;
  /** Of the boot loader, not of the firmware. */
  readonly baudRate: number;
}

export type FlashStage = "writing" | "verifying";

/** A boot loader that hangs holds avrdude for ever; 32 KB take about 10 s. */
const GIVE_UP_MS = 120_000;
const MARKS_OF_A_BAR = 50;

/** -D: such a boot loader erases page by page. avrdude reads back and compares what it wrote unless told otherwise. */
export function avrdudeArguments({ port, baudRate }: Avrdude, hexFile: string): readonly string[] {
  return ["-p", "atmega328p", "-c", "arduino", "-P", port, "-b", String(baudRate), "-D", "-U", `flash:w:${hexFile}:i`];
}

/** Version of the program, or an error that says how to get it. */
export async function avrdudeVersion(program: string): Promise<string> {
  const { output } = await run(program, ["-?"], () => undefined, null);
  const version = /avrdude version ([\d.]+\w*)/.exec(output)?.[1];
  if (version === undefined) throw new FlashFailed(`${program} does not answer like avrdude`);
  return version;
}

/** Writes and verifies; rejects with avrdude's own last words when that fails. */
export async function flashWith(
  avrdude: Avrdude,
  hexFile: string,
  onProgress: (stage: FlashStage, percent: number) => void,
  stop: AbortSignal,
): Promise<void> {
  const bars = new ProgressBars(onProgress);
  const args = avrdudeArguments(avrdude, hexFile);
  const { code, output } = await run(avrdude.program, args, text => bars.feed(text), stop);
  if (code === 0) return;
  const why = stop.aborted
    ? "stopped; the board now has an incomplete firmware: flash it again with --blank"
    : wordsOf(output);
  throw new FlashFailed(`avrdude failed: ${why}`);
}

/** What avrdude said, without its progress bars. */
function wordsOf(output: string): string {
  const lines = output.split("\n").map(line => line.trim());
  const said = lines.filter(line => line !== "" && !/^(?:Reading|Writing) \|/.test(line) && !/Thank you/.test(line));
  const advice = /not in sync|programmer is not responding|timeout/i.test(output)
    ? "\nNo boot loader answered: is the automatic reset disabled (press reset as this begins), or is its rate 57600 (--boot-baud)?"
    : "";
  return `${said.slice(-4).join("; ")}${advice}`;
}

interface Ended {
  readonly code: number;
  readonly output: string;
}

function run(
  program: string,
  args: readonly string[],
  hear: (text: string) => void,
  stop: AbortSignal | null,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, LC_ALL: "C" } });
    let output = "";
    const take = (text: string): void => {
      output += text;
      hear(text);
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    const end = (): void => void child.kill("SIGTERM");
    const giveUp = setTimeout(end, GIVE_UP_MS);
    stop?.addEventListener("abort", end, { once: true });
    const over = (): void => {
      clearTimeout(giveUp);
      stop?.removeEventListener("abort", end);
    };
    child.on("error", error => {
      over();
      reject(new FlashFailed(whyNotStarted(program, error), { cause: error }));
    });
    child.on("close", code => {
      over();
      resolve({ code: code ?? 1, output });
    });
  });
}

function whyNotStarted(program: string, error: Error): string {
  const missing = "code" in error && error.code === "ENOENT";
  return missing
    ? `${program} is not installed: apt-get install avrdude`
    : `${program} cannot be started: ${error.message}`;
}

/** Without a terminal avrdude prints a bar of 50 marks per stage, mark by mark. */
class ProgressBars {
  readonly #onProgress: (stage: FlashStage, percent: number) => void;
  #line = "";
  #told = "";

  constructor(onProgress: (stage: FlashStage, percent: number) => void) {
    this.#onProgress = onProgress;
  }

  feed(text: string): void {
    for (const part of text.split(/(?<=[\n#])/)) {
      this.#line += part;
      this.#look();
      if (part.endsWith("\n")) this.#line = "";
    }
  }

  #look(): void {
    const [, verb, marks = ""] = /^(Reading|Writing) \| (#*)/.exec(this.#line) ?? [];
    if (verb === undefined) return;
    const stage: FlashStage = verb === "Writing" ? "writing" : "verifying";
    // What some versions read before they write is no verification.
    if (stage === "verifying" && this.#told === "") return;
    const percent = Math.floor(((marks.length / MARKS_OF_A_BAR) * 100) / 25) * 25;
    const now = `${stage} ${percent}`;
    if (now === this.#told) return;
    this.#told = now;
    this.#onProgress(stage, percent);
  }
}
