import fc from "fast-check";
import t from "tap";
import { settingsWishes } from "../../services/api/smartevse/params.core.ts";
import { type Json, leadingInt, localEpochS } from "../../services/api/smartevse/parse.core.ts";
import { type Change, changesOf, type Outcome, replyTo } from "../../services/api/smartevse/plan.core.ts";
import { updateSettings } from "../../services/settings/settings.core.ts";
import { factOf, inForce, NO_VALUES } from "../../services/settings/values.core.ts";
import type { SettingValue } from "../../shared/contracts/settings.ts";
import { catalogue } from "../../shared/settings/catalogue/index.ts";

const NOT_ALLOWED = "Value not allowed!";
/** A person reads it: the parameter is known, and does nothing. */
const noDutyByHand = (duty: number): string =>
  `override_pwm: expected one of -1 none (a duty by hand is not supported), got ${duty}`;
const civilMs = new Date(2026, 0, 1, 12, 0).getTime();

interface Given {
  readonly site?: Record<string, SettingValue>;
  readonly left?: Record<string, SettingValue>;
  readonly mainsMeterPresent?: boolean;
  readonly activePhases?: number;
}

interface Posted {
  readonly reply: Json;
  readonly changes: readonly Change[];
  /** Value in force afterwards. */
  readonly after: (key: string) => SettingValue | undefined;
}

/** Posts a query to /settings: parameters by this face, decisions by the settings service's own core. */
function post(query: string, given: Given = {}): Posted {
  const site = {
    points: [{ id: "left", serial: 1001 }],
    mainsMeterPresent: given.mainsMeterPresent ?? true,
    initial: NO_VALUES,
  };
  const set = { site: given.site ?? {}, points: { left: given.left ?? {} } };
  const settings = factOf(1, inForce(site, set));
  const params = new Map(new URLSearchParams(query));
  const context = { evseId: "left", serial: 1001, settings, civilMs, activePhases: given.activePhases ?? 3 };
  const wishes = settingsWishes(params, context);
  const changes = changesOf(wishes);
  const state = { site, revision: 1, storedRevision: 1, set };
  const decided = updateSettings(state, { by: "rest", changes, at: "2026-01-01T12:00:00.000Z" });
  const outcomes: readonly Outcome[] = decided.outputs.flatMap(output =>
    output.kind === "outcomes" ? output.outcomes : [],
  );
  const values = inForce(site, decided.state.set);
  return {
    reply: replyTo(wishes, outcomes),
    changes,
    after: key => values.points["left"]?.[key] ?? values.site[key],
  };
}

t.test("every parameter the catalogue names for POST /settings asks for that setting", async t => {
  const schedule = "starttime=2026-01-02T08:00&stoptime=2026-01-02T10:00&repeat=1";
  const special: Readonly<Record<string, string>> = {
    access: "mode=0",
    mode: "mode=1",
    starttime: schedule,
    stoptime: schedule,
    repeat: schedule,
    phases: "phases=1",
    intervals: "intervals=[]",
    mqtt_tls: "mqtt_update=1&mqtt_tls=1",
    ocpp_backend_url: "ocpp_update=1&ocpp_backend_url=ws://csms.example/ocpp",
  };
  for (const { key, restParam, options, min } of catalogue) {
    if (restParam === null) continue;
    const value = options?.[0]?.value ?? min ?? 1;
    const group = restParam.startsWith("mqtt_")
      ? "mqtt_update=1&"
      : restParam.startsWith("ocpp_")
        ? "ocpp_update=1&"
        : "";
    const { changes } = post(special[key] ?? `${group}${restParam}=${value}`, { left: { enable_C2: 3 } });
    t.ok(
      changes.some(change => change.key === (key === "disable_override_current" ? "override_current" : key)),
      `${key} by ${restParam}`,
    );
  }
});

