import t from "tap";
import type { PointSettings } from "../../services/evse/evse.config.ts";
import { pointSettingsOf } from "../../services/evse/evse.settings.ts";
import type { EvseFault } from "../../shared/contracts/fault.ts";
import type { RfidRead } from "../../shared/contracts/rfid.ts";
import { catalogue } from "../../shared/settings/catalogue/index.ts";
import { EvseRig, SMART } from "../support/evse-rig.ts";

const rig = (settings: Partial<PointSettings> = {}): EvseRig => new EvseRig({ ...SMART, ...settings });
const faults = (point: EvseRig): readonly EvseFault[] => point.status.faults;
const target = (point: EvseRig): string | null => point.grant.lock?.target ?? null;

t.test(
  "9 cable lock: locks when a car is there, unlocks in state A, for sockets with a LOCK only [9-1, 9-2]",
  async t => {
    const point = rig({ lock: "solenoid" });
    t.equal(target(point), "unlocked");
    point.cp("B").run(1_500);
    t.strictSame(point.grant.lock, { actuator: "solenoid", target: "locked" });
    t.strictSame(point.status.plugLock, { position: "locked", jammed: false });
    point.cp("C").run(1_500);
    t.equal(point.status.state, "C2");
    point.cp("A", { ppOhm: 220 }).run(300);
    t.equal(target(point), "unlocked");
    t.equal(rig({ lock: "motor", outlet: "fixed" }).grant.lock, null);
    t.equal(rig({ lock: null }).grant.lock, null);
    t.equal(rig({ lock: "motor" }).grant.lock?.actuator, "motor");
  },
);

t.test(
  "9 cable lock: OFF before charging began leaves the plug free; OFF while charging holds it until state A",
  async t => {
    const off = rig({ lock: "motor", access: "off" });
    off.cp("B").run(2_000);
    t.equal(off.status.state, "A");
    t.equal(target(off), "unlocked");
    const charging = rig({ lock: "motor" }).charging();
    charging.settings({ access: "off" }).run(200);
    charging.cp("B").run(10_000);
    t.equal(charging.status.state, "B1");
    t.equal(target(charging), "locked");
  },
);

t.test("9 cable lock option 1: nothing is unlocked, nothing is locked without need [9-3]", async t => {
  const point = rig({ lock: "solenoid", cableLock: true });
  t.equal(target(point), "hold");
  point.cp("B").run(1_500);
  t.equal(target(point), "locked");
  point.cp("A").run(300);
  t.equal(target(point), "hold");
  t.equal(point.status.plugLock?.position, "locked");
  point.settings({ cableLock: false }).run(300);
  t.equal(target(point), "unlocked");
});

t.test("9 EnableOne: the card that holds the point holds the plug, also after the car has gone [9-1]", async t => {
  const point = rig({ lock: "solenoid", cardHoldsPlug: true });
  t.equal(target(point), "hold", "ON before plugging in: an empty socket is not locked");
  point.cp("B").run(1_500);
  t.equal(target(point), "locked");
  point.cp("A").run(10_000);
  t.equal(target(point), "hold", "unplugged at the car: the cable stays");
  t.equal(point.status.plugLock?.position, "locked");
  point.settings({ access: "off" }).run(300);
  t.equal(target(point), "unlocked", "the same card, or the 60 s timer");
  const charging = rig({ lock: "solenoid", cardHoldsPlug: true }).charging();
  charging.settings({ access: "off" }).run(300);
  t.equal(target(charging), "unlocked", "unlocking has precedence; the board waits for the contactor");
});

t.test(
  "9 a socket that could not be locked does not start to charge, and stops when its lock fails [9-R2]",
  async t => {
    const point = rig({ lock: "solenoid" });
    point.lockMoves = false;
    point.cp("B").run(1_500).cp("C").run(10_000);
    t.equal(point.grant.contactorL1, false);
    t.strictSame(faults(point), ["lock-failed"]);
    t.equal(point.status.reason, "the plug cannot be locked");
    point.lockMoves = true;
    point.run(20_000);
    t.equal(point.status.state, "C2");
    t.strictSame(faults(point), []);
    point.cp("C", { lock: null });
    t.equal(point.status.state, "C2");
  },
);

t.test("9 a lock that does not open is told, and is no obstacle", async t => {
  const point = rig({ lock: "solenoid" });
  point.cp("B").run(1_500);
  point.lockMoves = false;
  point.cp("A").run(500);
  t.strictSame(faults(point), ["lock-jammed"]);
  t.equal(point.status.reason, "the plug lock does not open");
  point.cp("B").run(1_500).cp("C").run(1_500);
  t.equal(point.status.state, "C2");
});

