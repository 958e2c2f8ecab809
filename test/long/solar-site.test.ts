import t from "tap";
import type { Teardown } from "../support/servers.ts";
import { SteppedSite } from "../support/stepped-site.ts";

const AUTO = 4;
const SOLAR = 2;

/** A site in mode Solar whose car charges on one phase by the 10 A that 3 kW of sun leave after the house's 3 A. */
async function onePhaseBySun(t: Teardown): Promise<SteppedSite> {
  const site = await SteppedSite.charging(t);
  await site.set("enable_C2", AUTO, "left");
  await site.set("solar_stop_time", 1);
  await site.tell("roof 3000");
  await site.set("mode", SOLAR, "left");
  await site.until("one phase", 180_000, () => closed(site) === "1P");
  await site.run(60_000);
  return site;
}

function closed(site: SteppedSite): "open" | "1P" | "3P" {
  const { l1, l23 } = site.bench().board.contactors;
  return l1 ? (l23 ? "3P" : "1P") : "open";
}

t.test(
  "the sun decides: waiting, one phase, three, one again, stopped; no pole moves while the other carries [5.7-R4]",
  async t => {
    const site = await onePhaseBySun(t);
    t.ok(Math.abs(site.status().offerA - 10) <= 0.6, `${site.status().offerA} A`);
    t.match(site.status().reason, /^limited by the sun/);

    const seen = new Set<string>();
    let order = ["1P"];
    const watch = (): void => {
      seen.add(site.status().boundBy);
      const now = closed(site);
      if (order.at(-1) !== now) order = [...order, now];
    };
    await site.tell("roof 7000");
    await site.until("three phases", 240_000, () => {
      watch();
      return closed(site) === "3P";
    });
    t.strictSame(order, ["1P", "open", "3P"]);
    t.ok(seen.has("phase-switch"));

    // Not sooner than 5 minutes after the last change.
    await site.run(300_000);
    await site.tell("roof 3000");
    await site.until("one phase again", 240_000, () => {
      watch();
      return closed(site) === "1P";
    });
    t.strictSame(order, ["1P", "open", "3P", "open", "1P"]);

    await site.run(60_000);
    await site.tell("roof 0");
    await site.until("stopping is told", 60_000, () => site.status().boundBy === "solar-stop");
    t.match(site.status().reason, /stopping in \d+ s$/);
    await site.until("stopped", 120_000, () => closed(site) === "open");
    await site.run(30_000);
    t.match(site.status().reason, /^waiting for sun \(have -\d/);
    t.strictSame(site.status().faults, []);
  },
);

t.test("solar service killed: no pilot after 5 s, open at most 6 s later; a new one brings charging back", async t => {
  const site = await onePhaseBySun(t);
  await site.kill("solar");
  const withheldMs = await site.until("no pilot", 7_000, () => site.dutyPct() === 100);
  t.comment(`no pilot after ${withheldMs} ms`);
  t.ok(withheldMs <= 6_100, "the budget's lifetime and one round of the balancer");
  await site.until("open", 6_100, () => !site.closed());
  t.strictSame(site.status().faults, ["solar-unavailable"]);
  site.startSolar();
  await site.until("charging again", 180_000, () => site.closed());
  t.strictSame(site.status().faults, []);
});

t.test(
  "the home battery, fed through the settings: neutralised for 11 s, the same value again counts anew [5.5-R1]",
  async t => {
    const site = await onePhaseBySun(t);
    const surplusA = (): number => site.budget?.surplusA ?? Number.NaN;
    const withoutA = surplusA();
    await site.set("battery_current", -40);
    await site.run(3_000);
    t.ok(Math.abs(surplusA() - (withoutA - 4)) <= 0.5, `${surplusA()} A, before ${withoutA} A`);
    await site.run(6_000);
    await site.set("battery_current", -40);
    await site.run(10_000);
    t.equal(site.budget?.batteryA, -4, "19 s after the first, 10 s after the second");
    await site.run(3_000);
    t.equal(site.budget?.batteryA, null);
    t.ok(Math.abs(surplusA() - withoutA) <= 0.5);
  },
);

t.test("asked for three phases: the whole sequence, and the fuse goes on binding [5.7-R6]", async t => {
  const site = await onePhaseBySun(t);
  // The way down from Smart was a change, too: the next one waits for 5 minutes.
  await site.run(300_000);
  await site.set("phases", 3, "left");
  await site.run(100);
  t.match(site.status(), { boundBy: "phase-switch", mayDraw: true });
  await site.until("three phases", 60_000, () => closed(site) === "3P");
  await site.tell("roof 11000");
  await site.tell("house l2 16");
  await site.set("current_main", 10);
  await site.run(90_000);
  t.match(site.status(), { boundBy: "mains.l2", phases: 3 });
});
