import fc from "fast-check";
import t from "tap";
import type { BoardCommand, BoardLatch, BoardMessage } from "../../services/pilot/pilot.port.ts";
import type { PilotInput } from "../../services/pilot/state.core.ts";
import { pilotSensed } from "../../shared/contracts/pilot.ts";
import { ALL_FITTED, commandsOf, DUTY_16A, PilotRig, QUIET_FLAGS } from "../support/pilot-rig.ts";

const kinds = (commands: readonly BoardCommand[]): string[] => commands.map(command => command.kind);
const closing = (commands: readonly BoardCommand[]): BoardCommand[] =>
  commands.filter(command => command.kind === "switch-contactors" && command.contactors !== "open");
const opening = (commands: readonly BoardCommand[]): BoardCommand[] =>
  commands.filter(command => command.kind === "switch-contactors" && command.contactors === "open");

t.test("a board is asked its name, then what it can do, then told how to behave, and only then believed", async t => {
  const rig = new PilotRig();
  t.strictSame(
    rig.tick().map(output => output.kind),
    ["open", "publish"],
  );
  t.equal(rig.sensed.link, "handshake");
  rig.report();
  t.equal(rig.sensed.cp, "invalid", "a report before the handshake counts for nothing");
  rig.hear({ kind: "firmware", name: "EvsePilotFirmata", major: 1, minor: 4 });
  t.strictSame(rig.sent, [], "before the pin table nothing is asked");
  t.strictSame(kinds(commandsOf(rig.hear({ kind: "ready" }))), [
    "describe",
    "configure",
    "configure",
    "configure",
    "configure",
  ]);
  rig.prepare();
  rig.report({ cp: "B" });
  t.match(rig.sensed, { link: "up", cp: "B", firmware: "EvsePilotFirmata 1.4", reconnects: 0 });
});

t.test("another firmware is never believed: the fault names what was found and expected", async t => {
  for (const [name, major, found] of [
    ["StandardFirmata", 2, /found firmware "StandardFirmata 2\.0"; expected "EvsePilotFirmata" 1\.x/],
    ["EvsePilotFirmata", 2, /found firmware "EvsePilotFirmata 2\.0"/],
    ["", 0, /found firmware " 0\.0"/],
  ] as const) {
    const rig = new PilotRig();
    rig.introduce(name, major);
    rig.grant();
    t.match(rig.sensed, { link: "handshake", faults: ["wrong-firmware"], contactorL1: false });
    t.match(rig.sensed.lastError, found);
    rig.prepare();
    rig.report();
    rig.wait(10_000, () => rig.grant());
    t.notOk(
      kinds(rig.sent).some(kind => kind !== "identify"),
      "neither heartbeat nor any other command",
    );
    t.ok(rig.outputs.filter(output => output.kind === "open").length >= 2, "it is looked at again");
  }
});

t.test("a description that does not fit, or a refused setting, is a board not to be believed", async t => {
  const odd = new PilotRig();
  odd.introduce();
  odd.hear({ kind: "ready" });
  odd.hear({ kind: "description", major: 1, minor: 0, contactors: 2, dutyUnits: 1024, pilotHz: 1000 });
  t.match(odd.sensed, {
    link: "handshake",
    faults: ["wrong-firmware"],
    lastError: /1024 duty units.*expected feature 1/,
  });
  const stubborn = new PilotRig();
  stubborn.introduce();
  stubborn.hear({ kind: "ready" });
  stubborn.hear({ kind: "answer", to: "configure", accepted: false, result: "value out of range", value: 0 });
  t.match(stubborn.sensed, { faults: ["wrong-firmware"], lastError: /refused a setting: value out of range/ });
});

t.test("lost settings are asked for again; a handshake that does not end is given up after 5 s", async t => {
  const rig = new PilotRig();
  rig.introduce();
  rig.hear({ kind: "ready" });
  rig.hear({ kind: "answer", to: "configure", accepted: true, result: "accepted", value: 1000 });
  rig.outputs = [];
  rig.wait(200);
  t.strictSame(
    kinds(rig.sent),
    ["describe", "configure", "configure", "configure"],
    "the confirmed one is not repeated",
  );
  rig.wait(4_800);
  t.ok(rig.outputs.some(output => output.kind === "close"));
  t.match(rig.sensed, { link: "down", lastError: /missing: description, reportMs, debounceMs, allowD/ });
});

