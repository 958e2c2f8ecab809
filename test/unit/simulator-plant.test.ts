import fc from "fast-check";
import t from "tap";
import { advanceBattery, type BatteryModel, idleBattery } from "../../services/simulator/battery.core.ts";
import { CAR_KINDS } from "../../services/simulator/car-kinds.core.ts";
import { type HouseKind, houseAt } from "../../services/simulator/household.core.ts";
import { advanceMeter, freshMeter, type MeterModel } from "../../services/simulator/meter.core.ts";
import { advancePlant, initialPlant, type PlantModel, type Wiring } from "../../services/simulator/plant.core.ts";
import { draw, seeded } from "../../services/simulator/random.core.ts";
import { roofAt } from "../../services/simulator/roof.core.ts";
import { type Triple, ZERO } from "../../services/simulator/triple.core.ts";

const quietMeter: MeterModel = { periodS: 2, averageS: 1, latencyS: 0.5, noiseA: 0, resolutionA: 0.1 };

t.test("a meter averages its last second, rounds, and delivers half a second later", async t => {
  let meter = freshMeter(quietMeter, 0, 1, 0.25);
  const delivered: (readonly [number, number])[] = [];
  for (let step = 0; step < 24; step += 1) {
    const mainsA: Triple = [step, 0.04, -step];
    meter = advanceMeter(quietMeter, meter, { mainsA, carsA: [], batteryA: 0 }, { step, dtS: 0.25, silent: false });
    if (meter.sequence > delivered.length) delivered.push([step, meter.delivered.mainsA[0]]);
  }
  // Taken at step 6 over steps 3 to 6, delivered at step 8.
  t.strictSame(delivered, [
    [8, 4.5],
    [16, 12.5],
  ]);
  t.equal(meter.delivered.mainsA[1], 0);
  t.equal(meter.delivered.mainsA[2], -12.5);
});

t.test("a silent meter delivers nothing, and never what it took meanwhile", async t => {
  let meter = freshMeter(quietMeter, 0, 1, 0.25);
  for (let step = 0; step <= 16; step += 1) {
    const currents = { mainsA: [step, 0, 0] as Triple, carsA: [], batteryA: 0 };
    meter = advanceMeter(quietMeter, meter, currents, { step, dtS: 0.25, silent: step < 12 });
  }
  t.equal(meter.sequence, 1);
  t.equal(meter.delivered.takenAtStep, 14);
});

t.test("a meter's noise stays within its bounds and is the same for the same seed", async t => {
  const noisy = { ...quietMeter, noiseA: 0.5, resolutionA: 0.01 };
  const run = (seed: number): number[] => {
    let meter = freshMeter(noisy, 0, seed, 0.25);
    const seen: number[] = [];
    for (let step = 0; step < 800; step += 1) {
      const currents = { mainsA: [10, 10, 10] as Triple, carsA: [], batteryA: 0 };
      meter = advanceMeter(noisy, meter, currents, { step, dtS: 0.25, silent: false });
      if (step % 8 === 0 && meter.sequence > 0) seen.push(...meter.delivered.mainsA);
    }
    return seen;
  };
  t.equal(run(3).join(), run(3).join());
  t.not(run(3).join(), run(4).join());
  t.ok(run(3).every(value => Math.abs(value - 10) <= 0.505));
});

const battery: BatteryModel = {
  capacityKWh: 0.01,
  initialShare: 0.5,
  minShare: 0.1,
  maxShare: 0.9,
  maxChargeW: 3300,
  maxDischargeW: 3300,
  gain: 0.5,
  efficiency: 0.95,
};

t.test("a battery never leaves its power and fill limits, whatever flows", async () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -20_000, max: 20_000 }), { minLength: 1, maxLength: 400 }), flows => {
      let state = idleBattery(battery);
      // One step at full power may pass a bound by what it moves.
      const slackKWh = (3300 * 0.25) / 3.6e6 / battery.efficiency;
      for (const othersW of flows) {
        state = advanceBattery(battery, state, othersW, 0.25, 4);
        if (Math.abs(state.powerW) > 3300) return false;
        if (state.energyKWh > 0.009 + slackKWh || state.energyKWh < 0.001 - slackKWh) return false;
      }
      return true;
    }),
  );
});

function plantWith(wiring: Wiring): PlantModel {
  const car = { ...CAR_KINDS.ev1p32, energyKWh: 40 };
  return { dtS: 0.25, points: [{ car, wiring }], battery: null, meter: quietMeter, roofPhases: 3, seed: 1 };
}

t.test("a car's current appears on the house phase to which its terminal is wired", async t => {
  const wirings: Wiring[] = [
    [0, 1, 2],
    [1, 2, 0],
    [2, 1, 0],
  ];
  for (const wiring of wirings) {
    const model = plantWith(wiring);
    let plant = initialPlant(model);
    let mainsA: Triple = ZERO;
    for (let step = 0; step < 400; step += 1) {
      const supplies = [{ plugged: true, offeredA: 10, contactorL1: true, contactorL23: true, pilotLine: true }];
      const moved = advancePlant(model, plant, { houseA: [1, 2, 3], roofW: 690, supplies, meterSilent: false });
      plant = moved.state;
      mainsA = moved.truth.mainsA;
    }
    const expected = [0, 1, 2].map(phase => phase + 1 - 1 + (phase === wiring[0] ? 9.9 : 0));
    t.strictSame(
      mainsA.map(current => Math.round(current * 10) / 10),
      expected,
    );
  }
});

t.test("mulberry32 draws what it draws everywhere", async t => {
  let random = seeded(1);
  const values: number[] = [];
  for (let index = 0; index < 3; index += 1) {
    const drawn = draw(random);
    random = drawn.random;
    values.push(drawn.value);
  }
  t.strictSame(values, [0.6270739405881613, 0.002735721180215478, 0.5274470399599522]);
});

t.test("a household is lively, never negative, and the same for the same seed", async t => {
  const day = (kind: HouseKind, seed: number): Triple[] =>
    Array.from({ length: 3600 }, (_, second) => houseAt(kind, 1, seed, second));
  const first = day("household", 1);
  t.equal(JSON.stringify(first), JSON.stringify(day("household", 1)));
  t.not(JSON.stringify(first), JSON.stringify(day("household", 2)));
  t.ok(first.every(row => row.every(current => current >= 0.9)));
  for (const phase of [0, 1, 2] as const) {
    t.ok(Math.max(...first.map(row => row[phase])) > 4, `something is switched on on L${phase + 1} within an hour`);
  }
  t.ok(day("quiet", 1).every(row => row.every(current => current > 0.9 && current < 1.1)));
});

t.test("a roof gives nothing at night, its peak at most, and less under clouds", async t => {
  for (let hour = 0; hour < 24; hour += 0.25) {
    const clearW = roofAt(5000, "clear", 1, hour * 3600);
    const cloudyW = roofAt(5000, "clouds", 1, hour * 3600);
    t.ok(clearW >= 0 && clearW <= 5000);
    t.ok(cloudyW >= 0 && cloudyW <= clearW);
  }
  t.equal(roofAt(5000, "clear", 1, 12 * 3600), 0, "23 o'clock");
  t.ok(roofAt(5000, "clear", 1, 2 * 3600) > 4900, "13 o'clock");
});
