import fc from "fast-check";
import t from "tap";
import { nearest } from "../../shared/nearest.ts";
import { catalogue, settingOf } from "../../shared/settings/catalogue/index.ts";
import { changeForRestMode, restModeOf } from "../../shared/settings/charge-mode.ts";
import { defineSetting, type SettingDefinition } from "../../shared/settings/definition.ts";
import { defaultsOf, isStored } from "../../shared/settings/read.ts";
import { judgeSetting, permitted } from "../../shared/settings/validate.ts";

function errorFor(key: string, value: unknown): string {
  const judged = judgeSetting(row(key), value);
  return judged.ok ? `accepted as ${JSON.stringify(judged.value)}` : judged.error;
}

function row(key: string): SettingDefinition {
  const setting = settingOf(key);
  if (setting === undefined) throw new Error(`no setting ${key}`);
  return setting;
}

t.test("says what is permitted in words a person can act on", async t => {
  t.equal(permitted(row("current_min")), "6..16 A");
  t.equal(permitted(row("solar_stop_time")), "0 (off) or 1..60 min");
  t.equal(permitted(row("mode")), "0 Normal, 1 Smart, 2 Solar");
  t.equal(permitted(row("modes_disabled")), "0 All, 2 No Smart, 4 No Solar, 6 Normal only");
  t.equal(permitted(row("lcdlock")), "0 or 1");
  t.equal(permitted(row("ocpp_cb_id")), "text of at most 20 characters");
  t.equal(permitted(row("mqtt_host")), "text of at most 255 characters");
  t.equal(permitted(row("color_off")), "three whole numbers 0..255");
});

const REFUSED: readonly (readonly [key: string, value: unknown, error: string])[] = [
  ["current_min", 5, "expected 6..16 A, got 5"],
  ["current_min", 17, "expected 6..16 A, got 17"],
  ["current_min", 6.5, "expected 6..16 A, got 6.5"],
  ["current_min", "6", 'expected 6..16 A, got "6"'],
  ["current_min", null, "expected 6..16 A, got null"],
  ["current_min", undefined, "expected 6..16 A, got nothing"],
  ["current_min", Number.NaN, "expected 6..16 A, got NaN"],
  ["current_main", Infinity, "expected 10..200 A, got Infinity"],
  ["current_max_sum_mains", 9, "expected 0 (off) or 10..600 A, got 9"],
  ["current_max_sum_mains", -1, "expected 0 (off) or 10..600 A, got -1"],
  ["mode", 3, "expected one of 0 Normal, 1 Smart, 2 Solar, got 3"],
  ["mode", "Smart", 'expected one of 0 Normal, 1 Smart, 2 Solar, got "Smart"'],
  ["modes_disabled", 1, "expected one of 0 All, 2 No Smart, 4 No Solar, 6 Normal only, got 1"],
  ["lcdlock", 2, "expected 0 or 1, got 2"],
  ["lcdlock", true, "expected 0 or 1, got true"],
  ["mqtt_host", 7, "expected text of at most 255 characters, got 7"],
  ["mqtt_host", "a\nb", "expected text on one line, without control characters"],
  ["ocpp_cb_id", "x".repeat(21), "expected text of at most 20 characters, got 21"],
  ["mqtt_ca_cert", "x".repeat(16_385), "expected text of at most 16384 characters, got 16385"],
  ["starttime", "tomorrow", 'expected local time "YYYY-MM-DDTHH:MM", or "" for none, got "tomorrow"'],
  ["starttime", "2026-02-31T10:00", 'expected local time "YYYY-MM-DDTHH:MM", or "" for none, got "2026-02-31T10:00"'],
  ["starttime", "2026-02-28T24:00", 'expected local time "YYYY-MM-DDTHH:MM", or "" for none, got "2026-02-28T24:00"'],
  ["color_off", [0, 0], "expected three whole numbers 0..255, got [0,0]"],
  ["color_off", [0, 0, 256], "expected three whole numbers 0..255, got [0,0,256]"],
  ["mqtt_host", "a\ud800", "expected text of whole Unicode characters"],
  ["app_pin", 1, "is a command, not a value that can be stored"],
  ["mains_currents", 1, "is a feed of measured values, not a setting; a meter of type API takes it"],
];

