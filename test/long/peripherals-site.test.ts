import t from "tap";
import { SteppedSite } from "../support/stepped-site.ts";

/** The whole site on stepped time; boards with everything that can hang on them. Words are those of docs/simulator.md. */

t.setTimeout(900_000);

const RED = [255, 0, 0];

t.test(
  "7.3 RCM_TRIPPED on the whole site: open at once, LED red, a press resets it once the current has gone",
  async t => {
    const site = await SteppedSite.charging(t);
    const { board } = site.bench();
    await site.tell("board left rcm-trip");
    const openMs = await site.until("open", 100, () => !site.closed());
    t.ok(openMs <= 13, `${openMs} ms`);
    await site.run(1_000);
    t.strictSame(site.status().faults, ["rcm-trip"]);
    t.strictSame(site.status().led, { rgb: RED, pattern: "alarm" });
    const lit = new Set<number>();
    for (let step = 0; step < 20; step++) lit.add((await site.run(50)).bench().board.led[0]);
    t.strictSame([...lit].sort(), [0, 255]);
    await site.tell("board left switch-press");
    await site.run(500);
    t.strictSame(site.status().faults, ["rcm-trip"], "not while the current flows");
    await site.tell("board left switch-release");
    await site.tell("board left rcm-clear");
    await site.run(60_000);
    t.notOk(site.closed(), "nothing closes by itself");
    await site.tell("board left switch-press");
    await site.run(60_000);
    t.strictSame(site.status().faults, []);
    t.equal(site.status().state, "C2");
    t.notOk(board.led[0] === 255 && board.led[1] === 0);
  },
);

t.test("7.3 TEMP_HIGH on the whole site: the board's sensor stops charging at 65 and lets it resume at 55", async t => {
  const site = await SteppedSite.charging(t);
  await site.tell("temp left 64");
  await site.run(5_000);
  t.equal(site.status().state, "C2");
  t.ok(Math.abs((site.status().temperatureC ?? 0) - 64) < 0.5);
  await site.tell("temp left 66");
  await site.run(10_000);
  t.notOk(site.closed());
  t.strictSame(site.status().faults, ["over-temperature"]);
  await site.tell("temp left 56");
  await site.run(120_000);
  t.notOk(site.closed());
  await site.tell("temp left 54");
  await site.run(60_000);
  t.ok(site.closed());
});

t.test("7.3 TEMP_HIGH on the whole site: 10 degrees above MAX TEMP opens without waiting for the car", async t => {
  const site = await SteppedSite.charging(t);
  await site.tell("car left stuck");
  // It has to have heard an offer that it can hold on to.
  await site.run(1_000);
  await site.tell("temp left 80");
  const openedMs = await site.until("open", 1_500, () => !site.closed());
  t.ok((site.status().drawA?.l1 ?? 0) > 10, `under load, after ${openedMs} ms`);
});

t.test("7.3 a broken temperature sensor stops charging, and its repair lets it go on", async t => {
  const site = await SteppedSite.charging(t);
  await site.tell("board left sensor-broken");
  await site.run(15_000);
  t.notOk(site.closed());
  t.strictSame(site.status().faults, ["temperature-sensor"]);
  await site.tell("temp left 25");
  await site.run(60_000);
  t.ok(site.closed());
});

t.test("7.5 RCMON: the monitor is tested before each closing; a deaf one keeps the contactor open", async t => {
  const site = await SteppedSite.charging(t);
  await site.set("rcmon", 1, "left");
  await site.tell("unplug left");
  await site.run(2_000);
  await site.tell("plug left");
  await site.run(30_000);
  t.ok(site.closed());
  await site.tell("unplug left");
  await site.tell("board left rcm-deaf");
  await site.run(2_000);
  await site.tell("plug left");
  let everClosed = false;
  for (let second = 0; second < 230; second++) {
    await site.run(1_000);
    everClosed ||= site.closed();
  }
  t.notOk(everClosed);
  t.strictSame(site.status().faults, ["rcm-test-failed"]);
  await site.tell("board left rcm-hears");
  await site.run(70_000);
  t.notOk(site.closed(), "after three tries a person decides");
  await site.acknowledge();
  await site.run(60_000);
  t.ok(site.closed());
});

