import { Readable } from "node:stream";
import type { Terminal } from "../../cli/terminal.ts";

/** A person at a tool, played by a test. */
export class ScriptedTerminal implements Terminal {
  readonly printed: string[] = [];
  readonly told: string[] = [];
  readonly asked: string[] = [];
  /** Hears what the tool tells, and may act on it. */
  onTold: (line: string) => void = () => undefined;
  /** What is typed when asked; null: nobody there. */
  answer: string | null = null;
  /** What a program writes to the tool. */
  typed = "";
  readonly #stop = new AbortController();

  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  get input(): AsyncIterable<Buffer> {
    return Readable.from(this.typed === "" ? [] : [Buffer.from(this.typed)]) as AsyncIterable<Buffer>;
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#stop.abort();
  }

  print(line: string): void {
    this.printed.push(line);
  }

  tell(line: string): void {
    this.told.push(line);
    this.onTold(line);
  }

  async ask(question: string): Promise<string | null> {
    this.asked.push(question);
    return this.answer;
  }
}
