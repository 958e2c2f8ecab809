import t from "tap";
import { live } from "../support/life/life.ts";
import { LifeSite } from "../support/life/life-site.ts";
import { LifeWatch } from "../support/life/life-watch.ts";
import { Rng } from "../support/rng.ts";

t.test("a day of random life breaks nothing: fuse, contactors, sessions, energy, recovery", async t => {
  const figures = live(1, 2);
  t.comment(JSON.stringify({ ...figures, broken: figures.broken.length }));
  t.strictSame(figures.broken, []);
  t.ok(figures.sessions >= 5 && figures.closings >= 20 && figures.troubles >= 20, "it was a day with something in it");
});

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
  t.match(over.watch.figures.broken.join("\n"), /L1 at 56\.0 A for \d+ s/);
  t.match(over.watch.figures.broken.join("\n"), /without permission/);

  const idle = begin();
  for (let second = 0; second < 301; second += 1) {
    idle.point.board.closed = 0;
    idle.watch.look();
  }
  t.match(idle.watch.figures.broken.join("\n"), /has not charged for 301 s/);
});
