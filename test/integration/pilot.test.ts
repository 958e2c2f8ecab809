import fc from "fast-check";
import five from "johnny-five";
import t from "tap";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { PilotSite } from "../support/pilot-site.ts";

t.test("a session from plug-in to unplug: offer, closing in C, opening when the car leaves", async t => {
  const site = await new PilotSite().start(t);
  t.match(site.sensed, { link: "up", cp: "A", firmware: "EvsePilotFirmata 1.0", dutyPct: 100 });
  site.grant({ contactorL1: false, contactorL23: false });
  t.equal(site.board.pilot.dutyPct, 26.6, "the duty is on the line before the grant's event has returned");
  site.say("pp 220");
  site.say("ev B");
  await site.pass(300);
  t.match(site.sensed, { cp: "B", diodeSeen: true, dutyPct: 26.6 });
  t.ok(Math.abs(site.sensed.ppOhm! - 220) < 5);
  site.say("ev C");
  await site.pass(300);
  t.notOk(site.charging, "not without permission");
  site.grant({});
  await site.pass(20);
  t.ok(site.charging);
  await site.pass(200);
  t.match(site.sensed, { cp: "C", contactorL1: true, contactorL23: true, openedLocally: false });
  site.say("ev A");
  t.equal(await site.msUntilOpen(100), 28, "fifteen samples of 2 ms, by the board alone");
  t.match(site.sensed, { cp: "A", contactorL1: false, openedLocally: true });
  site.say("ev C");
  await site.pass(2_000);
  t.notOk(site.charging, "an old permission does not close again");
  await site.grantAnew();
  t.ok(site.charging);
});

t.test(
  "the control loop dies: open 1000 ms after the last heartbeat, and back by itself when it lives again",
  async t => {
    const site = await (await new PilotSite().start(t)).charge();
    site.grant({});
    site.grant(null);
    t.equal(await site.msUntilOpen(3_000), 1_000);
    t.match(site.sensed, { link: "up", dutyPct: 100, faults: ["watchdog-trip"], contactorL1: false });
    site.grant({});
    await site.pass(2_000);
    t.match(site.sensed, { faults: [], dutyPct: 26.6 }, "the trip is cleared by heartbeats");
    await site.grantAnew();
    t.ok(site.charging);
  },
);

t.test("a withdrawn permission opens within the same instant", async t => {
  const site = await (await new PilotSite().start(t)).charge();
  site.grant({ pilot: "idle", contactorL1: false, contactorL23: false });
  t.strictSame(site.board.coils, { l1: false, l23: false });
  t.equal(site.board.pilot.dutyPct, 100);
});

t.test(
  "the cable is pulled while charging: told at once, open by the board, charging again after it is back",
  async t => {
    const site = await (await new PilotSite().start(t)).charge();
    site.grant({});
    site.cable.pull();
    t.match(site.sensed, { link: "down", lastError: "cable pulled", contactorL1: true });
    t.equal(await site.msUntilOpen(5_000), 1_000, "the board's own watchdog");
    t.match(site.sensed, { link: "down", contactorL1: false });
    const { opens } = site.cable;
    t.ok(opens >= 4 && opens <= 8, `${opens} attempts: backed off, not given up`);
    site.cable.plugIn();
    await site.pass(2_500);
    t.match(site.sensed, { link: "up", reconnects: 1, lastError: null });
    await site.grantAnew();
    t.ok(site.charging, "nothing but the cable was touched");
  },
);

t.test("the board is reset while charging: open at once, configured again, believed again", async t => {
  const site = await (await new PilotSite().start(t)).charge();
  site.say("reset");
  t.strictSame(site.board.coils, { l1: false, l23: false });
  t.match(site.sensed, { contactorL1: false, openedLocally: true });
  await site.pass(1_000);
  t.match(site.sensed, { link: "up", openedLocally: true });
  t.notOk(site.charging);
  site.say("ev D");
  await site.grantAnew();
  t.notOk(site.charging, "state D is refused: the settings are in force again");
  site.say("ev C");
  await site.grantAnew();
  t.ok(site.charging);
});

t.test("the board hangs: its outputs fall after 64 ms, it says so, and a person clears it", async t => {
  const site = await (await new PilotSite().start(t)).charge();
  site.say("hang");
  t.equal(await site.msUntilOpen(500), 64);
  await site.pass(500);
  t.strictSame(site.sensed.faults, ["board-hang"]);
  site.grant({ contactorL1: false, contactorL23: false, acknowledge: true });
  await site.pass(300);
  t.strictSame(site.sensed.faults, []);
});

t.test("residual current opens at once and waits for a person", async t => {
  const site = await (await new PilotSite().start(t)).charge();
  site.say("rcm 1");
  t.strictSame(site.board.coils, { l1: false, l23: false });
  t.strictSame(site.sensed.faults, ["rcm-trip", "rcm-line"]);
  site.say("rcm 0");
  await site.grantAnew();
  await site.pass(5_000);
  t.notOk(site.charging);
  t.strictSame(site.sensed.faults, ["rcm-trip"]);
  site.grant({ contactorL1: false, contactorL23: false, acknowledge: true });
  await site.pass(300);
  await site.grantAnew();
  t.ok(site.charging);
});

