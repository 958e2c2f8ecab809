import { MINOR_WITH_SETPOINT, RESULT, SAFE } from "../../shared/evse-sysex/codes.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { helpOf, type OptionTable, readArguments, WrongUse } from "../options.ts";
import type { Terminal } from "../terminal.ts";
import { describeBoard, readSafe, type SafeCurrent, safeWords, whyBusy } from "./describe.ts";
import { BoardRefused } from "./errors.ts";
import { noWords } from "./no-words.ts";
import { answerWords, BoardSession } from "./session.ts";
import { TARGET_OPTIONS, targetOf } from "./target.ts";

const OPTIONS = {
  "safe-current": {
    value: "AMPERES",
    help: "0, or 6..32 A: what a charging car may go on with when the host falls silent",
  },
  grace: { value: "SECONDS", help: "1..3600 s: for how long; needed with a safe current of 6 A or more" },
  ...TARGET_OPTIONS,
} as const satisfies OptionTable;

const HELP = `edge-evse board configure --safe-current 0 --port PATH
edge-evse board configure --safe-current 6 --grace 300 --port PATH
Stores in the board what it may do on its own. Refused while a car is connected or a contactor is closed.
With 0 A, the value of a new board, it stops charging when its host falls silent.
${helpOf(OPTIONS)}`;

/** What the installer wants a board to do on its own. */
export interface WantedSafe {
  readonly currentA: number;
  readonly graceS: number;
}

export async function configure(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, OPTIONS);
  if (options.help) {
    terminal.print(HELP);
    return 0;
  }
  noWords("configure", words);
  const wanted = wantedSafe(options["safe-current"], options.grace);
  const target = targetOf(options);
  const session = await BoardSession.open(target, systemClock, terminal.stop);
  try {
    const { before, after } = await storeSafe(session, wanted);
    if (options.json) terminal.print(JSON.stringify({ board: target.name, before, after }, null, 2));
    else {
      terminal.print(`was     ${safeWords(before)}`);
      terminal.print(`is now  ${safeWords(after)}`);
      terminal.print(`Write the same into the site file: safeCurrentA: ${after.currentA} at this charge point.`);
    }
    return 0;
  } finally {
    session.close();
  }
}

/** Reads `--safe-current` and `--grace`; says what is wrong with them before a board is touched. */
export function wantedSafe(current: string | undefined, grace: string | undefined): WantedSafe {
  const range = `expected 0 or ${SAFE.leastDeciA / 10}..${SAFE.mostDeciA / 10} A in steps of 0.1 A`;
  if (current === undefined) throw new WrongUse(`--safe-current is missing; ${range}`);
  const currentA = /^\d{1,3}(\.\d)?$/.test(current) ? Number(current) : Number.NaN;
  const inRange = currentA * 10 >= SAFE.leastDeciA && currentA * 10 <= SAFE.mostDeciA;
  if (currentA !== 0 && !inRange) throw new WrongUse(`--safe-current ${current}: ${range}`);
  const seconds = `expected whole seconds 1..${SAFE.mostGraceS}`;
  if (currentA === 0) {
    if (grace !== undefined && grace !== "0") throw new WrongUse("--grace means nothing with a safe current of 0 A");
    return { currentA: 0, graceS: 0 };
  }
  if (grace === undefined) throw new WrongUse(`--grace is missing: how long may ${currentA} A go on? ${seconds}`);
  const graceS = /^\d{1,5}$/.test(grace) ? Number(grace) : Number.NaN;
  if (!(graceS >= 1 && graceS <= SAFE.mostGraceS)) throw new WrongUse(`--grace ${grace}: ${seconds}`);
  return { currentA, graceS };
}

/** Stores the safe current and reads it back. */
export async function storeSafe(
  session: BoardSession,
  wanted: WantedSafe,
): Promise<{ readonly before: SafeCurrent; readonly after: SafeCurrent }> {
  const description = await describeBoard(session);
  const { safe: before, info } = description;
  if (before === null) {
    throw new BoardRefused(
      `this board's EVSE feature ${info.versionMajor}.${info.versionMinor} stores no safe current; expected ` +
        `1.${MINOR_WITH_SETPOINT} or newer: flash it first`,
    );
  }
  const busy = whyBusy(description);
  if (busy !== null) throw new BoardRefused(`not now: ${busy}`);
  const ack = await session.ask({
    kind: "setSafe",
    currentDeciA: Math.round(wanted.currentA * 10),
    graceS: wanted.graceS,
  });
  if (ack.result === RESULT.store) {
    throw new BoardRefused("the board's EEPROM does not keep what is written: replace the board");
  }
  if (ack.result !== RESULT.ok) throw new BoardRefused(`the board does not take the safe current: ${answerWords(ack)}`);
  const after = await readSafe(session);
  if (after.currentA !== wanted.currentA || after.graceS !== wanted.graceS || after.stored !== "valid") {
    throw new BoardRefused(`read back: ${safeWords(after)}; expected ${wanted.currentA} A for ${wanted.graceS} s`);
  }
  return { before, after };
}
