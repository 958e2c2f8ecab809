import fc from "fast-check";
import t from "tap";
import { EvseRig, SMART } from "../support/evse-rig.ts";

t.test(
  "from plug-in to charging: PWM at once on entering B, contactor half a second after the car asks [1.2-R, 1.4-04, 1.4-11]",
  async t => {
    const rig = new EvseRig();
    t.equal(rig.state.state, "A");
    rig.cp("B").allot({ limitA: 16 });
    t.equal(rig.state.state, "B2");
    t.match(rig.grant, { pilot: "offer", offerA: 16, contactorL1: false });
    rig.run(1_000).cp("C").run(400);
    t.equal(rig.state.state, "B2");
    rig.run(200);
    t.equal(rig.state.state, "C2");
    t.match(rig.grant, { pilot: "offer", offerA: 16, contactorL1: true, contactorL23: true });
    t.match(rig.status, { chargingState: "Charging", phases: 3, reason: "limited by MAX" });
  },
);

t.test("a car that shows 6 V at once (no 9 V before) is accepted after half a second [1.9-3]", async t => {
  const rig = new EvseRig();
  rig.cp("C").run(400);
  t.equal(rig.state.state, "A");
  rig.run(800);
  t.equal(rig.state.state, "C2");
});

t.test("the contactor waits for the balancer's word although the offer stands [1.4-16]", async t => {
  const rig = new EvseRig();
  rig.allot({ limitA: 6, admitted: false }).cp("B").run(1_000).cp("C").run(3_000);
  t.equal(rig.state.state, "B2");
  t.match(rig.grant, { offerA: 6, contactorL1: false });
  rig.allot({ limitA: 6, admitted: true });
  t.equal(rig.state.state, "C2");
});

t.test("a car that leaves C opens the contactor with the same word: 9 V [1.4-18]", async t => {
  const rig = new EvseRig().charging();
  rig.cp("B");
  t.equal(rig.state.state, "B2");
  t.match(rig.grant, { contactorL1: false, contactorL23: false, pilot: "offer" });
  t.equal(rig.status.chargingState, "SuspendedEV");
});

t.test(
  "unplugged while charging: everything off with the same word, and the session ends [1.4-02, 1.4-17]",
  async t => {
    const rig = new EvseRig().charging();
    rig.run(60_000).cp("A");
    t.equal(rig.state.state, "A");
    t.match(rig.grant, { contactorL1: false, pilot: "idle", offerA: 0 });
    t.match(rig.sessions, [{ pauseReason: "unplugged", energySource: "estimated" }]);
    t.equal(rig.status.session, null);
  },
);

for (const access of ["off", "pause"] as const) {
  t.test(
    `access ${access} while charging: PWM off, the car gets 6 s, then the contactor opens; no pilot cut [1.4-26, 1.7-R]`,
    async t => {
      const rig = new EvseRig().charging().settings({ access });
      t.equal(rig.state.state, "C1");
      t.match(rig.grant, { pilot: "idle", offerA: 0, contactorL1: true });
      rig.run(5_900);
      t.equal(rig.state.state, "C1");
      rig.run(200);
      t.equal(rig.state.state, "B1");
      t.match(rig.grant, { pilot: "idle", contactorL1: false });
      t.equal(rig.status.reason, access === "off" ? "switched off" : "paused");
    },
  );

  t.test(
    `access ${access}: a car plugged in stays in A, and unplugging in ${access} is seen [1.4-07, 1.7-R]`,
    async t => {
      const rig = new EvseRig({ ...SMART, access }).cp("B").run(10_000);
      t.equal(rig.state.state, "A");
      t.equal(rig.grant.pilot, "idle");
      const paused = new EvseRig().charging().settings({ access }).cp("B").run(1_000);
      t.equal(paused.state.state, "B1");
      paused.cp("A");
      t.equal(paused.state.state, "A");
    },
  );
}

t.test("a car that obeys C1 is released at 9 V without waiting [1.4-22]", async t => {
  const rig = new EvseRig().charging().settings({ access: "pause" }).run(1_000).cp("B");
  t.equal(rig.state.state, "B1");
});

t.test("after C1 the point waits 15 s before it offers again", async t => {
  const rig = new EvseRig().charging().allot({ limitA: 0, boundBy: "mains.l2" });
  t.equal(rig.state.state, "C1");
  rig.cp("B").allot({ limitA: 16 }).run(14_000);
  t.equal(rig.state.state, "B1");
  rig.run(1_500);
  t.equal(rig.state.state, "B2");
});