t.test("a board that says nothing any more is lost after 1 s and found again", async t => {
  const site = await (await new PilotSite().start(t)).charge();
  site.say("silent 1");
  await site.pass(1_200);
  t.match(site.sensed, { link: /down|handshake/, lastError: "board silent for 1000 ms" });
  t.notOk(site.board.coils.l1);
  await site.pass(20_000);
  site.say("silent 0");
  await site.pass(8_000);
  t.match(site.sensed, { link: "up" });
  await site.grantAnew();
  t.ok(site.charging);
});

t.test("another firmware stays outside until the right one is flashed", async t => {
  const site = new PilotSite("left", new ManualClock(), {
    firmware: { name: "StandardFirmata", major: 2, minor: 5 },
  });
  await site.start(t);
  site.grant({});
  await site.pass(5_000);
  t.match(site.sensed, {
    link: "handshake",
    faults: ["wrong-firmware"],
    lastError: /found firmware "StandardFirmata 2\.5"; expected "EvsePilotFirmata" 1\.x/,
  });
  t.equal(site.board.pilot.dutyPct, 100, "no command reached it");
  t.equal(site.sensed.heartbeatEcho, null);
  site.say("firmware EvsePilotFirmata 1.3");
  site.say("reset");
  await site.pass(5_000);
  t.match(site.sensed, { link: "up", faults: [], firmware: "EvsePilotFirmata 1.3" });
});

t.test("wake-up, interruption of the pilot line, and back", async t => {
  const site = await new PilotSite().start(t);
  const open = { contactorL1: false, contactorL23: false };
  site.say("ev B");
  site.grant({ pilot: "wake", offerA: 0, ...open });
  await site.pass(300);
  t.match(site.sensed, { cp: "F", dutyPct: 0, cpHighV: null });
  site.grant({ pilot: "disconnected", offerA: 0, ...open });
  t.equal(site.board.pilot.connected, false);
  await site.pass(300);
  t.match(site.sensed, { cp: "A", dutyPct: 100 });
  site.grant({ pilot: "idle", offerA: 0, ...open });
  await site.pass(300);
  t.equal(site.board.pilot.connected, true);
  t.match(site.sensed, { cp: "B" });
  site.grant({ pilot: "disconnected", offerA: 0, ...open });
  site.grant(null);
  await site.pass(1_500);
  t.equal(site.board.pilot.connected, true, "without permission the line is whole");
});

t.test("lost and spoiled bytes cost time, never safety; a good line heals everything", async t => {
  for (const trouble of ["lose 37", "flip 41", "lateack 300", "pace 57600"]) {
    const site = await new PilotSite().start(t);
    await site.charge();
    site.say(trouble);
    for (let second = 0; second < 20; second++) {
      site.grant({ offerA: 6 + second });
      await site.pass(1_000);
    }
    site.say("ev A");
    t.ok((await site.msUntilOpen(100))! <= 30, `${trouble}: the board opens whatever the line does`);
    for (const word of ["lose 0", "flip 0", "lateack 0", "pace off"]) site.say(word);
    site.say("ev C");
    await site.pass(8_000);
    await site.grantAnew();
    await site.grantAnew();
    t.ok(site.charging, `${trouble}: charging again`);
    t.match(site.sensed, { link: "up", dutyPct: 26.6 }, trouble);
    await site.broker.stop();
  }
});

t.test("noise of the board closes nothing and ends nothing", async t => {
  const site = await new PilotSite().start(t);
  site.grant({ contactorL1: false, contactorL23: false });
  site.say("ev C");
  await site.pass(300);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 120 }), async noise => {
      site.board.sendRaw([...noise]);
      await site.pass(5);
      return !site.board.coils.l1 && !site.board.coils.l23;
    }),
    { numRuns: 300 },
  );
  await site.pass(10_000);
  t.equal(site.sensed.link, "up");
  site.grant({});
  await site.pass(300);
  t.ok(site.charging, "and it works as before");
});

t.test("two boards in one process do not hear each other", async t => {
  const clock = new ManualClock();
  const left = await new PilotSite("left", clock).start(t);
  const right = await new PilotSite("right", clock).start(t);
  left.grant({ offerA: 10 });
  right.grant({ offerA: 20 });
  left.say("ev C");
  right.say("ev B");
  await left.pass(500);
  t.match(left.sensed, { evseId: "left", cp: "C", dutyPct: 16.6, contactorL1: true });
  t.match(right.sensed, { evseId: "right", cp: "B", dutyPct: 33.3, contactorL1: false });
  left.cable.pull();
  await left.pass(2_000);
  t.equal(left.sensed.link, "down");
  t.equal(right.sensed.link, "up");
});

t.test("a cable that comes and goes all day leaves nothing behind in johnny-five", async t => {
  const site = await new PilotSite().start(t);
  site.grant({});
  await site.pass(300);
  const { cache } = five.Board as unknown as { readonly cache: readonly unknown[] };
  const before = cache.length;
  for (let again = 0; again < 30; again++) {
    site.cable.pull();
    site.cable.plugIn();
    await site.pass(700);
  }
  t.match(site.sensed, { link: "up", reconnects: 30 });
  t.equal(cache.length, before);
});

t.test("an orderly stop opens at once and does not wait for the watchdog", async t => {
  const site = await (await new PilotSite().start(t)).charge();
  await site.broker.stop();
  t.strictSame(site.board.coils, { l1: false, l23: false });
  t.equal(site.board.pilot.dutyPct, 100);
});
