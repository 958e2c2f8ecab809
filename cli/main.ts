import { EvseError, messageOf } from "../shared/errors.ts";
import { didYouMean } from "../shared/nearest.ts";
import { WrongUse } from "./options.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

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

/** 0 done, 1 refused or failed, 2 not understood. */
async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    terminal.print(help());
    return name === undefined ? 2 : 0;
  }
  const tool = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
  if (tool === undefined) {
    throw new WrongUse(`there is no tool "${name}"${didYouMean(name, Object.keys(TOOLS))}\n${help()}`);
  }
  const run = await tool.load();
  return run(rest, terminal);
}

function help(): string {
  const lines = Object.entries(TOOLS).map(([name, { summary }]) => `  ${name.padEnd(7)} ${summary}`);
  return ["edge-evse <tool> --help tells what a tool can do.", ...lines].join("\n");
}

try {
  process.exitCode = await main(process.argv.slice(2), processTerminal());
} catch (error) {
  const expected = error instanceof EvseError || !(error instanceof Error);
  process.stderr.write(`edge-evse: ${expected ? messageOf(error) : (error.stack ?? error.message)}\n`);
  process.exitCode = error instanceof WrongUse ? 2 : 1;
} finally {
  // Once read from, an open standard input would keep the process for ever.
  process.stdin.destroy();
}