t.test(
  "B1 with access on cuts the pilot line for 5 s, once, and does not take the cut for an unplugging [1.4-01]",
  async t => {
    const rig = new EvseRig().charging().allot({ limitA: 0, boundBy: "mains.l1" }).run(6_500);
    t.equal(rig.state.state, "B1");
    t.equal(rig.grant.pilot, "disconnected");
    rig.run(4_000);
    t.equal(rig.state.state, "B1");
    t.ok(rig.status.carConnected);
    rig.run(2_000);
    t.equal(rig.grant.pilot, "idle");
    t.ok(rig.status.session !== null, "still the same session");
  },
);

t.test("B1 with a car that keeps showing 6 V is no dead end [1.9-2]", async t => {
  const rig = new EvseRig().charging().allot({ limitA: 0, boundBy: "mains.l1" }).run(30_000);
  t.equal(rig.state.state, "B1");
  rig.allot({ limitA: 10 }).run(2_000);
  t.equal(rig.state.state, "C2");
});

t.test(
  "3 V while charging: ventilation is refused after half a second, told, and ends with the unplugging [1.9-1]",
  async t => {
    const rig = new EvseRig().charging().cp("D").run(300);
    t.equal(rig.state.state, "C2");
    rig.run(300);
    t.equal(rig.state.state, "C1");
    t.ok(rig.status.faults.includes("ventilation-unsupported"));
    rig.run(30_000);
    t.equal(rig.state.state, "B1");
    rig.cp("A").run(200);
    t.strictSame(rig.status.faults, []);
  },
);

for (const cp of ["invalid", "E", "F"] as const) {
  t.test(
    `pilot ${cp} while charging for half a second: contactor open at once, fault shown, recovery by itself [1.9-1, 1.4-19]`,
    async t => {
      const rig = new EvseRig().charging().cp(cp).run(400);
      t.equal(rig.state.state, "C2");
      rig.run(200);
      t.equal(rig.state.state, "B1");
      t.equal(rig.grant.contactorL1, false);
      t.ok(rig.status.faults.includes("pilot-invalid"));
      rig.cp("C").run(10_000);
      t.equal(rig.state.state, "C2");
    },
  );
}

t.test("no diode: the contactor stays open, and after 10 s the diode is named [1.6-R, 1.4-14]", async t => {
  const rig = new EvseRig().cp("B", { cpLowV: 0 }).run(1_000).cp("C").run(9_000);
  t.equal(rig.state.state, "B2");
  t.notOk(rig.grant.contactorL1);
  t.notOk(rig.status.faults.includes("diode-missing"));
  rig.run(2_500);
  t.ok(rig.status.faults.includes("diode-missing"));
  t.equal(rig.grant.contactorL1, false);
});

t.test("a car that sleeps gets one wake-up pulse of 3 s after 30 s, once per plug-in [1.4-13, 1.4-15]", async t => {
  const rig = new EvseRig().cp("B").allot({}).run(29_500);
  t.equal(rig.grant.pilot, "offer");
  rig.run(1_000);
  t.equal(rig.grant.pilot, "wake");
  rig.run(3_000);
  t.equal(rig.grant.pilot, "offer");
  const before = rig.outputs.length;
  rig.run(120_000);
  t.notOk(rig.outputs.slice(before).some(output => output.kind === "grant" && output.grant.pilot === "wake"));
});

t.test("the cable's capacity is read before the first offer and caps it [2.4-R2]", async t => {
  const rig = new EvseRig({ ...SMART, maxA: 32 });
  rig.sensed = { ...rig.sensed, ppOhm: 680 };
  rig.allot({ limitA: 32 }).cp("B").run(200);
  t.equal(rig.grant.offerA, 16);
  t.match(rig.status, { ceilingA: 16, ceilingBy: "cable" });
});

t.test(
  "an open proximity contact in a socket refuses to charge; a fixed cable does not ask for it [2.4-R1]",
  async t => {
    const open = new EvseRig();
    open.sensed = { ...open.sensed, ppOhm: null };
    open.cp("B").run(5_000);
    t.equal(open.grant.pilot === "offer", false);
    t.ok(open.status.faults.includes("proximity-open"));
    const fixed = new EvseRig({ ...SMART, outlet: "fixed" });
    fixed.sensed = { ...fixed.sensed, ppOhm: null };
    fixed.charging();
    t.equal(fixed.state.state, "C2");
  },
);

