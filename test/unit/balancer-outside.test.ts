import fc from "fast-check";
import t from "tap";
import { beginQuarter, quarterFact } from "../../services/limits/quarter.core.ts";
import type { StandingLimit } from "../../shared/contracts/limits.ts";
import { BalancerRig, LIMITS } from "../support/balancer-rig.ts";

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const limit = (more: Partial<StandingLimit>): StandingLimit => ({
  limitId: "one",
  owner: "ems",
  evseId: null,
  maxA: null,
  maxW: null,
  expiresInMs: null,
  ...more,
});

t.test(
  "grid relay: 18 A in sum of all points, in every mode; who does not fit at MIN is stopped, not held [12-49]",
  async t => {
    const rig = new BalancerRig(["left", "right"], { gridRelayAt: ["left"] }, { rotation: [0, 1, 2] });
    rig.car("right").mode = "normal";
    rig.plug("left", "right").run(60_000);
    t.ok(sum(rig.limits()) > 20);
    rig.relayOpen = true;
    rig.run(1_000);
    t.strictSame(rig.limits(), [6, 0], "3 x 6 A is all there is");
    t.equal(rig.point("right").boundBy, "turn");
    t.equal(rig.point("left").boundBy, "grid-relay");
    rig.relayOpen = false;
    rig.run(80_000);
    t.ok(sum(rig.limits()) > 20);
  },
);

t.test("grid relay: single-phase cars share 18 A; without any the relay limits nobody", async t => {
  const rig = new BalancerRig(["a", "b", "c"], { gridRelayAt: ["a"], mainsA: 63 }, { supplyPhases: 1 });
  for (const id of ["a", "b", "c"]) rig.car(id).phases = 1;
  rig.relayOpen = true;
  rig.plug("a", "b", "c").run(60_000);
  t.strictSame(rig.limits(), [6, 6, 6]);
  const none = new BalancerRig(["a"], {});
  none.relayOpen = true;
  none.plug("a").run(20_000);
  t.equal(none.limits()[0], 16, "SWITCH is something else there");
});

t.test("grid relay: a point that should read it and is silent means limited", async t => {
  const rig = new BalancerRig(["left", "right"], { gridRelayAt: ["left"] });
  rig.plug("right").run(30_000);
  t.equal(rig.limits()[1], 16);
  rig.unreachable.add("left");
  rig.run(7_000);
  t.equal(rig.limits()[1], 6);
  t.equal(rig.point("right").boundBy, "grid-relay");
});

t.test("a limit on a point: A or W, the least of all holds, its owner is named, it ends by itself", async t => {
  const rig = new BalancerRig(["left", "right"], { mainsA: 63 });
  rig.plug("left", "right").run(30_000);
  t.strictSame(rig.limits(), [16, 16]);
  rig.setOutside([limit({ evseId: "left", maxA: 10 })]);
  t.strictSame(rig.limits(), [10, 16], "at once");
  t.equal(rig.point("left").boundBy, "limit.ems");
  rig.setOutside([
    limit({ evseId: "left", maxA: 10 }),
    limit({ limitId: "two", owner: "ocpp", evseId: "left", maxW: 4_830 }),
    limit({ limitId: "three", owner: "user", evseId: "left", maxA: 32 }),
  ]);
  t.equal(rig.limits()[0], 7, "4830 W on three phases");
  t.equal(rig.point("left").boundBy, "limit.ocpp");
  rig.setOutside([limit({ evseId: "left", maxA: 5.9 })]);
  t.equal(rig.limits()[0], 0, "less than a car accepts is nothing");
  t.equal(rig.point("left").boundBy, "limit.ems");
  rig.setOutside([limit({ evseId: "left", maxA: 8, expiresInMs: 20_000 })]);
  rig.outside = null;
  rig.run(15_000);
  t.equal(rig.limits()[0], 8, "heard no more, it still holds");
  rig.run(30_000);
  t.equal(rig.limits()[0], 16, "until it has ended");
});

t.test("MIN above a limit from outside: nothing, not the limit, and never more than it", async t => {
  const rig = new BalancerRig(["left"], { minA: 8 });
  rig.plug("left").run(20_000);
  rig.setOutside([limit({ evseId: "left", maxA: 7 })]);
  t.equal(rig.limits()[0], 0);
});

t.test("a limit on the site: A on each phase, W in all; it binds Normal, too, and lifts nothing", async t => {
  const rig = new BalancerRig(["left", "right"], { mainsA: 63 }, { rotation: [0, 1, 2] });
  rig.car("left").mode = "normal";
  rig.plug("left", "right").run(30_000);
  rig.setOutside([limit({ maxA: 20 })]);
  t.ok(sum(rig.limits()) <= 20, rig.limits().join(" and "));
  rig.run(10_000);
  t.strictSame(rig.limits(), [10, 10]);
  rig.setOutside([limit({ maxW: 4_200 })]);
  t.strictSame(rig.limits(), [6, 0]);
  rig.setOutside([limit({ maxW: 0 })]);
  t.strictSame(rig.limits(), [0, 0]);
  rig.setOutside([limit({ maxA: 500 })]);
  rig.run(80_000);
  t.ok(
    rig.limits().every(limitA => limitA <= 16),
    "500 A is no permission",
  );
});

