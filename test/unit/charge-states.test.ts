import t from "tap";
import type { EvseFault } from "../../shared/contracts/fault.ts";
import { EvseRig, SMART } from "../support/evse-rig.ts";

// The transition table of the charge states, row by row. `EvseRig` is one point's core with a board that reports every 100 ms.

/** A car that is offered 16 A and does not ask yet. */
const offered = () => new EvseRig().cp("B").run(1_500);
/** Supply withheld by a limit, the car still there, every waiting time over. */
const withheld = () => offered().allot({ limitA: 0, admitted: false, boundBy: "mains.l1" }).run(20_000);
/** Charging, then current withdrawn while the car goes on asking. */
const stopping = () => new EvseRig().charging().allot({ limitA: 0, boundBy: "mains.l1" });

t.test("A, B1: what a cut pilot line shows is not believed; after 5 s it is whole again [1.4-01]", async t => {
  const rig = offered().allot({ limitA: 0, admitted: false, boundBy: "mains.l1" });
  t.match(rig.state, { state: "B1" });
  t.equal(rig.grant.pilot, "disconnected");
  rig.run(4_800);
  t.match(rig.status, { state: "B1", carConnected: true }, "the board sees 12 V, the car is still there");
  rig.run(400);
  t.equal(rig.grant.pilot, "idle");
  rig.run(1_000);
  t.ok(rig.status.carConnected);
});

t.test("A, B1 -> A at 12 V: waiting ends, so that the next car starts at once [1.4-02]", async t => {
  const rig = withheld().cp("A");
  t.match(rig.state, { state: "A", connectedAt: null, chargeDelayUntil: rig.now });
  rig.run(1_000).allot({ limitA: 16 }).cp("B");
  t.equal(rig.state.state, "B2");
});

t.test("A, B1 at 9 V ask for current once the cable has been read, and wait for the answer [1.4-03]", async t => {
  const rig = new EvseRig();
  rig.allocation = null;
  rig.run(6_000).cp("B", { ppOhm: null }).run(300);
  t.notOk(rig.status.wantsCurrent, "an unknown cable is no ground to ask");
  rig.cp("B", { ppOhm: 220 }).run(1_000);
  t.match(rig.status, { state: "A", wantsCurrent: true, offerA: 0 });
});

for (const from of ["A", "B1"] as const) {
  t.test(
    `${from} -> B2 at 9 V when current is available, with the offer in the same word [1.4-04, 1.4-08]`,
    async t => {
      const rig = from === "A" ? new EvseRig().cp("B") : withheld();
      rig.allot({ limitA: 9 });
      if (from === "B1") rig.run(20_000);
      t.equal(rig.state.state, "B2");
      t.match(rig.grant, { pilot: "offer", offerA: 9, contactorL1: false });
    },
  );
}

t.test("A at 9 V without current: nothing is offered, and the fault says so [1.4-05]", async t => {
  const rig = new EvseRig().allot({ limitA: 0, admitted: false, boundBy: "mains.l2" }).cp("B").run(1_500);
  t.match(rig.grant, { offerA: 0, contactorL1: false });
  t.strictSame(rig.status.faults, ["no-current"]);
});

t.test("A -> B1 at 9 V with access on and a fault in the way [1.4-06]", async t => {
  const rig = new EvseRig().cp("B", { temperatureC: 70 }).run(200);
  t.equal(rig.state.state, "B1");
  t.strictSame(rig.status.faults, ["over-temperature"]);
});

for (const access of ["off", "pause"] as const) {
  t.test(`A at 9 V and 6 V, access ${access}: stays in A [1.4-07]`, async t => {
    const rig = new EvseRig({ ...SMART, access }).cp("B").run(10_000);
    t.match(rig.state, { state: "A" });
    rig.cp("C").run(10_000);
    t.match(rig.state, { state: "A" });
    t.match(rig.grant, { pilot: "idle", contactorL1: false });
  });

  t.test(`C2 -> C1, access ${access}: PWM off, the contactor waits for the car [1.4-26]`, async t => {
    const rig = new EvseRig().charging().settings({ access });
    t.equal(rig.state.state, "C1");
    t.match(rig.grant, { pilot: "idle", offerA: 0, contactorL1: true });
  });

  t.test(`B2 -> B1, access ${access}; A, B1 and C1 stay what they are [1.4-27]`, async t => {
    t.equal(offered().settings({ access }).state.state, "B1");
    t.equal(new EvseRig().settings({ access }).state.state, "A");
    t.equal(withheld().settings({ access }).state.state, "B1");
    t.equal(stopping().settings({ access }).state.state, "C1");
  });
}

