import fc from "fast-check";
import t from "tap";
import {
  accessNow,
  beginRfid,
  type Memory,
  type RfidInput,
  type RfidOutput,
  type RfidState,
  readCards,
} from "../../services/rfid/rfid.core.ts";
import type { Card, ReaderMode, RfidStatus } from "../../shared/contracts/rfid.ts";
import type { AccessStatus } from "../../shared/contracts/units.ts";

const ANNA: Card = { uid: "04A1B2C3D4E5F6", user: "Anna" };
const BERT: Card = { uid: "04AABBCC", user: "Bert" };
const STRANGER = "FFEEDDCC";

/** One charge point's card reader on stepped time, with a settings owner that carries out what it is asked. */
class RfidRig {
  now = 0;
  state: RfidState;
  readonly outputs: RfidOutput[] = [];
  reader: ReaderMode;
  access: AccessStatus;
  /** Whether the owner of the settings answers. */
  settingsThere = true;
  carConnected: boolean | null = false;

  constructor(reader: ReaderMode, access: AccessStatus = "off", memory: Memory | null = null, there = true) {
    this.reader = reader;
    this.access = access;
    this.settingsThere = there;
    this.state = beginRfid("left", { version: "v1", cards: [ANNA, BERT], memory });
    this.settle();
    this.run(1);
  }

  tell(input: RfidInput): void {
    const step = readCards(this.state, input, this.now);
    this.state = step.state;
    this.outputs.push(...step.outputs);
    for (const output of step.outputs) {
      if (output.kind !== "ask-access") continue;
      if (this.settingsThere) {
        this.access = output.access;
        this.settle();
      }
      this.tell({ kind: "asked", result: this.settingsThere ? "done" : "away" });
    }
  }

  settle(): void {
    if (this.settingsThere) this.tell({ kind: "settings", reader: this.reader, access: this.access });
  }

  set(change: { reader?: ReaderMode; access?: AccessStatus }): this {
    this.reader = change.reader ?? this.reader;
    this.access = change.access ?? this.access;
    this.settle();
    return this;
  }

  run(seconds: number): this {
    for (let s = 0; s < seconds; s += 1) {
      this.now += 1_000;
      if (this.carConnected !== null) this.tell({ kind: "point", carConnected: this.carConnected });
      if (s % 2 === 1) this.settle();
      this.tell({ kind: "tick" });
    }
    return this;
  }

  car(carConnected: boolean | null): this {
    this.carConnected = carConnected;
    return this.run(1);
  }

  swipe(card: Card | string): string {
    const before = this.outputs.length;
    this.tell({ kind: "swiped", uid: typeof card === "string" ? card : card.uid });
    const output = this.outputs.slice(before).find(({ kind }) => kind === "read" || kind === "change-list");
    return output?.kind === "read" ? output.outcome : (output?.kind ?? "nothing");
  }

  get status(): RfidStatus {
    const reported = this.state.reported?.status;
    if (reported === undefined) throw new Error("nothing was reported yet");
    return reported;
  }

  get memory(): Memory | undefined {
    return this.outputs.flatMap(output => (output.kind === "remember" ? [output.memory] : [])).at(-1);
  }
}

t.test("Disabled: a card does nothing", async t => {
  const rig = new RfidRig("disabled");
  t.equal(rig.swipe(ANNA), "disabled");
  t.equal(rig.access, "off");
});

t.test("EnableAll: any stored card switches access on, any other stored card off again", async t => {
  const rig = new RfidRig("enable-all");
  t.equal(rig.swipe(ANNA), "granted");
  t.equal(rig.access, "on");
  t.match(rig.status, { card: { user: "Anna", lastDigits: "E5F6" }, access: null });
  t.equal(rig.swipe(BERT), "ended");
  t.equal(rig.access, "off");
  t.equal(rig.status.card, null);
});

t.test("EnableAll: a paused point is switched on", async t => {
  const rig = new RfidRig("enable-all", "pause");
  t.equal(rig.swipe(ANNA), "granted");
  t.equal(rig.access, "on");
});

t.test("EnableOne: only the card that switched on switches off", async t => {
  const rig = new RfidRig("enable-one");
  t.equal(rig.swipe(ANNA), "granted");
  t.equal(rig.swipe(BERT), "ignored");
  t.equal(rig.access, "on");
  t.equal(rig.swipe(ANNA), "ended");
  t.equal(rig.access, "off");
  t.equal(rig.swipe(BERT), "granted");
});

t.test("EnableOne: a paused point is given back by its holder only", async t => {
  const rig = new RfidRig("enable-one");
  rig.swipe(ANNA);
  rig.set({ access: "pause" });
  t.equal(rig.swipe(BERT), "ignored");
  t.equal(rig.access, "pause");
  t.equal(rig.swipe(ANNA), "ended");
  t.equal(rig.access, "off");
});

