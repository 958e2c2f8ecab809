import t from "tap";
import type { Teardown } from "../support/servers.ts";
import { activeNode, otherNode, watchCars } from "../support/standby-watch.ts";
import { SteppedSite } from "../support/stepped-site.ts";

// Stepped time, but a whole site.
t.setTimeout(900_000);

const POINTS = ["left", "right"];
/** Of the 24 A that the main fuse would leave. */
const LIMIT_A = 14;

const offersA = (site: SteppedSite): readonly number[] => POINTS.map(id => site.status(id).offerA);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

async function limited(t: Teardown, nodes: readonly string[]): Promise<SteppedSite> {
  const site = await SteppedSite.charging(t, POINTS, 0, nodes, true);
  await site.limit("dim", LIMIT_A);
  await site.run(20_000);
  return site;
}

t.test("balancer and limits die, the balancer comes back alone: nobody is given more than he had", async t => {
  const site = await limited(t, []);
  const heldA = offersA(site);
  t.ok(sum(heldA) > 12 && sum(heldA) <= LIMIT_A, heldA.join());
  await site.kill("limits");
  await site.kill("balancer");
  await site.run(1_000);
  site.startBalancer();
  const { cars } = await watchCars(site, POINTS, 60_000);
  for (const [index, id] of POINTS.entries()) {
    t.strictSame([...(cars.get(id)?.offersA ?? [])], [heldA[index]], `${id} goes on with what it had`);
    t.notOk(cars.get(id)?.opened, `${id} charges on`);
    t.equal(site.status(id).boundBy, "limits-unheard");
  }
  t.equal(site.status().reason, "limited by limits from outside that have not been heard");

  site.startLimits();
  await site.run(2_000);
  t.equal(site.status().boundBy, "limit.ems", "by itself, with the service");
  await site.limit("dim", null);
  await site.run(40_000);
  t.ok(sum(offersA(site)) > 20, offersA(site).join());
});

t.test("a standby that was started after the limits had died takes over: nobody is given more than he had", async t => {
  const site = await limited(t, ["a", "b"]);
  const heldA = offersA(site);
  const first = activeNode(site);
  await site.kill("limits");
  site.crash("balancer", otherNode(first));
  await site.run(2_000);
  site.startBalancer(otherNode(first));
  await site.run(10_000);
  site.crash("balancer", first);
  const { cars } = await watchCars(site, POINTS, 60_000);
  t.equal(activeNode(site), otherNode(first));
  for (const [index, id] of POINTS.entries()) {
    const view = cars.get(id);
    t.ok(Math.max(...(view?.offersA ?? [])) <= (heldA[index] ?? 0), [...(view?.offersA ?? [])].join());
    t.notOk(view?.opened, `${id} charges on`);
  }
  t.equal(site.status().boundBy, "limits-unheard");
});

t.test("started for the first time without its limits: nothing is given, and it is said why", async t => {
  const site = await limited(t, []);
  await site.kill("limits");
  await site.kill("balancer");
  await site.run(20_000);
  t.strictSame(offersA(site), [0, 0]);
  site.startBalancer();
  await site.run(60_000);
  t.strictSame(offersA(site), [0, 0]);
  t.equal(site.status().reason, "waiting for the limits from outside: the limits service has not been heard");
  site.startLimits();
  await site.run(40_000);
  t.ok(sum(offersA(site)) > 12 && sum(offersA(site)) <= LIMIT_A, offersA(site).join());
});
