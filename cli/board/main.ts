import { didYouMean } from "../../shared/nearest.ts";
import { WrongUse } from "../options.ts";
import type { Terminal } from "../terminal.ts";
import { configure } from "./configure.ts";
import { flash } from "./flash/flash.ts";
import { info } from "./info.ts";
import { selftest } from "./selftest/selftest.ts";

interface Command {
  readonly summary: string;
  readonly run: (args: readonly string[], terminal: Terminal) => Promise<number>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  flash: { summary: "writes the pilot firmware into a board", run: flash },
  info: { summary: "tells what a board is and what it sees", run: info },
  selftest: { summary: "tests a board and its wiring and writes a report", run: selftest },
  configure: { summary: "stores safe current, thresholds and lock limit in a board", run: configure },
};

/** `edge-evse board <command> ...` */
export async function board(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    terminal.print(help());
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    throw new WrongUse(`there is no command "board ${name}"${didYouMean(name, Object.keys(COMMANDS))}\n${help()}`);
  }
  return command.run(rest, terminal);
}

function help(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
  return ["edge-evse board <command> --help tells the options of a command.", ...lines].join("\n");
}
