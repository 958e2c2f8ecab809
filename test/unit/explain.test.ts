import t from "tap";
import { explain } from "../../services/api/explain.core.ts";
import { explainView } from "../../services/api/view.ts";
import { explainAllocation } from "../../services/balancer/explain.core.ts";
import { siteTrust } from "../../services/balancer/trust.core.ts";
import { explainPoint } from "../../services/evse/explain.core.ts";
import {
  type BalancerInsight,
  balancerExplain,
  type EvseInsight,
  evseExplain,
} from "../../shared/contracts/insight.ts";
import { BalancerRig } from "../support/balancer-rig.ts";
import { EvseRig } from "../support/evse-rig.ts";

const NOW_MS = Date.UTC(2026, 0, 1);

function insightOf(rig: BalancerRig, id: string): BalancerInsight {
  const insight = explainAllocation(rig.state, id, siteTrust(rig.state, rig.now), rig.now);
  return balancerExplain.result.parse(insight);
}

const pointOf = (rig: EvseRig): EvseInsight => evseExplain.result.parse(explainPoint(rig.state, rig.now));

const own = (more: Partial<EvseInsight> = {}): EvseInsight => ({
  evseId: "a",
  offerA: 9.4,
  boundBy: "mains.l2",
  reason: "limited by mains L2",
  limits: [
    { boundBy: "max", allowsA: 16, ofA: null, ageMs: null },
    { boundBy: "cable", allowsA: 32, ofA: null, ageMs: null },
    { boundBy: "mains.l2", allowsA: 9.4, ofA: null, ageMs: 400 },
  ],
  waitMs: 0,
  ...more,
});

t.test("a charge point names its own limits and the word of the balancer with its age", async t => {
  const rig = new EvseRig();
  rig.charging().allot({ limitA: 9.4, boundBy: "mains.l2", restsOnMs: 300 }).run(200);
  t.strictSame(pointOf(rig), {
    evseId: "left",
    offerA: 9.4,
    boundBy: "mains.l2",
    reason: "limited by mains L2",
    limits: [
      { boundBy: "max", allowsA: 16, ofA: null, ageMs: null },
      { boundBy: "cable", allowsA: 32, ofA: null, ageMs: null },
      { boundBy: "mains.l2", allowsA: 9.4, ofA: null, ageMs: 500 },
    ],
    waitMs: 0,
  });
  rig.settings({ overrideA: 7 });
  t.match(pointOf(rig), { boundBy: "override", limits: [{}, {}, { boundBy: "override", allowsA: 7 }, {}] });
  rig.allocation = null;
  rig.run(10_000);
  t.match(pointOf(rig).limits.at(-1), { boundBy: "balancer-silent", allowsA: 0 });
  t.match(pointOf(new EvseRig(null)).limits[0], { boundBy: "settings-missing", allowsA: 0 });
});

t.test("the balancer names every limit a point shares, what it would give alone, and the age of its meter", async t => {
  const rig = new BalancerRig(["a", "b"], { circuitA: 40 }, { rotation: [0, 1, 2] });
  rig.houseA = [2, 10, 3];
  rig.plug("a", "b").run(120_000);
  const { limitA, limits, reconsider } = insightOf(rig, "a");
  t.strictSame(
    limits.map(({ boundBy, ofA }) => [boundBy, ofA]),
    [
      ["mains.l1", 25],
      ["mains.l2", 25],
      ["mains.l3", 25],
      ["circuit.l1", 40],
      ["circuit.l2", 40],
      ["circuit.l3", 40],
    ],
  );
  const allows = (boundBy: string) => limits.find(limit => limit.boundBy === boundBy)?.allowsA ?? -1;
  t.ok(Math.abs(allows("mains.l2") - limitA) <= 1, "what binds allows what the point has");
  t.ok(allows("mains.l1") > allows("mains.l2") + 5, "where the house takes less there is more");
  t.equal(allows("circuit.l1"), 40 - rig.limits()[1]!);
  t.ok(limits.slice(0, 3).every(({ ageMs }) => ageMs !== null && ageMs <= 1_000));
  t.equal(limits[3]?.ageMs, null, "a circuit without a meter does not age");
  t.match(reconsider, { kind: "raise" });
  t.equal(explainAllocation(rig.state, "nobody", "regulate", rig.now), null);
});

t.test(
  "the balancer says when it will decide again: after a raise, in a shortage, while the meter is silent, for nobody",
  async t => {
    const rig = new BalancerRig(["a"]);
    t.match(insightOf(rig, "a").reconsider, { kind: "never" });
    rig.plug("a").run(60_000);
    rig.houseA = [20, 20, 20];
    rig.run(30_000);
    const shortage = insightOf(rig, "a");
    t.equal(shortage.limitA, 0);
    t.ok(shortage.reconsider.kind === "retry" && shortage.reconsider.inMs > 0 && shortage.reconsider.inMs <= 60_000);
    rig.houseA = [1, 1, 1];
    rig.run(120_000);
    t.equal(insightOf(rig, "a").reconsider.kind, "raise");
    rig.meterSilent = true;
    rig.run(5_000);
    t.equal(insightOf(rig, "a").reconsider.kind, "cut-only");
  },
);

