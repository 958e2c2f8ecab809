import t from "tap";
import { hearStatus, hearSun } from "../../services/balancer/hear.core.ts";
import type { EvseStatus } from "../../shared/contracts/evse.ts";
import { type SolarBudget, solarBudget } from "../../shared/contracts/solar.ts";
import { BalancerRig } from "../support/balancer-rig.ts";

/** A charging point that has just told its status. */
function charging(): { readonly rig: BalancerRig; readonly told: EvseStatus } {
  const rig = new BalancerRig(["left"]).plug("left").run(30_000);
  const told = rig.status("left");
  rig.tell({ kind: "status", status: told });
  return { rig, told };
}

t.test("a status that only repeats what was, or counts on, is not decided on", async t => {
  const { rig, told } = charging();
  const { turn } = told;
  t.ok(turn !== null, "the point knows its place");
  const later: EvseStatus = {
    ...told,
    connectedMs: (told.connectedMs ?? 0) + 1_000,
    turn: turn === null ? null : { ...turn, forMs: turn.forMs + 1_000 },
    reason: "other words",
  };
  t.equal(hearStatus(rig.state, later, rig.now).decideOn, undefined);
  t.equal(hearStatus(rig.state, later, rig.now).state.points[0]?.status, later, "it is taken in all the same");
});

t.test("a status that changes what a decision rests on is decided on at once", async t => {
  const { rig, told } = charging();
  const news: readonly Partial<EvseStatus>[] = [
    { asksPower: false },
    { ceilingA: 10 },
    { mode: "normal" },
    { mayDraw: false },
    { offerA: 0 },
    { phases: 1 },
    { faults: ["over-temperature"] },
  ];
  for (const change of news)
    t.equal(hearStatus(rig.state, { ...told, ...change }, rig.now).decideOn, null, JSON.stringify(change));
  t.equal(hearStatus(rig.state, told, rig.now + 6_000).decideOn, null, "or from a point that was silent");
});

t.test("a budget of the sun that says nothing new is not decided on", async t => {
  const rig = new BalancerRig(["left"]);
  const budget: SolarBudget = { ...solarBudget.example };
  const first = hearSun(rig.state, budget, 0);
  t.equal(first.decideOn, "sun");
  const point = budget.points[0];
  if (point === undefined) throw new Error("the example has a point");
  const outlook = { ...point.outlook, haveA: 3, stopInS: 7 };
  const same = { ...budget, surplusA: 3, points: [{ ...point, outlook }] };
  t.equal(hearSun(first.state, same, 1_000).decideOn, undefined, "the outlook is for people");
  t.equal(hearSun(first.state, { ...budget, chargingA: 14.1 }, 1_000).decideOn, "sun");
  t.equal(hearSun(first.state, { ...budget, points: [{ ...point, go: false }] }, 1_000).decideOn, "sun");
  t.equal(hearSun(first.state, { ...budget, points: [{ ...point, phases: 3 }] }, 1_000).decideOn, "sun");
  t.equal(hearSun(first.state, budget, 5_001).decideOn, "sun", "nor one after a silence");
});
