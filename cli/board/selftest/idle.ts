import { EVENT, FLAG, LATCHED_FLAGS, LOCK_REACHED, RCM_TEST_FAILED, RESULT } from "../../../shared/evse-sysex/codes.ts";
import { cableCapacityA } from "../../../shared/iec61851/proximity.ts";
import { BoardSilent } from "../errors.ts";
import { answerWords } from "../session.ts";
import { flagWords } from "../words.ts";
import { type Bench, REPORT_MS, WATCHDOG_MS } from "./bench.ts";
import { judged, notFitted, voltage } from "./finding.ts";

/** What can be tested with nothing plugged in. No contactor is closed here. */

/** IEC 61851-1 table A.2: open-circuit voltage 12 V +-0.6 V. */
const OPEN_CIRCUIT_TOLERANCE_V = 0.6;
/** IEC 61851-1 table A.2: the pulse width is right to 5 us of 1 ms. */
const DUTY_TOLERANCE_PCT = 0.5;
/** 6, 10, 16, 30, 32, 51 and 80 A. */
const DUTIES_PERMILLE = [100, 166, 266, 500, 533, 850, 960];
const HALF_DUTY = 500;
/** IEC 61851-1 table A.2: 1 kHz +-0.5 %. */
const FREQUENCY_HZ = 1_000;
const FREQUENCY_TOLERANCE_HZ = 5;
/** A board without monitor and lock is through before its clock can be judged; it is waited for, and not for ever. */
const FREQUENCY_WITHIN_MS = 10_000;
const FREQUENCY_LOOK_MS = 500;
const RCM_PULSE_MS = 500;
/** The monitor's line must fall again within this time after the test (firmware). */
const RCM_RECOVERS_WITHIN_MS = 1_000;
const LOCK_PULSE_MS = 500;
/** The drive rests this long after a pulse (firmware). */
const LOCK_PAUSE_MS = 600;

export async function testIdle(bench: Bench): Promise<void> {
  for (const test of [flags, levels, duties, proximity, residualCurrent, lock, silence, frequency]) {
    await test(bench);
    await bench.mustBeUnplugged();
  }
}

async function flags(bench: Bench): Promise<void> {
  const { flags: now } = await bench.session.query("status");
  const latched = now & LATCHED_FLAGS;
  const named = { id: "flags", title: "No latched fault", limit: "none" };
  bench.found(judged(named, latched === 0, flagWords(latched).join(", ") || "none"));
}

async function levels(bench: Bench): Promise<void> {
  await bench.drive(HALF_DUTY);
  const { high, low } = await bench.settled();
  await bench.drive(0);
  const negative = await bench.settled();
  await bench.drive(1_000);
  const steady = await bench.settled();
  const at = (id: string, title: string, nominalV: number, volts: number | undefined): void => {
    bench.found(voltage({ id, title }, nominalV, OPEN_CIRCUIT_TOLERANCE_V, volts ?? null));
  };
  at("pilot-steady-high", "Pilot, steady +12 V", 12, steady.high?.avgV);
  at("pilot-high", "Pilot at 50 %, high part", 12, high?.avgV);
  at("pilot-low", "Pilot at 50 %, low part", -12, low?.avgV);
  at("pilot-steady-low", "Pilot, steady -12 V", -12, negative.low?.avgV);
}

async function duties(bench: Bench): Promise<void> {
  for (const permille of DUTIES_PERMILLE) {
    await bench.drive(permille);
    const report = await bench.settled();
    const [wanted, found] = [permille / 10, report.dutyPermille / 10];
    const sampled = report.high !== null && report.low !== null;
    const named = {
      id: `duty-${permille}`,
      title: `Pilot at ${wanted.toFixed(1)} %`,
      limit: `${(wanted - DUTY_TOLERANCE_PCT).toFixed(1)} to ${(wanted + DUTY_TOLERANCE_PCT).toFixed(1)} %, both parts sampled`,
    };
    const right = sampled && Math.abs(found - wanted) <= DUTY_TOLERANCE_PCT;
    bench.found(judged(named, right, `${found.toFixed(1)} %${sampled ? "" : ", a part without samples"}`));
  }
  await bench.drive(1_000);
}

async function proximity(bench: Bench): Promise<void> {
  const { ppOhm } = await bench.settled();
  const capacityA = cableCapacityA(ppOhm);
  const named = { id: "pp", title: "Proximity pilot", limit: "open, or a cable of 13, 16, 32 or 63 A" };
  const measured = ppOhm === null ? "open" : `${ppOhm} ohm${capacityA === null ? "" : `: ${capacityA} A`}`;
  bench.found(judged(named, ppOhm === null || capacityA !== null, measured));
}