t.test("a board that is away is tried again after 0.2, 0.4, 0.8, 1.6, then every 2 s, for ever", async t => {
  const rig = new PilotRig();
  const openedAt: number[] = [];
  for (let ms = 0; ms <= 12_000; ms += 50) {
    rig.now = ms;
    if (rig.tick().some(output => output.kind === "open")) {
      openedAt.push(ms);
      rig.feed({ kind: "closed", reason: "no such device" });
    }
  }
  t.strictSame(
    openedAt.slice(1).map((at, index) => at - openedAt[index]!),
    [200, 400, 800, 1600, 2000, 2000, 2000, 2000],
  );
  t.match(rig.sensed, { link: "down", lastError: "no such device", reconnects: 0 });
  const logged = rig.outputs.filter(output => output.kind === "log");
  t.equal(logged.length, 1, "told once, not once per attempt");
});

t.test("coming back is counted, and starts with a short wait again", async t => {
  const rig = new PilotRig().bringUp();
  rig.feed({ kind: "closed", reason: "cable pulled" });
  t.match(rig.sensed, { link: "down", lastError: "cable pulled", cp: "invalid" });
  rig.wait(200);
  rig.introduce();
  rig.prepare();
  rig.report();
  t.match(rig.sensed, { link: "up", reconnects: 1, lastError: null });
});

t.test("a fresh grant becomes heartbeat, then PWM, in the same step", async t => {
  const rig = new PilotRig().bringUp();
  t.strictSame(commandsOf(rig.grant({ contactorL1: false, contactorL23: false })).slice(0, 2), [
    { kind: "heartbeat", sequence: 1 },
    { kind: "drive-pilot", dutyPermille: DUTY_16A },
  ]);
});

t.test("heartbeats count modulo 128 and come from grants alone", async t => {
  const rig = new PilotRig().bringUp();
  rig.grant({ sequence: 300 });
  t.strictSame(rig.sent[0], { kind: "heartbeat", sequence: 44 });
  rig.outputs = [];
  rig.wait(900, () => rig.report());
  t.notOk(kinds(rig.sent).includes("heartbeat"));
});

t.test("a grant that has run out is no permission: +12 V, open, no heartbeat [1.9-5]", async t => {
  const rig = new PilotRig().charge();
  rig.wait(950, () => rig.report());
  t.strictSame(opening(rig.sent), []);
  rig.wait(100, () => rig.report());
  t.match(rig.sent, [
    { kind: "switch-contactors", contactors: "open" },
    { kind: "drive-pilot", dutyPermille: 1000 },
  ]);
  const dead = new PilotRig().bringUp();
  t.strictSame(
    kinds(commandsOf(dead.grant({ lifetimeMs: 0 }))).includes("heartbeat"),
    false,
    "a lifetime of 0 is none",
  );
});

t.test("every pilot a grant can ask for", async t => {
  const cases = [
    [{ pilot: "idle" }, 1000, false],
    [{ pilot: "offer", offerA: 6 }, 100, false],
    [{ pilot: "offer", offerA: 16 }, 266, false],
    [{ pilot: "offer", offerA: 32 }, 533, false],
    [{ pilot: "offer", offerA: 80 }, 960, false],
    [{ pilot: "offer", offerA: 0 }, 1000, false],
    [{ pilot: "wake" }, 0, false],
    [{ pilot: "disconnected" }, 1000, true],
  ] as const;
  for (const [change, dutyPermille, interrupted] of cases) {
    const rig = new PilotRig().bringUp();
    rig.grant({ pilot: "wake", contactorL1: false, contactorL23: false });
    rig.grant({ offerA: 20, contactorL1: false, contactorL23: false });
    rig.outputs = [];
    rig.grant({ contactorL1: false, contactorL23: false, ...change });
    const name = JSON.stringify(change);
    t.match(
      rig.sent.find(command => command.kind === "drive-pilot"),
      { dutyPermille },
      name,
    );
    const relay = rig.sent.find(command => command.kind === "interrupt-pilot");
    t.strictSame(relay, interrupted ? { kind: "interrupt-pilot", interrupted } : undefined, name);
  }
});

