import fc from "fast-check";
import t from "tap";
import type { Change } from "../../services/settings/rules.core.ts";
import {
  beginWith,
  currentOf,
  problemsWithInitial,
  reconcile,
  type SettingsState,
  updateSettings,
} from "../../services/settings/settings.core.ts";
import type { StoreBatch } from "../../services/settings/settings.port.ts";
import { NO_VALUES, type SettingsSite } from "../../services/settings/values.core.ts";
import { settingsCurrent } from "../../shared/contracts/settings.ts";
import { catalogue, settingOf } from "../../shared/settings/catalogue/index.ts";
import { judgeSetting } from "../../shared/settings/validate.ts";

const twoPoints: SettingsSite = {
  points: [
    { id: "left", serial: 1001 },
    { id: "right", serial: 1002 },
  ],
  mainsMeterPresent: false,
  initial: NO_VALUES,
};
const at = "2026-01-01T12:00:00.000Z";

const fresh = (site: SettingsSite = twoPoints): SettingsState => beginWith(site, { revision: 0, values: [] }).state;
const site = (key: string, value: Change["value"]): Change => ({ key, evseId: null, value });
const left = (key: string, value: Change["value"]): Change => ({ key, evseId: "left", value });

function apply(state: SettingsState, changes: readonly Change[], by = "rest") {
  const step = updateSettings(state, { by, changes, at });
  const outcomes = step.outputs.flatMap(output => (output.kind === "outcomes" ? output.outcomes : []));
  return {
    state: step.state,
    now: currentOf(step.state),
    outcomes,
    error: outcomes.find(outcome => !outcome.ok)?.error ?? null,
    batch: step.outputs.find(output => output.kind === "store")?.batch ?? null,
    rows: step.outputs.flatMap(output => (output.kind === "changed" ? output.rows : [])),
    warnings: step.outputs.flatMap(output => (output.kind === "warning" ? [output.text] : [])),
  };
}

const having = (changes: readonly Change[], from: SettingsState = fresh()): SettingsState => {
  const { state, error } = apply(from, changes, "menu");
  if (error !== null) throw new Error(error);
  return state;
};

t.test("a fresh site has the catalogue's defaults, and each point its own identity", async t => {
  const now = currentOf(fresh());
  t.match(now, { revision: 0, site: { current_main: 25, current_min: 6 }, points: { left: { mode: 0, access: 1 } } });
  t.equal(now.points["left"]?.["mqtt_topic_prefix"], "SmartEVSE-1001");
  t.equal(now.points["right"]?.["mqtt_topic_prefix"], "SmartEVSE-1002");
  t.equal(settingsCurrent.payload.safeParse(now).success, true);
});

t.test("the site file stands between the defaults and what somebody has set", async t => {
  const withInitial = { ...twoPoints, initial: { site: { current_main: 16 }, points: { left: { current_max: 32 } } } };
  t.match(currentOf(fresh(withInitial)), {
    site: { current_main: 16 },
    points: { left: { current_max: 32 }, right: { current_max: 16 } },
  });
  const stored = { revision: 3, values: [{ key: "current_main", evseId: null, value: 40 }] };
  t.match(currentOf(beginWith(withInitial, stored).state), { revision: 3, site: { current_main: 40 } });
});

t.test("bad settings of a site file are named by their path", async t => {
  const initial = {
    site: { current_man: 16, current_min: 3 },
    points: { middle: { mode: 0 }, left: { mode: "Smart" } },
  };
  t.strictSame(problemsWithInitial({ ...twoPoints, initial }), [
    "settings.site.current_man: no such setting; did you mean current_main or current_min or current_max?",
    "settings.site.current_min: expected 6..16 A, got 3",
    'settings.points.middle.mode: no charge point is called "middle"; expected one of: left, right',
    'settings.points.left.mode: expected one of 0 Normal, 1 Smart, 2 Solar, got "Smart"',
  ]);
});

t.test("a stored value that is no longer permitted is left out and said; the rest is in force", async t => {
  const { state, outputs } = beginWith(twoPoints, {
    revision: 9,
    values: [
      { key: "current_main", evseId: null, value: 4_000 },
      { key: "abolished", evseId: null, value: 1 },
      { key: "mode", evseId: "gone", value: 1 },
      { key: "current_min", evseId: null, value: 8 },
    ],
  });
  t.match(currentOf(state).site, { current_main: 25, current_min: 8 });
  t.equal(outputs.length, 3);
});