t.test("a cable that is measured a moment after the car is seen is waited for, without a detour", async t => {
  const rig = new EvseRig().allot({ limitA: 16 });
  rig.cp("B", { ppOhm: null }).run(200);
  t.equal(rig.state.state, "A");
  t.notOk(rig.status.wantsCurrent);
  rig.cp("B", { ppOhm: 220 });
  t.equal(rig.state.state, "B2");
});

t.test("the override is one more ceiling, never a way past the cable [2.5-R]", async t => {
  const rig = new EvseRig({ ...SMART, maxA: 32, overrideA: 10 }).allot({ limitA: 32 });
  rig.charging();
  t.match(rig.grant, { offerA: 10 });
  t.equal(rig.status.boundBy, "override");
  rig.settings({ overrideA: 63 });
  t.equal(rig.grant.offerA, 32);
});

t.test("solar without a solar controller is refused and says so", async t => {
  const rig = new EvseRig({ ...SMART, mode: "solar" }).allot({
    limitA: 0,
    admitted: false,
    boundBy: "mode-unavailable",
  });
  rig.cp("B").run(5_000);
  t.notOk(rig.grant.pilot === "offer");
  t.ok(rig.status.faults.includes("solar-unavailable"));
  t.equal(rig.status.reason, "mode Solar has no controller: the solar service is silent");
  rig.allot({ limitA: 16, boundBy: "solar" }).run(20_000);
  t.equal(rig.grant.pilot, "offer");
  t.strictSame(rig.status.faults, []);
});

t.test("the sun in words: waiting, charging, about to stop, about to switch", async t => {
  const solar = { haveA: 2.1, needA: 4, stopInS: null, switchTo: null, switchInS: null };
  const rig = new EvseRig({ ...SMART, mode: "solar" });
  rig.allot({ limitA: 0, admitted: false, boundBy: "solar-start", solar }).cp("B").run(5_000);
  t.equal(rig.status.reason, "waiting for sun (have 2.1 A, needs more than 4 A)");
  rig.allot({ limitA: 9, boundBy: "solar", solar: { ...solar, haveA: 9 } });
  rig.run(15_000).charging();
  t.equal(rig.status.reason, "limited by the sun (9 A)");
  t.strictSame(rig.status.solar, { ...solar, haveA: 9 });
  rig.allot({ limitA: 6, boundBy: "solar-stop", solar: { ...solar, needA: 6, stopInS: 312 } }).run(1_100);
  t.equal(rig.status.reason, "too little sun (have 2.1 A, needs 6 A), stopping in 312 s");
  rig.allot({ limitA: 6, boundBy: "solar", solar: { ...solar, haveA: 9, switchTo: 1, switchInS: 40 } }).run(1_100);
  t.equal(rig.status.reason, "limited by the sun (9 A), 3P -> 1P in 40 s");
});

t.test(
  "3P to 1P: PWM off, the car stops, open, pilot cut, 15 s, then closed on one phase; never under load [1.4-29, 5.7-R4, 5.7-R5]",
  async t => {
    const rig = new EvseRig({ ...SMART, mode: "solar" }).allot({ limitA: 6, boundBy: "solar" }).charging();
    t.match(rig.grant, { contactorL1: true, contactorL23: true });
    rig.allot({ limitA: 6, boundBy: "solar", phases: 1 });
    t.equal(rig.state.state, "C1");
    t.match(
      rig.grant,
      { pilot: "idle", offerA: 0, contactorL1: true, contactorL23: true },
      "both poles wait for the car",
    );
    t.equal(rig.status.boundBy, "phase-switch");
    t.match(rig.status.reason, /^switching 3P -> 1P, charging again in \d+ s$/);
    rig.run(2_000).cp("B");
    t.match(rig.grant, { pilot: "disconnected", contactorL1: false, contactorL23: false });
    rig.run(5_000);
    t.equal(rig.grant.pilot, "idle");
    rig.run(7_000);
    t.equal(rig.state.state, "B1", "15 s since the stop are not over");
    rig.run(2_000).cp("C").run(1_000);
    t.equal(rig.state.state, "C2");
    t.match(rig.grant, { contactorL1: true, contactorL23: false });
    t.equal(rig.status.phases, 1);
  },
);

