import t from "tap";
import type { SolarBudget } from "../../shared/contracts/solar.ts";
import { activeNode, otherNode, watchCars } from "../support/standby-watch.ts";
import { SteppedSite } from "../support/stepped-site.ts";

// Stepped time, but a whole site with two of everything that decides.
t.setTimeout(900_000);

const POINTS = ["left", "right"];
const BOTH = ["a", "b"];
/** What regulation moves by itself while nothing happens. */
const SETTLED_A = 0.2;

t.test("it dies just after a cut: the next one goes on from the cut, not from before it", async t => {
  const site = await SteppedSite.charging(t, POINTS, 0, BOTH);
  await site.run(30_000);
  const heldA = site.status().offerA;
  await site.tell("house l2 12");
  await site.until("the cut", 5_000, () => site.status().offerA < heldA);
  site.crash("balancer", activeNode(site));
  const { cars } = await watchCars(site, POINTS, 5_500);
  for (const [id, view] of cars) {
    t.equal(
      Math.max(...view.offersA),
      [...view.offersA][0],
      `${id}: never more than the cut: ${[...view.offersA].join()}`,
    );
    t.ok(Math.min(...view.offersA) >= 6, `${id} charges on`);
  }
});

t.test("a hand-over in order: nobody notices, and it is back in three seconds", async t => {
  const site = await SteppedSite.charging(t, POINTS, 0, BOTH);
  await site.run(30_000);
  const first = activeNode(site);
  void site.kill(`balancer-${first}`);
  const tookMs = await site.until("the other one", 5_000, () => site.balancerNode === otherNode(first));
  t.ok(tookMs <= 3_000, `${tookMs} ms`);
  const { cars } = await watchCars(site, POINTS, 8_000);
  for (const [id, view] of cars) t.ok(view.swingA() <= SETTLED_A, `${id}: ${[...view.offersA].join()} A`);
});

t.test("a balancer that comes back stands by; when the other dies it takes over as smoothly", async t => {
  const site = await SteppedSite.charging(t, POINTS, 0, BOTH);
  await site.run(30_000);
  const first = activeNode(site);
  site.crash("balancer", first);
  await site.run(10_000);
  site.startBalancer(first);
  await site.run(10_000);
  t.equal(activeNode(site), otherNode(first), "it does not push the other aside");
  site.crash("balancer", otherNode(first));
  const { cars } = await watchCars(site, POINTS, 10_000);
  t.equal(activeNode(site), first);
  for (const [id, view] of cars) t.ok(view.swingA() <= SETTLED_A, `${id}: ${[...view.offersA].join()} A`);
});

t.test("the lease cannot be reached: nobody decides, current goes to the safe current, and comes back", async t => {
  const site = await SteppedSite.charging(t, POINTS, 6, BOTH);
  await site.run(30_000);
  for (const node of BOTH) site.leases.balancer.cut(node);
  await site.run(12_000);
  for (const id of POINTS) t.match(site.status(id), { offerA: 6, boundBy: "safe-current", allotted: null });
  for (const node of BOTH) site.leases.balancer.cut(node, false);
  await site.run(40_000);
  for (const id of POINTS) t.ok(site.status(id).offerA > 6, `${id}: ${site.status(id).offerA} A`);
});

t.test(
  "one gateway is cut off: it falls silent by itself, the other decides, no car notices; back, it stands by",
  async t => {
    const site = await SteppedSite.charging(t, POINTS, 0, BOTH);
    await site.run(30_000);
    const first = activeNode(site);
    site.leases.balancer.cut(first);
    const { cars, epochs } = await watchCars(site, POINTS, 12_000);
    t.equal(activeNode(site), otherNode(first));
    for (const [id, view] of cars) {
      t.ok(view.swingA() <= SETTLED_A, `${id}: ${[...view.offersA].join()} A`);
      t.notOk(view.opened, `${id}: its contactor stayed closed`);
    }
    for (const [id, heard] of epochs)
      t.equal(new Set(heard).size, 2, `${id} has heard one after the other: ${[...new Set(heard)].join()}`);
    site.leases.balancer.cut(first, false);
    await site.run(10_000);
    t.equal(activeNode(site), otherNode(first), "who was cut off stands by");
  },
);

t.test("the store forgets everything: one of them decides again before any car notices", async t => {
  const site = await SteppedSite.charging(t, POINTS, 0, BOTH);
  await site.run(30_000);
  site.leases.balancer.wipe();
  const { cars, epochs } = await watchCars(site, POINTS, 12_000);
  for (const [id, view] of cars) t.ok(view.swingA() <= SETTLED_A, `${id}: ${[...view.offersA].join()} A`);
  for (const [id, heard] of epochs)
    t.ok((heard.at(-1) ?? 0) > (heard[0] ?? 0), `${id}: under an epoch it had not heard`);
});

t.test("solar stands by in the same way: the next one goes on from the same budget", async t => {
  const site = await SteppedSite.charging(t, POINTS, 0, BOTH);
  for (const id of POINTS) await site.set("mode", 2, id);
  await site.tell("roof 14000");
  await site.run(300_000);
  const budget = (): SolarBudget | null => site.budget;
  t.ok(site.closed("left"), "a car charges by the sun");
  const first = site.leases.solar.entry.record.holder?.slice(0, 1) ?? "";
  const before = budget();
  site.crash("solar", first);
  const { cars } = await watchCars(site, POINTS, 12_000);
  const after = budget();
  t.equal(after?.epoch, (before?.epoch ?? 0) + 1);
  t.strictSame(
    after?.points.map(({ go, phases }) => ({ go, phases })),
    before?.points.map(({ go, phases }) => ({ go, phases })),
  );
  for (const [id, view] of cars) {
    t.notOk(
      view.opened && before?.points.find(point => point.evseId === id)?.go === true,
      `${id}: its contactor stayed closed`,
    );
    t.ok(view.swingA() <= 1, `${id}: ${[...view.offersA].join()}`);
  }
});
