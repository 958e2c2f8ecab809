import t from "tap";
import { live } from "../support/life/life.ts";
import { LifeSite } from "../support/life/life-site.ts";
import { LifeWatch } from "../support/life/life-watch.ts";
import { Rng } from "../support/rng.ts";

t.test(
  "two days of random life break nothing: limits, contactors, sessions, energy, recovery, two gateways",
  async t => {
    const figures = live(2, 2);
    t.comment(JSON.stringify({ ...figures, broken: figures.broken.length }));
    t.strictSame(figures.broken, []);
    t.ok(figures.sessions >= 10 && figures.closings >= 40 && figures.troubles >= 40, "days with something in them");
    t.ok(figures.takeovers >= 3 && figures.changes >= 8, "gateways took over, and settings and limits changed");
  },
);

t.test("the watch sees what it is there for", async t => {
  const begin = () => {
    const site = new LifeSite();
    const watch = new LifeWatch(site);
    const run = (seconds: number): void => {
      for (let second = 0; second < seconds; second += 1) {
        site.step();
        watch.look();
      }
    };
    const point = site.points[0]!;
    run(30);
    point.car.arrive(new Rng(3));
    run(120);
    t.not(point.board.closed, 0, "it charges");
    t.strictSame(watch.figures.broken, []);
    return { site, watch, run, point };
  };

  const stuck = begin();
  stuck.point.car.leave();
  stuck.site.step();
  stuck.point.board.closed = 3;
  stuck.watch.look();
  t.match(stuck.watch.figures.broken, [/closed without a car/]);

  const missing = begin();
  missing.watch.leaves(missing.point);
  missing.point.car.leave();
  missing.site.step();
  missing.point.ended.length = 0;
  missing.watch.look();
  missing.run(90);
  t.match(missing.watch.figures.broken, [/a session of \d+ Wh is missing/]);

  const wrong = begin();
  wrong.point.car.takenWh += 500;
  wrong.watch.leaves(wrong.point);
  wrong.point.car.leave();
  wrong.run(30);
  t.match(wrong.watch.figures.broken, [/Wh were told/]);

  const over = begin();
  for (let second = 0; second < 60; second += 1) {
    over.site.houseA = [40, 2, 2];
    over.site.step();
    over.point.board.closed = 3;
    over.point.car.drawA = 16;
    over.watch.look();
  }
  t.match(over.watch.figures.broken.join("\n"), /mains L1: 56\.0 A for \d+ s/);
  t.match(over.watch.figures.broken.join("\n"), /without permission/);

  const circuit = begin();
  circuit.site.settings = { ...circuit.site.settings, circuitA: 6 };
  for (let second = 0; second < 40; second += 1) {
    circuit.site.step();
    circuit.point.car.drawA = 9;
    circuit.watch.look();
  }
  t.match(circuit.watch.figures.broken.join("\n"), /circuit L1: 9\.0 A for \d+ s, 6\.0 A is its limit/);

  const outside = begin();
  const limit = { limitId: "dim", owner: "ems", evseId: null, maxA: null, maxW: 4_200, endsAtMs: null };
  outside.site.limits = [limit];
  for (let second = 0; second < 40; second += 1) {
    outside.site.step();
    outside.point.car.drawA = 9;
    outside.watch.look();
  }
  t.match(outside.watch.figures.broken.join("\n"), /dim: 27\.0 A for \d+ s, 18\.6 A is its limit/);

  const split = begin();
  const [, standby] = split.site.gateways;
  if (standby === undefined) throw new Error("there are two gateways");
  standby.epoch = () => 99;
  split.watch.look();
  t.match(split.watch.figures.broken.join("\n"), /2 gateways decide as balancer/);

  const headless = begin();
  for (const gateway of headless.site.gateways) gateway.epoch = () => null;
  for (let second = 0; second < 20; second += 1) headless.watch.look();
  t.match(headless.watch.figures.broken.join("\n"), /nobody decides for \d+ s/);

  const stale = begin();
  const { allocation } = stale.point.evse;
  if (allocation === null) throw new Error("it has an allocation");
  const displaced = { ...allocation, value: { ...allocation.value, epoch: allocation.value.epoch - 1 } };
  stale.point.evse = { ...stale.point.evse, allocation: displaced };
  stale.watch.look();
  t.match(stale.watch.figures.broken.join("\n"), /smart believes epoch 0 after 1/);

  const idle = begin();
  for (let second = 0; second < 301; second += 1) {
    idle.point.board.closed = 0;
    idle.watch.look();
  }
  t.match(idle.watch.figures.broken.join("\n"), /has not charged for 301 s/);
});