t.test("B2 -> A at 12 V [1.4-09]", async t => {
  const rig = offered().cp("A");
  t.equal(rig.state.state, "A");
  t.match(rig.grant, { pilot: "idle", offerA: 0 });
});

t.test("B2 at 6 V asks to close after 510 ms, and stays until it is allowed; then C2 [1.4-10, 1.4-16]", async t => {
  const rig = offered().allot({ limitA: 16, admitted: false }).cp("C").run(500);
  t.notOk(rig.status.asksPower);
  rig.run(1_200);
  t.match(rig.status, { state: "B2", asksPower: true });
  rig.allot({ limitA: 16, admitted: true });
  t.equal(rig.state.state, "C2");
  t.match(rig.grant, { contactorL1: true, contactorL23: true, offerA: 16 });
});

t.test("B2 -> C2 at 6 V for more than half a second, diode seen, current available [1.4-11]", async t => {
  const rig = offered().cp("C").run(500);
  t.equal(rig.state.state, "B2");
  rig.run(100);
  t.equal(rig.state.state, "C2");
});

t.test("B2 at 6 V whose current is refused: B1, and the fault says so [1.4-12]", async t => {
  const rig = offered().allot({ limitA: 16, admitted: false }).cp("C").run(2_000);
  rig.allot({ limitA: 0, admitted: false, boundBy: "mains.l1" }).run(1_000);
  t.equal(rig.state.state, "B1");
  t.strictSame(rig.status.faults, ["no-current"]);
});

t.test("B2 at 9 V: the half second begins anew, and after 30 s the wake-up pulse [1.4-13]", async t => {
  const rig = offered();
  for (let round = 0; round < 10; round += 1) {
    rig.cp("C").run(400).cp("B").run(100);
    t.equal(rig.state.state, "B2");
  }
  rig.run(25_000);
  t.equal(rig.state.state, "activate");
  t.match(rig.grant, { pilot: "wake", contactorL1: false });
});

t.test("B2: no closing before the diode was seen, at each start of charging anew [1.4-14]", async t => {
  const rig = offered().cp("C", { cpLowV: 0 }).run(2_000);
  t.equal(rig.state.state, "B2");
  rig.cp("C", { cpLowV: -12 });
  t.equal(rig.state.state, "C2");
  rig.cp("B").run(1_000).cp("C", { cpLowV: 0 }).run(5_000);
  t.equal(rig.state.state, "B2", "what was seen before counts no more");
});

t.test("activate -> B2 after 3 s, and never again for this car [1.4-15]", async t => {
  const rig = offered().run(30_000);
  t.equal(rig.state.state, "activate");
  rig.run(3_000);
  t.equal(rig.state.state, "B2");
  const before = rig.outputs.length;
  rig.run(300_000);
  t.notOk(rig.outputs.slice(before).some(output => output.kind === "grant" && output.grant.pilot === "wake"));
});

t.test("C2 -> A at 12 V, with the same word [1.4-17]", async t => {
  const rig = new EvseRig().charging().cp("A");
  t.equal(rig.state.state, "A");
  t.match(rig.grant, { pilot: "idle", contactorL1: false, contactorL23: false });
});

t.test("C2 -> B2 at 9 V, with the same word [1.4-18]", async t => {
  const rig = new EvseRig().charging().cp("B");
  t.equal(rig.state.state, "B2");
  t.match(rig.grant, { pilot: "offer", contactorL1: false, contactorL23: false });
});

t.test("C2 at 0 V for more than half a second: contactor open [1.4-19]", async t => {
  const rig = new EvseRig().charging().cp("E").run(400);
  t.equal(rig.state.state, "C2");
  rig.run(200);
  t.equal(rig.state.state, "B1");
  t.match(rig.grant, { pilot: "disconnected", contactorL1: false, contactorL23: false });
});

