import fc from "fast-check";
import t from "tap";
import type { LimitsSettings } from "../../services/limits/limits.config.ts";
import type { QuarterState } from "../../services/limits/limits.port.ts";
import { beginQuarter, limitOf, measure, quarterFact, turn } from "../../services/limits/quarter.core.ts";

const START = Date.UTC(2026, 0, 15, 12, 0);
const QUARTER_MS = 900_000;
const PEAK: LimitsSettings = { peakW: 5_000, flanders: false, intervals: null };
const FLANDERS: LimitsSettings = { peakW: null, flanders: true, intervals: null };

/** Samples of a constant power, one each second. */
function hold(
  state: QuarterState,
  powerW: number,
  fromMs: number,
  toMs: number,
  zone = "Europe/Brussels",
): QuarterState {
  let current = state;
  for (let civilMs = fromMs; civilMs <= toMs; civilMs += 1_000) current = measure(current, powerW, civilMs, zone);
  return current;
}

t.test("the window lies on the quarter hours of the wall clock, whenever it begins to be followed", async t => {
  const late = START + 317_000;
  const fact = quarterFact(beginQuarter(late, "Europe/Brussels"), PEAK, late);
  t.equal(fact.startsAt, "2026-01-15T12:00:00.000Z");
  t.equal(fact.endsInMs, 583_000);
  const nepal = quarterFact(beginQuarter(late, "Asia/Kathmandu"), PEAK, late);
  t.equal(nepal.startsAt, fact.startsAt, "a zone that is 5:45 ahead has the same quarter hours");
});

t.test(
  "what is left is spread over the rest; feeding back takes nothing off; twice the limit at most [11-R3]",
  async t => {
    const state = hold(beginQuarter(START, "UTC"), 2_000, START, START + 300_000);
    const fact = quarterFact(state, PEAK, START + 300_000);
    t.equal(Math.round(fact.usedWh), Math.round((2_000 * 300) / 3_600));
    t.equal(Math.round(fact.allowedW ?? 0), Math.round((5_000 * 900 - 2_000 * 300) / 600));
    const exporting = hold(state, -3_000, START + 301_000, START + 600_000);
    t.equal(Math.round(quarterFact(exporting, PEAK, START + 600_000).usedWh), Math.round(fact.usedWh));
    const quiet = hold(exporting, 0, START + 601_000, START + 890_000);
    t.equal(quarterFact(quiet, PEAK, START + 890_000).allowedW, 10_000);
    const over = hold(state, 40_000, START + 301_000, START + 450_000);
    t.equal(quarterFact(over, PEAK, START + 450_000).allowedW, 0, "used up");
  },
);

t.test(
  "a sample across the turn of the quarter hour counts on both sides; the month keeps its highest quarter hour",
  async t => {
    let state = hold(beginQuarter(START, "UTC"), 3_000, START, START + 899_500);
    state = measure(state, 3_000, START + 900_500, "UTC");
    t.equal(quarterFact(state, PEAK, START + 900_500).startsAt, "2026-01-15T12:15:00.000Z");
    t.ok(Math.abs(state.usedWs - 1_500) < 1e-6, `${state.usedWs} Ws of the new one`);
    t.ok(Math.abs(state.monthPeakW - 3_000) < 4, `${state.monthPeakW} W`);
    state = hold(state, 1_000, START + 901_000, START + 2 * QUARTER_MS + 1_000);
    t.ok(state.monthPeakW > 2_990, "a lower one changes nothing");
  },
);

t.test("the month is the local one, with its year; a new one begins with no peak", async t => {
  const zone = "Europe/Brussels";
  // 23:45 on 31 December in Brussels is 22:45 UTC.
  const lastQuarter = Date.UTC(2026, 11, 31, 22, 45);
  let state = hold(beginQuarter(lastQuarter, zone), 4_000, lastQuarter, lastQuarter + 890_000, zone);
  t.equal(state.month, "2026-12");
  state = hold(state, 1_000, lastQuarter + 891_000, lastQuarter + QUARTER_MS + 5_000, zone);
  t.equal(state.month, "2027-01");
  t.equal(state.monthPeakW, 0);
  const yearLater = turn({ ...state, month: "2026-01", monthPeakW: 9_000 }, Date.UTC(2027, 0, 20, 12), zone);
  t.equal(yearLater.monthPeakW, 0, "the January of another year is another month");
});

