import { EvseError } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/time/clock.ts";
import type { Terminal } from "../../terminal.ts";
import { describeBoard, whyBusy } from "../describe.ts";
import { BoardRefused } from "../errors.ts";
import type { BoardSession } from "../session.ts";
import { Bench, type SelftestOptions } from "./bench.ts";
import { testIdle } from "./idle.ts";
import { loadNotRun, testLoad } from "./load.ts";
import { reportOf, type SelftestReport } from "./report.ts";

/**
 * Tests a board from end to end. Refuses, before anything is driven, when something is plugged in that nobody said is a
 * car simulator; whatever happens later, the board is left open and at steady +12 V.
 */
export async function selftestBoard(
  session: BoardSession,
  clock: Clock,
  terminal: Terminal,
  options: SelftestOptions,
  about: { readonly board: string; readonly note: string },
): Promise<SelftestReport> {
  const description = await describeBoard(session);
  const busy = whyBusy(description);
  if (busy !== null) throw new BoardRefused(`not now: ${busy}${options.tester ? TURN_TO_A : SAY_TESTER}`);
  const bench = new Bench(session, clock, terminal, options, description);
  let aborted: string | null = null;
  try {
    await bench.prepare();
    await testIdle(bench);
    if (options.tester) await testLoad(bench);
    else for (const finding of loadNotRun()) bench.findings.push(finding);
  } catch (error) {
    if (!(error instanceof EvseError)) throw error;
    aborted = error.message;
  } finally {
    await bench.leaveSafe();
  }
  return reportOf(description, bench.findings, { ...about, tester: options.tester, aborted, civilMs: clock.civilMs() });
}

const TURN_TO_A = "; the test begins with the car simulator at A";
const SAY_TESTER = "; if this is a car simulator, turn it to A and say so with --tester";
