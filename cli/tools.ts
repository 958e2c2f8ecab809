import { EvseError, messageOf } from "../shared/errors.ts";
import { didYouMean } from "../shared/nearest.ts";
import { WrongUse } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** Tools for the people who wire and commission a site: `npx edge-evse <tool> ...`. */

interface Tool {
  readonly summary: string;
  /** Answers how to run it. Loaded on demand: a tool brings its own libraries. */
  readonly load: () => Promise<(args: readonly string[], terminal: Terminal) => Promise<number>>;
}

const TOOLS: Readonly<Record<string, Tool>> = {
  board: {
    summary: "flashes, tests and commissions a pilot board",
    load: async () => (await import("./board/main.ts")).board,
  },
  meter: {
    summary: "reads, finds, decodes, records and replays meters",
    load: async () => (await import("./meter/main.ts")).meter,
  },
  replay: {
    summary: "makes the decisions of a journal again",
    load: async () => (await import("./replay.ts")).replayJournal,
  },
};

/** Answers the exit code: 0 done, 1 refused or failed, 2 not understood. What went wrong is told in words, a bug with its stack. */
export async function runTool(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await run(args, terminal);
  } catch (error) {
    const expected = error instanceof EvseError || !(error instanceof Error);
    terminal.tell(`edge-evse: ${expected ? messageOf(error) : (error.stack ?? error.message)}`);
    return error instanceof WrongUse ? 2 : 1;
  }
}

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    terminal.print(help());
    return name === undefined ? 2 : 0;
  }
  const tool = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
  if (tool === undefined) {
    throw new WrongUse(`there is no tool "${name}"${didYouMean(name, Object.keys(TOOLS))}\n${help()}`);
  }
  const toolRun = await tool.load();
  return toolRun(rest, terminal);
}

function help(): string {
  const lines = Object.entries(TOOLS).map(([name, { summary }]) => `  ${name.padEnd(7)} ${summary}`);
  return ["edge-evse <tool> --help tells what a tool can do.", ...lines].join("\n");
}
