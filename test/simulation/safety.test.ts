import t from "tap";
import { dutyPctOf } from "../../shared/iec61851/duty.ts";
import { SteppedSite } from "../support/stepped-site.ts";

// Times are simulated milliseconds, exact to 1 ms; each is a line of docs/safety.md. Contactors are the poles, not the coil.

t.test(
  "car unplugged while charging: contactor open within 100 ms, nothing offered, and the next car charges [1.9-4]",
  async t => {
    const site = await SteppedSite.charging(t);
    await site.tell("unplug left");
    const openedMs = await site.until("open", 100, () => !site.closed());
    t.comment(`open after ${openedMs} ms`);
    await site.until("idle pilot", 1_000, () => site.dutyPct() === 100);
    await site.run(2_000);
    t.match(site.status(), { state: "A", offerA: 0, session: null });
    await site.tell("plug left");
    await site.until("charging again", 60_000, () => site.closed());
  },
);

t.test(
  "host process killed: its board opens within its own second, and charging resumes when a host is back",
  async t => {
    const site = await SteppedSite.charging(t);
    // To a board, a killed host and a pulled cable are the same: bytes stop.
    site.bench().cable.pull();
    const openedMs = await site.until("open", 1_300, () => !site.closed());
    t.comment(`open after ${openedMs} ms`);
    t.ok(openedMs <= 1_020, "1,000 ms of watchdog since the last heartbeat, and 12 ms of contactor");
    t.equal(site.dutyPct(), 100);
    await site.run(10_000);
    t.ok(site.status().faults.includes("board-lost"));
    site.bench().cable.plugIn();
    await site.until("charging again", 60_000, () => site.closed());
  },
);

t.test("a charge point that is stopped in order opens its contactor with its last word", async t => {
  const site = await SteppedSite.charging(t);
  await site.kill("evse-left");
  const openedMs = await site.until("open", 100, () => !site.closed());
  t.comment(`open after ${openedMs} ms`);
  await site.until("idle pilot", 100, () => site.dutyPct() === 100);
});

t.test(
  "balancer killed: no pilot after 5 s, contactor open at most 6 s later; a new balancer brings charging back",
  async t => {
    const site = await SteppedSite.charging(t);
    await site.kill("balancer");
    const withheldMs = await site.until("no pilot", 7_000, () => site.dutyPct() === 100);
    t.ok(withheldMs <= 5_150, `${withheldMs} ms: the allocation's lifetime and one round of the loop`);
    await site.until("open", 6_100, () => !site.closed());
    t.equal(site.status().boundBy, "balancer-silent");
    site.startBalancer();
    await site.until("charging again", 90_000, () => site.closed());
  },
);

t.test(
  "balancer killed at a point with a safe current: it falls to that, goes on, and never rises without a balancer",
  async t => {
    const site = await SteppedSite.charging(t, ["left"], 8);
    await site.kill("balancer");
    await site.until("safe current", 7_000, () => site.dutyPct() === dutyPctOf(8));
    await site.run(60_000);
    t.ok(site.closed());
    t.equal(site.dutyPct(), dutyPctOf(8));
    t.equal(site.status().boundBy, "safe-current");
  },
);

t.test("mains meter silent: hold, then the minimum, then stop; charging returns with the meter [8-R1]", async t => {
  const site = await SteppedSite.charging(t);
  await site.tell("house l2 12");
  await site.run(30_000);
  const heldPct = site.dutyPct();
  t.ok(heldPct > dutyPctOf(10) && heldPct < dutyPctOf(14), `${heldPct} %`);
  await site.tell("meter mains silent");
  await site.run(5_000);
  t.equal(site.dutyPct(), heldPct);
  const minimumMs = 5_000 + (await site.until("minimum", 5_000, () => site.dutyPct() === dutyPctOf(6)));
  t.ok(minimumMs <= 9_000, `6 A after ${minimumMs} ms`);
  const stoppedMs = minimumMs + (await site.until("no pilot", 6_000, () => site.dutyPct() === 100));
  t.ok(stoppedMs <= 13_000, `stop after ${stoppedMs} ms of silence: 11 s, a sample's age, a second of rhythm`);
  await site.until("open", 6_100, () => !site.closed());
  await site.tell("meter mains answers");
  await site.until("charging again", 90_000, () => site.closed());
});

t.test(
  "mains overload: the duty falls with the first sample that shows it, and the fuse is relieved by the car's reaction",
  async t => {
    const site = await SteppedSite.charging(t);
    await site.tell("house l2 18");
    // The simulated meter averages over 1 s, shows it 0.5 s later, and is read once a second.
    const firstMs = await site.until("first cut", 2_600, () => site.dutyPct() < dutyPctOf(16));
    const wholeMs = firstMs + (await site.until("whole cut", 1_100, () => site.dutyPct() === dutyPctOf(6)));
    t.comment(`first cut after ${firstMs} ms, the whole after ${wholeMs} ms`);
    t.match(site.status(), { boundBy: "mains.l2" });
    await site.tell("house auto");
    await site.until("back at MAX", 60_000, () => site.dutyPct() === dutyPctOf(16));
  },
);