t.test("refuses what does not fit, names what came and what would be right", async t => {
  for (const [key, value, error] of REFUSED) t.equal(errorFor(key, value), error, `${key} = ${String(value)}`);
  t.match(errorFor("intervals", [{ start: 1440, power: 1 }]), /expected a list of at most 96 \{ start: 0\.\.1439 min/);
  t.match(
    errorFor(
      "intervals",
      Array.from({ length: 97 }, (_, start) => ({ start, power: 1 })),
    ),
    /at most 96/,
  );
  t.match(errorFor("intervals", [null]), /expected a list/);
  t.ok(errorFor("mode", "y".repeat(9_000)).length < 200, "what came is not repeated at length");
});

t.test("accepts what the interfaces send: any watt of a range in steps of 100, an off beside a range", async t => {
  const accepted: readonly (readonly [string, unknown])[] = [
    ["capacity_limit", 2_550],
    ["current_max_sum_mains", 0],
    ["rotation_interval", 30],
    ["starttime", "2028-02-29T06:30"],
    ["starttime", "2026-01-01T06:30:15"],
    ["starttime", ""],
    ["mqtt_ca_cert", "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"],
    ["override_pwm", -1],
    ["color_off", [0, 128, 255]],
  ];
  for (const [key, value] of accepted) t.same(judgeSetting(row(key), value), { ok: true, value }, key);
  t.same(judgeSetting(row("intervals"), [{ start: 0, power: 5, colour: "red" }]), {
    ok: true,
    value: [{ start: 0, power: 5 }],
  });
  t.ok(Object.is((judgeSetting(row("battery_current"), -0) as { value: unknown }).value, 0));
});

t.test("a duty of the pilot by hand is refused, and the answer says that there is no such thing", async t => {
  for (const duty of [0, 1, 512, 1_024, 1_025]) {
    t.equal(errorFor("override_pwm", duty), `expected one of -1 none (a duty by hand is not supported), got ${duty}`);
  }
});

t.test("every default in the catalogue is a value its own row accepts", async t => {
  for (const setting of catalogue) {
    if (setting.default === null || !isStored(setting)) continue;
    t.same(judgeSetting(setting, setting.default), { ok: true, value: setting.default }, setting.key);
  }
  t.equal(new Set(catalogue.map(setting => setting.key)).size, catalogue.length, "every key stands there once");
  t.equal(defaultsOf("site")["current_main"], 25);
});

const numeric = catalogue.filter(setting => setting.type === "integer" || setting.type === "enum");

t.test("whatever comes, a number is accepted exactly when it lies in the range the refusal would name", async () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...numeric),
      fc.oneof(fc.integer(), fc.integer({ min: -2, max: 700 }), fc.double()),
      (setting, value) => {
        const listed = setting.options !== null && !setting.zeroIsOff;
        const within = value >= (setting.min ?? -Infinity) && value <= (setting.max ?? Infinity);
        const right = listed
          ? setting.options.some(option => option.value === value)
          : Number.isInteger(value) && (within || (setting.zeroIsOff && value === 0));
        return judgeSetting(setting, value).ok === right;
      },
    ),
  );
});

t.test("never throws, and an accepted value survives JSON and is accepted again", async t => {
  fc.assert(
    fc.property(fc.constantFrom(...catalogue), fc.anything(), (setting, value) => {
      const judged = judgeSetting(setting, value);
      if (!judged.ok) return judged.error.length > 0;
      const back: unknown = JSON.parse(JSON.stringify(judged.value));
      t.same(judgeSetting(setting, back), judged);
      return true;
    }),
  );
});

t.test("a row without options takes nothing rather than anything", async t => {
  const empty = defineSetting({ key: "x", label: null, title: "x", type: "enum", scope: "site" });
  t.equal(judgeSetting(empty, 0).ok, false);
});

t.test("REST mode numbers map to one change each, and back", async t => {
  const changes = [0, 1, 2, 3, 4].map(restMode => changeForRestMode(restMode, "left"));
  t.strictSame(
    changes.map(change => `${change?.key} ${change?.value}`),
    ["access 0", "mode 0", "mode 2", "mode 1", "access 2"],
  );
  for (const other of [-1, 5, 1.5, Number.NaN]) t.equal(changeForRestMode(other, "left"), null);
  const seen = [restModeOf(1, 0), restModeOf(0, 1), restModeOf(2, 1), restModeOf(1, 1), restModeOf(2, 2)];
  t.strictSame(seen, [0, 1, 2, 3, 4]);
});

t.test("suggests the keys that look like a mistyped one, and none where nothing does", async t => {
  const keys = catalogue.map(setting => setting.key);
  t.equal(nearest("curent_min", keys)[0], "current_min");
  t.equal(nearest("CURRENT_MAIN", keys)[0], "current_main");
  t.strictSame(nearest("zzzzzzzzzzzz", keys), []);
  t.strictSame(nearest("", keys), []);
});