t.test("closing is asked for only in C, with PWM, an armed watchdog and nothing in the way", async t => {
  const latch = (name: BoardLatch) => ({ flags: { ...QUIET_FLAGS, latches: [name] } });
  const obstacles = [
    { cp: "A" },
    { cp: "B" },
    { cp: "D" },
    { cp: "E" },
    { cp: "F" },
    { cp: "invalid" },
    { dutyPermille: 1000 },
    { dutyPermille: 0 },
    { flags: { ...QUIET_FLAGS, armed: false } },
    { flags: { ...QUIET_FLAGS, rcmLine: true } },
    { flags: { ...QUIET_FLAGS, diodeMissing: true } },
    { flags: { ...QUIET_FLAGS, openedLocally: true } },
    { flags: { ...QUIET_FLAGS, rcmTesting: true } },
    latch("watchdog-trip"),
    latch("rcm-trip"),
    latch("rcm-test-failed"),
    latch("contactor-weld"),
  ] as const;
  for (const obstacle of obstacles) {
    const rig = new PilotRig().bringUp();
    rig.grant();
    rig.outputs = [];
    rig.report({ cp: "C", dutyPermille: DUTY_16A, flags: QUIET_FLAGS, ...obstacle });
    rig.wait(1_000, () => rig.grant());
    t.strictSame(closing(rig.sent), [], JSON.stringify(obstacle));
  }
  const rig = new PilotRig().bringUp();
  rig.grant();
  rig.report({ cp: "C", dutyPermille: DUTY_16A, flags: { ...QUIET_FLAGS, latches: ["board-hang", "overrun"] } });
  t.strictSame(closing(rig.sent), [{ kind: "switch-contactors", contactors: "l1-l2-l3" }]);
});

t.test("one phase, three phases, and back: L2 and L3 never without L1", async t => {
  const rig = new PilotRig().bringUp();
  rig.grant({ contactorL23: false });
  rig.report({ cp: "C", dutyPermille: DUTY_16A, flags: QUIET_FLAGS });
  t.strictSame(closing(rig.sent), [{ kind: "switch-contactors", contactors: "l1" }]);
  rig.report({ contactorL1: true });
  t.strictSame(closing(commandsOf(rig.grant())), [{ kind: "switch-contactors", contactors: "l1-l2-l3" }]);
  rig.report({ contactorL23: true });
  t.strictSame(closing(commandsOf(rig.grant({ contactorL23: false }))), [
    { kind: "switch-contactors", contactors: "l1" },
  ]);
  rig.report({ contactorL23: false });
  t.match(commandsOf(rig.grant({ contactorL1: false, contactorL23: true })), [
    { kind: "heartbeat" },
    { kind: "switch-contactors", contactors: "open" },
  ]);
});

t.test("opening is asked for at once, before anything else but the heartbeat", async t => {
  const rig = new PilotRig().charge();
  t.match(commandsOf(rig.grant({ pilot: "idle", contactorL1: false, contactorL23: false })), [
    { kind: "heartbeat" },
    { kind: "switch-contactors", contactors: "open" },
    { kind: "drive-pilot", dutyPermille: 1000 },
  ]);
});

t.test("+12 V with the contactor still granted leaves it closed: the car gets its seconds to stop", async t => {
  const rig = new PilotRig().charge();
  rig.grant({ pilot: "idle" });
  rig.report({ dutyPermille: 1000 });
  rig.wait(900, () => rig.report());
  t.strictSame(opening(rig.sent), []);
});

t.test("lost commands are sent again 100 ms later, when a younger report still shows the difference", async t => {
  const rig = new PilotRig().charge();
  rig.grant({ offerA: 10 });
  rig.outputs = [];
  rig.now += 50;
  rig.report();
  rig.wait(50);
  t.strictSame(kinds(rig.sent), ["drive-pilot"], "PWM");
  rig.report({ dutyPermille: 166 });
  rig.wait(500, () => rig.report());
  t.equal(rig.sent.filter(command => command.kind === "drive-pilot").length, 1, "until it agrees");
  rig.grant({ offerA: 10, contactorL1: false, contactorL23: false });
  rig.outputs = [];
  rig.wait(100, () => rig.report());
  t.match(opening(rig.sent), [{ contactors: "open" }], "open");
});

