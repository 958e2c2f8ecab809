import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { ServiceBroker } from "moleculer";
import t from "tap";
import { openSqliteStore } from "../../services/settings/drivers/sqlite-store.ts";
import { type Change, SCHEDULE } from "../../services/settings/rules.core.ts";
import { dueChanges } from "../../services/settings/schedule.core.ts";
import { beginWith, type SettingsState, updateSettings } from "../../services/settings/settings.core.ts";
import { settingsService } from "../../services/settings/settings.service.ts";
import { inForce, NO_VALUES, type SettingsSite } from "../../services/settings/values.core.ts";
import { request, subscribe } from "../../shared/bus/bus.ts";
import { type SettingsCurrent, settingsCurrent, settingsUpdate } from "../../shared/contracts/settings.ts";
import { parseSite } from "../../shared/site/site-file.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { daysLater, instantOf } from "../../shared/wall-clock.ts";
import { propertyRuns } from "../support/property.ts";

const AMSTERDAM = "Europe/Amsterdam";
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const OFF = 0;
const ON = 1;

const site: SettingsSite = {
  points: [{ id: "left", serial: 1 }],
  mainsMeterPresent: true,
  initial: NO_VALUES,
};

/** One point's settings and its schedule, by the clock on the wall. */
class Plan {
  state: SettingsState = beginWith(site, { revision: 0, values: [] }).state;
  readonly zone: string;
  constructor(zone = AMSTERDAM) {
    this.zone = zone;
  }

  set(changes: Readonly<Record<string, number | string>>, by = "rest"): string | null {
    const list = Object.entries(changes).map(([key, value]) => ({ key, evseId: "left", value }));
    return this.#update(list, by);
  }

  /** The schedule is looked at, at this instant. */
  look(civilMs: number): this {
    this.#update(dueChanges(inForce(site, this.state.set), ["left"], civilMs, this.zone), SCHEDULE);
    return this;
  }

  at(wall: string): this {
    return this.look(instantOf(wall, this.zone));
  }

  get(key: string): unknown {
    return inForce(site, this.state.set).points["left"]?.[key];
  }

  get access(): unknown {
    return this.get("access");
  }

  get planned(): unknown {
    return [this.get("starttime"), this.get("stoptime"), this.get("repeat")];
  }

  #update(changes: readonly Change[], by: string): string | null {
    if (changes.length === 0) return null;
    const step = updateSettings(this.state, { by, changes, at: "2026-01-01T00:00:00.000Z" });
    this.state = step.state;
    const outcomes = step.outputs.flatMap(output => (output.kind === "outcomes" ? output.outcomes : []));
    return outcomes.find(outcome => !outcome.ok)?.error ?? null;
  }
}

t.test("a start to come switches off now and on at its time, and is then forgotten", async t => {
  const plan = new Plan();
  t.equal(plan.access, ON);
  plan.set({ mode: 1, starttime: "2026-01-01T22:00" });
  t.equal(plan.access, OFF);
  plan.at("2026-01-01T21:59:59");
  t.equal(plan.access, OFF);
  plan.at("2026-01-01T22:00");
  t.equal(plan.access, ON);
  t.strictSame(plan.planned, ["", "", 0]);
  t.equal(plan.get("mode"), 1, "the mode chosen with it");
});

t.test("start and stop happen once each; what comes between is left to people and cards", async t => {
  const plan = new Plan();
  plan.set({ starttime: "2026-01-01T22:00", stoptime: "2026-01-02T06:00" });
  plan.set({ access: ON }, "rfid");
  plan.at("2026-01-01T21:00");
  t.equal(plan.access, ON, "a card decides as usual");
  plan.at("2026-01-01T22:00");
  t.strictSame(plan.planned, ["", "2026-01-02T06:00", 0]);
  plan.at("2026-01-02T06:00");
  t.equal(plan.access, OFF);
  t.strictSame(plan.planned, ["", "", 0]);
  plan.set({ access: ON }, "rfid");
  plan.at("2026-01-02T22:00");
  t.equal(plan.access, ON);
});

t.test("a daily pair moves on by a day on the wall each time", async t => {
  const plan = new Plan();
  plan.set({ starttime: "2026-01-01T22:00", stoptime: "2026-01-02T06:00", repeat: 1 });
  for (const day of ["01", "02", "03"]) {
    plan.at(`2026-01-${day}T22:00`);
    t.equal(plan.access, ON, day);
    plan.at(daysLater(`2026-01-${day}T06:00`, 1));
    t.equal(plan.access, OFF, day);
  }
  t.strictSame(plan.planned, ["2026-01-04T22:00", "2026-01-05T06:00", 1]);
});

