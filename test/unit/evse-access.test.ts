import fc from "fast-check";
import t from "tap";
import { type RfidStatus, rfidStatus } from "../../shared/contracts/rfid.ts";
import { EvseRig, SMART } from "../support/evse-rig.ts";

const ANNA = { user: "Anna", lastDigits: "E5F6" };
const BERT = { user: "Bert", lastDigits: "BBCC" };
const LOCKED = { ...SMART, access: "off" } as const;

/** The card reader of the point tells this, once. */
function reader(rig: EvseRig, status: Partial<RfidStatus>): EvseRig {
  rig.tell({ kind: "reader", status: { ...rfidStatus.example, access: null, card: null, ...status } });
  return rig;
}

/** It repeats it every second, while time passes. */
function runWith(rig: EvseRig, seconds: number, status: Partial<RfidStatus>): EvseRig {
  for (let s = 0; s < seconds; s += 1) reader(rig, status).run(1_000);
  return rig;
}

t.test("a card opens a locked point at once, before the settings say so", async t => {
  const rig = new EvseRig(LOCKED).charging();
  t.equal(rig.state.state, "A");
  t.equal(rig.status.reason, "switched off");
  runWith(rig, 3, { access: "on", card: ANNA });
  t.equal(rig.state.state, "C2");
  t.match(rig.status, { access: "on", session: { card: ANNA } });
  rig.settings({ access: "on" });
  runWith(rig, 3, { access: null, card: ANNA });
  t.equal(rig.state.state, "C2");
});

t.test("a card locks at once, and a reader that goes away afterwards does not unlock", async t => {
  const rig = new EvseRig().charging();
  runWith(rig, 1, { access: "off" });
  t.equal(rig.state.state, "C1");
  rig.cp("B").run(60_000);
  t.not(rig.state.state, "B2");
  t.equal(rig.grant.offerA, 0);
  rig.settings({ access: "off" });
  t.equal(rig.status.access, "off");
});

t.test("an ON by card is believed for as long as its reader is heard", async t => {
  const rig = new EvseRig(LOCKED).charging();
  runWith(rig, 3, { access: "on", card: ANNA });
  t.equal(rig.state.state, "C2");
  rig.run(4_500);
  t.equal(rig.state.state, "C1", "5 s after its last word");
});

t.test(
  "before the settings are heard a locked point stays locked, though it may charge at the safe current",
  async t => {
    const open = new EvseRig(null, { safeCurrentA: 6, provisional: SMART });
    open.allocation = null;
    open.charging();
    t.equal(open.state.state, "C2");
    const locked = new EvseRig(null, { safeCurrentA: 6, provisional: SMART });
    locked.allocation = null;
    reader(locked, { access: "off" }).charging();
    t.equal(locked.state.state, "A");
  },
);

t.test("why it is off: a card is awaited, a start is awaited, or somebody switched it off", async t => {
  const rig = new EvseRig(LOCKED).cp("B");
  t.equal(runWith(rig, 2, { reader: "enable-one" }).status.reason, "locked: present a card");
  t.equal(runWith(rig, 2, { reader: "learn" }).status.reason, "switched off");
  rig.settings({ startsAt: "2026-01-01T22:00" });
  t.equal(runWith(rig, 2, { reader: "enable-one" }).status.reason, "waiting for the start at 2026-01-01 22:00");
});

t.test("the session carries the card that authorised it, and passes it on to its record [10.1-R]", async t => {
  const rig = new EvseRig();
  runWith(rig, 1, { card: ANNA });
  rig.charging();
  runWith(rig, 60, { card: ANNA });
  rig.cp("A").run(1_000);
  t.match(rig.sessions, [{ card: ANNA }]);
});

t.test("the card may change until something was charged, then it stays", async t => {
  const rig = new EvseRig(LOCKED).cp("B");
  runWith(rig, 2, { access: "on", card: ANNA });
  runWith(rig, 2, { access: "off" });
  runWith(rig, 3, { access: "on", card: BERT });
  t.match(rig.status.session, { card: BERT });
  rig.cp("C");
  runWith(rig, 60, { access: "on", card: BERT });
  runWith(rig, 10, { access: "off" });
  runWith(rig, 60, { access: "on", card: ANNA });
  t.match(rig.status.session, { card: BERT });
});

t.test("without a card a session has none", async t => {
  const rig = new EvseRig().charging().run(10_000);
  t.equal(rig.status.session?.card, null);
});

t.test(
  "whatever readers and settings say, in any order: no offer unless one of them says ON and none has said OFF since",
  async () => {
    const word = fc.oneof(
      fc.constantFrom("on", "off", "pause").map(access => ({ by: "settings" as const, access: access as "on" })),
      fc
        .constantFrom("on", "off", "pause", null)
        .map(access => ({ by: "reader" as const, access: access as "on" | null })),
      fc.integer({ min: 1, max: 80 }).map(tenths => ({ by: "time" as const, ms: tenths * 100 })),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), words => {
        const rig = new EvseRig(LOCKED).charging();
        let stored: string = "off";
        let decided: string | null = null;
        let decidedAt = 0;
        for (const told of words) {
          if (told.by === "settings") {
            stored = told.access;
            rig.tell({ kind: "settings", settings: { ...SMART, access: told.access } });
          } else if (told.by === "reader") {
            decided = told.access;
            decidedAt = rig.now;
            reader(rig, { access: told.access });
          } else rig.run(told.ms);
          const believed = decided === "on" && rig.now - decidedAt > 5_000 ? null : decided;
          if ((believed ?? stored) !== "on" && rig.grant.offerA > 0) return false;
        }
        return true;
      }),
      { numRuns: 200 },
    );
  },
);