t.test(
  "a car that ignores the stop of a phase switch is opened after 6 s, and back to 3P goes the same way [5.7-R4]",
  async t => {
    const rig = new EvseRig({ ...SMART, mode: "solar" }).allot({ limitA: 6, phases: 1 }).charging();
    t.match(rig.grant, { contactorL1: true, contactorL23: false });
    rig.allot({ limitA: 8, phases: 3 }).run(5_900);
    t.match(rig.grant, { pilot: "idle", contactorL1: true, contactorL23: false });
    rig.run(200);
    t.match(rig.grant, { contactorL1: false, contactorL23: false });
    rig.run(20_000);
    t.match(rig.grant, { contactorL1: true, contactorL23: true });
  },
);

t.test("a car that does not resume after a phase switch is woken once, after 60 s [5.7-R5]", async t => {
  const rig = new EvseRig().charging().allot({ limitA: 6, phases: 1 }).run(1_000).cp("B").run(15_500);
  t.equal(rig.state.state, "B2");
  rig.run(58_000);
  t.equal(rig.state.state, "B2");
  rig.run(2_000);
  t.equal(rig.state.state, "activate");
  rig.run(90_000);
  t.equal(rig.state.state, "B2");
});

t.test("CONTACT 2 changed while charging takes the same way; a silent balancer changes no phases [5.6-R1]", async t => {
  const rig = new EvseRig().charging().settings({ threePhase: false });
  t.equal(rig.state.state, "C1");
  t.match(rig.grant, { contactorL23: true });
  const safe = new EvseRig(SMART, { safeCurrentA: 6 }).allot({ limitA: 8, phases: 1 }).charging();
  safe.allocation = null;
  safe.run(10_000);
  t.match(safe.grant, { offerA: 6, contactorL1: true, contactorL23: false });
});

t.test("over temperature stops at MAX TEMP and resumes at 55 [7.3-5, 7.3-R1]", async t => {
  const rig = new EvseRig().charging().cp("C", { temperatureC: 65 });
  t.equal(rig.state.state, "C1");
  rig.cp("B", { temperatureC: 56 }).run(20_000);
  t.equal(rig.state.state, "B1");
  rig.cp("B", { temperatureC: 55 }).run(5_000);
  t.equal(rig.state.state, "B2");
});

t.test("10 degC above MAX TEMP the contactor opens at once, also while it waits for the car [1.9-6]", async t => {
  const rig = new EvseRig().charging().cp("C", { temperatureC: 75 });
  t.equal(rig.state.state, "B1");
  t.match(rig.grant, { contactorL1: false, contactorL23: false });
  const waiting = new EvseRig().charging().cp("C", { temperatureC: 66 }).run(1_000);
  t.equal(waiting.state.state, "C1");
  waiting.cp("C", { temperatureC: 75 });
  t.match(waiting.grant, { contactorL1: false });
});

t.test("a car measured above twice its offer for 3 s loses its contactor at once [1.9-6b]", async t => {
  const rig = new EvseRig().charging();
  rig.drawsA = 32;
  rig.run(60_000);
  t.equal(rig.state.state, "C2", "twice is not more than twice");
  rig.drawsA = 32.1;
  rig.run(3_000);
  t.equal(rig.state.state, "C2");
  rig.run(100);
  t.equal(rig.state.state, "B1");
  t.match(rig.grant, { contactorL1: false, contactorL23: false });
  rig.run(1_000);
  t.match(rig.status, { faults: ["over-current"], reason: "the car draws more than twice what it is offered" });
});

t.test("a car that has just been offered less is given the time to obey [1.9-6b]", async t => {
  const slow = new EvseRig().charging();
  slow.drawsA = 16;
  slow.run(10_000).allot({ limitA: 6 }).run(5_000);
  slow.drawsA = 6;
  slow.run(60_000);
  t.match(slow.status, { state: "C2", offerA: 6, faults: [] });
  const deaf = new EvseRig().charging();
  deaf.drawsA = 16;
  deaf.run(10_000).allot({ limitA: 6 }).run(12_900);
  t.equal(deaf.state.state, "C2");
  deaf.run(400);
  t.equal(deaf.state.state, "B1");
});