t.test("an accepted change is stored with its audit row, a refused one beside it changes nothing", async t => {
  const { now, outcomes, batch, rows } = apply(fresh(), [site("current_main", 40), site("current_min", 3)]);
  t.match(now, { revision: 1, site: { current_main: 40, current_min: 6 } });
  t.strictSame(outcomes, [
    { key: "current_main", evseId: null, ok: true, value: 40, error: null },
    { key: "current_min", evseId: null, ok: false, value: null, error: "current_min: expected 6..16 A, got 3" },
  ]);
  const row = { at, by: "rest", key: "current_main", evseId: null, from: 25, to: 40 };
  t.strictSame(batch, { baseRevision: 0, revision: 1, values: [site("current_main", 40)], audit: [row] });
  t.strictSame(rows, [row]);
});

t.test("what is set already is confirmed without a write", async t => {
  const state = having([site("current_main", 40)]);
  const again = apply(state, [site("current_main", 40)]);
  t.equal(again.batch, null);
  t.equal(again.state, state);
  t.match(again.outcomes, [{ ok: true, value: 40 }]);
});

t.test("a value equal to the default is stored when somebody sets it: a new site file shall not move it", async t => {
  t.match(apply(fresh(), [site("current_main", 25)]).batch, { values: [site("current_main", 25)] });
});

t.test("secrets are stored, and appear nowhere else", async t => {
  const { now, outcomes, batch, rows, state } = apply(fresh(), [
    site("mqtt_password", "geheim"),
    left("ocpp_auth_key", "streng"),
  ]);
  t.match(batch?.values, [{ value: "geheim" }, { value: "streng" }]);
  t.notMatch(JSON.stringify([now, outcomes, rows, batch?.audit]), /geheim|streng/);
  t.strictSame(now.secretsSet, { site: ["mqtt_password"], points: { left: ["ocpp_auth_key"], right: [] } });
  t.notMatch(JSON.stringify(apply(state, [site("mqtt_password", "anders")]).rows), /geheim|anders/);
});

t.test("what a restart forgets is in force and never stored", async t => {
  const { now, batch, state, rows } = apply(fresh(), [left("override_current", 100)]);
  t.equal(now.points["left"]?.["override_current"], 100);
  t.equal(now.revision, 1);
  t.equal(batch, null);
  t.equal(rows.length, 1);
  const next = apply(state, [site("current_main", 40)]);
  t.match(next.batch, { baseRevision: 0, revision: 2, values: [site("current_main", 40)] });
});

t.test("an unknown key, a wrong owner, an unknown point and a command are refused by name", async t => {
  const refused: readonly (readonly [Change, RegExp])[] = [
    [site("curent_min", 8), /^curent_min: no such setting; did you mean current_min/],
    [left("current_main", 25), /^current_main: belongs to the whole site; expected evseId null, got "left"/],
    [site("mode", 0), /^mode: belongs to one charge point; expected evseId, one of: left, right/],
    [{ key: "mode", evseId: "middle", value: 0 }, /no charge point is called "middle"; expected one of: left, right/],
    [left("rfid_swipe", "04AABBCC"), /is a command/],
    [site("mains_currents", 1), /is a feed/],
  ];
  for (const [change, error] of refused) {
    const { state } = { state: fresh() };
    const result = apply(state, [change]);
    t.match(result.error, error);
    t.equal(result.state, state);
  }
});

t.test("Smart and Solar need a mains meter, by setting or by site file; the menu may choose first", async t => {
  const smart = left("mode", 1);
  t.match(
    apply(fresh(), [smart]).error,
    "mode: Smart needs a mains meter, and mains_meter is 0 (Disabled); set that first",
  );
  t.match(apply(fresh(), [left("mode", 2)]).error, /Solar needs a mains meter/);
  t.equal(apply(having([site("mains_meter", 9)]), [smart]).error, null);
  t.equal(apply(fresh({ ...twoPoints, mainsMeterPresent: true }), [smart]).error, null);
  t.equal(apply(having([site("loadbl", 2)]), [smart]).error, null, "a node gets its measurements from the master");
  t.match(apply(fresh(), [smart], "menu").warnings, [/left: Smart and Solar need a mains meter/]);
});

t.test(
  "choosing a mode by REST, web or MQTT switches access on, all or nothing; the menu leaves it [3.2-R]",
  async t => {
    const off = having([site("mains_meter", 9), left("access", 0)]);
    for (const by of ["rest", "web", "mqtt"]) {
      const { now, batch } = apply(off, [left("mode", 1)], by);
      t.match(now.points["left"], { mode: 1, access: 1 }, by);
      t.strictSame(
        batch?.values.map(value => value.key),
        ["mode", "access"],
        "one atomic batch",
      );
      t.equal(now.points["right"]?.["access"], 1);
    }
    t.match(apply(off, [left("mode", 1)], "menu").now.points["left"], { mode: 1, access: 0 });
    const refused = apply(having([left("access", 0)]), [left("mode", 1)]);
    t.match(refused.now.points["left"], { mode: 0, access: 0 });
  },
);