t.test("reads numbers as the firmware does: blanks, sign, digits up to the first other character, else 0", async t => {
  const readings: [string, number][] = [
    ["163.0", 163],
    ["105.000000", 105],
    ["5.0", 5],
    ["abc", 0],
    ["", 0],
    ["  12", 12],
    ["+7", 7],
    ["-12", -12],
    ["- 12", 0],
    ["-0", 0],
    ["0x10", 0],
    ["1e3", 1],
    ["007", 7],
    ["12A", 12],
    ["999999999999999999999", 1_000_000_000],
  ];
  for (const [text, value] of readings) t.equal(leadingInt(text), value, JSON.stringify(text));
  fc.assert(
    fc.property(fc.integer({ min: -9999, max: 9999 }), fc.string(), (value, rest) => {
      const tail = rest.replace(/^\d+/, "");
      return leadingInt(`${value}${tail}`) === value;
    }),
  );
  fc.assert(fc.property(fc.string(), text => Number.isInteger(leadingInt(text))));
});

t.test("reads local times and nothing that only looks like one", async t => {
  t.equal(localEpochS("2026-05-15T00:27"), new Date(2026, 4, 15, 0, 27).getTime() / 1000);
  t.equal(localEpochS("2026-05-15T00:27:30"), new Date(2026, 4, 15, 0, 27, 30).getTime() / 1000);
  for (const text of ["", "0", "2026-02-31T10:00", "2026-13-01T10:00", "2026-01-01T24:00", "2026-01-01 10:00", "now"]) {
    t.equal(localEpochS(text), 0, JSON.stringify(text));
  }
});

/** Each parameter of POST /settings: query, reply, and one value in force afterwards where that says more. */
interface Row {
  readonly query: string;
  readonly reply: Json;
  readonly given?: Given;
  readonly after?: readonly [key: string, value: SettingValue];
}

const autoC2 = { left: { enable_C2: 4 } };
const node: Given = { site: { loadbl: 2 } };
const solar: Given = { left: { mode: 2 } };