t.test(
  "a car that goes on drawing 16 A at an offer of 6 A loses its contactor, and a new one charges [1.9-6b]",
  async t => {
    const site = await SteppedSite.charging(t);
    await site.tell("car left deaf");
    await site.run(1_000);
    await site.set("override_current", 60, "left");
    const openedMs = await site.until("open", 17_000, () => !site.closed());
    t.comment(`open after ${openedMs} ms`);
    t.ok(openedMs > 10_000, "a car has its time to obey");
    await site.until("told", 1_000, () => site.status().faults.includes("over-current"));
    await site.tell("unplug left");
    // The pilot line is cut for 5 s first, and shows no unplugging.
    await site.run(8_000);
    await site.tell("plug left");
    await site.until("charging again", 60_000, () => site.closed());
    t.strictSame(site.status().faults, []);
  },
);

t.test(
  "board reset while charging: contactor open at once, charging resumes without a restart of anything",
  async t => {
    const site = await SteppedSite.charging(t);
    await site.tell("board left reset");
    const openedMs = await site.until("open", 100, () => !site.closed());
    t.comment(`open after ${openedMs} ms`);
    await site.until("charging again", 90_000, () => site.closed());
  },
);

t.test("garbage on the line, both ways: nothing closes that was open, and the board still obeys", async t => {
  const site = await SteppedSite.charging(t);
  await site.tell("unplug left");
  await site.until("open", 100, () => !site.closed());
  const { board } = site.bench();
  for (let round = 0; round < 200; round += 1) {
    board.write(
      Uint8Array.from({ length: 64 }, (_none, index) => (round * 7919 + index * 104_729 + (index << 3)) & 0xff),
    );
    board.sendGarbage(64);
    await site.run(50);
    if (site.closed()) t.fail(`closed in round ${round}`);
  }
  await site.run(3_000);
  await site.tell("plug left");
  await site.until("charging again", 90_000, () => site.closed());
});

t.test(
  "residual current: contactor open at once, stays open until a person has acknowledged it [7.3-6, 7.5-R3]",
  async t => {
    const site = await SteppedSite.charging(t);
    site.bench().board.wiring.rcm.setFault(true);
    const openedMs = await site.until("open", 100, () => !site.closed());
    t.comment(`open after ${openedMs} ms`);
    t.ok(openedMs <= 15, "the interrupt, and 12 ms of contactor");
    site.bench().board.wiring.rcm.setFault(false);
    await site.run(60_000);
    t.notOk(site.closed());
    t.ok(site.status().faults.includes("rcm-trip"));
    await site.acknowledge();
    await site.until("charging again", 90_000, () => site.closed());
  },
);

t.test("a car that ignores the end of the pilot is disconnected under load 6 s later [1.4-23]", async t => {
  const site = await SteppedSite.charging(t);
  // Without the simulated car's reactions, the pilot stays at 6 V whatever the board does.
  await site.kill("simulator");
  site.bench().board.present({ state: "C" });
  await site.set("access", 2, "left");
  await site.until("no pilot", 500, () => site.dutyPct() === 100);
  const openedMs = await site.until("open", 6_500, () => !site.closed());
  t.ok(openedMs >= 5_800 && openedMs <= 6_200, `${openedMs} ms`);
  t.equal(site.status().reason, "paused");
});

t.test(
  "OFF and PAUSE over the settings stop an obedient car well before the contactor is forced, and ON brings it back",
  async t => {
    const site = await SteppedSite.charging(t);
    for (const access of [0, 2]) {
      await site.set("access", access, "left");
      const openedMs = await site.until("open", 6_200, () => !site.closed());
      t.ok(openedMs < 6_000, `open after ${openedMs} ms`);
      await site.set("access", 1, "left");
      await site.until("charging again", 90_000, () => site.closed());
    }
  },
);

t.test("the settings service dies: what was set stays in force, charging goes on", async t => {
  const site = await SteppedSite.charging(t);
  await site.kill("settings");
  await site.run(120_000);
  t.ok(site.closed());
  t.equal(site.dutyPct(), dutyPctOf(16));
});

t.test("one point's board dies: its neighbour goes on, and gets the current that is proven free", async t => {
  const site = await SteppedSite.charging(t, ["left", "right"]);
  await site.run(60_000);
  t.ok(site.status("right").offerA <= 12.5, "two cars share 24 A");
  site.bench("left").cable.pull();
  await site.run(3_000);
  t.ok(site.closed("right"), "untouched");
  await site.run(60_000);
  t.equal(site.status("right").offerA, 16);
  site.bench("left").cable.plugIn();
  await site.run(120_000);
  t.ok(site.closed("left") && site.closed("right"));
});
