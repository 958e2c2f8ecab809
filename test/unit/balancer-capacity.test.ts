import fc from "fast-check";
import t from "tap";
import { BalancerRig } from "../support/balancer-rig.ts";

const sumOf = (values: readonly number[]): number => values.reduce((sumA, value) => sumA + value, 0);

t.test(
  "CAPACITY bounds the sum of the phases: a three-phase car counts three times, and the limit is named [4.7-R2]",
  async t => {
    const rig = new BalancerRig(["left"], { capacityA: 36 });
    rig.houseA = [3, 0, 0];
    rig.plug("left").run(30_000);
    t.equal(rig.point("left").boundBy, "capacity");
    t.ok(rig.limits()[0]! >= 10.8 && rig.limits()[0]! <= 11, `${rig.limits()[0]} A on each phase of 33 A left`);
  },
);

t.test("a car on one phase counts once, and who may join is judged by the phases it uses", async t => {
  const rig = new BalancerRig(["left", "right"], { capacityA: 26 }, { rotation: [0, 1, 2] });
  rig.car("left").phases = 1;
  rig.car("right").phases = 1;
  rig.plug("left", "right").run(120_000);
  t.ok(sumOf(rig.limits()) >= 25, `${rig.limits().join(" and ")} A, of 26 A in sum`);

  const both = new BalancerRig(["left", "right"], { capacityA: 35 });
  both.plug("left", "right").run(60_000);
  t.ok(both.limits()[0]! > 6 && both.limits()[1] === 0, "36 A would be needed for two at MIN");
  t.equal(both.point("right").boundBy, "turn");
  const fits = new BalancerRig(["left", "right"], { capacityA: 37 });
  fits.plug("left").run(30_000);
  t.ok(fits.limits()[0]! > 11, "one takes all of it");
  fits.plug("right").run(60_000);
  t.ok(
    fits.limits().every(limitA => limitA >= 6),
    "what the first can give up is room for the second",
  );
});

t.test("a Normal point is not bound by CAPACITY", async t => {
  const rig = new BalancerRig(["left"], { capacityA: 20 });
  rig.car("left").mode = "normal";
  rig.plug("left").run(20_000);
  t.equal(rig.limits()[0], 16);
});

t.test(
  "more load than CAPACITY leaves: cut to MIN at once; with CAP STOP 0 the sample that shows it stops",
  async t => {
    const rig = new BalancerRig(["left"], { capacityA: 36 });
    rig.plug("left").run(30_000);
    rig.houseA = [10, 0, 0];
    rig.run(1_000);
    t.ok(rig.limits()[0]! >= 8 && rig.limits()[0]! <= 8.7, `${rig.limits()[0]} A, of 26 A left`);
    rig.houseA = [19, 0, 0];
    rig.run(1_000);
    t.equal(rig.limits()[0], 0);
    t.equal(rig.point("left").boundBy, "capacity");
    rig.houseA = [0, 0, 0];
    rig.run(50_000);
    t.equal(rig.limits()[0], 0, "it waits 60 s");
    rig.run(20_000);
    t.ok(rig.limits()[0]! >= 6);
  },
);

t.test(
  "CAP STOP: so many minutes at MIN, then everything stops that counts against CAPACITY; less load ends it [4.5-R, 1.4-28, 7.3-1]",
  async t => {
    const rig = new BalancerRig(["left", "right"], { capacityA: 40, capStopMs: 120_000 });
    rig.plug("left", "right").run(60_000);
    rig.houseA = [12, 0, 0];
    rig.run(110_000);
    t.strictSame(rig.limits(), [6, 6], "at MIN, 8 A above CAPACITY");
    rig.houseA = [0, 0, 0];
    rig.run(20_000);
    rig.houseA = [12, 0, 0];
    rig.run(110_000);
    t.strictSame(rig.limits(), [6, 6], "the time has begun anew");
    rig.run(20_000);
    t.strictSame(rig.limits(), [0, 0], "both are stopped, although one would fit");
    rig.run(60_000);
    t.ok(rig.limits()[0]! >= 6, "the one that fits comes back");
  },
);

t.test(
  "whatever the house does: in sum no more than CAPACITY but for a sample and the car's reaction, or MIN within CAP STOP",
  async () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ loads: fc.array(fc.integer({ min: -8, max: 20 }), { minLength: 3, maxLength: 3 }) }), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.integer({ min: 20, max: 80 }),
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 0, max: 5 }),
        fc.boolean(),
        (steps, capacityA, capStopMin, lagS, onePhase) => {
          const rig = new BalancerRig(["left", "right"], { mainsA: 60, capacityA, capStopMs: capStopMin * 60_000 });
          for (const id of ["left", "right"]) {
            rig.car(id).lagMs = lagS * 1_000;
            rig.car(id).phases = onePhase ? 1 : 3;
          }
          rig.plug("left", "right").run(40_000);
          for (const { loads } of steps) {
            rig.houseA = loads as [number, number, number];
            // One sample, the reaction, and the 20 s that a shortage within the meter's noise may last.
            rig.run(1_000 + lagS * 1_000 + 22_000);
            for (let second = 0; second < 10; second += 1) {
              rig.run(1_000);
              const given = rig.limits().filter(limitA => limitA > 0);
              const atMinimum = capStopMin > 0 && given.every(limitA => limitA <= 6);
              const drawsA = sumOf(rig.mains()) - sumOf(loads);
              if (drawsA > 0 && sumOf(rig.mains()) > capacityA + 0.31 && !atMinimum) return false;
            }
          }
          return true;
        },
      ),
      { numRuns: 30 },
    );
  },
);