const ROWS: readonly Row[] = [
  // Modes: echoed as text, even where they are refused; the numbers are REST's own.
  { query: "mode=0", reply: { mode: "0" }, after: ["access", 0] },
  { query: "mode=1", reply: { mode: "1" }, after: ["mode", 0] },
  { query: "mode=2", reply: { mode: "2" }, after: ["mode", 2] },
  { query: "mode=3", reply: { mode: "3" }, after: ["mode", 1] },
  { query: "mode=3", given: { left: { access: 2 } }, reply: { mode: "3" }, after: ["access", 1] },
  { query: "mode=4", reply: { mode: "4" }, after: ["access", 2] },
  { query: "mode=3.0", reply: { mode: "3" }, after: ["mode", 1] },
  { query: "mode=3", given: { mainsMeterPresent: false }, reply: { mode: "3" }, after: ["mode", 0] },
  {
    query: "mode=3",
    given: { mainsMeterPresent: false, left: { access: 0 } },
    reply: { mode: "3" },
    after: ["access", 0],
  },
  { query: "mode=2", given: { site: { modes_disabled: 4 } }, reply: { mode: "2" }, after: ["mode", 0] },
  { query: "mode=5", reply: { mode: NOT_ALLOWED } },
  { query: "mode=-1", reply: { mode: NOT_ALLOWED } },
  { query: "mode=2", given: { left: { override_current: 100 } }, reply: { mode: "2" }, after: ["override_current", 0] },
  // Currents.
  { query: "current_min=8", reply: { current_min: 8 }, after: ["current_min", 8] },
  { query: "current_min=5", reply: { current_min: NOT_ALLOWED }, after: ["current_min", 6] },
  { query: "current_min=17", reply: { current_min: NOT_ALLOWED } },
  { query: "current_min=8", given: node, reply: { current_min: NOT_ALLOWED }, after: ["current_min", 6] },
  { query: "current_max_sum_mains=0", reply: { current_max_sum_mains: 0 } },
  { query: "current_max_sum_mains=10", reply: { current_max_sum_mains: 10 }, after: ["current_max_sum_mains", 10] },
  { query: "current_max_sum_mains=9", reply: { current_max_sum_mains: NOT_ALLOWED } },
  { query: "current_max_sum_mains=601", reply: { current_max_sum_mains: NOT_ALLOWED } },
  { query: "max_sum_mains_timer=15", reply: { max_sum_mains_time: 15 }, after: ["max_sum_mains_time", 15] },
  { query: "max_sum_mains_timer=61", reply: { max_sum_mains_time: NOT_ALLOWED } },
  { query: "max_circuit_mains=20", reply: { max_circuit_mains: 20 }, after: ["max_circuit_mains", 20] },
  { query: "max_circuit_mains=5", reply: { max_circuit_mains: NOT_ALLOWED } },
  { query: "override_current=163.0", given: { left: { current_max: 20 } }, reply: { override_current: 163 } },
  { query: "override_current=0", reply: { override_current: 0 } },
  { query: "override_current=59", reply: { override_current: NOT_ALLOWED }, after: ["override_current", 0] },
  { query: "override_current=161", reply: { override_current: NOT_ALLOWED } },
  { query: "override_current=100", given: solar, reply: {}, after: ["override_current", 0] },
  { query: "override_current=100", given: node, reply: { override_current: NOT_ALLOWED } },
  { query: "override_current=0", given: node, reply: { override_current: 0 } },
  { query: "mode=2&override_current=100", reply: { mode: "2" }, after: ["override_current", 0] },
  { query: "mode=3&override_current=100", given: solar, reply: { mode: "3", override_current: 100 } },
  {
    query: "disable_override_current=1",
    given: { left: { override_current: 80 } },
    reply: { disable_override_current: "OK" },
    after: ["override_current", 0],
  },
  { query: "disable_override_current", given: node, reply: { disable_override_current: "OK" } },
  // Solar.
  { query: "solar_start_current=7.0", reply: { solar_start_current: 7 }, after: ["solar_start_current", 7] },
  { query: "solar_start_current=49", reply: { solar_start_current: NOT_ALLOWED } },
  { query: "solar_max_import=48", reply: { solar_max_import: 48 }, after: ["solar_max_import", 48] },
  { query: "solar_max_import=-1", reply: { solar_max_import: NOT_ALLOWED } },
  { query: "stop_timer=5.0", reply: { stop_timer: true }, after: ["solar_stop_time", 5] },
  { query: "stop_timer=0", reply: { stop_timer: true }, after: ["solar_stop_time", 0] },
  { query: "stop_timer=61", reply: { stop_timer: false }, after: ["solar_stop_time", 10] },
  // Second contactor.
  { query: "enable_C2=1", reply: { settings: { enable_C2: "Always Off" } }, after: ["enable_C2", 1] },
  { query: "enable_C2=5", reply: { settings: { enable_C2: NOT_ALLOWED } }, after: ["enable_C2", 3] },
  { query: "enable_C2=4", given: node, reply: { settings: { enable_C2: NOT_ALLOWED } } },
  { query: "phases=1", given: autoC2, reply: { phases: 1, switching: true, previous_phases: 3 } },
  { query: "phases=3", given: autoC2, reply: { phases: 3, switching: false, previous_phases: 3 } },
  {
    query: "phases=3",
    given: { ...autoC2, activePhases: 0 },
    reply: { phases: 3, switching: false, previous_phases: 0 },
  },
  // With Always On the contactor has no choice to offer.
  { query: "phases=1", reply: { phases: NOT_ALLOWED } },
  { query: "phases=2", reply: { phases: NOT_ALLOWED } },
  { query: "phases=1", given: { left: { enable_C2: 0 } }, reply: { phases: "C2 contactor not present" } },
  { query: "phases=1", given: node, reply: { phases: NOT_ALLOWED } },
  // Capacity.
  { query: "capacity_mode=1", reply: { capacity_mode: 1 }, after: ["capacity_mode", 1] },
  {
    query: "capacity_mode=0",
    given: { site: { current_max_sum_mains: 30 } },
    reply: { capacity_mode: 0 },
    after: ["current_max_sum_mains", 0],
  },
  { query: "capacity_mode=4", reply: {}, after: ["capacity_mode", 0] },
  {
    query: `intervals=${encodeURIComponent('[{"start":60,"power":2000}]')}`,
    reply: {},
    after: ["intervals", [{ start: 60, power: 2000 }]],
  },
  { query: `intervals=${encodeURIComponent('[{"start":1440,"power":1}]')}`, reply: {}, after: ["intervals", []] },
  { query: "intervals=%5B", reply: {}, after: ["intervals", []] },
  { query: "intervals=null", reply: {}, after: ["intervals", []] },
  { query: "capacity_limit=25000", reply: { capacity_limit: 25_000 }, after: ["capacity_limit", 25_000] },
  { query: "capacity_limit=25001", reply: { capacity_limit: "Value not allowed! (0-25000)" } },
  // Sharing.
  { query: "prio_strategy=2", reply: { prio_strategy: 2 }, after: ["prio_strategy", 2] },
  { query: "prio_strategy=3", reply: { prio_strategy: NOT_ALLOWED } },
  { query: "rotation_interval=30", reply: { rotation_interval: 30 } },
  { query: "rotation_interval=29", reply: { rotation_interval: NOT_ALLOWED } },
  { query: "idle_timeout=300", reply: { idle_timeout: 300 } },
  { query: "idle_timeout=29", reply: { idle_timeout: NOT_ALLOWED } },
  { query: "modes_disabled=6", reply: { modes_disabled: 6 } },
  { query: "modes_disabled=3", reply: { modes_disabled: NOT_ALLOWED } },
  { query: "modes_disabled=2", given: { left: { mode: 1 } }, reply: { modes_disabled: 2 }, after: ["mode", 0] },
  // Locks and switches: some are passed over in silence.
  { query: "lcdlock=1&cablelock=1", reply: { lcdlock: 1, cablelock: 1 }, after: ["cablelock", 1] },
  { query: "lcdlock=2&cablelock=-1", reply: {}, after: ["lcdlock", 0] },
  { query: "linky_hp_bypass=1&linky_failsafe=2", reply: { linky_hp_bypass: 1 }, after: ["linky_failsafe", 0] },
  { query: "backlight=1", reply: { Backlight: 1 }, after: ["backlight", 1] },
  { query: "custombutton=5", reply: { custombutton: true }, after: ["custombutton", 1] },
  { query: "custombutton=0", reply: { custombutton: false }, after: ["custombutton", 0] },
  { query: "override_pwm=-1", reply: { override_pwm: 100 }, after: ["override_pwm", -1] },
  { query: "override_pwm=-7", reply: { override_pwm: 100 }, after: ["override_pwm", -1] },
  { query: "override_pwm=512", reply: { override_pwm: noDutyByHand(512) }, after: ["override_pwm", -1] },
  { query: "override_pwm=0", reply: { override_pwm: noDutyByHand(0) }, after: ["override_pwm", -1] },
  { query: "required_evccid=A1B2", reply: { required_evccid: "A1B2" }, after: ["required_evccid", "A1B2"] },
  { query: `required_evccid=${"x".repeat(33)}`, reply: { required_evccid: "EVCCID too long (max 32 char)" } },
  // MQTT: its presence drops everything else.
  { query: "mqtt_heartbeat=30&mqtt_change_only=0", reply: {}, after: ["mqtt_heartbeat", 30] },
  { query: "mqtt_heartbeat=9", reply: {}, after: ["mqtt_heartbeat", 60] },
  { query: "mqtt_update=1&mqtt_host=broker&current_min=8", reply: { mqtt_host: "broker" }, after: ["current_min", 6] },
  { query: "mqtt_update=0&mqtt_host=broker", reply: {}, after: ["mqtt_host", ""] },
  { query: "mqtt_update=1&mqtt_port=0", reply: { mqtt_port: 1883 } },
  { query: "mqtt_update=1&mqtt_port=65536", reply: { mqtt_port: NOT_ALLOWED }, after: ["mqtt_port", 1883] },
  { query: "mqtt_update=1&mqtt_topic_prefix=", reply: { mqtt_topic_prefix: "SmartEVSE-1001" } },
  {
    query: "mqtt_update=1&mqtt_username=u&mqtt_tls=1",
    reply: { mqtt_username: "u", mqtt_tls: true },
    after: ["mqtt_tls", 1],
  },
  { query: "mqtt_update=1&mqtt_tls=yes", reply: { mqtt_tls: false } },
  {
    query: "mqtt_update=1&mqtt_password=s3cret",
    reply: { mqtt_password_set: true },
    after: ["mqtt_password", "s3cret"],
  },
  {
    query: "mqtt_update=1&mqtt_password=",
    given: { site: { mqtt_password: "kept" } },
    reply: { mqtt_password_set: true },
    after: ["mqtt_password", "kept"],
  },
  {
    query: `mqtt_update=1&mqtt_password=${encodeURIComponent("\u2022".repeat(8))}`,
    reply: { mqtt_password_set: false },
    after: ["mqtt_password", ""],
  },
  { query: "mqtt_update=1&mqtt_ca_cert=PEM", reply: { mqtt_ca_cert_set: true }, after: ["mqtt_ca_cert", "PEM"] },
  {
    query: `mqtt_update=1&mqtt_ca_cert=${"x".repeat(2048)}`,
    reply: { mqtt_ca_cert_set: NOT_ALLOWED },
    after: ["mqtt_ca_cert", ""],
  },
  // OCPP: only with ocpp_update=1.
  { query: "ocpp_mode=1&ocpp_cb_id=box", reply: {}, after: ["ocpp_mode", 0] },
  { query: "ocpp_update=1&ocpp_mode=1", reply: { ocpp_mode: 1 }, after: ["ocpp_mode", 1] },
  { query: "ocpp_update=1&ocpp_mode=2", reply: { ocpp_mode: NOT_ALLOWED } },
  {
    query: "ocpp_update=1&ocpp_mode=0&ocpp_cb_id=box",
    reply: { ocpp_mode: 0, ocpp_cb_id: "Can only update when OCPP enabled" },
    after: ["ocpp_cb_id", ""],
  },
  {
    query: "ocpp_update=1&ocpp_mode=0&ocpp_auto_auth=1",
    reply: { ocpp_mode: 0, ocpp_auto_auth: "Can only update when OCPP enabled" },
  },
  {
    query: "ocpp_update=1&ocpp_auto_auth=0&ocpp_auto_auth_idtag=tag",
    reply: { ocpp_auto_auth: 0, ocpp_auto_auth_idtag: "tag" },
  },
  { query: `ocpp_update=1&ocpp_auto_auth_idtag=${"x".repeat(21)}`, reply: { ocpp_auto_auth_idtag: NOT_ALLOWED } },
  { query: "ocpp_update=1&ocpp_auth_key=key", reply: { ocpp_auth_key_set: true }, after: ["ocpp_auth_key", "key"] },
  { query: "ocpp_update=1&ocpp_auth_key=", reply: { ocpp_auth_key_set: false } },
  {
    query: `ocpp_update=1&ocpp_auth_key=${"x".repeat(41)}`,
    reply: { ocpp_auth_key: "Auth key exceeds 40 characters" },
  },
  { query: "ocpp_update=1&ocpp_cb_id=", reply: { ocpp_cb_id: "ChargeBoxId is empty" } },
  { query: `ocpp_update=1&ocpp_cb_id=${"x".repeat(21)}`, reply: { ocpp_cb_id: "ChargeBoxId exceeds 20 characters" } },
  { query: "ocpp_update=1&ocpp_cb_id=a%3Cb", reply: { ocpp_cb_id: "ChargeBoxId contains invalid characters" } },
  // Nothing known: nothing answered.
  { query: "", reply: {} },
  { query: "no_such_thing=1&current_maxx=3", reply: {} },
];

