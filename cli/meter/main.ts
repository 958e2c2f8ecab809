import { didYouMean } from "../../shared/nearest.ts";
import { WrongUse } from "../options.ts";
import type { Terminal } from "../terminal.ts";
import { decode } from "./decode.ts";
import { discover } from "./discover.ts";
import { pair } from "./pair.ts";
import { read } from "./read.ts";
import { record } from "./record.ts";
import { replay } from "./replay.ts";
import { scan } from "./scan.ts";

interface Command {
  readonly summary: string;
  readonly run: (args: readonly string[], terminal: Terminal) => Promise<number>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  read: { summary: "reads a meter, once or again and again", run: read },
  scan: { summary: "finds the meters on a line and guesses what they are", run: scan },
  discover: { summary: "finds the meters on a network, with their drivers", run: discover },
  pair: { summary: "gets the token of a HomeWizard meter, at the press of its button", run: pair },
  decode: { summary: "turns recorded frames into values", run: decode },
  record: { summary: "keeps what a meter answers in a file", run: record },
  replay: { summary: "answers from such a file as if it were the meter", run: replay },
};

/** `edge-evse meter <command> ...` */
export async function meter(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    terminal.print(help());
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    throw new WrongUse(`there is no command "meter ${name}"${didYouMean(name, Object.keys(COMMANDS))}\n${help()}`);
  }
  return command.run(rest, terminal);
}

function help(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`);
  return ["edge-evse meter <command> --help tells the options of a command.", ...lines].join("\n");
}