t.test("7.5 RCM self-test runs before the contactor closes, anew for each closing [7.5-R1]", async t => {
  const point = rig({ rcmMonitor: true });
  point.monitorWorks = null;
  point.cp("B").run(1_500);
  t.equal(point.grant.rcmTest, null, "not before the car asks");
  point.cp("C").run(2_000);
  t.equal(point.grant.rcmTest, 1);
  t.equal(point.grant.contactorL1, false, "not before the monitor has answered");
  point.monitorWorks = true;
  point.run(300);
  t.equal(point.status.state, "C2");
  t.equal(point.grant.rcmTest, null);
  point.cp("B").run(1_000).cp("C").run(1_500);
  t.equal(point.status.state, "C2");
  t.equal(point.state.rcm.test.number, 2);
  const without = rig({ rcmMonitor: false }).charging();
  t.equal(without.state.rcm.test.number, 0);
});

t.test("7.3 RCM_TEST fail: three tries 60 s apart, then a person [7.3-7, 7.5-R2]", async t => {
  const point = rig({ rcmMonitor: true });
  point.monitorWorks = false;
  point.cp("B").run(1_500).cp("C").run(1_000);
  t.strictSame(faults(point), ["rcm-test-failed"]);
  t.equal(point.status.state, "B1");
  point.run(55_000);
  t.equal(point.state.rcm.test.number, 1);
  point.run(15_000);
  t.equal(point.state.rcm.test.number, 2);
  point.run(70_000);
  t.equal(point.state.rcm.test.number, 3);
  point.run(300_000);
  t.equal(point.state.rcm.test.number, 3, "no fourth time by itself");
  t.strictSame(faults(point), ["rcm-test-failed"]);
  point.monitorWorks = true;
  point.cp("A").run(500).cp("B").run(5_000);
  t.strictSame(faults(point), ["rcm-test-failed"], "another car does not end it");
  point.tell({ kind: "acknowledge" });
  point.cp("C").run(20_000);
  t.equal(point.status.state, "C2");
});

t.test("7.5 a monitor that comes back within its tries charges on without a person", async t => {
  const point = rig({ rcmMonitor: true });
  point.monitorWorks = false;
  point.cp("B").run(1_500).cp("C").run(1_000);
  t.equal(point.status.state, "B1");
  point.monitorWorks = true;
  point.run(75_000);
  t.equal(point.status.state, "C2");
  t.equal(point.state.rcmTries.failures, 0);
});

t.test("7.3 RCM_TRIPPED: the contactor opens at once, and nothing closes by itself [7.3-6, 7.5-R3]", async t => {
  const point = rig().charging();
  point.cp("C", { faults: ["rcm-trip", "rcm-line"] });
  t.equal(point.grant.contactorL1, false, "with the same word");
  t.equal(point.status.state, "B1");
  point.cp("B", { faults: ["rcm-trip", "rcm-line"] }).run(1_000);
  point.tell({ kind: "acknowledge" });
  point.run(5_000);
  t.strictSame(faults(point), ["rcm-trip"], "not while its line says fault");
  point.cp("C", { faults: [] }).run(600_000);
  t.strictSame(faults(point), ["rcm-trip"], "a board that lost its supply has forgotten its latch; the point has not");
  point.tell({ kind: "acknowledge" });
  point.run(1_000);
  t.strictSame(faults(point), []);
  point.run(20_000);
  t.equal(point.status.state, "C2");
});

t.test(
  "7.3 RCM_TRIPPED: a press of the external switch resets it, whatever the switch does; nothing else is reset [10.2-9]",
  async t => {
    const point = rig({ switchFunction: "custom-button" });
    point.cp("A", { switchClosed: false }).run(500);
    point.cp("A", { faults: ["rcm-trip", "contactor-weld"] }).run(500);
    point.cp("A", { switchClosed: true });
    let rcm = 0;
    for (let round = 0; round < 5; round++) {
      point.run(100);
      if (point.grant.acknowledgeRcm) rcm += 1;
      t.equal(point.grant.acknowledge, false);
    }
    t.ok(rcm > 0);
    point.cp("A", { faults: ["contactor-weld"] }).run(300);
    t.strictSame(faults(point), ["contactor-weld"]);
  },
);

t.test("7.3 an acknowledgement that the board does not follow counts for nothing", async t => {
  const point = rig();
  point.cp("A", { faults: ["rcm-trip"] }).run(500);
  point.tell({ kind: "acknowledge" });
  point.run(5_000);
  t.strictSame(faults(point), ["rcm-trip"]);
  point.cp("A", { faults: [] }).run(5_000);
  t.strictSame(faults(point), ["rcm-trip"], "it went without a person");
});