for (const cp of ["D", "E", "F", "invalid"] as const) {
  t.test(`C2 with pilot ${cp} for 400 ms goes on, however often [1.4-20]`, async t => {
    const rig = new EvseRig().charging();
    for (let round = 0; round < 10; round += 1) rig.cp(cp).run(400).cp("C").run(100);
    t.equal(rig.state.state, "C2");
    t.strictSame(rig.status.faults, []);
  });
}

t.test("C1 -> A at 12 V [1.4-21]", async t => {
  const rig = stopping().run(1_000).cp("A");
  t.equal(rig.state.state, "A");
  t.match(rig.grant, { contactorL1: false });
});

t.test("C1 -> B1 at 9 V [1.4-22]", async t => {
  const rig = stopping().run(1_000).cp("B");
  t.equal(rig.state.state, "B1");
  t.match(rig.grant, { contactorL1: false });
});

t.test("C1 -> B1 after 6 s although the car still asks [1.4-23]", async t => {
  const rig = stopping().run(5_900);
  t.match(rig.grant, { contactorL1: true });
  rig.run(200);
  t.equal(rig.state.state, "B1");
  t.match(rig.grant, { contactorL1: false });
});

const stages: Readonly<Record<"B1" | "B2" | "activate" | "C2" | "C1", () => EvseRig>> = {
  B1: withheld,
  B2: offered,
  activate: () => offered().run(30_000),
  C2: () => new EvseRig().charging(),
  C1: stopping,
};
for (const [from, stage] of Object.entries(stages)) {
  t.test(`${from} -> B1 with residual current, contactor open with the same word [1.4-24]`, async t => {
    const rig = stage();
    t.equal(rig.state.state, from);
    rig.cp(rig.sensed.cp, { faults: ["rcm-trip"] });
    t.equal(rig.state.state, "B1");
    t.match(rig.grant, { contactorL1: false, contactorL23: false });
  });
}

t.test("current withdrawn: B2 and activate -> B1, C2 -> C1; A, B1 and C1 stay [1.4-25]", async t => {
  const none = { limitA: 0, admitted: false, boundBy: "mains.l3" } as const;
  const becomes = (stage: () => EvseRig) => stage().allot(none).state.state;
  t.equal(
    becomes(() => new EvseRig()),
    "A",
  );
  t.equal(becomes(stages.B1), "B1");
  t.equal(becomes(stages.B2), "B1");
  t.equal(becomes(stages.activate), "B1");
  t.equal(becomes(stages.C2), "C1");
  t.equal(becomes(stages.C1), "C1");
});

for (const boundBy of ["solar-stop", "mains.l1"] as const) {
  t.test(`C2 -> C1 when the stop time is over (${boundBy}), and the reason is told [1.4-28, 1.4-31]`, async t => {
    const rig = new EvseRig({ ...SMART, mode: boundBy === "solar-stop" ? "solar" : "smart" }).charging();
    rig.allot({ limitA: 0, admitted: false, boundBy }).run(1_000);
    t.equal(rig.state.state, "C1");
    t.match(rig.status, { boundBy, reason: /^stopping: / });
  });
}

t.test("C2 -> C1 when a change of phases is due [1.4-29]", async t => {
  const rig = new EvseRig().charging().allot({ limitA: 16, phases: 1 });
  t.equal(rig.state.state, "C1");
  t.match(rig.grant, { pilot: "idle", contactorL1: true, contactorL23: true });
});

t.test("a fault that withdraws current: A stays, C2 -> C1, B2 and activate -> B1 [1.4-36]", async t => {
  const becomes = (stage: () => EvseRig) => {
    const rig = stage();
    rig.cp(rig.sensed.cp, { temperatureC: 70 });
    const faults: readonly EvseFault[] = ["over-temperature"];
    t.ok(faults.every(fault => rig.run(1_000).status.faults.includes(fault)));
    return rig.outputs.flatMap(output => (output.kind === "status" ? [output.status.state] : [])).at(-1);
  };
  t.equal(
    becomes(() => new EvseRig()),
    "A",
  );
  t.equal(becomes(stages.B2), "B1");
  t.equal(becomes(stages.activate), "B1");
  t.equal(becomes(stages.C2), "C1");
});
