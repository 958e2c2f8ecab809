import t from "tap";
import type { LockOrder } from "../../shared/contracts/pilot.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { PilotSite } from "../support/pilot-site.ts";
import type { Teardown } from "../support/servers.ts";

const IDLE = { pilot: "idle", offerA: 0, contactorL1: false, contactorL23: false } as const;

async function fittedSite(t: Teardown): Promise<PilotSite> {
  const site = await new PilotSite("left", new ManualClock(), { fitted: true }).start(t);
  site.grant({ ...IDLE, led: { rgb: [10, 20, 30], pattern: "steady" } });
  await site.pass(1_500);
  return site;
}

t.test("the LED on D3, D6 and D11 shows what is granted, also after a reset and on a new cable", async t => {
  const site = await fittedSite(t);
  t.strictSame(site.board.led, [10, 20, 30]);
  site.grant({ ...IDLE, led: { rgb: [255, 0, 0], pattern: "alarm" } });
  const seen = new Set<number>();
  for (let step = 0; step < 20; step++) {
    await site.pass(50);
    seen.add(site.board.led[0]);
  }
  t.strictSame([...seen].sort(), [0, 255]);
  site.grant({ ...IDLE, led: { rgb: [1, 2, 3], pattern: "steady" } });
  site.say("reset");
  await site.pass(1_500);
  t.strictSame(site.board.led, [1, 2, 3]);
  site.cable.pull();
  await site.pass(3_000);
  site.cable.plugIn();
  await site.pass(6_000);
  t.strictSame(site.board.led, [1, 2, 3]);
  site.grant(null);
  await site.pass(1_500);
  t.strictSame(site.board.led, [0, 0, 0], "without a control loop it is dark");
});

t.test("the external switch on A4 and the sensor on A5 are told, at once and after a reset", async t => {
  const site = await fittedSite(t);
  t.equal(site.sensed.switchClosed, false);
  t.ok(Math.abs((site.sensed.temperatureC ?? 0) - 21) < 0.5, `${site.sensed.temperatureC} degC`);
  site.say("switch 1");
  await site.pass(100);
  t.equal(site.sensed.switchClosed, true);
  site.say("reset");
  site.say("sensor 1150");
  await site.pass(2_500);
  t.equal(site.sensed.switchClosed, true);
  t.ok(Math.abs((site.sensed.temperatureC ?? 0) - 65) < 0.5, `${site.sensed.temperatureC} degC`);
  site.say("switch 0");
  await site.pass(100);
  t.equal(site.sensed.switchClosed, false);
  for (const broken of ["sensor 0", "sensor 5000"]) {
    site.say("sensor 750");
    await site.pass(2_000);
    t.strictSame(site.sensed.faults, []);
    site.say(broken);
    await site.pass(7_000);
    t.strictSame(site.sensed.faults, ["temperature-sensor"], broken);
    t.equal(site.sensed.temperatureC, null);
  }
});

t.test("the plug lock moves and is seen to move; one that is stuck jams after five tries and recovers", async t => {
  const site = await fittedSite(t);
  const order = (target: LockOrder["target"]): void => {
    site.grant({ ...IDLE, lock: { actuator: "solenoid", target } });
  };
  order("locked");
  await site.pass(1_000);
  t.strictSame(site.sensed.lock, { position: "locked", jammed: false });
  site.say("lockstuck 1");
  order("unlocked");
  await site.pass(30_000);
  t.strictSame(site.sensed.lock, { position: "locked", jammed: true });
  site.say("lockstuck 0");
  await site.pass(61_000);
  t.strictSame(site.sensed.lock, { position: "unlocked", jammed: false });
  t.notOk(site.board.wiring.lock.locked);
});

t.test("a plug is not released while a contactor is on, and is released when it has opened", async t => {
  const site = await fittedSite(t);
  const lock = { actuator: "solenoid", target: "locked" } as const;
  site.grant({ lock });
  site.say("pp 220");
  site.say("ev C");
  await site.pass(1_500);
  t.ok(site.charging);
  t.ok(site.board.wiring.lock.locked);
  site.grant({ lock: { ...lock, target: "unlocked" } });
  await site.pass(10_000);
  t.ok(site.board.wiring.lock.locked);
  site.grant({ ...IDLE, lock: { ...lock, target: "unlocked" } });
  await site.pass(1_500);
  t.notOk(site.charging);
  t.notOk(site.board.wiring.lock.locked);
});

t.test("the monitor's test runs on the board, does not count as a trip, and finds a monitor that is deaf", async t => {
  const site = await fittedSite(t);
  site.grant({ ...IDLE, rcmTest: 1 });
  await site.pass(1_500);
  t.strictSame(site.sensed.rcmTest, { number: 1, outcome: "passed" });
  t.notOk(site.heard.some(({ faults }) => faults.length > 0));
  site.say("rcmtest 0");
  site.grant({ ...IDLE, rcmTest: 2 });
  await site.pass(1_500);
  t.strictSame(site.sensed.rcmTest, { number: 2, outcome: "failed" });
  t.strictSame(site.sensed.faults, ["rcm-test-failed"]);
  site.say("rcmtest 1");
  site.grant({ ...IDLE, rcmTest: 3 });
  await site.pass(1_500);
  t.strictSame(site.sensed.rcmTest, { number: 3, outcome: "passed" });
  t.strictSame(site.sensed.faults, []);
});

t.test("contactors that do not close are told; both close for three phases, one for one", async t => {
  const site = await fittedSite(t);
  site.say("stuck 1");
  await site.charge();
  await site.pass(1_000);
  t.strictSame(site.sensed.faults, ["contactor-stuck-open"]);
  site.say("stuck 0");
  await site.pass(500);
  t.strictSame(site.sensed.faults, []);
  t.strictSame(site.board.contactors, { l1: true, l23: true });
  site.grant({ contactorL23: false });
  await site.pass(500);
  t.strictSame(site.board.contactors, { l1: true, l23: false }, "CONTACT 2 off");
});
