import t from "tap";
import type { SessionSnapshot } from "../../services/evse/evse.port.ts";
import { idleEvse } from "../../services/evse/state.core.ts";
import { EvseRig, SMART } from "../support/evse-rig.ts";

/** What a power cut at this moment would leave on disk. */
function onDisk(rig: EvseRig): SessionSnapshot | null {
  return rig.outputs.flatMap(output => (output.kind === "keep-session" ? [output.snapshot] : [])).at(-1) ?? null;
}

/** The controller comes back after a power cut; the board shows 12 V until its first sample. */
function afterPowerCut(before: EvseRig, snapshot = onDisk(before)): EvseRig {
  const rig = new EvseRig(null);
  rig.outputs.length = 0;
  rig.state = idleEvse({ evseId: "left", phases: 3, safeCurrentA: 0, provisional: null }, rig.now, snapshot);
  rig.tell({ kind: "settings", settings: SMART });
  return rig;
}

t.test(
  "a power cut while charging: with the car still there the same session goes on, with all of its energy",
  async t => {
    const rig = new EvseRig();
    rig.meter(0, 1_000_000).charging().meter(16, 1_000_000).run(60_000).meter(16, 1_000_177).run(500);
    const before = rig.status.session;
    const back = afterPowerCut(rig);
    back.run(500).charging();
    // What flowed between the last snapshot and the cut stands in the register.
    back.meter(16, 1_000_190).run(1_000);
    t.match(back.status.session, {
      sessionId: before?.sessionId,
      startedAt: before?.startedAt,
      energyWh: 190,
      energySource: "metered",
      startRegisterWh: 1_000_000,
      endRegisterWh: 1_000_190,
      interruptions: 1,
    });
    back.cp("A").run(1_000);
    t.match(back.sessions, [
      { sessionId: before?.sessionId, energyWh: 190, stopReason: "unplugged", interruptions: 1 },
    ]);
    t.equal(onDisk(back), null, "nothing is left to resume");
  },
);

t.test("without a meter at most 10 s of the estimate are lost", async t => {
  const rig = new EvseRig();
  rig.charging().run(605_000);
  const beforeWh = rig.status.session?.energyWh ?? 0;
  const back = afterPowerCut(rig).charging();
  const afterWh = back.status.session?.energyWh ?? 0;
  t.match(back.status.session, { energySource: "estimated", interruptions: 1 });
  const lostWh = beforeWh - afterWh;
  t.ok(lostWh >= -12 && lostWh <= (16 * 3 * 230 * 10) / 3600 + 1, `${lostWh} Wh of ${beforeWh}`);
});

t.test("a car that left while the power was off: the session ends once, with what the register says", async t => {
  const rig = new EvseRig();
  rig.meter(0, 1_000_000).charging().meter(16, 1_000_000).run(60_000).meter(16, 1_000_177).run(500);
  const before = rig.status.session;
  const back = afterPowerCut(rig).run(5_000);
  t.strictSame(back.sessions, [], "waits for the register, which saw what came after the last snapshot");
  back.meter(0, 1_000_184).run(1_000);
  t.match(back.sessions, [
    {
      sessionId: before?.sessionId,
      energyWh: 184,
      endRegisterWh: 1_000_184,
      stopReason: "power-lost",
      pauseReason: "unplugged while the controller was off",
    },
  ]);
  t.equal(back.run(5_000).sessions.length, 1);
  back.charging();
  t.match(back.status.session, { interruptions: 0, startRegisterWh: null }, "the next car begins a session of its own");
});

t.test(
  "a car that left while the power was off, with a meter that stays silent: what was written down is told",
  async t => {
    const rig = new EvseRig();
    rig.meter(0, 1_000_000).charging().meter(16, 1_000_000).run(61_000).meter(16, 1_000_177).run(65_000);
    const kept = onDisk(rig);
    const back = afterPowerCut(rig).run(31_000);
    t.equal(back.sessions.length, 1);
    t.equal(back.sessions[0]?.energyWh, (kept?.lastWh ?? 0) - 1_000_000);
    t.equal(back.sessions[0]?.endedAt, new Date(kept?.savedCivilMs ?? 0).toISOString());
  },
);

t.test("a board that is away after a restart decides nothing: the session waits, on disk too", async t => {
  const rig = new EvseRig();
  rig.charging().run(60_000);
  const back = afterPowerCut(rig);
  back.boardSilent = true;
  back.run(60_000);
  t.strictSame(back.sessions, []);
  t.equal(onDisk(back), null, "no new snapshot has replaced the old one");
  t.equal(back.outputs.filter(output => output.kind === "keep-session").length, 0);
  back.boardSilent = false;
  back.charging();
  t.match(back.status.session, { interruptions: 1 });
});

