import fc from "fast-check";
import t from "tap";
import type { CircuitWiring } from "../../services/balancer/circuits.core.ts";
import { explainAllocation } from "../../services/balancer/explain.core.ts";
import { BalancerRig } from "../support/balancer-rig.ts";

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const all = (limitA: number): readonly [number, number, number] => [limitA, limitA, limitA];
const GARAGE: CircuitWiring = { id: "garage", limitA: all(16), members: ["a", "b"], meterId: "sub" };
const SAME = { rotation: [0, 1, 2] } as const;

t.test("a circuit bounds only the points below it, and is named with its phase", async t => {
  const rig = new BalancerRig(["a", "b", "yard"], { mainsA: 63 }, SAME, 1_000, [{ ...GARAGE, meterId: null }]);
  rig.plug("a", "b", "yard").run(60_000);
  t.strictSame(rig.limits(), [8, 8, 16]);
  t.match(rig.point("a").boundBy, /^circuit\.garage\.l[123]$/);
  const insight = explainAllocation(rig.state, "a", "regulate", rig.now);
  t.ok(insight?.limits.some(limit => limit.boundBy === "circuit.garage.l2" && limit.ofA === 16));
  t.notOk(
    explainAllocation(rig.state, "yard", "regulate", rig.now)?.limits.some(({ boundBy }) => /garage/.test(boundBy)),
  );
});

t.test("a breach of a circuit cuts its members with the next sample of its meter, and nobody else", async t => {
  const rig = new BalancerRig(["a", "b", "yard"], { mainsA: 63 }, SAME, 1_000, [{ ...GARAGE, limitA: all(25) }]);
  rig.circuitMeters.set("sub", { members: ["a", "b"], otherA: [0, 0, 0], silent: false });
  rig.plug("a", "b", "yard").run(60_000);
  t.ok(sum(rig.limits().slice(0, 2)) > 24 && rig.limits()[2] === 16, rig.limits().join(", "));
  rig.circuitMeters.get("sub")!.otherA = [0, 9, 0];
  rig.run(1_000);
  t.ok(sum(rig.limits().slice(0, 2)) <= 16 && rig.limits().every(limitA => limitA >= 6), rig.limits().join(", "));
  t.equal(rig.limits()[2], 16);
  t.equal(rig.point("a").boundBy, "circuit.garage.l2");
});

t.test("its meter falls silent: what is given is bounded, less what other loads were last seen to take", async t => {
  const rig = new BalancerRig(["a", "b"], { mainsA: 63 }, SAME, 1_000, [{ ...GARAGE, limitA: all(25) }]);
  rig.circuitMeters.set("sub", { members: ["a", "b"], otherA: [5, 0, 0], silent: false });
  rig.plug("a", "b").run(60_000);
  rig.circuitMeters.get("sub")!.silent = true;
  rig.run(30_000);
  t.ok(sum(rig.limits()) <= 20.1 && sum(rig.limits()) > 18, `${rig.limits().join(" and ")} of 25 - 5 A`);
  rig.circuitMeters.get("sub")!.silent = false;
  rig.circuitMeters.get("sub")!.otherA = [0, 0, 0];
  rig.run(60_000);
  t.ok(sum(rig.limits()) > 23, "heard again");
});

t.test("circuits in circuits, and phases that differ: the tightest on the way binds", async t => {
  const circuits: readonly CircuitWiring[] = [
    { id: "hall", limitA: [40, 40, 30], members: ["a", "b", "c"], meterId: null },
    { id: "garage", limitA: [40, 20, 40], members: ["a", "b"], meterId: null },
    { id: "box", limitA: [7, 40, 40], members: ["a"], meterId: null },
  ];
  const rig = new BalancerRig(["a", "b", "c"], { mainsA: 80, circuitA: 60 }, SAME, 1_000, circuits);
  rig.plug("a", "b", "c").run(60_000);
  t.strictSame(rig.limits(), [7, 11.5, 11.5], "box 7; hall 30 on L3 in all; garage 20 on L2 is not reached");
  t.equal(rig.point("a").boundBy, "circuit.box.l1");
  t.equal(rig.point("b").boundBy, "circuit.hall.l3");
});