t.test("dropping L2 and L3 is repeated too, and so is the relay's level, which no report shows", async t => {
  const rig = new PilotRig().charge();
  rig.grant({ contactorL23: false });
  rig.outputs = [];
  rig.wait(100, () => rig.report());
  t.strictSame(closing(rig.sent), [{ kind: "switch-contactors", contactors: "l1" }]);
  rig.outputs = [];
  rig.wait(3_000, () => {
    rig.grant();
    rig.report();
  });
  t.equal(rig.sent.filter(command => command.kind === "interrupt-pilot" && !command.interrupted).length, 3);
});

t.test("a permission from before the board was up drives no pilot: the board's watchdog is not armed yet", async t => {
  const rig = new PilotRig();
  rig.introduce();
  rig.grant();
  rig.prepare();
  rig.report({ cp: "B", dutyPermille: 1000, flags: rig.flags({ armed: false }) });
  t.notOk(kinds(rig.sent).includes("drive-pilot"));
  t.strictSame(kinds(commandsOf(rig.grant())).slice(0, 2), ["heartbeat", "drive-pilot"]);
});

t.test("nothing is repeated while the board has not reported since", async t => {
  const rig = new PilotRig().charge();
  rig.grant({ offerA: 10 });
  rig.outputs = [];
  rig.wait(300);
  t.notOk(kinds(rig.sent).includes("drive-pilot"));
});

t.test("a board that opened by itself closes again only after the permission was withdrawn once", async t => {
  const rig = new PilotRig().charge();
  rig.hear({ kind: "opened", why: "the car left state C", flags: { ...QUIET_FLAGS, openedLocally: true } });
  t.match(rig.sensed, { openedLocally: true, contactorL1: false, contactorL23: false });
  rig.report({ contactorL1: false, contactorL23: false, flags: { ...QUIET_FLAGS, openedLocally: true } });
  rig.wait(2_000, () => {
    rig.grant();
    rig.report();
  });
  t.strictSame(
    rig.sent.filter(command => command.kind === "switch-contactors"),
    [],
    "neither closed nor cleared",
  );
  rig.grant({ contactorL1: false, contactorL23: false });
  t.strictSame(opening(rig.sent).length, 1, "told to open: LOCAL_OPEN goes");
  rig.report({ flags: QUIET_FLAGS });
  t.equal(rig.sensed.openedLocally, false);
  rig.grant();
  t.equal(closing(rig.sent).length, 1);
});

t.test("the same holds when the board does not remember that it opened", async t => {
  const rig = new PilotRig().charge();
  rig.report({ contactorL1: false, contactorL23: false });
  rig.wait(2_000, () => {
    rig.grant();
    rig.report();
  });
  t.strictSame(closing(rig.sent), []);
  t.equal(rig.sensed.openedLocally, true);
});

t.test("a board that started anew is configured again, not believed meanwhile, and not closed by itself", async t => {
  const rig = new PilotRig().charge();
  rig.hear({ kind: "booted", cause: "reset line" });
  t.match(rig.sensed, { link: "handshake", contactorL1: false, lastError: "board rebooted: reset line" });
  t.equal(kinds(rig.sent).filter(kind => kind === "configure").length, 4);
  rig.prepare();
  t.notOk(kinds(rig.sent).includes("heartbeat"), "the next grant beats, not the old one");
  rig.grant();
  rig.report({ contactorL1: false, contactorL23: false });
  rig.wait(1_000, () => {
    rig.grant();
    rig.report();
  });
  t.strictSame(closing(rig.sent), []);
  t.match(rig.sensed, { link: "up", openedLocally: true, reconnects: 1 });
});

t.test("so is a board that was power-cycled while the cable was out", async t => {
  const rig = new PilotRig().charge();
  rig.feed({ kind: "closed", reason: "cable pulled" });
  rig.wait(200);
  rig.introduce();
  rig.prepare();
  rig.grant();
  rig.report({ contactorL1: false, contactorL23: false });
  t.strictSame(closing(rig.sent), []);
  t.equal(rig.sensed.openedLocally, true);
});

