import { systemClock } from "../../shared/time/clock.ts";
import { helpOf, type OptionTable, readArguments } from "../options.ts";
import type { Terminal } from "../terminal.ts";
import { safeWords } from "./describe.ts";
import { keptWords } from "./kept.ts";
import { noWords } from "./no-words.ts";
import { BoardSession } from "./session.ts";
import { type StoredInBoard, storeWanted } from "./store.ts";
import { TARGET_OPTIONS, targetOf } from "./target.ts";
import { WANTED_OPTIONS, wantedOf } from "./wanted.ts";
import { table } from "./words.ts";

const OPTIONS = { ...WANTED_OPTIONS, ...TARGET_OPTIONS } as const satisfies OptionTable;

const HELP = `edge-evse board configure --safe-current 0 --port PATH
edge-evse board configure --safe-current 6 --grace 300 --port PATH
edge-evse board configure --threshold-bc 7.3 --lock-max 400 --port PATH
Stores in the board what belongs to it and its place. Refused while a car is connected or a contactor is closed.
With a safe current of 0 A, the value of a new board, it stops charging when its host falls silent.
${helpOf(OPTIONS)}`;

export async function configure(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, OPTIONS);
  if (options.help) {
    terminal.print(HELP);
    return 0;
  }
  noWords("configure", words);
  const wanted = wantedOf(options);
  const target = targetOf(options);
  const session = await BoardSession.open(target, systemClock, terminal.stop);
  try {
    const { before, after } = await storeWanted(session, wanted);
    if (options.json) {
      terminal.print(JSON.stringify({ board: target.name, before: jsonOf(before), after: jsonOf(after) }, null, 2));
      return 0;
    }
    for (const line of table([...rowsOf("was", before), ...rowsOf("is now", after)])) terminal.print(line);
    if (wanted.safe !== null) {
      terminal.print(`Write the same into the site file: safeCurrentA: ${wanted.safe.currentA} at this charge point.`);
    }
    return 0;
  } finally {
    session.close();
  }
}

function rowsOf(when: string, { safe, kept }: StoredInBoard): readonly (readonly [string, string])[] {
  return [
    ...(safe === null ? [] : [[when, safeWords(safe)] as const]),
    ...(kept === null ? [] : [[safe === null ? when : "", keptWords(kept)] as const]),
  ];
}

function jsonOf({ safe, kept }: StoredInBoard): object {
  return { safeCurrent: safe, kept };
}
