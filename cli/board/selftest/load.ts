import { EVENT, FLAG, OPENED_BY, OUTPUT } from "../../../shared/evse-sysex/codes.ts";
import { LEAVE_C_MAX_MS } from "../../../shared/iec61851/timing.ts";
import { BoardSilent } from "../errors.ts";
import type { MessageOf } from "../mailbox.ts";
import { type Bench, openedBy, WATCHDOG_MS } from "./bench.ts";
import { type Finding, judged, notFitted, notRun, voltage } from "./finding.ts";
import { inTime } from "./idle.ts";

/** What needs a car simulator: levels under load, and everything with a closed contactor. */

/** IEC 61851-1 table A.2: each level +-1 V. */
const LEVEL_TOLERANCE_V = 1;
const DUTY_16A = 266;
/** Usual contactors pull in within 50 ms; one that takes this long is stuck. */
const CLOSES_WITHIN_MS = 200;
/** The board's own weld check waits this long. */
const OPENS_WITHIN_MS = 100;
/** A longer safe current is not waited for. */
const WAITED_GRACE_S = 10;

const NAMED = {
  levelB: { id: "level-b", title: "State B, high part", limit: "8.0 to 10.0 V" },
  lowB: { id: "diode-b", title: "State B, low part (diode)", limit: "-13.0 to -11.0 V" },
  levelC: { id: "level-c", title: "State C, high part", limit: "5.0 to 7.0 V" },
  closeK1: { id: "k1-closes", title: "Contactor K1 closes", limit: `feedback within ${CLOSES_WITHIN_MS} ms` },
  openK1: { id: "k1-opens", title: "Contactor K1 opens", limit: `feedback within ${OPENS_WITHIN_MS} ms, no weld` },
  k2: { id: "k2", title: "Output K2 switches on and off", limit: "as told" },
  silence: {
    id: "silence-load",
    title: "Host silent under load: the board acts",
    limit: `${WATCHDOG_MS} ms after the last heartbeat`,
  },
  silenceOpens: {
    id: "silence-opens",
    title: "Host silent under load: contactor opens",
    limit: `feedback within ${OPENS_WITHIN_MS} ms after that`,
  },
  leaveC: {
    id: "leave-c",
    title: "Car leaves C: contactor opens by itself",
    // Half of what IEC 61851-1 table A.6 gives belongs to the detection, which the board cannot time from inside.
    limit: `feedback within ${LEAVE_C_MAX_MS / 2} ms after the board noticed`,
  },
} as const;

/** The same lines for a report without a car simulator. */
export function loadNotRun(): readonly Finding[] {
  return Object.values(NAMED).map(named => notRun(named, "needs a car simulator: --tester"));
}

export async function testLoad(bench: Bench): Promise<void> {
  await bench.drive(DUTY_16A);
  await levelsUnderLoad(bench);
  await bench.confirm(
    "The contactors will close and put the supply voltage on the outlet. Nobody may touch it, no car may be plugged in.",
    "close",
  );
  if (await mainContactor(bench)) {
    await secondContactor(bench);
    await silenceUnderLoad(bench);
    await leavingC(bench);
  } else {
    for (const named of [NAMED.k2, NAMED.silence, NAMED.silenceOpens, NAMED.leaveC]) {
      bench.found(notRun(named, "not with a contactor that failed"));
    }
  }
  await bench.drive(1_000);
}

async function levelsUnderLoad(bench: Bench): Promise<void> {
  await bench.waitFor("B", "turn the car simulator to B (connected)");
  const b = await bench.settled();
  bench.found(voltage(NAMED.levelB, 9, LEVEL_TOLERANCE_V, b.high?.avgV ?? null));
  bench.found(voltage(NAMED.lowB, -12, LEVEL_TOLERANCE_V, b.low?.avgV ?? null));
  await bench.waitFor("C", "turn the car simulator to C (charging)");
  const c = await bench.settled();
  bench.found(voltage(NAMED.levelC, 6, LEVEL_TOLERANCE_V, c.high?.avgV ?? null));
}

/** Answers whether K1 closes and opens; if not, it is not closed again. */
async function mainContactor(bench: Bench): Promise<boolean> {
  const refused = await bench.close(OUTPUT.k1);
  if (refused !== null) {
    bench.found(judged(NAMED.closeK1, false, `the board does not close: ${refused}`));
    return false;
  }
  const on = await bench.report(({ outputs }) => (outputs & OUTPUT.k1) !== 0, "that K1 is driven");
  const closes = await closesInTime(bench, on);
  await bench.session.must({ kind: "contactor", mask: 0 }, "opening the contactors");
  const off = await bench.report(({ outputs }) => (outputs & OUTPUT.k1) === 0, "that K1 is off");
  if (closes) return releases(bench, NAMED.openK1, off, OPENS_WITHIN_MS);
  bench.found(notRun(NAMED.openK1, "it did not close"));
  return false;
}

