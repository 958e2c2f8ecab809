import { join } from "node:path";
import { BoardLost, messageOf } from "../../../shared/errors.ts";
import { KEPT_NAMES } from "../../../shared/evse-sysex/codes.ts";
import { type Clock, systemClock } from "../../../shared/time/clock.ts";
import { helpOf, type OptionTable, readArguments, WrongUse } from "../../options.ts";
import type { Terminal } from "../../terminal.ts";
import { type BoardDescription, describeBoard, safeWords, whyBusy } from "../describe.ts";
import { BoardRefused, BoardSilent, FlashFailed } from "../errors.ts";
import { keptWords } from "../kept.ts";
import { noWords } from "../no-words.ts";
import { BoardSession } from "../session.ts";
import { TARGET_OPTIONS, type Target, targetOf } from "../target.ts";
import { type Avrdude, avrdudeVersion, flashWith } from "./avrdude.ts";
import { readFirmwareFile } from "./image.ts";

const BOOT_BAUD_RATES = [115_200, 57_600];
export const OWN_FIRMWARE = join(import.meta.dirname, "../../../services/pilot/firmware/evse-pilot.hex");

const OPTIONS = {
  hex: { value: "FILE", help: "firmware to write (the one that comes with this program)" },
  blank: { help: "the board holds no EVSE firmware that could be asked; nothing is plugged in or wired to it" },
  "boot-baud": { value: "RATE", help: "of the boot loader: 115200 (Uno, the default) or 57600 (older Nanos)" },
  avrdude: { value: "PROGRAM", help: "the flash program (avrdude)" },
  ...TARGET_OPTIONS,
} as const satisfies OptionTable;

const HELP = `edge-evse board flash --port PATH
Writes the pilot firmware into a board through its boot loader, verifies it, and asks the board what it is now. Refused
while a car is connected or a contactor is closed. What is stored in the board stays.
${helpOf(OPTIONS)}`;

/** serialLink gives its last bytes half a second; after this the port is closed and another program may take it. */
const PORT_CLOSES_WITHIN_MS = 700;
/** An adapter may be away for a moment after the boot loader was left. */
const BACK_WITHIN_MS = 15_000;
const TRY_AGAIN_MS = 500;

export async function flash(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, OPTIONS);
  if (options.help) {
    terminal.print(HELP);
    return 0;
  }
  noWords("flash", words);
  const target = targetOf(options);
  if (target.serial === null)
    throw new WrongUse("a board is flashed through its serial port: expected --port PATH, not --tcp");
  const hexFile = options.hex ?? OWN_FIRMWARE;
  const image = readFirmwareFile(hexFile);
  const avrdude: Avrdude = {
    program: options.avrdude ?? "avrdude",
    port: target.serial.path,
    baudRate: bootBaudOf(options["boot-baud"]),
  };
  terminal.tell(`${hexFile}: ${image.used} bytes; avrdude ${await avrdudeVersion(avrdude.program)}`);
  const before = await mustBeIdle(target, options.blank, systemClock, terminal);
  await pause(systemClock, PORT_CLOSES_WITHIN_MS);
  terminal.tell("calling the boot loader");
  await flashWith(avrdude, hexFile, (stage, percent) => terminal.tell(`${stage} ${percent} %`), terminal.stop);
  await pause(systemClock, PORT_CLOSES_WITHIN_MS);
  const after = await askAgain(target, systemClock, terminal);
  mustHaveKept(before, after);
  tellResult(target, before, after, options.json, terminal);
  return 0;
}

function bootBaudOf(text: string | undefined): number {
  if (text === undefined) return 115_200;
  const rate = BOOT_BAUD_RATES.find(known => String(known) === text);
  if (rate === undefined) throw new WrongUse(`--boot-baud ${text}: expected ${BOOT_BAUD_RATES.join(" or ")}`);
  return rate;
}

