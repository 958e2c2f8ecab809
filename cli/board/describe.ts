import { FLAG, MINOR_WITH_KEEP, MINOR_WITH_SETPOINT, OUTPUT, type Stored } from "../../shared/evse-sysex/codes.ts";
import { BoardRefused, BoardSilent } from "./errors.ts";
import { type KeptValues, keptValuesOf, keptWords } from "./kept.ts";
import type { MessageOf } from "./mailbox.ts";
import type { BoardSession } from "./session.ts";
import type { Firmware } from "./wire.ts";
import { bootWords, dutyWords, flagWords, outputWords, table, voltsWords } from "./words.ts";

/** The newest feature version these tools know; a board's major must be this one. */
const FEATURE_MAJOR = 1;
/** Longer than the slowest report interval (1000 ms). */
const REPORT_WITHIN_MS = 1_200;

/** What a board does on its own when its host falls silent. */
export interface SafeCurrent {
  readonly currentA: number;
  readonly graceS: number;
  readonly stored: Stored;
}

/** All that a board tells about itself. */
export interface BoardDescription {
  readonly firmware: Firmware;
  readonly info: MessageOf<"info">;
  readonly status: MessageOf<"status">;
  /** null with reports switched off. */
  readonly report: MessageOf<"report"> | null;
  /** null before feature 1.1. */
  readonly safe: SafeCurrent | null;
  /** null before feature 1.2. */
  readonly kept: KeptValues | null;
}

export async function describeBoard(session: BoardSession): Promise<BoardDescription> {
  session.mustBeKnown();
  const info = await session.query("info");
  if (info.versionMajor !== FEATURE_MAJOR) {
    const found = `${info.versionMajor}.${info.versionMinor}`;
    throw new BoardRefused(`the board speaks version ${found} of the EVSE feature; this tool knows ${FEATURE_MAJOR}.x`);
  }
  const report = await nextReport(session);
  const status = await session.query("status");
  const safe = info.versionMinor >= MINOR_WITH_SETPOINT ? await readSafe(session) : null;
  const kept = info.versionMinor >= MINOR_WITH_KEEP ? await readKept(session) : null;
  return { firmware: session.firmware, info, status, report, safe, kept };
}

export async function readSafe(session: BoardSession): Promise<SafeCurrent> {
  const { currentDeciA, graceS, stored } = await session.query("safe");
  return { currentA: currentDeciA / 10, graceS, stored };
}

export async function readKept(session: BoardSession): Promise<KeptValues> {
  return keptValuesOf(await session.query("kept"));
}

async function nextReport(session: BoardSession): Promise<MessageOf<"report"> | null> {
  try {
    return await session.next("report", { withinMs: REPORT_WITHIN_MS, what: "a report" });
  } catch (error) {
    if (error instanceof BoardSilent) return null;
    throw error;
  }
}

/** Why this is no moment to flash or to configure; null when nothing is connected and nothing is closed. */
export function whyBusy({ status }: Pick<BoardDescription, "status">): string | null {
  if ((status.outputs & (OUTPUT.k1 | OUTPUT.k2)) !== 0) return `${outputWords(status.outputs)}: a car is charging`;
  if ((status.flags & FLAG.contactFeedback) !== 0) {
    return "the contactor's feedback says closed although it is not driven: switch the supply off and look at the contactor";
  }
  switch (status.state) {
    case "A":
      return null;
    case "B":
    case "C":
    case "D":
      return `a car is connected (pilot state ${status.state}): unplug it`;
    case "E":
    case "F":
    case "invalid":
      return `the pilot line reads ${status.state}, so that a car cannot be ruled out: expected A (12 V, nothing plugged in)`;
  }
}

/** For a person at the board. */
export function descriptionLines(name: string, description: BoardDescription): readonly string[] {
  const { firmware, info, status, report, safe, kept } = description;
  return table([
    ["board", name],
    ["firmware", `${firmware.name} ${firmware.major}.${firmware.minor}`],
    ["EVSE feature", `${info.versionMajor}.${info.versionMinor}`],
    ["contactors", String(info.contactors)],
    [
      "pilot",
      `${info.pilotHz} Hz in ${100 / info.dutyUnits} % steps, ${info.highSamplesPerS} samples/s high, ${info.lowSamplesPerS} low`,
    ],
    ["limits", `lock pulse ${info.lockHardMaxMs} ms, host silence ${info.watchdogMaxMs} ms`],
    ["pilot state", `${status.state}, driving ${dutyWords(status.dutyPermille)}`],
    ["pilot levels", `high ${voltsWords(report?.high?.avgV)}, low ${voltsWords(report?.low?.avgV)}`],
    ["PP", report === null ? "no report" : report.ppOhm === null ? "open" : `${report.ppOhm} ohm`],
    ["outputs", outputWords(status.outputs)],
    ["flags", flagWords(status.flags).join(", ") || "none"],
    ["last start", bootWords(status.bootCause)],
    ["safe current", safe === null ? "not supported by this firmware" : safeWords(safe)],
    ["thresholds", kept === null ? "the firmware's own" : keptWords(kept)],
  ]);
}

export function safeWords({ currentA, graceS, stored }: SafeCurrent): string {
  if (stored === "damaged") return "0 A: the stored value is damaged; set it again";
  if (currentA === 0) return `0 A: stops at once when the host falls silent${stored === "blank" ? " (never set)" : ""}`;
  return `${currentA} A for ${graceS} s when the host falls silent while a car charges`;
}

/** For programs. */
export function descriptionJson(name: string, description: BoardDescription): object {
  const { firmware, info, status, report, safe, kept } = description;
  return {
    board: name,
    firmware: { name: firmware.name, version: `${firmware.major}.${firmware.minor}` },
    feature: `${info.versionMajor}.${info.versionMinor}`,
    contactors: info.contactors,
    pilotHz: info.pilotHz,
    dutyStepPct: 100 / info.dutyUnits,
    highSamplesPerS: info.highSamplesPerS,
    lowSamplesPerS: info.lowSamplesPerS,
    lockMaxMs: info.lockHardMaxMs,
    watchdogMaxMs: info.watchdogMaxMs,
    cp: status.state,
    dutyPct: status.dutyPermille / 10,
    cpHighV: report?.high?.avgV ?? null,
    cpLowV: report?.low?.avgV ?? null,
    ppOhm: report?.ppOhm ?? null,
    contactorK1: (status.outputs & OUTPUT.k1) !== 0,
    contactorK2: (status.outputs & OUTPUT.k2) !== 0,
    flags: flagWords(status.flags),
    lastStart: bootWords(status.bootCause),
    safeCurrent: safe,
    kept,
  };
}