t.test("a board that cannot be heard counts as closed until its watchdog has surely opened it", async t => {
  const rig = new PilotRig().charge();
  rig.grant();
  rig.feed({ kind: "closed", reason: "cable pulled" });
  t.match(rig.sensed, { link: "down", contactorL1: true, contactorL23: true, dutyPct: 26.6 });
  rig.wait(1_000);
  t.match(rig.sensed, { contactorL1: true });
  rig.wait(150);
  t.match(rig.sensed, { contactorL1: false, contactorL23: false, dutyPct: 100 });
});

t.test("silence: asked after 0.5 s, given up after 1 s", async t => {
  const rig = new PilotRig().bringUp();
  rig.wait(450);
  t.strictSame(
    kinds(rig.sent).filter(kind => kind === "status"),
    [],
  );
  rig.wait(50);
  t.strictSame(kinds(rig.sent).slice(-2), ["status", "configure"]);
  rig.wait(450);
  t.equal(rig.sensed.link, "up");
  rig.wait(50);
  t.match(rig.sensed, { link: "down", lastError: "board silent for 1000 ms" });
  t.equal(rig.outputs.filter(output => output.kind === "close").length, 1);
});

t.test("a board that answers STATUS but has stopped reporting stays up, without stale voltages", async t => {
  const rig = new PilotRig().bringUp();
  rig.wait(3_000, () => {
    if (rig.now % 500 === 0) rig.hear({ kind: "status", view: { ...rig.view, cp: "B" } });
  });
  t.match(rig.sensed, { link: "up", cp: "B", cpHighV: null, cpLowV: null });
});

t.test("a tripped watchdog is cleared once the board echoes heartbeats, and closes nothing in that step", async t => {
  const rig = new PilotRig().charge();
  rig.view = { ...rig.view, contactorL1: false, contactorL23: false, dutyPermille: 1000 };
  const tripped = { flags: { ...QUIET_FLAGS, latches: ["watchdog-trip" as const], openedLocally: true } };
  rig.wait(1_000, () => rig.report());
  rig.wait(500, () => rig.report(tripped));
  t.notOk(kinds(rig.sent).includes("clear"), "not without permission");
  rig.outputs = [];
  t.notOk(kinds(commandsOf(rig.grant())).includes("clear"), "not before the echo");
  const step = commandsOf(rig.report(tripped));
  t.strictSame(
    step.filter(command => command.kind === "clear"),
    [{ kind: "clear", latches: ["watchdog-trip"] }],
  );
  t.notOk(kinds(step).includes("drive-pilot"), "no PWM while tripped");
  t.strictSame(closing(rig.sent), []);
});

t.test("other latched faults wait for a person, and are cleared once", async t => {
  const rig = new PilotRig().bringUp();
  const faulty = { flags: { ...QUIET_FLAGS, latches: ["rcm-trip" as const, "contactor-weld" as const] } };
  rig.grant();
  rig.wait(1_000, () => {
    rig.grant();
    rig.report(faulty);
  });
  t.notOk(kinds(rig.sent).includes("clear"));
  t.strictSame(rig.sensed.faults, ["rcm-trip", "contactor-weld"]);
  rig.grant({ acknowledge: true });
  const cleared = (): BoardCommand[] => rig.sent.filter(command => command.kind === "clear");
  t.strictSame(cleared(), [{ kind: "clear", latches: ["rcm-trip", "contactor-weld"] }]);
  rig.wait(100, () => rig.report(faulty));
  t.equal(cleared().length, 2, "the answer was lost: again");
  rig.hear({ kind: "answer", to: "clear", accepted: true, result: "accepted", value: 0 });
  rig.wait(500, () => {
    rig.grant({ acknowledge: true });
    rig.report(faulty);
  });
  t.equal(cleared().length, 2, "answered: a board that keeps a latch has its reason");
});