t.test("answers every parameter as the firmware does, and changes what it says it changed", async t => {
  for (const { query, given, reply, after } of ROWS) {
    const posted = post(query, given);
    t.strictSame(posted.reply, reply, `${query} ${JSON.stringify(given ?? {})}`);
    if (after !== undefined) t.strictSame(posted.after(after[0]), after[1], `${query} leaves ${after[0]}`);
  }
});

t.test("takes a back-end URL that leads away from the charger, and says what is wrong with others", async t => {
  const judge = (url: string): Json =>
    (post(`ocpp_update=1&ocpp_backend_url=${encodeURIComponent(url)}`).reply as Record<string, Json>)[
      "ocpp_backend_url"
    ]!;
  for (const url of ["wss://csms.example.org/ocpp", "ws://192.168.1.4:9000/a/b", "ws://10.0.0.1"])
    t.equal(judge(url), url);
  const self = "URL must not point to the charger itself (loopback / 127.x / ::1)";
  const linkLocal = "URL must not point to link-local (169.254.x / fe80::)";
  const refused: [string, string][] = [
    ["", "URL is empty"],
    ["http://x", "URL must start with ws:// or wss://"],
    ["ws://user:pass@host", "URL must not contain embedded user:pass@ credentials"],
    ["ws://127.0.0.1", self],
    ["ws://127.1", self],
    ["ws://0x7f000001/", self],
    ["ws://LOCALHOST:1", self],
    ["ws://0.0.0.0", self],
    ["ws://[::1]:80", self],
    ["ws://[::ffff:127.0.0.1]", self],
    ["ws://169.254.1.1", linkLocal],
    ["ws://[fe80::1]", linkLocal],
    ["ws://a b", "Invalid URL"],
    ["ws://a\\b", "Invalid URL"],
    ["ws://a/{x}", "Invalid URL"],
    ["ws://", "Invalid URL"],
    ["ws://a\u0000b", "Invalid URL"],
  ];
  for (const [url, answer] of refused) t.equal(judge(url), answer, JSON.stringify(url));
});