t.test("disabled modes cannot be chosen, and a point in one falls back to Normal", async t => {
  const smart = having([site("mains_meter", 9), left("mode", 1)]);
  const { now, state } = apply(smart, [site("modes_disabled", 2)]);
  t.equal(now.points["left"]?.["mode"], 0);
  t.match(apply(state, [left("mode", 1)]).error, "mode: Smart is switched off by modes_disabled");
  t.equal(apply(state, [left("mode", 2)]).error, null);
  t.equal(apply(smart, [site("modes_disabled", 4)]).now.points["left"]?.["mode"], 1);
});

t.test("a node leaves the master's settings alone, and has neither Auto nor Grid Relay [6.7-10]", async t => {
  const node = having([site("loadbl", 3)]);
  t.match(apply(node, [site("current_main", 25)]).error, "current_main: is set on the master while PWR SHARE is Node");
  for (const key of ["prio_strategy", "rotation_interval", "idle_timeout"])
    t.match(apply(node, [site(key, key === "idle_timeout" ? 60 : 0)]).error, `${key}: is set on the master`);
  t.match(apply(node, [left("enable_C2", 4)]).error, /Auto is not available/);
  t.match(apply(node, [left("switch", 5)]).error, /Grid Relay is not available/);
  t.equal(apply(node, [left("current_max", 13), site("loadbl", 1)]).error, null);
  t.match(apply(having([left("enable_C2", 4)]), [site("loadbl", 2)]).error, /cannot have enable_C2 Auto; left has/);
  t.match(apply(having([left("switch", 5)]), [site("loadbl", 2)]).error, /cannot have switch Grid Relay; left has/);
});

t.test("an override lies within MIN and MAX, moves with them, and ends with Solar", async t => {
  const meter = [site("mains_meter", 9), site("current_min", 8), left("current_max", 20)];
  const ready = having(meter);
  t.match(
    apply(ready, [left("override_current", 79)]).error,
    "override_current: expected 0 (off) or 80..200, which is MIN..MAX in 0.1 A, got 79",
  );
  t.match(apply(ready, [left("override_current", 201)]).error, /80\.\.200/);
  const overridden = having([left("override_current", 100)], ready);
  t.equal(apply(overridden, [site("current_min", 12)]).now.points["left"]?.["override_current"], 120);
  t.equal(apply(overridden, [left("current_max", 9)]).now.points["left"]?.["override_current"], 90);
  t.equal(apply(overridden, [left("current_max", 32)]).now.points["left"]?.["override_current"], 100);
  const solar = apply(overridden, [left("mode", 2)]);
  t.equal(solar.now.points["left"]?.["override_current"], 0);
  t.match(apply(solar.state, [left("override_current", 100)]).error, /the mode is Solar/);
});

t.test("a stop needs a start before it, a repetition a stop; both go when the start moves behind it", async t => {
  const start = left("starttime", "2026-01-01T22:00");
  const stop = left("stoptime", "2026-01-02T05:00");
  t.match(apply(fresh(), [stop]).error, "stoptime: needs a starttime first");
  t.match(apply(fresh(), [start, left("stoptime", "2026-01-01T21:00")]).error, /later than starttime 2026-01-01T22:00/);
  t.match(apply(fresh(), [start, left("repeat", 1)]).error, /needs a starttime and a stoptime/);
  const planned = apply(fresh(), [start, stop, left("repeat", 1)]);
  t.match(planned.now.points["left"], { stoptime: "2026-01-02T05:00", repeat: 1 });
  for (const moved of ["", "2026-01-03T00:00"]) {
    t.match(apply(planned.state, [left("starttime", moved)]).now.points["left"], {
      starttime: moved,
      stoptime: "",
      repeat: 0,
    });
  }
  const stored = { revision: 1, values: planned.batch?.values ?? [] };
  t.match(currentOf(beginWith(twoPoints, stored).state).points["left"], { repeat: 1, stoptime: "2026-01-02T05:00" });
});

t.test(
  "a command is told each time it is given, even when its value is the old one; what is refused is not",
  async t => {
    const told = (state: SettingsState, value: number): unknown[] =>
      updateSettings(state, {
        by: "rest",
        at: "2026-01-01T00:00:00Z",
        changes: [site("battery_current", value)],
      }).outputs.flatMap(output => (output.kind === "commanded" ? [output.commanded] : []));
    const state = having([site("battery_current", -40)]);
    t.strictSame(told(state, -40), [{ key: "battery_current", evseId: null, value: -40, by: "rest" }]);
    t.strictSame(told(state, 99_999), []);
  },
);

