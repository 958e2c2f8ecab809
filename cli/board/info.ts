import { systemClock } from "../../shared/time/clock.ts";
import { helpOf, readArguments } from "../options.ts";
import type { Terminal } from "../terminal.ts";
import { describeBoard, descriptionJson, descriptionLines } from "./describe.ts";
import { noWords } from "./no-words.ts";
import { BoardSession } from "./session.ts";
import { TARGET_OPTIONS, targetOf } from "./target.ts";

const HELP = `edge-evse board info --port PATH | --tcp HOST:PORT
Tells what a board is and what it sees. Changes nothing; note that opening a port resets a board whose automatic reset
is not disabled, which opens its contactors.
${helpOf(TARGET_OPTIONS)}`;

export async function info(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, TARGET_OPTIONS);
  if (options.help) {
    terminal.print(HELP);
    return 0;
  }
  noWords("info", words);
  const target = targetOf(options);
  const session = await BoardSession.open(target, systemClock, terminal.stop);
  try {
    const description = await describeBoard(session);
    if (options.json) terminal.print(JSON.stringify(descriptionJson(target.name, description), null, 2));
    else for (const line of descriptionLines(target.name, description)) terminal.print(line);
    return 0;
  } finally {
    session.close();
  }
}