t.test(
  "the quarter hour: what it leaves is a limit on the sum of the phases; while nobody follows it the average itself",
  async t => {
    const START = Date.UTC(2026, 0, 1);
    const settings = { peakW: 6_900, flanders: false, intervals: null };
    const rig = new BalancerRig(["left"], { peakFloorW: 6_900 });
    rig.plug("left").run(30_000);
    t.ok(rig.limits()[0]! > 9.5 && rig.limits()[0]! <= 10, `${rig.limits()[0]} A of 10`);
    t.equal(rig.point("left").boundBy, "peak");
    const used = { ...beginQuarter(START, "UTC"), followedToMs: START + 450_000, usedWs: 450 * 4_000, seen: true };
    rig.tell({
      kind: "limits",
      limits: { limits: [], quarter: quarterFact(used, settings, START + 450_000), intervalW: null },
    });
    rig.run(4_000);
    t.ok(rig.limits()[0]! > 10, "9.8 kW may be drawn for the rest");
    rig.run(5_000);
    t.ok(rig.limits()[0]! <= 10, "not told any more");
  },
);

t.test(
  "the quarter hour: too little for MIN stops it, but not in the last minute when stopping would save nothing [11-R3]",
  async t => {
    const START = Date.UTC(2026, 0, 1);
    const settings = { peakW: 5_000, flanders: false, intervals: null };
    const tellAt = (rig: BalancerRig, usedWs: number, atMs: number): void => {
      const state = { ...beginQuarter(START, "UTC"), followedToMs: START + atMs, usedWs, seen: true };
      rig.tell({
        kind: "limits",
        limits: { limits: [], quarter: quarterFact(state, settings, START + atMs), intervalW: null },
      });
    };
    for (const [leftS, stops] of [
      [300, true],
      [30, false],
    ] as const) {
      const rig = new BalancerRig(["left"], { peakFloorW: 5_000 });
      rig.plug("left").run(30_000);
      t.ok(rig.limits()[0]! >= 6);
      rig.houseA = [2, 0, 0];
      // 1 A less than the 20 A that house and MIN take.
      const restWs = leftS * 19 * 230;
      for (let second = 0; second < 5; second += 1) {
        tellAt(rig, 900 * 5_000 - restWs, 900_000 - leftS * 1_000 + second);
        rig.run(1_000);
      }
      t.equal(rig.limits()[0], stops ? 0 : 6, `${leftS} s before the end`);
    }
  },
);

t.test("CAP MODE = Interval: the power of the time of day, less 100 W; unheard, the least of the table", async t => {
  const rig = new BalancerRig(["left"], { intervalFloorW: 4_340 });
  rig.plug("left").run(30_000);
  t.ok(rig.limits()[0]! >= 6 && rig.limits()[0]! <= 6.2, "18.4 A in sum");
  t.equal(rig.point("left").boundBy, "capacity");
  for (let second = 0; second < 30; second += 1) {
    rig.tell({ kind: "limits", limits: { limits: [], quarter: null, intervalW: 7_000 } });
    rig.run(1_000);
  }
  t.equal(rig.limits()[0], 9.9);
});

t.test(
  "a balancer that starts over and hears nobody's limits: who charges keeps what it has, nobody gets more",
  async t => {
    const rig = new BalancerRig(["left", "middle", "right"], { mainsA: 63 }, { rotation: [0, 1, 2] });
    rig.setOutside([limit({ maxA: 16 }), limit({ limitId: "two", owner: "user", evseId: "left", maxA: 9 })]);
    rig.plug("left", "middle").run(60_000);
    const givenA = rig.limits();
    t.ok(sum(givenA) > 15 && sum(givenA) <= 16);
    rig.outside = null;
    rig.restart(true);
    rig.plug("right").run(120_000);
    t.strictSame(rig.limits(), givenA, "there is room on the fuse, and nobody knows whether it may be used");
    t.equal(rig.point("left").boundBy, "limits-unheard");
    t.equal(rig.point("right").boundBy, "limits-unheard");
    t.notOk(rig.point("right").admitted);

    rig.houseA = [60, 0, 0];
    rig.run(10_000);
    t.ok(
      rig.limits().every((limitA, place) => limitA <= (givenA[place] ?? 0)) && sum(rig.limits()) < 7,
      "less is obeyed",
    );
    rig.houseA = [0, 0, 0];
    rig.run(90_000);
    t.strictSame(rig.limits(), givenA, "and what it had comes back");
    rig.unplug("middle").run(5_000);
    t.equal(rig.limits()[0], givenA[0], "what another one leaves is not taken");

    rig.setOutside([limit({ maxA: 24 })]);
    rig.run(60_000);
    t.ok(sum(rig.limits()) > 23 && sum(rig.limits()) <= 24, "heard, they are all that holds");
    t.notOk(rig.state.points.some(({ boundBy }) => boundBy === "limits-unheard"));
  },
);