t.test("CIRCUIT with a meter: a Normal car is known by its EV meter and not counted twice [4.2]", async t => {
  const rig = new BalancerRig(["a", "b"], { mainsA: 63, circuitA: 32, circuitMeter: true }, SAME);
  rig.circuitMeters.set("circuit", { members: ["a", "b"], otherA: [0, 0, 0], silent: false });
  rig.car("a").mode = "normal";
  rig.plug("a", "b").run(60_000);
  t.strictSame(rig.limits(), [16, 16]);
});

t.test(
  "the meter of CIRCUIT is silent for 20 s: nobody charges there, in any mode; it comes back by itself",
  async t => {
    const rig = new BalancerRig(["a", "b"], { mainsA: 63, circuitA: 32, circuitMeter: true }, SAME);
    rig.circuitMeters.set("circuit", { members: ["a", "b"], otherA: [0, 0, 0], silent: false });
    rig.car("a").mode = "normal";
    rig.plug("a", "b").run(30_000);
    rig.circuitMeters.get("circuit")!.silent = true;
    rig.run(19_000);
    t.ok(sum(rig.limits()) > 0);
    rig.run(3_000);
    t.strictSame(rig.limits(), [0, 0]);
    t.equal(rig.point("a").boundBy, "circuit-silent");
    rig.circuitMeters.get("circuit")!.silent = false;
    rig.run(80_000);
    t.strictSame(rig.limits(), [16, 16]);
    const never = new BalancerRig(["a"], { mainsA: 63, circuitA: 32, circuitMeter: true });
    never.plug("a").run(25_000);
    t.equal(never.limits()[0], 0, "one that was never heard gives nothing");
  },
);

t.test("EV METER as the meter of a sub-panel: other loads behind it are seen, and both fuses hold [4.2-R]", async t => {
  const rig = new BalancerRig(["a"], { mainsA: 35, circuitA: 20, circuitMeter: true, evMeterIsCircuit: true }, SAME);
  rig.plug("a").run(20_000);
  t.equal(rig.limits()[0], 16, "alone behind its meter it is known exactly");
  rig.car("a").besideA = 8;
  rig.run(12_000);
  t.ok(rig.limits()[0]! <= 12 && rig.limits()[0]! >= 6, `${rig.limits()[0]} A beside a washing machine of 8 A`);
  t.match(rig.point("a").boundBy, /^circuit\.l/);
  rig.houseA = [20, 0, 0];
  rig.run(10_000);
  t.ok(rig.mains()[0] <= 35.1, `${rig.mains()[0]} A at the mains`);
  t.ok(rig.limits()[0]! >= 6);
});

const tree = fc.record({
  parents: fc.array(fc.option(fc.nat(3), { nil: null }), { minLength: 1, maxLength: 4 }),
  limits: fc.array(fc.integer({ min: 6, max: 60 }), { minLength: 4, maxLength: 4 }),
  homes: fc.array(fc.option(fc.nat(3), { nil: null }), { minLength: 1, maxLength: 6 }),
  circuitA: fc.option(fc.integer({ min: 10, max: 100 }), { nil: null }),
});

/** A tree from numbers: a parent is an earlier circuit, so that there is no loop. */
function wiringOf({
  parents,
  limits,
  homes,
}: {
  parents: readonly (number | null)[];
  limits: readonly number[];
  homes: readonly (number | null)[];
}): CircuitWiring[] {
  const above = (circuit: number): number[] => {
    const parent = parents[circuit] ?? null;
    return parent === null || circuit === 0 ? [circuit] : [circuit, ...above(parent % circuit)];
  };
  return parents.map((_parent, index) => ({
    id: `c${index}`,
    limitA: [limits[index]!, limits[index]! + 4, limits[index]!],
    members: homes.flatMap((home, point) =>
      home !== null && above(home % parents.length).includes(index) ? [`p${point}`] : [],
    ),
    meterId: null,
  }));
}

