import { type BoardDescription, type SafeCurrent, safeWords } from "../describe.ts";
import { table } from "../words.ts";
import type { Finding } from "./finding.ts";

/** What a self test came to: for a person, a program and a folder. */
export interface SelftestReport {
  readonly board: string;
  /** Civil time, ISO 8601 in UTC. */
  readonly at: string;
  readonly note: string;
  readonly firmware: string;
  readonly feature: string;
  readonly safeCurrent: SafeCurrent | null;
  /** Whether a car simulator was there. */
  readonly tester: boolean;
  readonly findings: readonly Finding[];
  /** Why the test ended before its end; null when it did not. */
  readonly aborted: string | null;
  readonly verdict: "passed" | "failed" | "aborted";
}

export function reportOf(
  description: BoardDescription,
  findings: readonly Finding[],
  about: Pick<SelftestReport, "board" | "note" | "tester" | "aborted"> & { readonly civilMs: number },
): SelftestReport {
  const { firmware, info, safe } = description;
  const { civilMs, ...rest } = about;
  const failed = findings.some(({ verdict }) => verdict === "fail");
  return {
    ...rest,
    at: new Date(civilMs).toISOString(),
    firmware: `${firmware.name} ${firmware.major}.${firmware.minor}`,
    feature: `${info.versionMajor}.${info.versionMinor}`,
    safeCurrent: safe,
    findings,
    verdict: about.aborted !== null ? "aborted" : failed ? "failed" : "passed",
  };
}

/** The verdict in a sentence that does not hide what was left out. */
export function verdictWords({ verdict, findings, aborted }: SelftestReport): string {
  const count = (wanted: Finding["verdict"]): number => findings.filter(finding => finding.verdict === wanted).length;
  const counts = [
    `${count("pass")} passed`,
    `${count("fail")} failed`,
    `${count("not run")} not run`,
    `${count("not fitted")} not fitted`,
  ];
  const why = aborted === null ? "" : `: ${aborted}`;
  return `${verdict}${why} (${counts.join(", ")})`;
}

export function headRows(report: SelftestReport): readonly (readonly [string, string])[] {
  return [
    ["Board", report.board],
    ["Time", report.at],
    ["Firmware", `${report.firmware}, EVSE feature ${report.feature}`],
    ["Safe current", report.safeCurrent === null ? "not supported by this firmware" : safeWords(report.safeCurrent)],
    ["Car simulator", report.tester ? "yes" : "no: nothing was tested under load"],
    ...(report.note === "" ? [] : [["Note", report.note] as const]),
    ["Verdict", verdictWords(report)],
  ];
}

/** What the numbers are worth, so that nobody reads more into them. */
export const HONESTY =
  "Voltages, duty cycle and times are those the board itself measures and reports; they show that board, wiring and " +
  "firmware agree, not what an oscilloscope or a calibrated tester at the connector would read.";

export function textLines(report: SelftestReport): readonly string[] {
  const rows = report.findings.map(({ title, limit, measured, verdict, note }) => [
    verdict,
    [title, measured, limit === "" ? "" : `(limit ${limit})`, note].filter(part => part !== "").join("  "),
  ]) as [string, string][];
  return [...table(headRows(report)), "", ...(rows.length === 0 ? [] : table(rows)), "", HONESTY];
}
