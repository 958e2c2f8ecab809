import { readFile } from "node:fs/promises";
import { balance } from "../services/balancer/balancer.core.ts";
import { charge } from "../services/evse/evse.core.ts";
import { readJournal } from "../shared/actor/journal-text.ts";
import { type AnyCore, replay } from "../shared/actor/replay.ts";
import { JournalRefused, messageOf } from "../shared/errors.ts";
import { helpOf, readArguments, WrongUse } from "./options.ts";
import type { Terminal } from "./terminal.ts";

const OPTIONS = { help: { help: "this text" } };

const HELP = `edge-evse replay FILE
Makes the decisions of a journal again with the cores of this version, and tells whether they come out the same.
A running site gives its journals at /api/v1/balancer/journal and /api/v1/points/<id>/journal:
  curl -o left.jsonl http://127.0.0.1:8080/api/v1/points/left/journal
${helpOf(OPTIONS)}`;

const CORES: Readonly<Record<string, AnyCore>> = { balancer: balance, evse: charge };

/** 0 all the same, 1 something came out otherwise. */
export async function replayJournal(args: readonly string[], terminal: Pick<Terminal, "print">): Promise<number> {
  const { options, words } = readArguments(args, OPTIONS);
  if (options.help) {
    terminal.print(HELP);
    return 0;
  }
  const [file, ...more] = words;
  if (file === undefined || more.length > 0) throw new WrongUse(`expected one FILE\n${HELP}`);
  const { head, parts } = readJournal(await textOf(file));
  const core = Object.hasOwn(CORES, head.core) ? CORES[head.core] : undefined;
  if (core === undefined) {
    throw new JournalRefused(`${file}: is of a core "${head.core}"; expected one of: ${Object.keys(CORES).join(", ")}`);
  }
  const { steps, decisions, difference } = replay(parts, core);
  if (difference === null) {
    terminal.print(`${head.name}: ${steps} inputs, ${decisions} decisions, all the same`);
    return 0;
  }
  const { step, at, what, was, is } = difference;
  terminal.print(`${head.name}: ${what} differ at input ${step} (at ${Math.round(at)} ms)`);
  terminal.print(`was ${was}`);
  terminal.print(`is  ${is}`);
  return 1;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new JournalRefused(`${file}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
