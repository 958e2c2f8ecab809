import fc from "fast-check";
import t from "tap";
import { BalancerRig } from "../support/balancer-rig.ts";
import { propertyRuns } from "../support/property.ts";

function roof(ids: readonly string[], sunA: number, phases: 1 | 3 = 1): BalancerRig {
  const rig = new BalancerRig(ids, {}, { rotation: [0, 1, 2] });
  for (const id of ids) Object.assign(rig.car(id), { mode: "solar", phases });
  rig.sunA = sunA;
  return rig.plug(...ids);
}

t.test("a starting car stays at its minimum for 40 s, then gets what the sun gives [4.10-R4]", async t => {
  const rig = roof(["left"], 12).run(20_000);
  t.ok(rig.point("left").admitted);
  t.strictSame(rig.limits(), [6]);
  t.equal(rig.point("left").boundBy, "solar-start");
  rig.run(40_000);
  t.strictSame(rig.limits(), [12]);
  t.equal(rig.point("left").boundBy, "solar");
});

t.test("less sun cuts at once, more raises after the car has had the time to follow", async t => {
  const rig = roof(["left"], 12).run(70_000);
  rig.sunA = 8;
  rig.run(1_000);
  t.strictSame(rig.limits(), [8]);
  rig.sunA = 14;
  rig.run(10_000);
  t.strictSame(rig.limits(), [14]);
});

t.test("three-phase current counts three times", async t => {
  t.strictSame(roof(["left"], 30, 3).run(80_000).limits(), [10]);
});

t.test("two cars share the sun; the fuse binds them, too, and then it is named", async t => {
  const rig = roof(["left", "right"], 20).run(120_000);
  t.strictSame(rig.limits(), [10, 10]);
  rig.sunA = 40;
  rig.houseA = [11, 0, 0];
  rig.run(30_000);
  const sumA = rig.limits().reduce((sum, limitA) => sum + limitA, 0);
  t.ok(sumA <= 14 && sumA >= 13, `${sumA} A of 14`);
  t.equal(rig.point("left").boundBy, "mains.l1");
});

t.test("not allowed by the sun: nothing, with the reason; taken back while charging: nothing at once", async t => {
  const rig = roof(["left"], 3);
  rig.car("left").go = false;
  rig.run(30_000);
  t.strictSame(rig.limits(), [0]);
  t.equal(rig.point("left").boundBy, "solar-start");
  rig.car("left").go = true;
  rig.sunA = 9;
  rig.run(70_000);
  t.strictSame(rig.limits(), [9]);
  rig.car("left").go = false;
  rig.run(1_000);
  t.strictSame(rig.limits(), [0]);
});

t.test("the solar controller falls silent: nothing charges by the sun after 5 s, Smart goes on", async t => {
  const rig = roof(["left", "right"], 12).run(10_000);
  rig.car("right").mode = "smart";
  rig.run(70_000);
  t.ok(rig.limits().every(limitA => limitA > 0));
  rig.sunA = null;
  rig.run(7_000);
  t.equal(rig.limits()[0], 0);
  t.equal(rig.point("left").boundBy, "mode-unavailable");
  t.ok(rig.limits()[1]! >= 6);
  rig.sunA = 12;
  rig.run(30_000);
  t.ok(rig.limits()[0]! >= 6);
});

t.test("what the sun gives and takes teaches the regulation of the house no patience", async t => {
  const rig = roof(["left"], 12).run(60_000);
  for (let cloud = 0; cloud < 10; cloud += 1) {
    rig.sunA = 15;
    rig.run(10_000);
    rig.sunA = 7;
    rig.run(10_000);
  }
  t.equal(rig.state.patienceMs, roof(["left"], 12).state.patienceMs);
});

t.test("the wish for phases is passed on, and is kept while the solar controller is silent", async t => {
  const rig = roof(["left"], 12).run(5_000);
  const phases = (): unknown => rig.outputs.findLast(output => output.kind === "allocation")?.allocation.phases;
  t.equal(phases(), 1);
  rig.sunA = null;
  rig.run(10_000);
  t.equal(phases(), 1);
});

t.test(
  "whatever sun and house do: the sum keeps the sun or the minimum, and no fuse is exceeded for longer",
  async () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ sun: fc.integer({ min: 0, max: 60 }), house: fc.integer({ min: -20, max: 15 }) }), {
          minLength: 1,
          maxLength: 10,
        }),
        fc.constantFrom<1 | 3>(1, 3),
        (spells, phases) => {
          const rig = roof(["left", "right"], 0, phases);
          for (const { sun, house } of spells) {
            rig.sunA = sun;
            rig.houseA = [house, house, house];
            rig.run(30_000);
            rig.worstA = -Infinity;
            rig.run(3_000);
            const charging = rig.state.points.filter(point => point.admitted);
            const sumA = charging.reduce((sum, point) => sum + point.limitA * phases, 0);
            if (sumA > Math.max(sun, charging.length * 6 * phases) + 1e-6 || rig.worstA > 0.01) return false;
          }
          return true;
        },
      ),
      { numRuns: propertyRuns(60) },
    );
  },
);