const restarts: readonly (readonly [what: string, daily: number, backAt: string, access: number, planned: unknown])[] =
  [
    ["before the start", 0, "2026-01-01T21:00", OFF, ["2026-01-01T22:00", "2026-01-02T06:00", 0]],
    ["between start and stop", 0, "2026-01-02T01:00", ON, ["", "2026-01-02T06:00", 0]],
    ["after both", 0, "2026-01-02T07:00", OFF, ["", "", 0]],
    ["after both, daily", 1, "2026-01-02T07:00", OFF, ["2026-01-02T22:00", "2026-01-03T06:00", 1]],
    ["in the next window, daily", 1, "2026-01-02T23:00", ON, ["2026-01-03T22:00", "2026-01-03T06:00", 1]],
    ["a week later at night, daily", 1, "2026-01-09T03:00", ON, ["2026-01-09T22:00", "2026-01-09T06:00", 1]],
    ["a week later at noon, daily", 1, "2026-01-09T12:00", OFF, ["2026-01-09T22:00", "2026-01-10T06:00", 1]],
  ];
for (const [what, daily, backAt, access, planned] of restarts) {
  t.test(`a gateway that was off and is back ${what} makes up for what it missed`, async t => {
    const plan = new Plan();
    plan.set({ starttime: "2026-01-01T22:00", stoptime: "2026-01-02T06:00", repeat: daily });
    plan.at(backAt);
    t.equal(plan.access, access);
    t.strictSame(plan.planned, planned);
    const before = plan.state;
    plan.at(backAt);
    t.equal(plan.state, before, "once");
  });
}

t.test("over a clock change it is still 22:00 and 06:00 on the wall [3.3-R2]", async t => {
  for (const [evening, nightH] of [
    ["2026-03-28", 7],
    ["2026-10-24", 9],
    ["2026-06-01", 8],
  ] as const) {
    const plan = new Plan();
    plan.set({ starttime: `${evening}T22:00`, stoptime: daysLater(`${evening}T06:00`, 1), repeat: 1 });
    const start = instantOf(`${evening}T22:00`, AMSTERDAM);
    plan.look(start);
    t.equal(plan.access, ON);
    plan.look(start + nightH * HOUR_MS - 1);
    t.equal(plan.access, ON);
    plan.look(start + nightH * HOUR_MS);
    t.equal(plan.access, OFF, `the night of ${evening} has ${nightH} hours`);
  }
});

t.test(
  "a start in the hour that is left out comes an hour later, one in the hour that comes twice the first time",
  async t => {
    t.equal(instantOf("2026-03-29T02:30", AMSTERDAM), Date.parse("2026-03-29T01:30:00Z"));
    t.equal(instantOf("2026-10-25T02:30", AMSTERDAM), Date.parse("2026-10-25T00:30:00Z"));
    const plan = new Plan();
    plan.set({ starttime: "2026-03-28T02:30", stoptime: "2026-03-28T05:00", repeat: 1 });
    plan.at("2026-03-28T12:00");
    t.strictSame(plan.planned, ["2026-03-29T02:30", "2026-03-29T05:00", 1]);
    plan.at("2026-03-29T12:00");
    t.strictSame(plan.planned, ["2026-03-30T02:30", "2026-03-30T05:00", 1], "and the day after it is 02:30 again");
  },
);

t.test("a person who chooses by hand cancels the plan; cards, menu and switch do not", async t => {
  for (const by of ["rest", "web", "mqtt"]) {
    for (const change of [{ mode: 1 }, { access: OFF }, { access: 2 }]) {
      const plan = new Plan();
      plan.set({ starttime: "2026-01-01T22:00", stoptime: "2026-01-02T06:00", repeat: 1 });
      plan.set(change, by);
      t.strictSame(plan.planned, ["", "", 0], `${by} ${JSON.stringify(change)}`);
      t.equal(plan.access, "mode" in change ? ON : change.access);
    }
  }
  for (const by of ["rfid", "menu", "switch"]) {
    const plan = new Plan();
    plan.set({ starttime: "2026-01-01T22:00" });
    plan.set({ mode: 1, access: ON }, by);
    t.equal(plan.get("starttime"), "2026-01-01T22:00", by);
  }
});

t.test("a mode that is chosen together with a start waits for it", async t => {
  const plan = new Plan();
  plan.set({ mode: 1, starttime: "2026-01-01T22:00" });
  t.equal(plan.access, OFF);
  plan.at("2026-01-01T22:00");
  t.strictSame([plan.access, plan.get("mode")], [ON, 1]);
});

t.test("changing the mode anywhere but by hand never unlocks [3.2-R]", async t => {
  for (const by of ["menu", "switch", "modbus", "ocpp", "rfid", SCHEDULE]) {
    const plan = new Plan();
    plan.set({ access: OFF });
    for (const mode of [1, 2, 0]) plan.set({ mode }, by);
    t.equal(plan.access, OFF, by);
  }
});

t.test("a stop more than 24 hours after its start is refused, with what would be right [3.3-R1]", async t => {
  const plan = new Plan();
  plan.set({ starttime: "2026-01-01T22:00" });
  const refused = /stoptime: expected a time later than starttime 2026-01-01T22:00, by 24 hours at most/;
  t.match(plan.set({ stoptime: "2026-01-02T22:01" }), refused);
  t.match(plan.set({ stoptime: "2026-01-01T22:00" }), refused);
  t.equal(plan.set({ stoptime: "2026-01-02T22:00" }), null);
});