for (const reader of ["enable-all", "enable-one"] as const) {
  t.test(`${reader}: an unknown card changes nothing, and is told`, async t => {
    const rig = new RfidRig(reader);
    t.equal(rig.swipe(STRANGER), "unknown");
    t.equal(rig.access, "off");
    rig.swipe(ANNA);
    t.equal(rig.swipe(STRANGER), "unknown");
    t.equal(rig.access, "on");
  });
}

t.test("Learn and Delete ask the owner of the list, and tell what came of it", async t => {
  const rig = new RfidRig("learn");
  t.equal(rig.swipe(STRANGER), "change-list");
  t.match(rig.outputs.at(-1), { kind: "change-list", change: { kind: "add", uid: STRANGER } });
  rig.tell({ kind: "list-changed", uid: STRANGER, outcome: "stored" });
  t.match(rig.outputs.at(-1), { kind: "read", outcome: "stored", card: { user: null, lastDigits: "DDCC" } });
  t.equal(rig.set({ reader: "delete" }).swipe(ANNA), "change-list");
  t.match(rig.outputs.at(-1), { kind: "change-list", change: { kind: "remove", uid: ANNA.uid } });
  t.equal(rig.access, "off", "neither touches access");
});

t.test("DeleteAll empties the list once; when that fails it is tried again", async t => {
  const rig = new RfidRig("disabled");
  const clears = () => rig.outputs.filter(({ kind }) => kind === "clear-list").length;
  rig.set({ reader: "delete-all" }).run(5);
  t.equal(clears(), 1, "while one is under way no other begins");
  rig.tell({ kind: "cleared" });
  rig.run(1);
  t.equal(clears(), 2);
  t.equal(rig.swipe(ANNA), "not-stored");
  rig.set({ reader: "disabled" }).tell({ kind: "cleared" });
  rig.run(5);
  t.equal(clears(), 2);
});

t.test("Rmt/OCPP passes any card on and leaves access alone", async t => {
  const rig = new RfidRig("remote");
  t.equal(rig.swipe(STRANGER), "forwarded");
  t.equal(rig.swipe(ANNA), "forwarded");
  t.equal(rig.access, "off");
});

t.test("no car within 60 s of the card: the point locks itself", async t => {
  const rig = new RfidRig("enable-one");
  rig.swipe(ANNA);
  rig.run(59);
  t.equal(rig.access, "on");
  t.match(rig.status, { lockInS: 1 });
  rig.run(1);
  t.equal(rig.access, "off");
  t.match(rig.status, { card: null, lockInS: null });
});

t.test("a car that is plugged in stops the lock timer; 60 s after it left the point is locked [1.4-02]", async t => {
  const rig = new RfidRig("enable-all");
  rig.swipe(ANNA);
  rig.run(30).car(true).run(3_600);
  t.match(rig.status, { lockInS: null, card: { user: "Anna" } });
  rig.car(false).run(59);
  t.equal(rig.access, "on");
  rig.run(1);
  t.equal(rig.access, "off");
});

t.test("a car that loses contact for less than 60 s finds its authorisation", async t => {
  const rig = new RfidRig("enable-one");
  rig.swipe(ANNA);
  rig.car(true).run(600).car(false).run(58).car(true).run(600);
  t.equal(rig.access, "on");
  t.match(rig.status.card, { user: "Anna" });
  rig.car(false).run(58);
  t.equal(rig.access, "on", "the timer began anew");
});

t.test("unknown is not unplugged: a point that is not heard does not lock", async t => {
  const rig = new RfidRig("enable-all");
  rig.swipe(ANNA);
  rig.car(true).car(null).run(600);
  t.equal(rig.access, "on");
});

for (const reader of ["disabled", "learn", "delete", "remote"] as const) {
  t.test(`${reader}: no lock timer runs`, async t => {
    const rig = new RfidRig(reader, "on").run(600);
    t.equal(rig.access, "on");
    t.equal(rig.status.lockInS, null);
  });
}

t.test("changing the reader's function, mode or cards never unlocks", async () => {
  const readers: ReaderMode[] = ["disabled", "enable-all", "enable-one", "learn", "delete", "delete-all", "remote"];
  const happening = fc.oneof(
    fc.constantFrom(...readers).map(reader => ({ kind: "reader" as const, reader })),
    fc.boolean().map(there => ({ kind: "car" as const, there })),
    fc.constant({ kind: "stranger" as const }),
    fc.constant({ kind: "list" as const }),
    fc.boolean().map(there => ({ kind: "settings" as const, there })),
    fc.integer({ min: 1, max: 90 }).map(seconds => ({ kind: "wait" as const, seconds })),
  );
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 20 }), events => {
      const rig = new RfidRig("enable-all");
      for (const event of events) {
        if (event.kind === "reader") rig.set({ reader: event.reader });
        else if (event.kind === "car") rig.car(event.there);
        else if (event.kind === "stranger") rig.swipe(STRANGER);
        else if (event.kind === "list") rig.tell({ kind: "copied", version: "v2", cards: new Map() });
        else if (event.kind === "settings") rig.settingsThere = event.there;
        else rig.run(event.seconds);
        if (rig.access !== "off" || accessNow(rig.state) !== "off") return false;
      }
      return true;
    }),
  );
});

