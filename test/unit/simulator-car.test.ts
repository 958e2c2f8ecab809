import fc from "fast-check";
import t from "tap";
import {
  advanceCar,
  awayCar,
  type CarModel,
  type CarState,
  type CarSupply,
} from "../../services/simulator/car.core.ts";
import { CAR_KIND_NAMES, CAR_KINDS } from "../../services/simulator/car-kinds.core.ts";

const DT_S = 0.25;
const common: CarModel = { ...CAR_KINDS.ev3p16, taperKWh: 0, energyKWh: 40 };
const given: CarSupply = { plugged: true, offeredA: 16, contactorL1: true, contactorL23: true, pilotLine: true };

/** The states of a car, step by step, under a supply that may change with time. */
function drive(model: CarModel, seconds: number, supplyAt: (t: number) => Partial<CarSupply>): CarState[] {
  const states: CarState[] = [];
  let car = awayCar(model, DT_S);
  for (let step = 0; step < seconds / DT_S; step += 1) {
    car = advanceCar(model, car, { ...given, ...supplyAt(step * DT_S) }, DT_S);
    states.push(car);
  }
  return states;
}

/** First instant at which something holds, in seconds. */
function firstAt(states: readonly CarState[], holds: (car: CarState) => boolean): number {
  return states.findIndex(holds) * DT_S;
}

const last = (states: readonly CarState[]): CarState => states.at(-1)!;

t.test("each kind wakes, starts and settles in its own time", async t => {
  const expected = {
    ev3p16: { c: 1.75, current: 5.5, settledA: 16 },
    ev3p32: { c: 1.75, current: 5.5, settledA: 15.76 },
    ev1p32: { c: 2.75, current: 7.5, settledA: 15.84 },
    ev1p16: { c: 2.75, current: 7.5, settledA: 15.84 },
    zoe: { c: 9.75, current: 37.5, settledA: 14.88 },
  };
  for (const kind of CAR_KIND_NAMES) {
    const states = drive({ ...CAR_KINDS[kind], energyKWh: 40 }, 120, () => ({}));
    t.strictSame(
      {
        c: firstAt(states, car => car.pilot === "C"),
        current: firstAt(states, car => car.drawA > 0),
        settledA: Math.round(last(states).drawA * 100) / 100,
      },
      expected[kind],
      kind,
    );
    t.equal(last(states).phases, CAR_KINDS[kind].phases);
  }
});

t.test("a lower offer is followed after the reaction time, down its ramp", async t => {
  const states = drive(common, 60, second => ({ offeredA: second < 30 ? 16 : 8 }));
  t.equal(
    firstAt(states.slice(120), car => car.drawA < 16),
    2,
  );
  t.equal(
    firstAt(states.slice(120), car => car.drawA <= 8),
    2.75,
  );
});

t.test("without a pilot signal the current ends at once and state C a step later", async t => {
  const states = drive(common, 60, second => ({ offeredA: second < 30 ? 16 : 0 }));
  const after = states.slice(120);
  t.equal(
    firstAt(after, car => car.drawA === 0),
    0,
  );
  t.equal(
    firstAt(after, car => car.pilot === "B"),
    0.25,
  );
});

t.test("an open contactor ends the current at once, a cut pilot line ends state C at once", async t => {
  const opened = drive(common, 31, second => ({ contactorL1: second < 30 }));
  t.equal(opened[119]?.drawA, 16);
  t.equal(opened[120]?.drawA, 0);
  t.equal(opened[120]?.phases, 0);
  const cut = drive(common, 31, second => ({ pilotLine: second < 30 }));
  t.equal(cut[119]?.pilot, "C");
  t.equal(cut[120]?.pilot, "B");
});

t.test("on one contactor a three-phase car charges on one phase", async t => {
  t.match(last(drive(common, 30, () => ({ contactorL23: false }))), { phases: 1, drawA: 16 });
});

t.test("tapers, is full at its energy, and asks no more", async t => {
  const small: CarModel = { ...common, energyKWh: 0.5, taperKWh: 0.25 };
  const states = drive(small, 600, () => ({}));
  const full = states.findIndex(car => car.energyKWh >= small.energyKWh);
  t.ok(full > 0);
  t.ok(states[full - 1]!.drawA < 7, "the current fell before the end");
  t.equal(last(states).pilot, "B");
  t.equal(last(states).drawA, 0);
  t.ok(last(states).energyKWh < small.energyKWh + 0.01);
});

t.test("unplugged it shows A and draws nothing; what it took stays taken", async t => {
  const states = drive(common, 61, second => ({ plugged: second < 60 }));
  t.match(last(states), { pilot: "A", drawA: 0, phases: 0 });
  t.equal(last(states).energyKWh, states[239]?.energyKWh);
  t.ok(last(states).energyKWh > 0);
});

t.test("below its own minimum it stays in C and draws nothing", async t => {
  t.match(last(drive(common, 60, () => ({ offeredA: 5.2 }))), { pilot: "C", drawA: 0 });
});

const supply: fc.Arbitrary<CarSupply> = fc.record({
  plugged: fc.boolean(),
  offeredA: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 80, noNaN: true })),
  contactorL1: fc.boolean(),
  contactorL23: fc.boolean(),
  pilotLine: fc.boolean(),
});
/** A supply that lasts a while. */
const spans = fc.array(fc.tuple(supply, fc.integer({ min: 1, max: 80 })), { minLength: 1, maxLength: 12 });
const model = fc
  .tuple(fc.constantFrom(...CAR_KIND_NAMES), fc.double({ min: 0.05, max: 2, noNaN: true }))
  .map(([kind, energyKWh]): CarModel => ({ ...CAR_KINDS[kind], energyKWh }));

t.test(
  "whatever it is given: energy only grows, the current keeps its ramp and its limits, and flows only in C or on its way out",
  async () => {
    fc.assert(
      fc.property(model, spans, (kind, list) => {
        let car = awayCar(kind, DT_S);
        for (const [seen, steps] of list) {
          for (let step = 0; step < steps; step += 1) {
            const next = advanceCar(kind, car, seen, DT_S);
            if (next.energyKWh < car.energyKWh || next.drawA < 0) return false;
            if (next.drawA - car.drawA > kind.rampUpAPerS * DT_S + 1e-9) return false;
            if (next.drawA > Math.max(kind.maxOnePhaseA, kind.maxThreePhaseA) + 1e-9) return false;
            if (next.drawA > 0 && (!seen.plugged || !seen.contactorL1)) return false;
            if (next.drawA > car.drawA && next.pilot !== "C") return false;
            if (next.phases === 3 && (kind.phases === 1 || !seen.contactorL23)) return false;
            car = next;
          }
        }
        return true;
      }),
    );
  },
);