t.test("CAP STOP: when charging is stopped, unless the minimum fits before", async t => {
  const rig = new BalancerRig(["a"], { capacityA: 30, capStopMs: 120_000 }, { rotation: [0, 1, 2] });
  rig.plug("a").run(30_000);
  rig.houseA = [10, 10, 8];
  rig.run(20_000);
  const { kind, inMs } = insightOf(rig, "a").reconsider;
  t.equal(kind, "stop");
  t.ok(inMs > 90_000 && inMs < 120_000, `${inMs} ms`);
  const told = rig.outputs.findLast(output => output.kind === "status");
  t.equal(told?.kind === "status" && told.status.capStopInMs, inMs, "the same as the balancer tells the page");
  const view = explain(own(), insightOf(rig, "a"), NOW_MS);
  t.match(view.reconsider.words, /^it is stopped in \d+ s, unless the minimum fits before$/);
});

t.test(
  "one answer: the limit that holds, whose it is, its age, what is near, and when it is decided again",
  async t => {
    const shared: BalancerInsight = {
      evseId: "a",
      limitA: 9.4,
      boundBy: "mains.l2",
      limits: [
        { boundBy: "mains.l1", allowsA: 18, ofA: 25, ageMs: 300 },
        { boundBy: "mains.l2", allowsA: 10.2, ofA: 25, ageMs: 300 },
        { boundBy: "mains.l3", allowsA: 11.1, ofA: 25, ageMs: 300 },
      ],
      reconsider: { kind: "raise", inMs: 3_200, settlingMs: 2_500 },
    };
    const view = explainView.parse(explain(own(), shared, NOW_MS));
    t.match(view, {
      offerA: 9.4,
      reason: "limited by mains L2",
      active: {
        boundBy: "mains.l2",
        words: "main fuse on L2",
        owner: "balancer, from MAINS and the mains meter",
        allowsA: 9.4,
        ofA: 25,
        ageMs: 300,
      },
      reconsider: {
        inMs: 3_200,
        words: "more at the earliest in 3.2 s, once there has been room for 2.5 s; less with every sample",
      },
      unheard: [],
    });
    t.strictSame(
      view.others.map(({ boundBy, near }) => [boundBy, near]),
      [
        ["mains.l3", true],
        ["max", false],
        ["mains.l1", false],
        ["cable", false],
      ],
      "the tightest first; what leaves 2 A or less is near",
    );
  },
);

t.test("without the balancer the point answers for itself and says who is missing", async t => {
  const view = explain(
    own({
      offerA: 0,
      boundBy: "balancer-silent",
      limits: [...own().limits.slice(0, 2), { boundBy: "balancer-silent", allowsA: 0, ofA: null, ageMs: 9_000 }],
    }),
    null,
    NOW_MS,
  );
  t.match(view, {
    active: { boundBy: "balancer-silent", allowsA: 0, ageMs: 9_000 },
    reconsider: { inMs: null, words: "when the balancer is heard again" },
    unheard: ["balancer"],
  });
});

t.test(
  "an own limit is not reconsidered by time; a point that waits says for how long; a reason that is no limit is named",
  async t => {
    const plan = (kind: BalancerInsight["reconsider"]["kind"], inMs = 0): BalancerInsight => ({
      evseId: "a",
      limitA: 16,
      boundBy: "max",
      limits: [],
      reconsider: { kind, inMs, settlingMs: 2_500 },
    });
    const max = own({
      offerA: 16,
      boundBy: "max",
      limits: [
        { boundBy: "max", allowsA: 16, ofA: null, ageMs: null },
        { boundBy: "max", allowsA: 16, ofA: null, ageMs: 0 },
      ],
    });
    t.match(explain(max, plan("raise"), NOW_MS), {
      active: { owner: "setting MAX" },
      others: [],
      reconsider: { inMs: null, words: "when setting MAX changes" },
    });
    t.match(explain(own({ waitMs: 12_000 }), plan("raise"), NOW_MS).reconsider, {
      inMs: 12_000,
      words: "it may start in 12 s",
    });
    const paused = own({ offerA: 0, boundBy: "not-charging", reason: "paused" });
    t.equal(explain(paused, plan("never"), NOW_MS).reconsider.words, "not while this holds: paused");
    t.equal(
      explain(own({ offerA: 0 }), plan("retry", 43_000), NOW_MS).reconsider.words,
      "in 43 s, once there has been room all that time",
    );
    for (const kind of ["join", "not-asking", "cut-only", "raise"] as const) {
      t.ok(explain(own(), plan(kind), NOW_MS).reconsider.words.length > 10, kind);
    }
  },
);
