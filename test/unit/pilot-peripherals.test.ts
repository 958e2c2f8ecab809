import t from "tap";
import { shownAt } from "../../services/pilot/led.core.ts";
import type { BoardCommand } from "../../services/pilot/pilot.port.ts";
import type { LockOrder } from "../../shared/contracts/pilot.ts";
import { ALL_FITTED, PilotRig } from "../support/pilot-rig.ts";

const PULSE = 600;

/** The kinds and instants of the commands of these kinds, in the order in which they were sent. */
class Log {
  readonly rig: PilotRig;
  readonly at: (readonly [number, BoardCommand])[] = [];
  #seen = 0;

  constructor(rig: PilotRig) {
    this.rig = rig;
  }

  /** Lets time pass with a report and a grant in their rhythm. */
  run(ms: number, grant: Parameters<PilotRig["grant"]>[0]): this {
    for (let passed = 0; passed < ms; passed += 100) {
      this.rig.now += 50;
      this.rig.tick();
      this.#note();
      this.rig.now += 50;
      this.rig.report();
      this.rig.grant(grant);
      this.#note();
    }
    return this;
  }

  kinds(kind: BoardCommand["kind"]): number[] {
    return this.at.filter(([, command]) => command.kind === kind).map(([at]) => at);
  }

  #note(): void {
    const { sent } = this.rig;
    for (const command of sent.slice(this.#seen)) this.at.push([this.rig.now, command]);
    this.#seen = sent.length;
  }
}

/** A board with everything on it, no car, granted idle. */
function board(): PilotRig {
  const rig = new PilotRig(0, ALL_FITTED).bringUp();
  rig.report({ cp: "A", dutyPermille: 1000 });
  rig.outputs = [];
  return rig;
}

const IDLE = { pilot: "idle", offerA: 0, contactorL1: false, contactorL23: false } as const;

function pulses(log: Log): string[] {
  return log.at.flatMap(([, command]) => (command.kind === "drive-lock" ? [command.drive] : []));
}

const order = (target: LockOrder["target"], actuator: LockOrder["actuator"] = "solenoid"): LockOrder => ({
  actuator,
  target,
});

t.test("9 lock drive: one pulse of 600 ms per change of mind, and none while the feedback agrees [9-4]", async t => {
  const rig = board();
  const log = new Log(rig);
  log.run(300, { ...IDLE, lock: order("locked") });
  rig.view = { ...rig.view, flags: rig.flags({ lockFeedback: true }) };
  log.run(20_000, { ...IDLE, lock: order("locked") });
  t.strictSame(pulses(log), ["lock"]);
  t.strictSame(rig.sensed.lock, { position: "locked", jammed: false });
  const command = log.at.find(([, { kind }]) => kind === "drive-lock")?.[1];
  t.strictSame(command, { kind: "drive-lock", drive: "lock", pulseMs: PULSE });
  log.run(300, { ...IDLE, lock: order("unlocked") });
  rig.view = { ...rig.view, flags: rig.flags({ lockFeedback: false }) };
  log.run(20_000, { ...IDLE, lock: order("unlocked") });
  t.strictSame(pulses(log), ["lock", "unlock"]);
  t.strictSame(rig.sensed.lock, { position: "unlocked", jammed: false });
});

t.test("9 feedback polarity: solenoid low = locked, motor high = locked [9-5]", async t => {
  for (const [actuator, feedback, position] of [
    ["solenoid", true, "locked"],
    ["solenoid", false, "unlocked"],
    ["motor", true, "unlocked"],
    ["motor", false, "locked"],
  ] as const) {
    const rig = board();
    rig.view = { ...rig.view, flags: rig.flags({ lockFeedback: feedback }) };
    new Log(rig).run(300, { ...IDLE, lock: order("hold", actuator) });
    t.equal(rig.sensed.lock?.position, position, `${actuator}, feedback ${feedback ? "closed" : "open"}`);
  }
});

t.test("9 lock retries: five pulses 5 s apart, then jammed and one each 60 s until it moves [9-R1]", async t => {
  const rig = board();
  const log = new Log(rig).run(30_000, { ...IDLE, lock: order("locked") });
  const first = log.kinds("drive-lock");
  t.equal(first.length, 5);
  t.ok(
    first.every((at, index) => index === 0 || at - (first[index - 1] ?? 0) === 5_000),
    first.join(),
  );
  t.equal(rig.sensed.lock?.jammed, true);
  log.run(150_000, { ...IDLE, lock: order("locked") });
  const later = log.kinds("drive-lock").slice(4);
  t.ok(
    later.every((at, index) => index === 0 || at - (later[index - 1] ?? 0) === 60_000),
    later.join(),
  );
  rig.view = { ...rig.view, flags: rig.flags({ lockFeedback: true }) };
  log.run(1_000, { ...IDLE, lock: order("locked") });
  t.strictSame(rig.sensed.lock, { position: "locked", jammed: false });
});

t.test("9 a lock that slips is pulsed again; a change of direction begins anew [9-4]", async t => {
  const rig = board();
  const log = new Log(rig).run(300, { ...IDLE, lock: order("locked") });
  rig.view = { ...rig.view, flags: rig.flags({ lockFeedback: true }) };
  log.run(10_000, { ...IDLE, lock: order("locked") });
  rig.view = { ...rig.view, flags: rig.flags({ lockFeedback: false }) };
  log.run(400, { ...IDLE, lock: order("locked") });
  t.strictSame(pulses(log), ["lock", "lock"]);
  log.run(400, { ...IDLE, lock: order("unlocked") });
  t.strictSame(pulses(log), ["lock", "lock", "unlock"]);
});

t.test("9 nothing is unlocked under load, without a grant, or on hold; a refused pulse is no try", async t => {
  const rig = board();
  rig.view = { ...rig.view, flags: rig.flags({ lockFeedback: true }), contactorL1: true };
  const log = new Log(rig).run(10_000, { ...IDLE, lock: order("unlocked") });
  t.strictSame(pulses(log), []);
  log.run(10_000, { ...IDLE, lock: order("hold") }).run(10_000, { ...IDLE, lock: null });
  rig.wait(10_000, () => rig.report());
  t.strictSame(pulses(log), []);
  const busy = board();
  const tries = new Log(busy);
  for (let round = 0; round < 20; round++) {
    tries.run(1_000, { ...IDLE, lock: order("locked") });
    busy.hear({ kind: "answer", to: "drive-lock", accepted: false, result: "busy", value: 600 });
  }
  t.equal(busy.sensed.lock?.jammed, false, "what the board never did says nothing about the lock");
  t.ok(tries.kinds("drive-lock").length >= 15);
});

t.test("7.5 the monitor's test: once per number, passed when the board has seen it answer", async t => {
  const rig = board();
  const log = new Log(rig).run(1_000, { ...IDLE, rcmTest: 7 });
  t.equal(log.kinds("test-rcm").length, 1);
  t.strictSame(rig.sensed.rcmTest, { number: 7, outcome: "running" });
  rig.hear({ kind: "answer", to: "test-rcm", accepted: true, result: "accepted", value: 500 });
  rig.report({ flags: rig.flags({ rcmTesting: true, rcmLine: true }) });
  t.strictSame(rig.sensed.faults, [], "a line that answers a test is no fault");
  t.equal(rig.sensed.rcmTest?.outcome, "running");
  rig.report({ flags: rig.flags({ rcmTesting: false, rcmLine: false }) });
  t.strictSame(rig.sensed.rcmTest, { number: 7, outcome: "passed" });
  log.run(5_000, { ...IDLE, rcmTest: 7 });
  t.equal(log.kinds("test-rcm").length, 1);
  log.run(200, { ...IDLE, rcmTest: 8 });
  t.equal(log.kinds("test-rcm").length, 2);
});

t.test("7.5 the monitor's test fails: no answer, a refusal, or a board that never tells", async t => {
  const deaf = board();
  new Log(deaf).run(200, { ...IDLE, rcmTest: 1 });
  deaf.hear({ kind: "answer", to: "test-rcm", accepted: true, result: "accepted", value: 500 });
  deaf.report({ flags: deaf.flags({ rcmTesting: true }) });
  deaf.report({ flags: deaf.flags({ rcmTesting: false, latches: ["rcm-test-failed"] }) });
  t.strictSame(deaf.sensed.rcmTest, { number: 1, outcome: "failed" });
  deaf.outputs = [];
  new Log(deaf).run(200, { ...IDLE, rcmTest: 2 });
  const kinds = deaf.sent.map(({ kind }) => kind).filter(kind => kind === "clear" || kind === "test-rcm");
  t.strictSame(kinds, ["clear", "test-rcm"], "the latch of the last test is cleared before the next");
  const refusing = board();
  new Log(refusing).run(200, { ...IDLE, rcmTest: 1 });
  refusing.hear({ kind: "answer", to: "test-rcm", accepted: false, result: "refused (flags 0x4)", value: 4 });
  new Log(refusing).run(200, { ...IDLE, rcmTest: 1 });
  t.equal(refusing.sensed.rcmTest?.outcome, "failed");
  const mute = board();
  const asked = new Log(mute).run(8_000, { ...IDLE, rcmTest: 1 });
  t.equal(asked.kinds("test-rcm").length, 3, "a question may be lost");
  t.equal(mute.sensed.rcmTest?.outcome, "failed");
});

t.test("7.3 the switch acknowledges a residual current and nothing else", async t => {
  const rig = board();
  rig.report({ flags: rig.flags({ latches: ["rcm-trip", "contactor-weld"] }) });
  rig.grant({ ...IDLE, acknowledgeRcm: true });
  rig.wait(300, () => rig.report());
  const cleared = rig.sent.flatMap(command => (command.kind === "clear" ? command.latches : []));
  t.ok(cleared.length > 0);
  t.ok(cleared.every(latch => latch === "rcm-trip"));
});

t.test("inputs are asked for each second, again after a restart, and told at once", async t => {
  const rig = board();
  const log = new Log(rig).run(5_000, IDLE);
  t.ok(log.kinds("read-inputs").length >= 5);
  rig.hear({ kind: "switch", closed: true });
  t.equal(rig.sensed.switchClosed, true);
  rig.hear({ kind: "temperature", milliV: 715 });
  t.equal(rig.sensed.temperatureC, 21.5);
  rig.hear({ kind: "booted", cause: "reset line" });
  rig.tick();
  t.equal(rig.sensed.switchClosed, null);
  const bare = new PilotRig().bringUp();
  bare.wait(3_000, () => bare.report());
  t.notOk(
    bare.sent.some(({ kind }) => kind === "read-inputs" || kind === "light"),
    "nothing fitted, nothing asked",
  );
});

t.test("7.3 temperature: linear from 500 mV at 0 degC; what cannot be true for 5 s is a fault [7.3-R2]", async t => {
  const rig = board();
  const feel = (milliV: number, ms: number): void => {
    rig.wait(ms, () => {
      rig.hear({ kind: "temperature", milliV });
      rig.report();
    });
  };
  for (const [milliV, celsius] of [
    [100, -40],
    [500, 0],
    [1_150, 65],
    [1_750, 125],
  ] as const) {
    feel(milliV, 100);
    t.equal(rig.sensed.temperatureC, celsius);
  }
  for (const broken of [0, 99, 1_751, 5_000]) {
    feel(750, 200);
    feel(broken, 4_900);
    t.strictSame([rig.sensed.temperatureC, rig.sensed.faults], [25, []], `${broken} mV for less than 5 s`);
    feel(broken, 200);
    t.strictSame([rig.sensed.temperatureC, rig.sensed.faults], [null, ["temperature-sensor"]], `${broken} mV`);
    feel(750, 100);
    t.strictSame(rig.sensed.faults, [], "and recovers");
  }
  rig.wait(5_000, () => rig.report());
  t.strictSame(rig.sensed.faults, ["temperature-sensor"], "silence is no temperature");
});

t.test("6 stuck contactor: a coil that is on for 500 ms with an open contact is told", async t => {
  const rig = new PilotRig(0, ALL_FITTED).charge();
  rig.wait(400, () => rig.report());
  t.strictSame(rig.sensed.faults, []);
  rig.wait(300, () => rig.report());
  t.strictSame(rig.sensed.faults, ["contactor-stuck-open"]);
  rig.report({ flags: rig.flags({ mainClosed: true }) });
  t.strictSame(rig.sensed.faults, []);
  const unwired = new PilotRig(0, { ...ALL_FITTED, contactFeedback: false, temperature: false }).charge();
  unwired.wait(2_000, () => unwired.report());
  t.strictSame(unwired.sensed.faults, [], "without a feedback contact nobody can tell");
});

t.test("10.4 patterns in time: alarm half on, blink 10 %, breath from full to none and back", async t => {
  const shown = (pattern: Parameters<typeof shownAt>[0]["pattern"], at: number) =>
    shownAt({ rgb: [255, 100, 0], pattern }, at);
  t.strictSame(shown("steady", 777), [255, 100, 0]);
  t.strictSame(
    [shown("alarm", 0), shown("alarm", 100)],
    [
      [255, 100, 0],
      [0, 0, 0],
    ],
  );
  const lit = Array.from({ length: 1_280 }, (_, ms) => shown("blink", ms)[0]).filter(red => red === 255).length;
  t.equal(lit, 128);
  for (const [pattern, period] of [
    ["breathe", 1_280],
    ["breathe-slow", 2_560],
  ] as const) {
    t.strictSame(shown(pattern, 0), [255, 100, 0]);
    t.strictSame(shown(pattern, period / 2), [0, 0, 0]);
    t.strictSame(shown(pattern, period / 4), [128, 50, 0]);
    t.strictSame(shown(pattern, period / 4), shown(pattern, (3 * period) / 4));
    t.strictSame(shown(pattern, period), [255, 100, 0]);
  }
});

t.test("the LED goes dark with the grant, and is told again each second", async t => {
  const rig = board();
  const log = new Log(rig).run(3_000, { ...IDLE, led: { rgb: [1, 2, 3], pattern: "steady" } });
  t.ok(log.kinds("light").length >= 3 && log.kinds("light").length <= 4);
  rig.wait(2_000, () => rig.report());
  const last = rig.sent.findLast(command => command.kind === "light");
  t.match(last, { kind: "light", rgb: [0, 0, 0] });
  const setUps = (ms: number): number => {
    rig.outputs = [];
    for (let passed = 0; passed < ms; passed += 100) rig.wait(100, () => rig.report());
    return rig.sent.filter(command => command.kind === "light" && command.setUp).length;
  };
  t.equal(setUps(30_000), 3, "modes are repeated each 10 s only");
  rig.hear({ kind: "booted", cause: "reset line" });
  t.equal(setUps(100), 0);
  rig.prepare();
  rig.tick();
  const anew = rig.sent.filter(command => command.kind === "light" && command.setUp).length;
  t.equal(anew, 1, "and at once to a board that has forgotten them");
});