t.test(
  "a site that keeps no limits waits for none; one whose first word is that there are none goes on at once",
  async t => {
    const none = new BalancerRig(["a"], {});
    none.restart(false).plug("a").run(60_000);
    t.equal(none.limits()[0], 16);
    const rig = new BalancerRig(["a"], {});
    rig.restart(true).plug("a").run(30_000);
    t.equal(rig.limits()[0], 0);
    rig.setOutside([]);
    t.not(rig.point("a").boundBy, "limits-unheard", "with the word itself");
    rig.run(30_000);
    t.equal(rig.limits()[0], 16);
  },
);

t.test("less than MIN was given: below it there is nothing to keep", async t => {
  const rig = new BalancerRig(["a"], {});
  rig.setOutside([limit({ maxA: 7 })]);
  rig.plug("a").run(30_000);
  rig.outside = null;
  rig.restart(true);
  rig.tell({ kind: "settings", settings: { ...LIMITS, minA: 8 } });
  rig.run(20_000);
  t.equal(rig.limits()[0], 0);
});

t.test("whatever is set from outside: nothing that is given exceeds any limit, and nothing lifts another", async () => {
  const outside = fc.array(
    fc.record({
      at: fc.option(fc.nat(3), { nil: null }),
      amps: fc.option(fc.integer({ min: 0, max: 60 }), { nil: null }),
      watts: fc.integer({ min: 0, max: 30_000 }),
    }),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.record({ outside, relay: fc.boolean(), normal: fc.boolean(), onePhase: fc.boolean() }), {
        minLength: 1,
        maxLength: 5,
      }),
      fc.option(fc.nat(4), { nil: null }),
      (count, turns, restartsAt) => {
        const ids = Array.from({ length: count }, (_none, index) => `p${index}`);
        const rig = new BalancerRig(ids, { mainsA: 100, gridRelayAt: ["p0"] });
        rig.plug(...ids).run(10_000);
        for (const [turn, { outside: set, relay, normal, onePhase }] of turns.entries()) {
          rig.relayOpen = relay;
          rig.car("p0").mode = normal ? "normal" : "smart";
          rig.car("p0").phases = onePhase ? 1 : 3;
          const limits = set.map(({ at, amps, watts }, index) =>
            limit({
              limitId: `l${index}`,
              evseId: at === null ? null : ids[at % count]!,
              maxA: amps,
              maxW: amps === null ? watts : null,
            }),
          );
          rig.setOutside(limits);
          for (let second = 0; second < 25; second += 1) {
            rig.run(1_000);
            if (!keepsOutside(rig, limits, relay)) return false;
          }
          if (turn !== restartsAt) continue;
          // Balancer and limits die, the balancer comes back alone: what was set holds all the same.
          rig.outside = null;
          rig.restart(true);
          for (let second = 0; second < 25; second += 1) {
            rig.run(1_000);
            if (!keepsOutside(rig, limits, relay)) return false;
          }
        }
        return true;
      },
    ),
    { numRuns: 25 },
  );
});

/** What is given, at most on three phases each; a point on one phase is known by its EV meter only. */
function keepsOutside(rig: BalancerRig, limits: readonly StandingLimit[], relay: boolean): boolean {
  const given = rig.state.points.filter(point => point.admitted);
  const phasesOf = (id: string): number => (rig.point(id).narrowSince === null ? 3 : rig.car(id).phases);
  const sumA = sum(given.map(point => point.limitA * phasesOf(point.id)));
  if (relay && sumA > 18 + 0.01) return false;
  return limits.every(({ evseId, maxA, maxW }) => {
    const points = evseId === null ? given : given.filter(point => point.id === evseId);
    if (maxA === null) return sum(points.map(point => point.limitA * phasesOf(point.id))) * 230 <= (maxW ?? 0) + 3;
    for (const phase of [0, 1, 2]) {
      const onPhase = points.filter(point => {
        const rotation = rig.rotation.get(point.id) ?? [0, 1, 2];
        return phasesOf(point.id) === 1 ? rotation[0] === phase : rotation.includes(phase);
      });
      if (sum(onPhase.map(point => point.limitA)) > maxA + 0.01) return false;
    }
    return true;
  });
}