t.test(
  "the diode counts as seen when the low part reaches -12 V in B..D, and is asked for anew after idle",
  async t => {
    const rig = new PilotRig().bringUp();
    rig.grant();
    rig.report({ cp: "B", dutyPermille: DUTY_16A }, { high: 9, low: -8.8 });
    t.equal(rig.sensed.diodeSeen, false, "-8.8 V");
    rig.report({}, { high: 9, low: -12 });
    t.equal(rig.sensed.diodeSeen, true);
    rig.report({ cp: "C" }, { low: null });
    t.equal(rig.sensed.diodeSeen, true, "stays");
    rig.report({ dutyPermille: 1000 }, { low: null });
    t.equal(rig.sensed.diodeSeen, false, "idle");
    rig.report({ cp: "A", dutyPermille: DUTY_16A }, { high: 12, low: -12 });
    t.equal(rig.sensed.diodeSeen, false, "no car, no diode");
  },
);

t.test("what somebody acts upon is published at once, the rest every 250 ms", async t => {
  const rig = new PilotRig().bringUp();
  const published = (): number => rig.outputs.filter(output => output.kind === "publish").length;
  rig.grant();
  rig.outputs = [];
  rig.report({ flags: QUIET_FLAGS });
  const before = published();
  rig.report({}, { high: 5.93 });
  t.equal(published(), before, "a voltage is no news");
  rig.hear({ kind: "cp-changed", cp: "B", flags: QUIET_FLAGS });
  t.equal(published(), before + 1, "a state is");
  rig.hear({ kind: "flags-changed", flags: { ...QUIET_FLAGS, rcmLine: true } });
  t.strictSame(rig.sensed.faults, ["rcm-line"]);
  rig.outputs = [];
  rig.wait(1_000, () => rig.report());
  t.equal(published(), 4);
});

t.test("an accepted duty is sensed with its answer, a refusal is logged once", async t => {
  const rig = new PilotRig().bringUp();
  rig.grant();
  rig.hear({ kind: "answer", to: "drive-pilot", accepted: true, result: "accepted", value: DUTY_16A });
  t.equal(rig.sensed.dutyPct, 26.6);
  rig.outputs = [];
  for (let again = 0; again < 5; again++) {
    rig.hear({ kind: "answer", to: "switch-contactors", accepted: false, result: "refused (flags 0x2)", value: 2 });
    rig.hear({ kind: "garbled", problem: "checksum" });
  }
  t.strictSame(
    rig.outputs.flatMap(output => (output.kind === "log" ? [output.words] : [])),
    ["board refused switch-contactors", "bytes of the board dropped"],
  );
});

const grants = fc.record({
  kind: fc.constant("grant" as const),
  grant: fc.record({
    evseId: fc.constant("left"),
    sequence: fc.nat(1_000),
    pilot: fc.constantFrom("idle" as const, "offer" as const, "wake" as const, "disconnected" as const),
    offerA: fc.constantFrom(0, 6, 7.3, 16, 32, 80),
    contactorL1: fc.boolean(),
    contactorL23: fc.boolean(),
    acknowledge: fc.boolean(),
    acknowledgeRcm: fc.boolean(),
    lock: fc.constantFrom(
      null,
      { actuator: "motor" as const, target: "locked" as const },
      { actuator: "solenoid" as const, target: "unlocked" as const },
    ),
    rcmTest: fc.constantFrom(null, 1, 2),
    led: fc.constant({ rgb: [1, 2, 3] as [number, number, number], pattern: "alarm" as const }),
    lifetimeMs: fc.constantFrom(0, 300, 1_000),
  }),
});
const flags = fc.record({
  latches: fc.subarray(["watchdog-trip", "rcm-trip", "contactor-weld", "board-hang"] as const),
  rcmLine: fc.boolean(),
  diodeMissing: fc.boolean(),
  openedLocally: fc.boolean(),
  armed: fc.boolean(),
  rcmTesting: fc.boolean(),
  lockFeedback: fc.boolean(),
  mainClosed: fc.boolean(),
});
const cps = fc.constantFrom("A", "B", "C", "C", "C", "D", "invalid" as const);
const views = fc.record({
  cp: cps,
  dutyPermille: fc.constantFrom(0, 100, 266, 533, 1000),
  contactorL1: fc.boolean(),
  contactorL23: fc.boolean(),
  flags: fc.oneof({ weight: 3, arbitrary: fc.constant(QUIET_FLAGS) }, flags),
});
const messages: fc.Arbitrary<BoardMessage> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("report" as const),
      view: views,
      cpHighV: fc.constantFrom(6, null),
      cpLowV: fc.constantFrom(-12, null),
      ppOhm: fc.constantFrom(220, null),
      heartbeatEcho: fc.nat(127),
    }),
  },
  fc.record({ kind: fc.constant("cp-changed" as const), cp: cps, flags }),
  fc.record({ kind: fc.constant("opened" as const), why: fc.constant("x"), flags }),
  fc.constantFrom<BoardMessage>(
    { kind: "ready" },
    { kind: "booted", cause: "x" },
    { kind: "firmware", name: "EvsePilotFirmata", major: 1, minor: 0 },
    { kind: "firmware", name: "Other", major: 1, minor: 0 },
    { kind: "description", major: 1, minor: 0, contactors: 2, dutyUnits: 1000, pilotHz: 1000 },
    { kind: "answer", to: "configure", accepted: true, result: "accepted", value: 1000 },
    { kind: "answer", to: "test-rcm", accepted: true, result: "accepted", value: 500 },
    { kind: "answer", to: "drive-lock", accepted: false, result: "busy", value: 600 },
    { kind: "switch", closed: true },
    { kind: "temperature", milliV: 0 },
    { kind: "answer", to: "clear", accepted: true, result: "accepted", value: 0 },
  ),
);
const inputs: fc.Arbitrary<PilotInput> = fc.oneof(
  { weight: 4, arbitrary: grants },
  { weight: 8, arbitrary: messages.map(message => ({ kind: "board" as const, message })) },
  { weight: 4, arbitrary: fc.constant({ kind: "tick" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "closed" as const, reason: "gone" }) },
);

