import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { lineOf } from "./line.ts";
import type { InitMessage, Reply, StepMessage } from "./protocol.ts";

/** A controller at the other end of a line: any program that speaks the protocol on its standard input and output. */
export interface ChildController {
  readonly name: string;
  step(message: StepMessage): Promise<Reply>;
  end(): Promise<void>;
}

/** Starts the program and introduces the scenario. Rejects when it ends early or says something else than the protocol. */
export async function startChild(command: readonly string[], init: InitMessage): Promise<ChildController> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const gone = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      reject(new Error(`the controller ended (${signal ?? `code ${code ?? "unknown"}`}) before the scenario did`));
    });
  });
  // Somebody waits for this promise only while an answer is due.
  gone.catch(() => undefined);
  const exited = new Promise<void>(resolve => child.once("exit", () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  // Who has ended does not read any more; `gone` tells about it.
  child.stdin.on("error", () => undefined);

  /** Tells the scenario; a program that does not understand it is not left behind. */
  async function introduce(): Promise<string> {
    try {
      const ready = await ask(JSON.stringify(init));
      if (isObject(ready) && ready["type"] === "ready" && typeof ready["name"] === "string") return ready["name"];
      throw new Error(
        `the controller answered init with ${JSON.stringify(ready)}; expected {"type":"ready","name":".."}`,
      );
    } catch (error) {
      child.kill();
      throw error;
    }
  }

  async function ask(line: string): Promise<unknown> {
    child.stdin.write(`${line}\n`);
    const answer = await Promise.race([lines.next(), gone]);
    if (answer.done === true) return gone;
    try {
      return JSON.parse(answer.value);
    } catch (cause) {
      throw new Error(`the controller answered ${JSON.stringify(answer.value)}, which is not JSON`, { cause });
    }
  }

  const name = await introduce();
  return {
    name,
    step: async message => replyOf(await ask(lineOf(message)), init.n),
    async end() {
      child.stdin.end('{"type":"end"}\n');
      await exited;
    },
  };
}

function replyOf(answer: unknown, points: number): Reply {
  const reply = answer as Reply;
  const lists = isObject(answer) ? [answer["offered"], answer["c1"], answer["c2"]] : [];
  if (lists.length === 3 && lists.every(list => Array.isArray(list) && list.length === points)) return reply;
  throw new Error(
    `the controller answered ${JSON.stringify(answer)}; expected offered, c1 and c2 with ${points} values each`,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
