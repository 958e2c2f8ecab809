import t from "tap";
import type { Sample } from "../../services/meter/meter.port.ts";
import {
  freshOrder,
  type OrderState,
  orderFindings,
  orderMains,
  orderOwn,
} from "../../services/meter/phase-order.core.ts";
import { findingsOf, freshQuality, type QualityState, watchSample } from "../../services/meter/quality.core.ts";
import type { MeterRole } from "../../shared/contracts/meter.ts";

const even = (value: number) => ({ l1: value, l2: value, l3: value });

function sample(at: number, over: Partial<Sample> = {}): Sample {
  // A real load is never twice the same.
  const amps = 10 + (at % 7_000) / 100_000;
  return {
    currentA: even(amps),
    powerW: even(amps * 230),
    totalPowerW: amps * 690,
    importWh: null,
    exportWh: null,
    sampledAt: at,
    ...over,
  };
}

/** One sample per second, as `make` says. */
function watched(role: MeterRole, seconds: number, make: (at: number) => Sample, from = freshQuality(role), start = 0) {
  let state: QualityState = from;
  for (let second = start; second < start + seconds; second += 1) {
    state = watchSample(state, make(second * 1_000), second * 1_000);
  }
  return state;
}

function codes(state: QualityState): readonly string[] {
  return findingsOf(state).map(({ code }) => code);
}

t.test("nothing is said against a meter that behaves", async t => {
  t.strictSame(codes(watched("mains", 600, at => sample(at))), []);
  const night = watched("mains", 600, at => sample(at, { currentA: even(0.3), powerW: even(60), totalPowerW: 180 }));
  t.strictSame(codes(night), [], "a small load that never changes is no stuck meter");
});

t.test("names what contradicts itself, once it has lasted, and forgets it when it is over", async t => {
  const cases: [string, MeterRole, Partial<Sample>, RegExp][] = [
    ["sign-conflict", "mains", { contradicts: ["l2"] }, /^current and power of L2 point in different directions/],
    ["sum-conflict", "mains", { totalPowerW: 3_000 }, /^total power of 3000 W, but the phases add up to 69/],
    ["power-conflict", "mains", { currentA: { l1: 5, l2: 10, l3: 11 } }, /^power of L1 is more than current times/],
    [
      "phases-crossed",
      "mains",
      { powerW: { l1: -1_150, l2: -1_150, l3: 2_300 }, totalPowerW: 0, currentA: even(10) },
      /^L1 and L2 show half of their power, backwards/,
    ],
    [
      "reversed",
      "ev",
      { currentA: even(-10), powerW: even(-2_300), totalPowerW: -6_900 },
      /feed the house on L1 and L2/,
    ],
  ];
  for (const [code, role, over, text] of cases) {
    const bad = (at: number): Sample => sample(at, over);
    t.strictSame(codes(watched(role, 9, bad)), [], `${code}: not after 9 samples`);
    const named = watched(role, 10, bad);
    t.strictSame(codes(named), [code]);
    t.match(findingsOf(named)[0]?.text, text);
    const good = (at: number): Sample => sample(at, { contradicts: [] });
    t.strictSame(codes(watched(role, 10, good, named, 10)), [], `${code}: over`);
  }
});

t.test("a single odd sample among many is noise", async t => {
  const state = watched("mains", 300, at => sample(at, at % 5_000 === 0 ? { totalPowerW: 0 } : {}));
  t.strictSame(codes(state), []);
});

t.test("crossed transformers of a resistive load are told from a solar roof", async t => {
  const roof = (at: number): Sample =>
    sample(at, { currentA: even(-10), powerW: even(-2_290), totalPowerW: -6_870, voltageV: even(229) });
  t.strictSame(codes(watched("mains", 60, roof)), []);
});

t.test("values that never change while current flows are a stuck meter, after two minutes", async t => {
  const stuck = (at: number): Sample => ({ ...sample(0), sampledAt: at });
  t.strictSame(codes(watched("mains", 120, stuck)), []);
  const named = watched("mains", 121, stuck);
  t.strictSame(codes(named), ["frozen"]);
  t.match(findingsOf(named)[0]?.text, /same for 2 min/);
  t.strictSame(codes(watchSample(named, sample(500_500), 500_500)), [], "one new value");
});

t.test("energy counters that stand still, or run against the power, are named", async t => {
  // 6.9 kW for an hour; the counters are read with every sample.
  const counting = (perHourWh: number) => (at: number) =>
    sample(at, {
      importWh: 5_000_000 + Math.max(0, perHourWh * at) / 3_600_000,
      exportWh: Math.max(0, -perHourWh * at) / 3_600_000,
    });
  t.strictSame(codes(watched("mains", 3_600, counting(6_900))), []);
  t.match(findingsOf(watched("mains", 3_600, counting(0))), [
    { code: "counter-conflict", text: /stand still although 30\d Wh/ },
  ]);
  t.match(findingsOf(watched("mains", 3_600, counting(-6_900))), [
    { code: "counter-conflict", text: /import and export are exchanged/ },
  ]);
});

/** A car on one phase of its meter, which is another phase of the house, starts and stops every 30 s. */
function charging(onMains: "l1" | "l2" | "l3", minutes: number, houseStepsA = 0): OrderState {
  let state = freshOrder;
  for (let at = 0; at < minutes * 60_000; at += 500) {
    const draws = Math.floor(at / 30_000) % 2 === 1 ? 12 : 0;
    // The mains meter is read every second, the car's every two; both hear of a change when they are read.
    if (at % 1_000 === 0) {
      const house = 2 + (houseStepsA * (Math.floor(at / 5_000) % 3)) / 2;
      state = orderMains(state, { ...even(house), [onMains]: house + draws }, at);
    }
    if (at % 2_000 === 500) state = orderOwn(state, sample(at, { currentA: { l1: draws, l2: 0, l3: 0 } }));
  }
  return state;
}

t.test("a car's meter finds the phase of the house that its L1 really is", async t => {
  t.strictSame(orderFindings(charging("l1", 10)), [], "the right one");
  t.match(orderFindings(charging("l2", 10)), [
    { code: "phases-swapped", text: "L1 of this meter is L2 of the mains meter: exchange wires, or set phaseRotation" },
  ]);
  t.match(orderFindings(charging("l3", 10, 2)), [{ text: /^L1 of this meter is L3/ }], "in a house that is not quiet");
  t.strictSame(orderFindings(charging("l2", 1)), [], "not from one change");
});

t.test("a car on three phases, and a house that does the same everywhere, tell nothing", async t => {
  let state = freshOrder;
  for (let at = 0; at < 600_000; at += 1_000) {
    const draws = Math.floor(at / 30_000) % 2 === 1 ? 12 : 0;
    state = orderMains(state, even(2 + draws), at);
    state = orderOwn(state, sample(at, { currentA: even(draws) }));
  }
  t.strictSame(orderFindings(state), []);
});