async function residualCurrent(bench: Bench): Promise<void> {
  const trip = {
    id: "rcm-trip",
    title: "Residual-current monitor trips when tested",
    limit: `within ${RCM_PULSE_MS} ms`,
  };
  const recovery = {
    id: "rcm-recovery",
    title: "Its line recovers after the test",
    limit: `within ${RCM_RECOVERS_WITHIN_MS} ms`,
  };
  if (bench.lacks("rcm")) {
    bench.found(notFitted(trip));
    bench.found(notFitted(recovery));
    return;
  }
  const before = await bench.settled();
  if ((before.flags & (FLAG.rcmLine | FLAG.rcmTrip)) !== 0) {
    const note = "tripped, or its wire is broken; --without rcm where none is fitted";
    bench.found(judged(trip, false, flagWords(before.flags & (FLAG.rcmLine | FLAG.rcmTrip)).join(", "), note));
    return;
  }
  const tested = bench.event(EVENT.rcmTest, RCM_PULSE_MS + 500, "the end of the residual-current test");
  tested.catch(() => undefined);
  const ack = await bench.session.ask({ kind: "rcmTest", pulseMs: RCM_PULSE_MS });
  if (ack.result !== RESULT.ok) {
    bench.found(judged(trip, false, answerWords(ack)));
    return;
  }
  const { arg } = await tested;
  const tripped = (arg & RCM_TEST_FAILED) === 0;
  bench.found(judged(trip, tripped, tripped ? `${arg} ms` : `no trip within ${arg & ~RCM_TEST_FAILED} ms`));
  await bench.session.pause(RCM_RECOVERS_WITHIN_MS + 100);
  const left = (await bench.settled()).flags & (FLAG.rcmLine | FLAG.rcmTrip | FLAG.rcmTestBad | FLAG.rcmTesting);
  bench.found(judged(recovery, left === 0, left === 0 ? "recovered" : flagWords(left).join(", ")));
}

async function lock(bench: Bench): Promise<void> {
  await turnLock(bench, { id: "lock", title: "Plug lock locks", limit: "feedback: locked" }, 1);
  await turnLock(bench, { id: "unlock", title: "Plug lock unlocks", limit: "feedback: not locked" }, 2);
}

async function turnLock(
  bench: Bench,
  named: { id: string; title: string; limit: string },
  drive: 1 | 2,
): Promise<void> {
  if (bench.lacks("lock")) {
    bench.found(notFitted(named));
    return;
  }
  const done = bench.event(EVENT.lockDone, LOCK_PULSE_MS + 500, "the end of the lock pulse");
  done.catch(() => undefined);
  const pulseMs = Math.min(LOCK_PULSE_MS, bench.description.kept?.values.lockMaxMs ?? LOCK_PULSE_MS);
  const ack = await bench.session.ask({ kind: "lock", drive, pulseMs });
  if (ack.result !== RESULT.ok) {
    bench.found(judged(named, false, answerWords(ack)));
    return;
  }
  const { arg } = await done;
  await bench.session.pause(LOCK_PAUSE_MS);
  const seen = ((await bench.settled()).flags & FLAG.lockFeedback) !== 0;
  const right = ((arg & LOCK_REACHED) !== 0) === (drive === 1) && seen === (drive === 1);
  const note = right ? "" : "--without lock where none is fitted";
  bench.found(judged(named, right, seen ? "locked" : "not locked", note));
}

/** The host goes silent with a pilot running and nothing plugged in. */
async function silence(bench: Bench): Promise<void> {
  const named = {
    id: "silence",
    title: "Host silent: pilot falls to steady +12 V",
    limit: `${WATCHDOG_MS} ms after the last heartbeat, told to ${2 * REPORT_MS} ms`,
  };
  await bench.drive(HALF_DUTY);
  try {
    const { leastMs, mostMs } = await bench.fallSilent(EVENT.watchdogTrip);
    const { dutyPermille } = await bench.settled();
    const right = dutyPermille === 1_000 && inTime(leastMs, mostMs);
    bench.found(judged(named, right, `${leastMs} to ${mostMs} ms, then ${dutyPermille / 10} %`));
  } catch (error) {
    if (!(error instanceof BoardSilent)) throw error;
    bench.found(judged(named, false, error.message));
  }
  await bench.revive();
}

/** The duty cycle is a count of the clock that makes the period; what is left to be wrong is that clock. */
async function frequency(bench: Bench): Promise<void> {
  const named = {
    id: "frequency",
    title: "Pilot frequency, by this computer's clock",
    limit: `${FREQUENCY_HZ - FREQUENCY_TOLERANCE_HZ} to ${FREQUENCY_HZ + FREQUENCY_TOLERANCE_HZ} Hz`,
  };
  for (let waitedMs = 0; bench.pace.pilotHz === null && waitedMs < FREQUENCY_WITHIN_MS; waitedMs += FREQUENCY_LOOK_MS) {
    await bench.session.pause(FREQUENCY_LOOK_MS);
  }
  const { pilotHz } = bench.pace;
  const right = pilotHz !== null && Math.abs(pilotHz - FREQUENCY_HZ) <= FREQUENCY_TOLERANCE_HZ;
  bench.found(judged(named, right, pilotHz === null ? "no reports" : `${pilotHz.toFixed(1)} Hz`));
}

/** The true time lies between the two; the watchdog's own must be possible, and nothing much longer certain. */
export function inTime(leastMs: number, mostMs: number): boolean {
  return leastMs <= WATCHDOG_MS + 2 * REPORT_MS && mostMs >= WATCHDOG_MS - 2 * REPORT_MS;
}