t.test(
  "after a restart the rest goes on; what nobody saw counts as drawn at the limit, and not for the month",
  async t => {
    const state = hold(beginQuarter(START, "UTC"), 1_000, START, START + 300_000);
    const again = measure(turn({ ...state, seen: false }, START + 360_000, "UTC"), 1_000, START + 360_000, "UTC");
    t.equal(again.unseenMs, 60_000);
    const fact = quarterFact(again, PEAK, START + 360_000);
    t.equal(Math.round(fact.allowedW ?? 0), Math.round((5_000 * 900 - 1_000 * 300 - 5_000 * 60) / 540));
    const closed = hold(again, 1_000, START + 361_000, START + QUARTER_MS + 1_000);
    t.ok(closed.monthPeakW < 1_000);
    const fresh = measure(beginQuarter(START + 600_000, "UTC"), 500, START + 600_000, "UTC");
    t.equal(
      Math.round(quarterFact(fresh, PEAK, START + 600_000).allowedW ?? 0),
      5_000,
      "nothing known: the average itself",
    );
    const days = turn(state, START + 40 * QUARTER_MS + 5_000, "UTC");
    t.equal(days.startMs, START + 40 * QUARTER_MS);
    t.ok(days.monthPeakW > 0 && days.monthPeakW < 1_000);
  },
);

t.test(
  "a clock that is set back, a sample that comes late, or the same one again change nothing they should not",
  async t => {
    const state = hold(beginQuarter(START, "UTC"), 2_000, START, START + 300_000);
    t.equal(measure(state, 9_000, START + 299_000, "UTC"), state);
    const back = measure(state, 2_000, START - 3_600_000, "UTC");
    t.equal(back.startMs, START - 3_600_000);
    t.equal(back.usedWs, 0);
  },
);

t.test("the limit: CAP PEAK, the month's peak but 2.5 kW at least, or the lesser of both", async t => {
  t.equal(limitOf(PEAK, 8_000), 5_000);
  t.equal(limitOf(FLANDERS, 0), 2_400);
  t.equal(limitOf(FLANDERS, 4_000), 3_900);
  t.equal(limitOf({ ...FLANDERS, peakW: 3_000 }, 4_000), 3_000);
  t.equal(limitOf({ peakW: null, flanders: false, intervals: null }, 4_000), null);
});

t.test("whoever draws no more than what is allowed, sample by sample, never exceeds the average", async () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ houseW: fc.integer({ min: -4_000, max: 4_900 }), spanS: fc.integer({ min: 1, max: 120 }) }),
        {
          minLength: 5,
          maxLength: 60,
        },
      ),
      fc.integer({ min: 1, max: 10 }),
      (loads, periodS) => {
        let state = beginQuarter(START, "UTC");
        let civilMs = START;
        let usedWs = 0;
        let startMs = START;
        for (const { houseW, spanS } of loads) {
          for (let doneS = 0; doneS < spanS; doneS += periodS) {
            const allowedW = quarterFact(state, PEAK, civilMs).allowedW ?? 0;
            const powerW = Math.max(houseW, allowedW);
            // The house alone may exceed it: then nothing is left for cars, and no more is claimed here.
            if (houseW > allowedW) return true;
            const endMs = startMs + QUARTER_MS;
            const nextMs = civilMs + periodS * 1_000;
            usedWs += (Math.max(0, powerW) * (Math.min(nextMs, endMs) - civilMs)) / 1_000;
            if (nextMs >= endMs) {
              if (usedWs / 900 > 5_000 + 5_000 * (periodS / 900)) return false;
              usedWs = (Math.max(0, powerW) * (nextMs - endMs)) / 1_000;
              startMs = endMs;
            }
            civilMs = nextMs;
            state = measure(state, powerW, civilMs, "UTC");
          }
        }
        return true;
      },
    ),
    { numRuns: 100 },
  );
});
