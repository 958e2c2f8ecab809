import { accessSync, constants, existsSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { messageOf } from "../../../shared/errors.ts";
import { systemClock } from "../../../shared/time/clock.ts";
import { helpOf, type OptionTable, readArguments, WrongUse } from "../../options.ts";
import type { Terminal } from "../../terminal.ts";
import { noWords } from "../no-words.ts";
import { BoardSession } from "../session.ts";
import { TARGET_OPTIONS, targetOf } from "../target.ts";
import { PARTS, type Part } from "./bench.ts";
import { htmlOf } from "./html.ts";
import { textLines } from "./report.ts";
import { selftestBoard } from "./run.ts";

const DEFAULT_WAIT_S = 120;

const OPTIONS = {
  tester: { help: "a car simulator is plugged in: tests under load as well, which closes the contactors" },
  yes: { help: "confirms beforehand that the contactors may close" },
  without: { value: "PARTS", help: `what is not fitted, separated by commas: ${PARTS.join(", ")}` },
  wait: { value: "SECONDS", help: `how long to wait for the car simulator to be turned (${DEFAULT_WAIT_S})` },
  report: { value: "FILE", help: "where FILE.html and FILE.json go (board-selftest-<time> in the current folder)" },
  note: { value: "TEXT", help: "goes into the report: serial number, place, name" },
  ...TARGET_OPTIONS,
} as const satisfies OptionTable;

const HELP = `edge-evse board selftest --port PATH [--tester]
Tests a board and its wiring and writes a report. Without --tester nothing may be plugged in, and no contactor is closed.
With --tester a car simulator (a box with a knob for the states A, B and C) is plugged in, and the contactors are closed
while it shows C: the outlet is live then.
${helpOf(OPTIONS)}`;

/** 0 passed, 1 failed or refused. */
export async function selftest(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, OPTIONS);
  if (options.help) {
    terminal.print(HELP);
    return 0;
  }
  noWords("selftest", words);
  if (options.yes && !options.tester)
    throw new WrongUse("--yes belongs to --tester; without it no contactor is closed");
  const target = targetOf(options);
  const without = partsOf(options.without);
  const waitMs = secondsOf(options.wait) * 1_000;
  const files = reportFiles(options.report ?? `board-selftest-${stampOf(systemClock.civilMs())}`);
  const session = await BoardSession.open(target, systemClock, terminal.stop);
  try {
    const report = await selftestBoard(
      session,
      systemClock,
      terminal,
      { tester: options.tester, confirmed: options.yes, without, waitMs },
      { board: target.name, note: options.note ?? "" },
    );
    writeFileSync(files.html, htmlOf(report));
    writeFileSync(files.json, `${JSON.stringify(report, null, 2)}\n`);
    if (options.json) terminal.print(JSON.stringify(report, null, 2));
    else for (const line of textLines(report)) terminal.print(line);
    terminal.tell(`written: ${files.html} and ${files.json}`);
    return report.verdict === "passed" ? 0 : 1;
  } finally {
    session.close();
  }
}

export function partsOf(text: string | undefined): readonly Part[] {
  const names = text === undefined ? [] : text.split(",").map(name => name.trim());
  return names.map(name => {
    const part = PARTS.find(known => known === name);
    if (part === undefined) throw new WrongUse(`--without ${text ?? ""}: expected some of ${PARTS.join(", ")}`);
    return part;
  });
}

export function secondsOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_WAIT_S;
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > 3_600) throw new WrongUse(`--wait ${text}: expected whole seconds 1..3600`);
  return seconds;
}

/** Finds out before the test whether its result can be kept. */
function reportFiles(base: string): { readonly html: string; readonly json: string } {
  const stem = resolve(base.replace(/\.(html|json)$/, ""));
  const files = { html: `${stem}.html`, json: `${stem}.json` };
  try {
    accessSync(dirname(stem), constants.W_OK);
    for (const file of Object.values(files)) if (existsSync(file)) accessSync(file, constants.W_OK);
  } catch (error) {
    throw new WrongUse(`--report ${base}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
  return files;
}

/** 20260131-174502, in UTC. */
function stampOf(civilMs: number): string {
  return new Date(civilMs).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
}