t.test("one wrong reading, or an old one, disconnects nobody [1.9-6b]", async t => {
  const rig = new EvseRig().charging();
  for (let second = 0; second < 60; second += 1) rig.meter(second % 4 === 0 ? 90 : 16, null).run(1_000);
  t.equal(rig.state.state, "C2");
  rig.meter(90, null).run(20_000);
  t.equal(rig.state.state, "C2");
});

t.test("a car that goes on like that is tried three times, 60 s apart, then a person decides [1.9-6b]", async t => {
  const rig = new EvseRig().charging();
  rig.drawsA = 40;
  let closings = 1;
  let closed = true;
  for (let second = 0; second < 600; second += 1) {
    rig.run(1_000);
    if (rig.grant.contactorL1 && !closed) closings += 1;
    closed = rig.grant.contactorL1;
  }
  t.equal(closings, 3);
  t.strictSame(rig.status.faults, ["over-current"]);
  rig.drawsA = 16;
  rig.run(120_000);
  t.equal(rig.state.state, "B1", "it waits");
  rig.tell({ kind: "acknowledge" });
  rig.run(10_000);
  t.match(rig.status, { state: "C2", faults: [] });
});

t.test("a meter at the head of a sub-panel disconnects no car for what others draw [1.9-6b]", async t => {
  const known = new EvseRig();
  for (let second = 0; second < 10; second += 1) known.meter(3, null).run(1_000);
  known.allot({ limitA: 6 }).charging();
  for (let second = 0; second < 60; second += 1) known.meter(20, null).run(1_000);
  t.equal(known.state.state, "C2", "it has shown a load without a car");

  const learns = new EvseRig().allot({ limitA: 6 }).charging();
  for (let second = 0; second < 10; second += 1) learns.meter(20, null).run(1_000);
  t.equal(learns.state.state, "C2", "the load went on without the car: it was not the car's");
  t.strictSame(learns.status.faults, []);
  t.ok(learns.outputs.some(output => output.kind === "status" && output.status.faults.includes("over-current")));
  for (let second = 0; second < 60; second += 1) learns.meter(20, null).run(1_000);
  t.equal(learns.state.state, "C2");
});

t.test("what one car did is not held against the next [1.9-6b]", async t => {
  const rig = new EvseRig().charging();
  rig.drawsA = 40;
  rig.run(600_000).cp("A").run(1_000);
  t.strictSame(rig.status.faults, []);
  rig.drawsA = 16;
  rig.charging().run(10_000);
  t.equal(rig.state.state, "C2");
});

for (const fault of ["rcm-trip", "contactor-weld"] as const) {
  t.test(`${fault}: contactor open with the same word, held until the board lets go of it [7.3-6, 7.5-R3]`, async t => {
    const rig = new EvseRig().charging().cp("C", { faults: [fault] });
    t.equal(rig.state.state, "B1");
    t.equal(rig.grant.contactorL1, false);
    rig.run(60_000);
    t.equal(rig.state.state, "B1");
    rig.tell({ kind: "acknowledge" });
    t.ok(rig.outputs.some(output => output.kind === "grant" && output.grant.acknowledge));
    rig.cp("C", { faults: [] }).run(10_000);
    t.equal(rig.state.state, "C2");
  });
}

t.test(
  "the board falls silent: nothing is permitted any more, the car is remembered, charging resumes when it is back",
  async t => {
    const rig = new EvseRig().charging();
    rig.boardSilent = true;
    rig.run(1_100);
    t.equal(rig.state.state, "B1");
    t.equal(rig.grant.contactorL1, false);
    t.ok(rig.status.carConnected, "unknown is not unplugged");
    t.ok(rig.status.mayDraw, "until the board's own watchdog has surely opened");
    rig.run(2_000);
    t.notOk(rig.status.mayDraw);
    rig.boardSilent = false;
    rig.run(10_000);
    t.equal(rig.state.state, "C2");
  },
);

t.test(
  "the board opened by itself although nobody asked: the permission is withdrawn once, and charging starts over",
  async t => {
    const rig = new EvseRig().charging().run(2_000);
    rig.cp("C", { openedLocally: true }).run(400);
    t.equal(rig.state.state, "C2", "the car's own state may be a moment behind");
    rig.run(200);
    t.equal(rig.state.state, "B1");
    t.equal(rig.grant.contactorL1, false);
    rig.cp("C", { openedLocally: false }).run(10_000);
    t.equal(rig.state.state, "C2");
  },
);