t.test("a phase request needs CONTACT 2 = Auto; address 10 belongs to the Sensorbox [5.7-R6]", async t => {
  t.match(apply(having([left("enable_C2", 0)]), [left("phases", 1)]).error, "phases: C2 contactor not present");
  t.match(apply(fresh(), [left("phases", 1)]).error, "phases: works with CONTACT 2 (enable_C2) 4 Auto only");
  t.equal(apply(having([left("enable_C2", 4)]), [left("phases", 1)]).error, null);
  t.match(apply(having([site("mains_meter", 1)]), [left("ev_meter_address", 10)]).error, /expected 11\.\.247/);
  t.equal(apply(fresh(), [left("ev_meter_address", 10)]).error, null);
});

t.test("MAX below MIN is accepted with a warning, once", async t => {
  const first = apply(fresh(), [site("current_min", 16), left("current_max", 10)]);
  t.strictSame(first.warnings, ["left: MAX 10 A is below MIN 16 A: it cannot charge"]);
  t.strictSame(apply(first.state, [site("current_main", 40)]).warnings, []);
});

t.test("a store that is ahead is believed; what is never stored stays", async t => {
  const state = having([left("override_current", 100), site("current_main", 40)]);
  const stored = { revision: 5, values: [{ key: "current_main", evseId: null, value: 32 }] };
  const { state: next, outputs } = reconcile(state, stored);
  t.match(currentOf(next), { site: { current_main: 32 }, points: { left: { override_current: 100 } } });
  t.ok(next.revision > state.revision && next.storedRevision === 5);
  t.strictSame(outputs, []);
});

t.test("a store that fell back gets everything again, and nothing in force moves", async t => {
  const state = having([site("current_main", 16), left("override_current", 100)]);
  const { state: next, outputs } = reconcile(state, { revision: 0, values: [] });
  t.same(currentOf(next).site, currentOf(state).site);
  const batch = outputs.find(output => output.kind === "store")?.batch;
  t.match(batch, { baseRevision: 0, values: [site("current_main", 16)] } satisfies Partial<StoreBatch>);
  t.equal(batch?.revision, next.storedRevision);
  t.equal(reconcile(next, { revision: next.storedRevision, values: [] }).state, next, "equal revisions: nothing to do");
});

const key = fc.constantFrom(...catalogue.map(setting => setting.key), "nonsense");
const value = fc.oneof(
  fc.integer({ min: -2, max: 700 }),
  fc.integer(),
  fc.string(),
  fc.constantFrom([0, 0, 1], "2026-01-01T10:00"),
);
const change = fc.record({ key, evseId: fc.constantFrom(null, "left", "right", "middle"), value });
const by = fc.constantFrom("rest", "menu", "mqtt");

t.test(
  "whatever is asked, in any order: every value in force is permitted, and a restart brings back what was stored",
  async t => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(by, fc.array(change, { minLength: 1, maxLength: 4 })), { maxLength: 30 }),
        updates => {
          let state = fresh();
          const store = new Map<string, Change>();
          for (const [who, changes] of updates) {
            const before = state;
            const result = apply(state, changes, who);
            state = result.state;
            t.equal(result.outcomes.length, changes.length);
            if (result.outcomes.every(outcome => !outcome.ok)) t.equal(state, before);
            if (result.batch === null) continue;
            t.equal(result.batch.baseRevision, before.storedRevision);
            for (const kept of result.batch.values) store.set(`${kept.evseId ?? ""}/${kept.key}`, kept);
          }
          const now = currentOf(state);
          for (const values of [now.site, ...Object.values(now.points)]) {
            for (const [name, inForce] of Object.entries(values))
              t.ok(judgeSetting(settingOf(name)!, inForce).ok, name);
          }
          const min = Number(now.site["current_min"]) * 10;
          for (const point of Object.values(now.points)) {
            const override = Number(point["override_current"]);
            t.ok(
              override === 0 || (point["mode"] !== 2 && override >= Math.min(min, Number(point["current_max"]) * 10)),
            );
          }
          const restarted = beginWith(twoPoints, { revision: state.storedRevision, values: [...store.values()] });
          t.strictSame(restarted.outputs, []);
          const persisted = (values: Readonly<Record<string, unknown>>) =>
            Object.fromEntries(Object.entries(values).filter(([name]) => settingOf(name)?.persisted));
          t.same(persisted(currentOf(restarted.state).site), persisted(now.site));
          t.same(persisted(currentOf(restarted.state).points["left"] ?? {}), persisted(now.points["left"] ?? {}));
        },
      ),
      { numRuns: 60 },
    );
  },
);