t.test(
  "9 the plug is locked while a car charges, and free when it has gone; a stuck lock keeps it from charging",
  async t => {
    const site = await SteppedSite.charging(t);
    const { lock } = site.bench().board.wiring;
    await site.set("lock", 1, "left");
    await site.run(3_000);
    t.ok(lock.locked);
    t.ok(site.closed(), "a lock that is switched on meanwhile does not stop the car");
    await site.tell("unplug left");
    await site.run(3_000);
    t.notOk(lock.locked);
    await site.tell("board left lock-stuck");
    await site.tell("plug left");
    let everClosed = false;
    for (let tenth = 0; tenth < 600; tenth++) {
      await site.run(100);
      everClosed ||= site.closed();
    }
    t.notOk(everClosed, "not for a moment either, before the lock is known to be stuck");
    t.strictSame(site.status().faults, ["lock-failed"]);
    await site.tell("board left lock-moves");
    await site.run(120_000);
    t.ok(site.closed());
    t.ok(lock.locked);
  },
);

t.test("6 welded and stuck contactors: told, and nothing is closed on top of them", async t => {
  const site = await SteppedSite.charging(t);
  await site.tell("contactor left weld");
  await site.tell("unplug left");
  await site.run(2_000);
  t.strictSame(site.status().faults, ["contactor-weld"]);
  await site.tell("contactor left free");
  await site.run(2_000);
  t.strictSame(site.status().faults, ["contactor-weld"], "a person has to look");
  await site.acknowledge();
  await site.tell("board left contactor-stuck");
  await site.tell("plug left");
  await site.run(230_000);
  t.strictSame(site.status().faults, ["contactor-stuck-open"]);
  await site.tell("board left contactor-moves");
  await site.acknowledge();
  await site.run(60_000);
  t.ok(site.closed());
});

t.test("1.6 a car without its diode is told after 10 s, and never gets power", async t => {
  const site = await SteppedSite.charging(t);
  await site.tell("unplug left");
  await site.run(2_000);
  await site.tell("board left diode-gone");
  await site.tell("plug left");
  let everClosed = false;
  for (let second = 0; second < 60; second++) {
    await site.run(1_000);
    everClosed ||= site.closed();
  }
  t.notOk(everClosed);
  t.ok(site.status().faults.includes("diode-missing"), site.status().faults.join());
});

t.test("10.2 Access S by the board's switch: open is OFF, closed is ON, through the settings", async t => {
  const site = await SteppedSite.charging(t);
  await site.set("switch", 2, "left");
  await site.run(10_000);
  t.equal(site.status().access, "off");
  t.notOk(site.closed());
  await site.tell("board left switch-press");
  await site.run(60_000);
  t.equal(site.status().access, "on");
  t.ok(site.closed());
});

t.test("10.2 Custom B by the board's switch: the flag and the LED's colour follow each press", async t => {
  const site = await SteppedSite.charging(t);
  await site.set("switch", 6, "left");
  await site.run(3_000);
  await site.tell("board left switch-press");
  await site.run(3_000);
  t.strictSame(site.status().led.rgb, [0, 0, 255]);
  await site.tell("board left switch-release");
  await site.run(1_000);
  await site.tell("board left switch-press");
  await site.run(3_000);
  t.strictSame(site.status().led.rgb, [0, 255, 0]);
});

t.test("10.2 Grid Relay by the board's switch: the site is told that it is limited", async t => {
  const site = await SteppedSite.charging(t);
  await site.set("switch", 5, "left");
  await site.run(3_000);
  t.equal(site.status().gridRelayOpen, true);
  await site.tell("board left switch-press");
  await site.run(3_000);
  t.equal(site.status().gridRelayOpen, false);
});