t.test("7.3 TEMP_HIGH: trips at MAX TEMP, resumes at 55 degrees or MAX TEMP - 10 [7.3-5, 7.3-R1]", async t => {
  for (const [maxTemperatureC, trips, stays, resumes] of [
    [65, 65, 55.5, 55],
    [75, 75, 55.5, 55],
    [60, 60, 50.5, 50],
    [40, 40, 30.5, 30],
  ] as const) {
    const point = rig({ maxTemperatureC }).charging();
    point.cp("C", { temperatureC: trips - 0.5 }).run(500);
    t.equal(point.status.state, "C2");
    point.cp("C", { temperatureC: trips }).run(200);
    t.equal(point.status.state, "C1", "the car is given the time to stop");
    point.cp("B", { temperatureC: stays }).run(60_000);
    t.strictSame(faults(point), ["over-temperature"]);
    point.cp("B", { temperatureC: resumes }).run(500);
    t.strictSame(faults(point), []);
  }
});

t.test("7.3 TEMP_HIGH: 10 degrees above MAX TEMP the contactor does not wait for the car", async t => {
  const point = rig({ maxTemperatureC: 65 }).charging();
  point.cp("C", { temperatureC: 75 });
  t.equal(point.grant.contactorL1, false);
  t.equal(point.status.state, "B1");
});

t.test("7.3 a broken temperature sensor stops charging until it tells what can be true [7.3-R2]", async t => {
  const point = rig().charging();
  point.cp("C", { temperatureC: null, faults: ["temperature-sensor"] }).run(200);
  t.equal(point.status.state, "C1");
  t.strictSame(faults(point), ["temperature-sensor"]);
  point.cp("B").run(5_000).cp("C", { temperatureC: 25, faults: [] }).run(25_000);
  t.equal(point.status.state, "C2");
});

t.test("6 stuck-open contactor: three tries 60 s apart, then a person", async t => {
  const point = rig().charging();
  let tries = 0;
  let closed = true;
  for (let second = 0; second < 400; second++) {
    const coil = point.grant.contactorL1;
    if (coil && !closed) tries += 1;
    closed = coil;
    point.cp("C", { faults: coil ? ["contactor-stuck-open"] : [] }).run(1_000);
  }
  t.equal(tries, 2, "two more after the first");
  t.strictSame(faults(point), ["contactor-stuck-open"]);
  t.equal(point.status.reason, "the contactor does not close");
  point.tell({ kind: "acknowledge" });
  point.cp("C", { faults: [] }).run(30_000);
  t.equal(point.status.state, "C2");
  t.equal(point.state.contactorTries.failures, 0);
});

t.test("7.3 CIRCUIT_NOCOMM, EV_NOCOMM, CT_NOCOMM as the balancer refuses by them [7.3-4]", async t => {
  for (const [boundBy, fault] of [
    ["circuit-silent", "circuit-reading-lost"],
    ["ev-meter-silent", "ev-meter-lost"],
    ["mains-silent", "mains-reading-lost"],
  ] as const) {
    const point = rig().charging();
    point.allot({ limitA: 0, admitted: false, boundBy }).run(200);
    t.equal(point.status.state, "C1", boundBy);
    t.strictSame(faults(point), [fault]);
    point.cp("B").run(16_000).allot({ limitA: 16, admitted: true, boundBy: "max" }).run(200);
    t.strictSame(faults(point), []);
    point.run(2_000);
    t.equal(point.status.offerA, 16);
  }
});

const led = (point: EvseRig): string => {
  const { rgb, pattern } = point.grant.led;
  return `${pattern} ${rgb.join()}`;
};

t.test(
  "10.4 LED standard: alarm before everything, then OFF, then what waits, then the state [10.4-1, 10.4-2, 10.4-3, 10.4-5]",
  async t => {
    const point = rig();
    t.equal(led(point), "steady 0,40,0", "A: 40/255");
    point.cp("B").run(1_500);
    t.equal(led(point), "steady 0,255,0", "B");
    point.cp("C").run(1_500);
    t.equal(led(point), "breathe 0,255,0", "C");
    point.settings({ mode: "solar" }).run(200);
    t.equal(led(point), "breathe-slow 255,170,0", "Solar breathes at half the pace");
    point.settings({ mode: "smart", customFlag: true }).run(200);
    t.equal(led(point), "breathe 0,0,255", "the custom flag takes the mode's place");
    point.settings({ customFlag: false, access: "pause" }).run(200);
    t.not(led(point), "steady 0,0,0", "PAUSE is not OFF");
    const off = rig({ access: "off" });
    t.equal(led(off), "steady 0,0,0");
    t.equal(led(off.settings({ colours: { ...SMART.colours, off: [9, 8, 7] } }).run(200)), "steady 9,8,7");
    t.equal(led(off.settings({ customFlag: true }).run(200)), "steady 0,0,255", "OFF with the custom flag");
    const alarm = rig({ access: "off", customFlag: true });
    alarm.cp("A", { faults: ["rcm-trip"] }).run(200);
    t.equal(led(alarm), "alarm 255,0,0");
  },
);