t.test("the balancer falls silent: after 5 s the safe current, by default none [1.9-5, 7.3-2]", async t => {
  const rig = new EvseRig().charging();
  rig.allocation = null;
  rig.run(4_500);
  t.equal(rig.state.state, "C2");
  rig.run(1_500);
  t.equal(rig.state.state, "C1");
  t.equal(rig.status.boundBy, "balancer-silent");
  const safe = new EvseRig(SMART, { safeCurrentA: 8 }).charging();
  safe.allocation = null;
  safe.run(6_500);
  t.equal(safe.state.state, "C2");
  t.match(safe.grant, { offerA: 8 });
  t.equal(safe.status.boundBy, "safe-current");
});

t.test(
  "what the balancer withholds is told as the fault clients know, and gets in nobody's way [7.3-1, 1.4-05]",
  async t => {
    const rig = new EvseRig().cp("B").allot({ limitA: 0, admitted: false, boundBy: "mains.l2", retryS: 60 }).run(1_500);
    t.strictSame(rig.status.faults, ["no-current"]);
    t.match(rig.status.reason, /mains L2/);
    rig.allot({ limitA: 0, admitted: false, boundBy: "mains-silent" }).run(1_000);
    t.strictSame(rig.status.faults, ["mains-reading-lost"]);
    rig.allot({ limitA: 10 }).run(10_000);
    t.strictSame(rig.status.faults, []);
    t.equal(rig.state.state, "B2");
  },
);

t.test(
  "a configured EV meter that is silent for 64 s stops charging until it is back; in Normal it does not matter [7.3-3]",
  async t => {
    const rig = new EvseRig({ ...SMART, evMeter: true }).charging().meter(16, 1_000).run(63_000);
    t.equal(rig.state.state, "C2");
    rig.run(2_000);
    t.equal(rig.state.state, "C1");
    t.ok(rig.status.faults.includes("ev-meter-lost"));
    rig.cp("B").run(20_000).meter(0, 1_000).run(3_000);
    t.equal(rig.state.state, "B2");
    const normal = new EvseRig({ ...SMART, evMeter: true, mode: "normal" }).charging().run(120_000);
    t.equal(normal.state.state, "C2");
  },
);

t.test("silence never raises: a refused car stays refused although a safe current is set", async t => {
  const rig = new EvseRig(SMART, { safeCurrentA: 10 }).charging().allot({ limitA: 0, boundBy: "mains.l3" }).run(8_000);
  rig.allocation = null;
  rig.run(120_000);
  t.equal(rig.grant.offerA, 0);
});

t.test("a car plugged in while the balancer is silent gets the safe current", async t => {
  const rig = new EvseRig(SMART, { safeCurrentA: 8 });
  rig.allocation = null;
  rig.run(10_000).charging();
  t.match(rig.grant, { offerA: 8, contactorL1: true });
});

t.test("without settings nothing is offered, unless the installer provided for it", async t => {
  const rig = new EvseRig(null).charging();
  t.equal(rig.state.state, "A");
  t.strictSame(rig.status.faults, ["settings-missing"]);
  const provided = new EvseRig(null, { safeCurrentA: 6, provisional: SMART });
  provided.allocation = null;
  provided.charging();
  t.match(provided.grant, { offerA: 6, contactorL1: true });
});

t.test(
  "energy counts from the meter's register at the first sample of the session; without one it is estimated and marked so",
  async t => {
    const rig = new EvseRig().charging();
    rig.meter(16, 12_000);
    for (let s = 0; s < 60; s += 1) rig.run(1_000).meter(16, 12_000 + s * 3);
    rig.run(1_000);
    t.match(rig.status.session, { energyWh: 177, energySource: "metered", peakCurrentA: 16 });
    const blind = new EvseRig().charging().run(3_600_000 - 1_000);
    const energyWh = blind.status.session?.energyWh ?? 0;
    t.ok(Math.abs(energyWh - 3 * 16 * 230) < 20, `${energyWh} Wh is 11 kW for an hour`);
    t.equal(blind.status.session?.energySource, "estimated");
  },
);

t.test("grants come every 250 ms without a change, and carry rising numbers", async t => {
  const rig = new EvseRig();
  const before = rig.outputs.length;
  rig.run(10_000);
  const grants = rig.outputs.slice(before).flatMap(output => (output.kind === "grant" ? [output.grant.sequence] : []));
  t.ok(grants.length >= 33 && grants.length <= 41, `${grants.length} in 10 s`);
  t.ok(grants.every((sequence, index) => index === 0 || sequence === grants[index - 1]! + 1));
});

