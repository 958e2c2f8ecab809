import t from "tap";
import { activeNode, otherNode, watchCars } from "../support/standby-watch.ts";
import { SteppedSite } from "../support/stepped-site.ts";

// Stepped time, but a whole site with two of everything that decides.
t.setTimeout(900_000);

const POINTS = ["left", "right"];
const BOTH = ["a", "b"];

t.test("the active balancer dies: no car notices, and the next one regulates", async t => {
  const site = await SteppedSite.charging(t, POINTS, 0, BOTH);
  await site.run(30_000);
  const first = activeNode(site);
  const before = site.status().allotted?.epoch ?? 0;
  site.crash("balancer", first);
  const { cars, epochs } = await watchCars(site, POINTS, 12_000);
  for (const [id, view] of cars) {
    t.equal(view.offersA.size, 1, `${id}: one offer throughout: ${[...view.offersA].join()}`);
    t.equal(view.dutiesPct.size, 1, `${id}: one duty throughout`);
    t.notOk(view.opened, `${id}: its contactor stayed closed`);
  }
  t.equal(activeNode(site), otherNode(first));
  for (const [id, heard] of epochs) {
    t.ok((heard.at(-1) ?? 0) > before, `${id}: under a higher epoch`);
    t.strictSame(
      heard,
      [...heard].sort((one, next) => one - next),
      `${id} never goes back to an older one`,
    );
  }

  await site.tell("house l2 16");
  await site.run(10_000);
  for (const id of POINTS) t.ok(site.status(id).offerA < 9, `${id} was cut to ${site.status(id).offerA} A`);
});