t.test("10.4 LED standard: an error that is no alarm, or a delay, blinks in the mode's colour [10.4-4]", async t => {
  const point = rig().charging();
  point.settings({ access: "pause" }).run(200);
  t.equal(led(point), "blink 0,255,0", "ChargeDelay");
  const shortage = rig();
  shortage.cp("B").allot({ limitA: 0, admitted: false, boundBy: "mains.l1" }).run(20_000);
  t.equal(led(shortage), "blink 0,255,0", "no current");
  const lost = rig();
  lost.cp("B").allot({ limitA: 0, admitted: false, boundBy: "mains-silent" }).run(2_000);
  t.equal(led(lost), "alarm 255,0,0", "CT_NOCOMM");
  const hot = rig();
  hot.cp("A", { temperatureC: 70 }).run(200);
  t.equal(led(hot), "alarm 255,0,0", "TEMP_HIGH");
});

t.test("10.4 LED public: state by colour, and what a card did [10.4-6]", async t => {
  const point = rig({ ledScheme: "public" });
  t.equal(led(point), "steady 0,40,0");
  point.cp("B").run(1_500);
  t.equal(led(point), "steady 0,0,255");
  point.cp("C").run(1_500);
  t.equal(led(point), "breathe 0,0,255");
  point.settings({ mode: "solar" }).run(200);
  t.equal(led(point), "breathe 0,0,255", "the mode does not matter");
  const swipe = (outcome: RfidRead["outcome"]): EvseRig => {
    const card = rig({ ledScheme: "public", access: "off" });
    card.tell({ kind: "card", outcome });
    t.equal(led(card), "steady 128,128,128", "read");
    return card.run(300);
  };
  const granted = swipe("granted");
  t.equal(led(granted), "steady 0,255,0");
  t.equal(led(granted.run(800)), "steady 0,40,0");
  const unknown = swipe("unknown");
  t.equal(led(unknown), "steady 255,0,0");
  t.equal(led(unknown.run(1_500)), "steady 255,0,0");
  t.equal(led(unknown.run(400)), "steady 0,40,0");
  const waiting = rig({ ledScheme: "public" });
  waiting.cp("B").allot({ limitA: 0, admitted: false, boundBy: "mains.l1" }).run(20_000);
  t.equal(led(waiting), "blink 255,127,0");
  const custom = rig({ ledScheme: "public", access: "off", customFlag: true });
  t.equal(led(custom), "steady 0,0,255");
  waiting.cp("B", { faults: ["contactor-weld"] }).run(200);
  t.equal(led(waiting), "alarm 255,0,0");
});

t.test("the peripherals' settings come from the catalogue; changed colours are kept [10.4-R]", async t => {
  const defaults = Object.fromEntries(catalogue.map(({ key, default: value }) => [key, value ?? 0]));
  const of = (point: object) =>
    pointSettingsOf({ revision: 1, site: defaults, points: { left: { ...defaults, ...point } } }, "left");
  t.match(of({}), { lock: null, cableLock: false, cardHoldsPlug: false, rcmMonitor: false, ledScheme: "standard" });
  t.strictSame(of({}).colours, SMART.colours);
  t.equal(of({ lock: 1 }).lock, "solenoid");
  t.equal(of({ lock: 2 }).lock, "motor");
  t.equal(of({ cablelock: 1 }).cableLock, true);
  t.equal(of({ rfidreader: 2 }).cardHoldsPlug, true);
  t.equal(of({ rfidreader: 1 }).cardHoldsPlug, false);
  t.equal(of({ rcmon: 1 }).rcmMonitor, true);
  t.equal(of({ ledmode: 1 }).ledScheme, "public");
  t.strictSame(of({ color_custom: [1, 2, 3] }).colours.custom, [1, 2, 3]);
  const colours = catalogue.filter(({ key }) => key.startsWith("color_"));
  t.equal(colours.length, 5);
  t.ok(colours.every(({ persisted }) => persisted));
});
