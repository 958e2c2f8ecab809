import { KEEP_NONE, MINOR_WITH_KEEP, MINOR_WITH_SETPOINT, RESULT } from "../../shared/evse-sysex/codes.ts";
import {
  type BoardDescription,
  describeBoard,
  readKept,
  readSafe,
  type SafeCurrent,
  safeWords,
  whyBusy,
} from "./describe.ts";
import { BoardRefused } from "./errors.ts";
import { type KeptValues, keptOnWire, keptWords } from "./kept.ts";
import { type Ack, answerWords, type BoardSession } from "./session.ts";
import { configIdOf, type Wanted, type WantedKept, type WantedSafe } from "./wanted.ts";

/** What a board keeps over resets and power cuts; null where its firmware does not know of it. */
export interface StoredInBoard {
  readonly safe: SafeCurrent | null;
  readonly kept: KeptValues | null;
}

/** Stores what is wanted and reads it back. What stands against it is looked for before anything is written. */
export async function storeWanted(
  session: BoardSession,
  wanted: Wanted,
): Promise<{ readonly before: StoredInBoard; readonly after: StoredInBoard }> {
  const description = await describeBoard(session);
  mustKnow(description, wanted);
  const busy = whyBusy(description);
  if (busy !== null) throw new BoardRefused(`not now: ${busy}`);
  const { safe, kept } = description;
  if (wanted.safe !== null) await storeSafe(session, wanted.safe);
  for (const one of wanted.kept) await keep(session, one);
  const after = {
    safe: safe === null ? null : await readSafe(session),
    kept: kept === null ? null : await readKept(session),
  };
  mustHold(after, wanted);
  return { before: { safe, kept }, after };
}

function mustKnow({ info, safe, kept }: BoardDescription, wanted: Wanted): void {
  const lacks =
    wanted.safe !== null && safe === null
      ? { what: "no safe current", minor: MINOR_WITH_SETPOINT }
      : wanted.kept.length > 0 && kept === null
        ? { what: "no thresholds and no lock limit", minor: MINOR_WITH_KEEP }
        : null;
  if (lacks === null) return;
  throw new BoardRefused(
    `this board's EVSE feature ${info.versionMajor}.${info.versionMinor} stores ${lacks.what}; expected ` +
      `1.${lacks.minor} or newer: flash it first`,
  );
}

async function storeSafe(session: BoardSession, { currentA, graceS }: WantedSafe): Promise<void> {
  const ack = await session.ask({ kind: "setSafe", currentDeciA: Math.round(currentA * 10), graceS });
  mustBeTaken(ack, "the safe current");
}

async function keep(session: BoardSession, { name, value }: WantedKept): Promise<void> {
  const raw = value === null ? KEEP_NONE : keptOnWire(name, value);
  mustBeTaken(await session.ask({ kind: "keep", id: configIdOf(name), value: raw }), name);
}

function mustBeTaken(ack: Ack, what: string): void {
  if (ack.result === RESULT.store) {
    throw new BoardRefused("the board's EEPROM does not keep what is written: replace the board");
  }
  if (ack.result !== RESULT.ok) throw new BoardRefused(`the board does not take ${what}: ${answerWords(ack)}`);
}

function mustHold({ safe, kept }: StoredInBoard, wanted: Wanted): void {
  if (wanted.safe !== null && safe !== null) {
    const { currentA, graceS } = wanted.safe;
    if (safe.currentA !== currentA || safe.graceS !== graceS || safe.stored !== "valid")
      throw new BoardRefused(`read back: ${safeWords(safe)}; expected ${currentA} A for ${graceS} s`);
  }
  const differs = wanted.kept.find(({ name, value }) => value !== null && kept?.values[name] !== value);
  if (differs !== undefined && kept !== null)
    throw new BoardRefused(`read back: ${keptWords(kept)}; expected ${differs.name} ${differs.value}`);
}