t.test("keeps a schedule that lies ahead; anything else clears it", async t => {
  const start = "2026-01-01T22:00";
  const startS = new Date(2026, 0, 1, 22).getTime() / 1000;
  const stop = "2026-01-02T06:00";
  const stopS = new Date(2026, 0, 2, 6).getTime() / 1000;

  const whole = post(`starttime=${start}&stoptime=${stop}&repeat=1`);
  t.strictSame(whole.reply, { starttime: startS, stoptime: stopS, repeat: 1 });
  t.strictSame([whole.after("starttime"), whole.after("stoptime"), whole.after("repeat")], [start, stop, 1]);

  const backwards = post(`starttime=${stop}&stoptime=${start}&repeat=1`);
  t.strictSame(backwards.reply, { starttime: stopS, stoptime: 0 }, "a stop before the start is none");
  t.strictSame([backwards.after("starttime"), backwards.after("stoptime"), backwards.after("repeat")], [stop, "", 0]);

  const planned = { left: { starttime: start, stoptime: stop, repeat: 1 } };
  for (const query of [
    "starttime=2025-05-15T00:27&stoptime=2025-05-15T00:27&repeat=0",
    "starttime=rubbish&stoptime=x",
  ]) {
    const cleared = post(query, planned);
    t.strictSame(cleared.reply, { starttime: 0, stoptime: 0 }, query);
    t.strictSame([cleared.after("starttime"), cleared.after("stoptime"), cleared.after("repeat")], ["", "", 0], query);
  }
  t.strictSame(post(`stoptime=${stop}&repeat=1`).reply, {}, "a stop needs a start in the same request");
  t.strictSame(post(`starttime=${start}&stoptime=${stop}&repeat=2`).reply, { starttime: startS, stoptime: stopS });

  const pressed = post("mode=1", planned);
  t.strictSame(pressed.reply, { mode: "1" });
  t.strictSame([pressed.after("starttime"), pressed.after("repeat")], ["", 0], "a pressed mode cancels the schedule");
  const desk = post("mode=3&override_current=0&starttime=2025-05-15T00:27&stoptime=2025-05-15T00:27&repeat=0", planned);
  t.strictSame(
    desk.reply,
    { mode: "3", starttime: 0, stoptime: 0, override_current: 0 },
    "as the desk display sends it",
  );
  t.strictSame(desk.after("starttime"), "");
});