t.test("a car that never charged leaves no record, and nothing on disk", async t => {
  const rig = new EvseRig();
  rig.cp("B").run(10_000);
  t.not(onDisk(rig), null);
  const back = afterPowerCut(rig).run(40_000);
  t.strictSame(back.sessions, []);
  t.equal(onDisk(rig.cp("A").run(1_000)), null);
  t.strictSame(rig.sessions, []);
});

t.test("what cannot be told again is written down at once, what grows in its rhythm", async t => {
  const rig = new EvseRig();
  rig.meter(0, 1_000).charging();
  const count = () => rig.outputs.filter(output => output.kind === "keep-session").length;
  t.match(onDisk(rig), { startWh: null, stoppedBy: null, phases: 3, mode: "smart" });
  rig.meter(16, 1_000);
  t.match(onDisk(rig), { startWh: 1_000 }, "the register it began with");
  const before = count();
  rig.run(600_000);
  const written = count() - before;
  t.ok(written >= 9 && written <= 11, `${written} snapshots in 10 minutes with a meter`);
  rig.cp("B").run(200);
  t.match(onDisk(rig), { stoppedBy: "car" });
});

t.test("says why charging stopped", async t => {
  const stop = (act: (rig: EvseRig) => unknown): string | null | undefined => {
    const rig = new EvseRig();
    rig.charging().run(5_000);
    act(rig);
    rig.run(15_000);
    if (rig.status.carConnected) rig.cp("A", { openedLocally: false }).run(8_000);
    return rig.sessions.at(-1)?.stopReason;
  };
  t.equal(
    stop(rig => rig.cp("B")),
    "car",
  );
  t.equal(
    stop(rig => rig.cp("A")),
    "unplugged",
  );
  t.equal(
    stop(rig => rig.settings({ access: "off" })),
    "off",
  );
  t.equal(
    stop(rig => rig.settings({ access: "pause" })),
    "pause",
  );
  t.equal(
    stop(rig => rig.allot({ limitA: 0, admitted: false, boundBy: "mains.l1" })),
    "limit",
  );
  t.equal(
    stop(rig => rig.cp("C", { faults: ["rcm-trip"] })),
    "fault",
  );
  t.equal(
    stop(rig => rig.cp("C", { openedLocally: true })),
    "board",
  );
});

t.test("charging that goes on forgets why it stopped before", async t => {
  const rig = new EvseRig();
  rig.charging().cp("B").run(2_000);
  t.equal(rig.status.session?.stopReason, "car");
  rig.cp("C").run(2_000);
  t.equal(rig.status.session?.stopReason, null);
});

t.test("the peak is measured where there is a meter, even one that is silent for a while", async t => {
  const rig = new EvseRig();
  rig.meter(0, 1_000).charging().meter(9.4, 1_000).run(20_000);
  t.equal(rig.status.session?.peakCurrentA, 9.4, "never the offer of 16 A");
  const blind = new EvseRig().charging().run(1_000);
  t.equal(blind.status.session?.peakCurrentA, 16);
});

t.test(
  "a register that appears in the middle of a session does not know it whole: the session stays estimated",
  async t => {
    const rig = new EvseRig();
    rig.charging().run(600_000);
    const estimatedWh = rig.status.session?.energyWh ?? 0;
    t.ok(estimatedWh > 1_500);
    rig.meter(16, 5_000_000).run(1_000).meter(16, 5_000_010).run(1_000);
    t.match(rig.status.session, { energySource: "estimated", startRegisterWh: null });
    t.ok((rig.status.session?.energyWh ?? 0) >= estimatedWh);
  },
);

t.test(
  "a register that is set back, or belongs to a new meter, loses nothing: the energy adds up, the registers are none",
  async t => {
    const rig = new EvseRig();
    rig.meter(0, 1_000_000).charging().meter(16, 1_000_000).run(60_000).meter(16, 1_000_200).run(1_000);
    rig.meter(16, 5).run(60_000).meter(16, 105).run(61_000);
    t.match(rig.status.session, { energyWh: 300, energySource: "metered", startRegisterWh: null, endRegisterWh: null });
    const back = afterPowerCut(rig).charging();
    back.meter(16, 0).run(1_000).meter(16, 50).run(1_000);
    t.match(back.status.session, { energyWh: 350 }, "a simulated meter begins at 0 again with its process");
  },
);