t.test(
  "while the owner of the settings is away a card works at once, and is brought to him when he is back",
  async t => {
    const rig = new RfidRig("enable-one");
    rig.settingsThere = false;
    t.equal(rig.swipe(ANNA), "granted");
    t.match(rig.status, { access: "on", card: { user: "Anna" } });
    rig.car(true).run(20);
    t.equal(rig.access, "off", "he has not heard of it");
    rig.settingsThere = true;
    rig.run(2);
    t.equal(rig.access, "on");
    t.equal(rig.status.access, null, "and now his word holds again");
  },
);

t.test("two cards in quick succession while the first is still being brought: the last one counts", async t => {
  const rig = new RfidRig("enable-all");
  const state = readCards(rig.state, { kind: "swiped", uid: ANNA.uid }, rig.now).state;
  const second = readCards(state, { kind: "swiped", uid: BERT.uid }, rig.now);
  t.notOk(
    second.outputs.some(({ kind }) => kind === "ask-access"),
    "one question at a time",
  );
  const stillOff = readCards(second.state, { kind: "settings", reader: "enable-all", access: "off" }, rig.now);
  const on = readCards(stillOff.state, { kind: "settings", reader: "enable-all", access: "on" }, rig.now);
  const answered = readCards(on.state, { kind: "asked", result: "done" }, rig.now);
  t.match(answered.outputs, [{ kind: "ask-access", access: "off" }]);
});

t.test("somebody else's OFF, given while a card's ON could not be brought, stands", async t => {
  const rig = new RfidRig("enable-all", "pause");
  rig.settingsThere = false;
  rig.swipe(ANNA);
  rig.settingsThere = true;
  rig.set({ access: "off" }).run(5);
  t.equal(rig.access, "off");
  t.match(rig.status, { access: null, card: null });
});

t.test("a refused change is given up", async t => {
  const rig = new RfidRig("enable-all");
  const { state } = readCards(rig.state, { kind: "swiped", uid: ANNA.uid }, rig.now);
  const refused = readCards(state, { kind: "asked", result: "refused" }, rig.now);
  t.equal(accessNow(refused.state), "off");
});

t.test("after a restart without the settings a locked point stays locked, and its holder is known", async t => {
  const before = new RfidRig("enable-one");
  t.match(before.memory, { reader: "enable-one", access: "off", holder: null });
  const locked = new RfidRig("enable-one", "off", before.memory, false).run(5);
  t.match(locked.status, { reader: "enable-one", access: "off" });
  before.swipe(ANNA);
  t.match(before.memory, { access: "on", holder: ANNA });
  const held = new RfidRig("enable-one", "on", before.memory, false);
  t.match(held.status, { access: "on", card: { user: "Anna" } });
  t.equal(held.swipe(BERT), "ignored");
  t.equal(held.swipe(ANNA), "ended");
  t.match(held.status, { access: "off" });
});

t.test("without settings and without memory nothing is claimed", async t => {
  const rig = new RfidRig("enable-all", "on", null, false).run(5);
  t.match(rig.status, { reader: "disabled", access: null });
  t.equal(rig.swipe(ANNA), "disabled");
});

t.test("access switched off by others forgets the holder; a pause does not", async t => {
  const rig = new RfidRig("enable-one");
  rig.swipe(ANNA);
  t.match(rig.set({ access: "pause" }).status.card, { user: "Anna" });
  t.equal(rig.set({ access: "off" }).status.card, null);
});

t.test("status tells whether the list is its owner's, a copy, or not there", async t => {
  const rig = new RfidRig("enable-all");
  t.match(rig.status, { directory: "copy", cards: 2 });
  rig.tell({ kind: "directory", version: "v1" });
  t.equal(rig.status.directory, "current");
  rig.tell({ kind: "directory", version: "v2" });
  t.equal(rig.status.directory, "copy");
  rig.tell({ kind: "copied", version: "v2", cards: new Map([[ANNA.uid, ANNA]]) });
  t.match(rig.status, { directory: "current", cards: 1 });
  t.equal(rig.run(11).status.directory, "copy");
  const empty = readCards(beginRfid("left", { version: null, cards: [], memory: null }), { kind: "tick" }, 0);
  t.match(empty.outputs, [{ kind: "status", status: { directory: "none" } }]);
});

t.test("status is repeated every second and told at once on a change", async t => {
  const rig = new RfidRig("enable-all");
  const before = rig.outputs.length;
  rig.run(10);
  const told = rig.outputs.slice(before).filter(({ kind }) => kind === "status").length;
  t.ok(told >= 9 && told <= 11, `${told} in 10 s`);
});