t.test(
  "whatever is posted: never throws, only integers, text and booleans come back, nothing out of range is in force",
  async () => {
    const names = fc.constantFrom(
      ..."mode starttime stoptime repeat override_current current_min current_max_sum_mains stop_timer enable_C2 phases backlight custombutton override_pwm intervals mqtt_update mqtt_port mqtt_tls ocpp_update ocpp_backend_url ocpp_cb_id capacity_mode lcdlock".split(
        " ",
      ),
    );
    const value = fc.oneof(fc.integer({ min: -5, max: 700 }).map(String), fc.string(), fc.constant("2026-05-05T05:05"));
    fc.assert(
      fc.property(fc.array(fc.tuple(names, value), { maxLength: 6 }), pairs => {
        const { reply, after } = post(new URLSearchParams(pairs).toString());
        const min = Number(after("current_min"));
        const override = Number(after("override_current"));
        return (
          onlyPlain(reply) && min >= 6 && min <= 16 && (override === 0 || (override >= min * 10 && override <= 160))
        );
      }),
      { numRuns: 300 },
    );
  },
);

function onlyPlain(reply: Json): boolean {
  if (typeof reply === "number") return Number.isInteger(reply) && !Object.is(reply, -0);
  if (typeof reply === "object" && reply !== null) return Object.values(reply).every(onlyPlain);
  return typeof reply === "string" || typeof reply === "boolean";
}
