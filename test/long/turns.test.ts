import fc from "fast-check";
import t from "tap";
import { BalancerRig } from "../support/balancer-rig.ts";

// Who charges when it is not enough for all, on any day: cars that come, go and have had enough, a house that takes what it wants.

t.test("at most one change of turn per IDLE TMO, whatever house and cars do", async t => {
  let turns = 0;
  const day = fc.record({
    points: fc.integer({ min: 2, max: 5 }),
    idleMs: fc.constantFrom(30_000, 60_000, 120_000),
    rotationMs: fc.constantFrom(null, 60_000, 300_000),
    priority: fc.constantFrom<"address" | "first-connected" | "last-connected">(
      "address",
      "first-connected",
      "last-connected",
    ),
    lagMs: fc.integer({ min: 0, max: 20 }).map(quarters => quarters * 250),
    hours: fc.array(
      fc.record({
        houseA: fc.integer({ min: 0, max: 18 }),
        car: fc.nat(4),
        happens: fc.constantFrom("plug", "leave", "full", "nothing"),
      }),
      { minLength: 4, maxLength: 20 },
    ),
  });
  fc.assert(
    fc.property(day, ({ points, idleMs, rotationMs, priority, lagMs, hours }) => {
      const ids = Array.from({ length: points }, (_none, index) => `p${index}`);
      const rig = new BalancerRig(ids, { mainsA: 20, schedule: { priority, rotationMs, idleMs } });
      for (const id of ids) rig.car(id).lagMs = lagMs;
      rig.plug(...ids);
      let { turnedAt } = rig.state;
      for (const { houseA, car, happens } of hours) {
        rig.houseA = [houseA, houseA / 2, 0];
        const one = ids[car % points]!;
        if (happens === "plug") {
          rig.car(one).full = false;
          rig.plug(one);
        }
        if (happens === "leave") rig.unplug(one);
        if (happens === "full") rig.car(one).full = true;
        for (let second = 0; second < 90; second += 1) {
          rig.run(1_000);
          if (rig.state.turnedAt === turnedAt) continue;
          turns += 1;
          if (rig.state.turnedAt - turnedAt < idleMs) throw new Error(`turns at ${turnedAt} and ${rig.state.turnedAt}`);
          turnedAt = rig.state.turnedAt;
        }
      }
    }),
    { numRuns: 40 },
  );
  t.ok(turns > 5, `${turns} turns`);
});