const event = fc.oneof(
  fc.constantFrom("A", "B", "C", "D", "E", "F", "invalid").map(cp => ({ kind: "cp" as const, cp: cp as "A" })),
  fc.record({ kind: fc.constant("allot" as const), deciA: fc.integer({ min: 0, max: 800 }), admitted: fc.boolean() }),
  fc.record({ kind: fc.constant("silent" as const), board: fc.boolean() }),
  fc.constantFrom("on", "off", "pause").map(access => ({ kind: "access" as const, access: access as "on" })),
  fc.constantFrom("normal", "smart", "solar").map(mode => ({ kind: "mode" as const, mode: mode as "smart" })),
  fc.integer({ min: 1, max: 200 }).map(tenths => ({ kind: "wait" as const, ms: tenths * 100 })),
);

t.test(
  "whatever happens: an offer is 0 or 6..80 A, within allocation, MAX and cable; contactors only in C2 and C1; closing only with all conditions [4.10-R7]",
  async () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), fc.integer({ min: 6, max: 80 }), (events, maxA) => {
        const rig = new EvseRig({ ...SMART, maxA });
        let previous = rig.state;
        for (const happening of events) {
          if (happening.kind === "cp") rig.cp(happening.cp);
          else if (happening.kind === "allot") {
            const limitA = happening.deciA < 60 ? 0 : happening.deciA / 10;
            rig.allot({ limitA, admitted: happening.admitted, boundBy: "mains.l1" });
          } else if (happening.kind === "silent") {
            rig.boardSilent = happening.board;
            if (!happening.board) rig.allocation = null;
          } else if (happening.kind === "wait") rig.run(happening.ms);
          else rig.settings(happening.kind === "access" ? { access: happening.access } : { mode: happening.mode });

          const { grant } = rig;
          const allotted = rig.state.allocation?.value.limitA ?? 0;
          const sane =
            grant.offerA === 0 || (grant.offerA >= 6 && grant.offerA <= Math.min(80, maxA, 32, Math.max(allotted, 0)));
          if (!sane) return false;
          if (grant.contactorL1 && rig.state.state !== "C2" && rig.state.state !== "C1") return false;
          const closedNow = rig.state.state === "C2" && previous.state !== "C2";
          if (
            closedNow &&
            (rig.state.cp !== "C" || rig.state.settings?.access !== "on" || !rig.state.sensed?.value.diodeSeen)
          )
            return false;
          previous = rig.state;
        }
        return true;
      }),
      { numRuns: 300 },
    );
  },
);

t.test(
  "a stale input never raises an offer: once nothing new is heard from the balancer, offers only fall",
  async () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 60, max: 320 }),
        fc.integer({ min: 0, max: 32 }),
        fc.array(fc.integer({ min: 1, max: 50 })),
        (deciA, safe, waits) => {
          const rig = new EvseRig({ ...SMART, maxA: 32 }, { safeCurrentA: safe < 6 ? 0 : safe })
            .allot({ limitA: deciA / 10 })
            .charging();
          rig.allocation = null;
          let last = rig.grant.offerA;
          for (const tenths of waits) {
            rig.run(tenths * 100);
            if (rig.grant.offerA > last) return false;
            last = rig.grant.offerA;
          }
          return true;
        },
      ),
      { numRuns: 100 },
    );
  },
);

t.test("a balancer that was displaced is not listened to, as long as the newer one's word is in force", async t => {
  const rig = new EvseRig().charging().allot({ limitA: 10, epoch: 7 });
  t.match(rig.status.allotted, { epoch: 7, limitA: 10 });
  rig.allocation = null;
  rig.allot({ limitA: 16, epoch: 6, phases: 1 });
  t.equal(rig.grant.offerA, 10, "it cannot raise");
  rig.allot({ limitA: 0, epoch: 6 });
  t.equal(rig.grant.offerA, 10, "nor stop");
  rig.allocation = null;
  rig.run(5_100);
  t.match(rig.status, { offerA: 0, boundBy: "balancer-silent", allotted: null });
  rig.allot({ limitA: 12, epoch: 1 });
  t.match(rig.status.allotted, { epoch: 1, limitA: 12 }, "a site whose lease began anew is not shut out");
});