t.test(
  "whatever comes in whatever order: closing needs a fresh grant and a report of C; facts keep their contract",
  async () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(inputs, fc.nat(400)), { maxLength: 80 }), steps => {
        const rig = new PilotRig(0, ALL_FITTED).bringUp();
        let grantedUntil = -1;
        for (const [input, afterMs] of steps) {
          rig.now += afterMs;
          if (input.kind === "grant") grantedUntil = input.grant.contactorL1 ? rig.now + input.grant.lifetimeMs : -1;
          const outputs = rig.feed(input);
          const commands = commandsOf(outputs);
          const { view } = rig.state;
          if (
            closing(commands).some(command => command.kind === "switch-contactors" && command.contactors === "l1-l2-l3")
          ) {
            if (rig.now >= grantedUntil || rig.state.phase !== "up" || view?.cp !== "C") return false;
          }
          const unlocks = commands.some(command => command.kind === "drive-lock" && command.drive === "unlock");
          if (unlocks && view?.contactorL1 === true) return false;
          if (kinds(commands).includes("heartbeat") && input.kind !== "grant") return false;
          const duty = commands.find(command => command.kind === "drive-pilot");
          if (duty !== undefined && rig.now >= grantedUntil && input.kind !== "grant" && duty.dutyPermille !== 1000) {
            const idle = rig.state.grant === null || rig.now - rig.state.grant.at >= rig.state.grant.value.lifetimeMs;
            if (idle) return false;
          }
          for (const output of outputs) {
            if (output.kind === "publish" && !pilotSensed.payload.safeParse(output.sensed).success) return false;
          }
        }
        return true;
      }),
      { numRuns: 400 },
    );
  },
);

/** A board of feature 1.1, charging. */
function chargingWithGrants(safe = { currentA: 0, graceS: 0 }): PilotRig {
  const rig = new PilotRig();
  rig.introduce();
  rig.hear({ kind: "description", major: 1, minor: 1, contactors: 2, dutyUnits: 1000, pilotHz: 1000 });
  rig.hear({ kind: "ready" });
  for (const value of [1000, 100, 30, 0])
    rig.hear({ kind: "answer", to: "configure", accepted: true, result: "accepted", value });
  rig.wait(200);
  rig.hear({ kind: "safe-current", ...safe });
  rig.report({ cp: "C" });
  rig.grant();
  rig.report({ contactorL1: true, contactorL23: true });
  return rig;
}