async function closesInTime(bench: Bench, on: MessageOf<"report">): Promise<boolean> {
  if (bench.lacks("feedback")) {
    bench.found(judged(NAMED.closeK1, true, "driven", "no feedback fitted: listen to it"));
    return true;
  }
  const tookMs = await bench.feedback(true, on.clockMs);
  const right = tookMs !== null && tookMs <= CLOSES_WITHIN_MS;
  const note = right ? "" : "--without feedback where none is fitted";
  bench.found(judged(NAMED.closeK1, right, tookMs === null ? "no feedback" : `${tookMs} ms`, note));
  return right;
}

/** Closes K1 and sees it closed: what never closed cannot be seen to open. Answers why not. */
async function closeMain(bench: Bench): Promise<string | null> {
  const refused = await bench.close(OUTPUT.k1);
  if (refused !== null) return `the board does not close: ${refused}`;
  const on = await bench.report(({ outputs }) => (outputs & OUTPUT.k1) !== 0, "that K1 is driven");
  if (bench.lacks("feedback")) return null;
  return (await bench.feedback(true, on.clockMs)) === null ? "no feedback" : null;
}

/** The main contact falls in time after `from`, and the board sees no weld. Answers whether it did. */
async function releases(
  bench: Bench,
  named: { readonly id: string; readonly title: string; readonly limit: string },
  from: { readonly clockMs: number; readonly flags: number },
  withinMs: number,
  note = "",
): Promise<boolean> {
  if (bench.lacks("feedback")) {
    bench.found(judged(named, true, "not driven any more", "no feedback fitted: listen to it"));
    return true;
  }
  const tookMs = await bench.feedback(false, from.clockMs);
  await bench.session.pause(OPENS_WITHIN_MS);
  const welded = ((await bench.settled()).flags & FLAG.weld) !== 0;
  const measured = tookMs === null ? "stays closed" : `${tookMs} ms${welded ? ", weld seen" : ""}`;
  const right = tookMs !== null && tookMs <= withinMs && !welded;
  bench.found(judged(named, right, measured, note));
  return right;
}

async function secondContactor(bench: Bench): Promise<void> {
  if (bench.lacks("k2")) {
    bench.found(notFitted(NAMED.k2));
    return;
  }
  const both = OUTPUT.k1 | OUTPUT.k2;
  const refused = await bench.close(both);
  const on = (await bench.settled()).outputs & both;
  await bench.session.must({ kind: "contactor", mask: 0 }, "opening the contactors");
  const off = (await bench.settled()).outputs & both;
  const right = refused === null && on === both && off === 0;
  const measured = refused ?? (right ? "on, off" : `on ${on}, off ${off}`);
  bench.found(judged(NAMED.k2, right, measured, "the board has no feedback of K2: measure at the outlet"));
}

/** The promise that matters most: nobody at the other end, and the board opens. */
async function silenceUnderLoad(bench: Bench): Promise<void> {
  const open = await closeMain(bench);
  if (open !== null) {
    bench.found(judged(NAMED.silence, false, open));
    return;
  }
  const safe = bench.description.safe;
  const carriesOn = safe !== null && safe.currentA > 0;
  try {
    const { leastMs, mostMs, event } = await bench.fallSilent(carriesOn ? EVENT.safeCurrent : EVENT.watchdogTrip);
    const { dutyPermille } = await bench.settled();
    const fell = carriesOn ? dutyPermille <= DUTY_16A && dutyPermille >= 100 : dutyPermille === 1_000;
    const words = carriesOn ? `, then ${(dutyPermille / 10).toFixed(1)} % for ${safe.graceS} s` : "";
    bench.found(judged(NAMED.silence, fell && inTime(leastMs, mostMs), `${leastMs} to ${mostMs} ms${words}`));
    await opensAfterSilence(bench, event, carriesOn ? safe.graceS : 0);
  } catch (error) {
    if (!(error instanceof BoardSilent)) throw error;
    bench.found(judged(NAMED.silence, false, error.message));
  }
  await bench.revive();
}

async function opensAfterSilence(bench: Bench, event: MessageOf<"event">, graceS: number): Promise<void> {
  if (graceS > WAITED_GRACE_S) {
    bench.found(notRun(NAMED.silenceOpens, `not waited for: the safe current holds ${graceS} s`));
    return;
  }
  if (graceS > 0) {
    const opened = await openedBy(bench, OPENED_BY.watchdog, graceS * 1_000 + 1_000);
    await releases(bench, NAMED.silenceOpens, opened, OPENS_WITHIN_MS, `after the safe current's ${graceS} s`);
    return;
  }
  // It has opened already, at the same millisecond; what is left is the contactor's own time.
  await releases(bench, NAMED.silenceOpens, event, OPENS_WITHIN_MS);
}

async function leavingC(bench: Bench): Promise<void> {
  await bench.drive(DUTY_16A);
  const open = await closeMain(bench);
  if (open !== null) {
    bench.found(judged(NAMED.leaveC, false, open));
    return;
  }
  const opened = openedBy(bench, OPENED_BY.cp, bench.options.waitMs);
  opened.catch(() => undefined);
  bench.terminal.tell(">>> turn the car simulator from C back to B");
  await releases(bench, NAMED.leaveC, await opened, LEAVE_C_MAX_MS / 2);
}