t.test("for any tree and any cars: nothing that is given exceeds any circuit, whoever comes and goes", async () => {
  const events = fc.array(
    fc.record({
      at: fc.nat(5),
      wants: fc.boolean(),
      ceiling: fc.integer({ min: 6, max: 32 }),
      waitS: fc.integer({ min: 1, max: 20 }),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(tree, events, (shape, happenings) => {
      const ids = shape.homes.map((_home, index) => `p${index}`);
      const circuits = wiringOf(shape);
      const rig = new BalancerRig(ids, { mainsA: 150, circuitA: shape.circuitA }, SAME, 1_000, circuits);
      for (const { at, wants, ceiling, waitS } of happenings) {
        const car = rig.car(ids[at % ids.length]!);
        car.wants = wants;
        car.ceilingA = ceiling;
        for (let second = 0; second < waitS; second += 1) {
          rig.run(1_000);
          if (!keepsCircuits(rig, circuits, shape.circuitA)) return false;
        }
      }
      return true;
    }),
    { numRuns: 15 },
  );
});

function keepsCircuits(rig: BalancerRig, circuits: readonly CircuitWiring[], circuitA: number | null): boolean {
  const givenTo = (ids: readonly string[]): number =>
    sum(rig.state.points.filter(point => point.admitted && ids.includes(point.id)).map(({ limitA }) => limitA));
  if (circuitA !== null && givenTo([...rig.cars.keys()]) > circuitA + 1e-6) return false;
  return circuits.every(({ members, limitA }) => givenTo(members) <= Math.min(...limitA) + 1e-6);
}

t.test(
  "for any tree nobody starves while there is room: who waits has a circuit on the way that lacks its minimum",
  async () => {
    fc.assert(
      fc.property(tree, shape => {
        const ids = shape.homes.map((_home, index) => `p${index}`);
        const circuits = wiringOf(shape);
        const rig = new BalancerRig(ids, { mainsA: 150, circuitA: shape.circuitA }, SAME, 1_000, circuits);
        rig.plug(...ids).run(100_000);
        const charging = rig.state.points.filter(({ admitted }) => admitted).map(({ id }) => id);
        const ways = [...circuits, { members: ids, limitA: all(shape.circuitA ?? 1_000) }];
        return rig.state.points.every(
          point =>
            point.admitted ||
            ways.some(
              ({ members, limitA }) =>
                members.includes(point.id) &&
                Math.min(...limitA) - 6 * members.filter(id => charging.includes(id)).length < 6,
            ),
        );
      }),
      { numRuns: 15 },
    );
  },
);

t.test(
  "for any loads beside the cars: a measured circuit is over its limit only for a sample, the car's reaction and the time a shortage may last",
  async () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 0, max: 5 }),
        (loads, lagS) => {
          const rig = new BalancerRig(["a", "b"], { mainsA: 100 }, SAME, 1_000, [{ ...GARAGE, limitA: all(32) }]);
          const meter = { members: ["a", "b"], otherA: [0, 0, 0] as [number, number, number], silent: false };
          rig.circuitMeters.set("sub", meter);
          for (const id of ["a", "b"]) rig.car(id).lagMs = lagS * 1_000;
          rig.plug("a", "b").run(40_000);
          for (const load of loads) {
            meter.otherA = [load, 0, 0];
            rig.run(1_000 + lagS * 1_000 + 22_000);
            // A car that joins may be over for as long again.
            let overS = 0;
            for (let second = 0; second < 10; second += 1) {
              rig.run(1_000);
              overS = load <= 32 && rig.sumOf(["a", "b"], meter.otherA)[0] > 32.01 ? overS + 1 : 0;
              if (overS > 1 + lagS) return false;
            }
          }
          return true;
        },
      ),
      { numRuns: 15 },
    );
  },
);