t.test("a board of 1.1 is asked for its safe current, and gets whole grants with their deadline", async t => {
  const rig = chargingWithGrants();
  t.ok(rig.sent.some(({ kind }) => kind === "read-safe-current"));
  t.notOk(rig.sent.some(({ kind }) => kind === "heartbeat"));
  rig.outputs = [];
  rig.grant({ lifetimeMs: 700 });
  t.strictSame(rig.sent, [{ kind: "grant", sequence: 2, dutyPermille: DUTY_16A, contactors: "l1-l2-l3", ttlMs: 700 }]);
  rig.outputs = [];
  rig.grant({ lifetimeMs: 10 });
  rig.grant({ lifetimeMs: 60_000 });
  const ttls = rig.sent.flatMap(command => (command.kind === "grant" ? [command.ttlMs] : []));
  t.strictSame(ttls, [100, 1000], "within what a board takes, and never longer than its watchdog");
});

t.test("a board that was never asked for its safe current is not up, and says what is missing", async t => {
  const rig = new PilotRig();
  rig.introduce();
  rig.hear({ kind: "description", major: 1, minor: 1, contactors: 2, dutyUnits: 1000, pilotHz: 1000 });
  rig.hear({ kind: "ready" });
  for (const value of [1000, 100, 30, 0])
    rig.hear({ kind: "answer", to: "configure", accepted: true, result: "accepted", value });
  rig.wait(5_100);
  t.match(rig.sensed, { link: "down", lastError: /missing: safe current/ });
});

t.test("without permission a board with a safe current is left to itself, another is told to stop", async t => {
  const orders = (rig: PilotRig): readonly string[] => {
    rig.outputs = [];
    rig.wait(2_000, () => rig.report());
    return rig.sent.map(({ kind }) => kind).filter(kind => kind !== "interrupt-pilot");
  };
  t.strictSame(orders(chargingWithGrants({ currentA: 6, graceS: 600 })), []);
  t.ok(orders(chargingWithGrants()).includes("switch-contactors"));
});

t.test("a lost board with a safe current counts as closed until its grace has surely ended", async t => {
  const rig = chargingWithGrants({ currentA: 6, graceS: 60 });
  rig.feed({ kind: "closed", reason: "cable pulled" });
  rig.wait(60_000);
  t.equal(rig.sensed.contactorL1, true);
  rig.wait(2_000);
  t.equal(rig.sensed.contactorL1, false);
});

t.test("a board that was reset gets no permission in a grant before it was withdrawn once", async t => {
  const rig = chargingWithGrants();
  rig.hear({ kind: "booted", cause: "reset line" });
  rig.hear({ kind: "ready" });
  for (const value of [1000, 100, 30, 0])
    rig.hear({ kind: "answer", to: "configure", accepted: true, result: "accepted", value });
  rig.hear({ kind: "safe-current", currentA: 0, graceS: 0 });
  rig.report({ contactorL1: false, contactorL23: false });
  const permitted = (): string => {
    const last = rig.sent.findLast(({ kind }) => kind === "grant");
    return last?.kind === "grant" ? last.contactors : "no grant";
  };
  rig.outputs = [];
  rig.grant();
  t.equal(permitted(), "open");
  rig.grant({ contactorL1: false, contactorL23: false });
  rig.grant();
  t.equal(permitted(), "l1-l2-l3");
});

t.test("a grant that is there before the first report is no closing that failed", async t => {
  const rig = new PilotRig();
  rig.introduce();
  rig.grant();
  rig.hear({ kind: "description", major: 1, minor: 1, contactors: 2, dutyUnits: 1000, pilotHz: 1000 });
  rig.hear({ kind: "ready" });
  for (const value of [1000, 100, 30, 0])
    rig.hear({ kind: "answer", to: "configure", accepted: true, result: "accepted", value });
  rig.hear({ kind: "safe-current", currentA: 0, graceS: 0 });
  rig.wait(100);
  rig.grant();
  t.strictSame(
    rig.sent.filter(({ kind }) => kind === "grant"),
    [],
    "kept alive only",
  );
  rig.report({ cp: "C" });
  rig.grant();
  t.match(rig.sent.at(-1), { kind: "grant", contactors: "l1-l2-l3" });
  t.notOk(rig.sensed.openedLocally);
});
