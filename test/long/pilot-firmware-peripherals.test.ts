import t from "tap";
import type { LockOrder } from "../../shared/contracts/pilot.ts";
import { FirmwareSite } from "../support/firmware-site.ts";

t.setTimeout(900_000);

/** Lock, monitor, LED, switch and sensor between the product's pilot service and the released firmware. */

const IDLE = { pilot: "idle", offerA: 0, contactorL1: false, contactorL23: false } as const;
/** Compare registers of the pins D3, D6 and D11 (ATmega328P). */
const LED_REGISTERS = [0xb4, 0x47, 0xb3] as const;

t.test("firmware: the LED is dimmed on D3, D6 and D11, and is there again after a reset", async t => {
  const site = await FirmwareSite.start(t, ["left"], true);
  const { point } = site;
  const lit = () => LED_REGISTERS.map(register => point.board.processor.cpu.data[register]);
  site.grant(point, { ...IDLE, led: { rgb: [10, 20, 30], pattern: "steady" } });
  await site.pass(300);
  t.strictSame(lit(), [10, 20, 30]);
  point.say("reset");
  await site.pass(2_500);
  t.strictSame(lit(), [10, 20, 30]);
  t.equal(point.sensed.link, "up");
});

t.test("firmware: switch on A4 and sensor on A5 are read, also after a reset", async t => {
  const site = await FirmwareSite.start(t, ["left"], true);
  const { point } = site;
  // The simulated processor has no pull-ups: the switch's other end gives the level.
  point.say("switch 0");
  site.grant(point, IDLE);
  await site.pass(1_500);
  t.equal(point.sensed.switchClosed, false);
  t.ok(Math.abs((point.sensed.temperatureC ?? 0) - 21) < 1, `${point.sensed.temperatureC} degC`);
  point.say("switch 1");
  point.say("sensor 1150");
  await site.pass(2_200);
  t.equal(point.sensed.switchClosed, true);
  t.ok(Math.abs((point.sensed.temperatureC ?? 0) - 65) < 1, `${point.sensed.temperatureC} degC`);
  point.say("reset");
  await site.pass(3_000);
  t.equal(point.sensed.switchClosed, true);
  t.ok(Math.abs((point.sensed.temperatureC ?? 0) - 65) < 1);
  point.say("sensor 0");
  await site.pass(7_000);
  t.strictSame(point.sensed.faults, ["temperature-sensor"]);
});

t.test("firmware: the plug lock moves, is seen, and is not released under load", async t => {
  const site = await FirmwareSite.start(t, ["left"], true);
  const { point } = site;
  const lock = (target: LockOrder["target"]): LockOrder => ({ actuator: "solenoid", target });
  site.grant(point, { ...IDLE, lock: lock("locked") });
  await site.pass(1_000);
  t.strictSame(point.sensed.lock, { position: "locked", jammed: false });
  await site.charge();
  site.grant(point, { lock: lock("unlocked") });
  await site.pass(2_000);
  t.ok(point.charging);
  t.equal(point.sensed.lock?.position, "locked");
  site.grant(point, { ...IDLE, lock: lock("unlocked") });
  await site.pass(2_000);
  t.strictSame(point.sensed.lock, { position: "unlocked", jammed: false });
});

t.test("firmware: the monitor's test passes, fails with a deaf monitor, and passes again [7.5-R1]", async t => {
  const site = await FirmwareSite.start(t, ["left"], true);
  const { point } = site;
  site.grant(point, { ...IDLE, rcmTest: 1 });
  await site.pass(1_500);
  t.strictSame(point.sensed.rcmTest, { number: 1, outcome: "passed" });
  t.notOk(point.heard.some(({ faults }) => faults.includes("rcm-trip") || faults.includes("rcm-line")));
  point.say("rcmtest 0");
  site.grant(point, { ...IDLE, rcmTest: 2 });
  await site.pass(1_500);
  t.strictSame(point.sensed.rcmTest, { number: 2, outcome: "failed" });
  point.say("rcmtest 1");
  site.grant(point, { ...IDLE, rcmTest: 3 });
  await site.pass(1_500);
  t.strictSame(point.sensed.rcmTest, { number: 3, outcome: "passed" });
  t.strictSame(point.sensed.faults, []);
});

t.test("firmware: contactors that do not close are told", async t => {
  const site = await FirmwareSite.start(t, ["left"], true);
  const { point } = site;
  point.say("stuck 1");
  await site.charge();
  await site.pass(800);
  t.ok(point.sensed.faults.includes("contactor-stuck-open"));
  point.say("stuck 0");
  await site.pass(300);
  t.strictSame(point.sensed.faults, []);
});