t.test("before the clock was ever set nothing happens", async t => {
  const plan = new Plan();
  plan.set({ starttime: "1970-01-01T00:30" });
  plan.look(HOUR_MS * 5);
  t.equal(plan.access, OFF);
});

const ZONES = ["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC", "Pacific/Apia"];
/** Minutes of 2026, so that every clock change of that year is hit sooner or later. */
const minute = fc.integer({ min: 0, max: 365 * 1_440 - 1 });
const wallOf = (minutes: number) => new Date(Date.UTC(2026, 0, 1) + minutes * 60_000).toISOString().slice(0, 16);
/** Half of them within a day and a half of a clock change in Amsterdam. */
const nearChange = fc
  .tuple(fc.constantFrom(87, 297), fc.integer({ min: -1_440, max: 2_160 }))
  .map(([day, offset]) => day * 1_440 + offset);
const anyMinute = fc.oneof(minute, nearChange);

t.test("a wall clock is read in every zone as the system reads its own", async t => {
  const before = process.env["TZ"];
  t.teardown(() => {
    if (before === undefined) delete process.env["TZ"];
    else process.env["TZ"] = before;
  });
  for (const zone of ZONES) {
    process.env["TZ"] = zone;
    fc.assert(
      fc.property(anyMinute, minutes => {
        const wall = wallOf(minutes);
        return instantOf(wall, zone) === new Date(wall).getTime();
      }),
      { numRuns: propertyRuns(300) },
    );
  }
});

t.test(
  "on any day, in any zone, however often it is looked at: within the window on, outside off, and always once a day",
  async () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        anyMinute,
        fc.integer({ min: 1, max: 1_380 }),
        fc.array(fc.integer({ min: 1, max: 3 * 1_440 }), { minLength: 1, maxLength: 12 }),
        (zone, startMinute, lengthMin, steps) => {
          const plan = new Plan(zone);
          const start = wallOf(startMinute);
          const stop = wallOf(startMinute + lengthMin);
          plan.set({ starttime: start, stoptime: stop, repeat: 1 });
          let now = instantOf(start, zone) - HOUR_MS;
          const days = Array.from({ length: 45 }, (_, day) => day);
          const begins = days.map(day => instantOf(daysLater(start, day), zone));
          const ends = days.map(day => instantOf(daysLater(stop, day), zone));
          for (const step of steps) {
            now += step * 60_000;
            plan.look(now);
            const lastBegin = Math.max(-Infinity, ...begins.filter(at => at <= now));
            const lastEnd = Math.max(-Infinity, ...ends.filter(at => at <= now));
            // Windows that a clock change folds onto one instant are neither on nor off by their times.
            if (lastBegin !== lastEnd && plan.access !== (lastBegin > lastEnd ? ON : OFF)) return false;
            const next = [plan.get("starttime"), plan.get("stoptime")].map(wall => instantOf(String(wall), zone));
            if (next.some(at => at <= now || at - now > DAY_MS + 2 * HOUR_MS)) return false;
          }
          return true;
        },
      ),
      { numRuns: propertyRuns(300) },
    );
  },
);

t.test("the service carries the plan out, over a restart, by the store [3.3-R2]", async t => {
  const dir = mkdtempSync(join(tmpdir(), "evse-schedule-"));
  const parsed = parseSite(
    "site: test\nchargePoints: [{ id: left, serial: 1001 }]\nservices: [{ service: settings }]\n",
    "test.yaml",
  );
  async function running(civilMs: number) {
    const clock = new ManualClock(0, civilMs);
    const broker = new ServiceBroker({ logger: false });
    const facts: SettingsCurrent[] = [];
    const store = openSqliteStore(dir);
    const timeZone = AMSTERDAM;
    broker.createService(settingsService({ broker, clock, site: parsed, store, mainsMeterPresent: true, timeZone }));
    broker.createService({ name: "listener", events: subscribe(settingsCurrent, fact => facts.push(fact)) });
    await broker.start();
    return { broker, clock, left: () => facts.at(-1)?.points["left"] };
  }
  const evening = await running(Date.parse("2026-01-01T20:00:00Z"));
  const changes = [
    { key: "starttime", evseId: "left", value: "2026-01-01T22:00" },
    { key: "stoptime", evseId: "left", value: "2026-01-02T06:00" },
    { key: "repeat", evseId: "left", value: 1 },
  ];
  await request(evening.broker, settingsUpdate, "settings", { by: "rest", changes });
  t.match(evening.left(), { access: OFF });
  await evening.clock.advanceAsync(HOUR_MS - 1_000, 10_000);
  t.match(evening.left(), { access: OFF });
  await evening.clock.advanceAsync(2_000, 500);
  t.match(evening.left(), { access: ON, starttime: "2026-01-02T22:00" });
  await evening.broker.stop();

  const morning = await running(Date.parse("2026-01-02T07:00:00Z"));
  await morning.clock.advanceAsync(2_000, 500);
  t.match(morning.left(), { access: OFF, starttime: "2026-01-02T22:00", stoptime: "2026-01-03T06:00", repeat: 1 });
  await morning.broker.stop();
  rmSync(dir, { recursive: true });
});