/** What the board is now; null for one that cannot be asked and was said to be blank. */
export async function mustBeIdle(
  target: Target,
  blank: boolean,
  clock: Clock,
  terminal: Terminal,
): Promise<BoardDescription | null> {
  terminal.tell("asking the board whether it may be flashed");
  let session: BoardSession;
  try {
    session = await BoardSession.open(target, clock, terminal.stop);
  } catch (error) {
    if (!(error instanceof BoardSilent)) throw error;
    if (blank) return null;
    const advice = "unplug the car, switch the supply of the contactors off, and say --blank";
    throw new BoardRefused(
      `the board does not answer, so that a car cannot be ruled out; to flash it all the same ${advice}`,
      {
        cause: error,
      },
    );
  }
  try {
    if (blank && !session.known) return null;
    if (!session.known) {
      const { name, major, minor } = session.firmware;
      throw new BoardRefused(
        `the board runs "${name}" ${major}.${minor}, which cannot tell whether a car is connected; unplug it, switch the ` +
          "supply of the contactors off, and say --blank",
      );
    }
    const description = await describeBoard(session);
    const busy = whyBusy(description);
    if (busy !== null) throw new BoardRefused(`not now: ${busy}`);
    return description;
  } finally {
    session.close();
  }
}

/** The new firmware must answer, with our name; the port may need a moment. */
export async function askAgain(target: Target, clock: Clock, terminal: Terminal): Promise<BoardDescription> {
  terminal.tell("asking the board what it is now");
  const giveUpAt = clock.now() + BACK_WITHIN_MS;
  for (;;) {
    try {
      const session = await BoardSession.open(target, clock, terminal.stop);
      try {
        return await describeBoard(session);
      } finally {
        session.close();
      }
    } catch (error) {
      const away = error instanceof BoardLost || error instanceof BoardSilent;
      if (!away || clock.now() > giveUpAt) {
        throw new FlashFailed(`written and verified, but the board does not run it: ${messageOf(error)}`, {
          cause: error,
        });
      }
      await pause(clock, TRY_AGAIN_MS);
    }
  }
}

export function mustHaveKept(before: BoardDescription | null, after: BoardDescription): void {
  const safe = before?.safe ?? null;
  if (safe !== null && (after.safe?.currentA !== safe.currentA || after.safe.graceS !== safe.graceS)) {
    throw lost("the safe current was", safeWords(safe), after.safe === null ? null : safeWords(after.safe));
  }
  const kept = before?.kept ?? null;
  if (kept !== null && KEPT_NAMES.some(name => after.kept?.values[name] !== kept.values[name])) {
    throw lost("the thresholds were", keptWords(kept), after.kept === null ? null : keptWords(after.kept));
  }
}

function lost(what: string, was: string, is: string | null): FlashFailed {
  const now = is === null ? "not supported by this firmware" : `now ${is}`;
  return new FlashFailed(`written and verified, but ${what} ${was}; that is ${now}: configure it again`);
}

function tellResult(
  target: Target,
  before: BoardDescription | null,
  after: BoardDescription,
  json: boolean,
  terminal: Terminal,
): void {
  const version = (described: BoardDescription | null): string | null =>
    described === null ? null : `${described.firmware.name} ${described.firmware.major}.${described.firmware.minor}`;
  if (json) {
    const result = {
      board: target.name,
      before: version(before),
      after: version(after),
      safeCurrent: after.safe,
      kept: after.kept,
    };
    terminal.print(JSON.stringify(result, null, 2));
    return;
  }
  terminal.print(`was     ${version(before) ?? "not known"}`);
  terminal.print(`is now  ${version(after) ?? ""}, EVSE feature ${after.info.versionMajor}.${after.info.versionMinor}`);
  if (after.safe !== null) terminal.print(`safe current  ${safeWords(after.safe)}`);
  if (after.kept !== null) terminal.print(`thresholds    ${keptWords(after.kept)}`);
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise(resolve => {
    clock.after(ms, resolve);
  });
}
