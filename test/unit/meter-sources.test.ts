import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t, { type Test } from "tap";
import { meterConfig } from "../../services/meter/meter.config.ts";
import { readColonForm } from "../../services/meter/sources/colon-form.core.ts";
import { HTTP_PRESETS, httpPreset, httpPresets } from "../../services/meter/sources/http-presets.ts";
import { ageOf, observe } from "../../services/meter/sources/json-map.core.ts";
import { numberAt, problemOfPath, valueAt } from "../../services/meter/sources/json-path.core.ts";
import { MQTT_PRESETS, mqttPreset, mqttPresets } from "../../services/meter/sources/mqtt-presets.ts";
import {
  freshSource,
  judgeObservation,
  nothingObserved,
  type Observation,
  type Seen,
  type SourceMemory,
  type SourceRules,
  withCurrents,
} from "../../services/meter/sources/observation.core.ts";
import { p1Form, readTelegram } from "../../services/meter/sources/p1.core.ts";
import { takeEncrypted, telegramIn } from "../../services/meter/sources/p1-encrypted.ts";
import { checksumOf, checksumProblem, takeTelegrams } from "../../services/meter/sources/p1-frame.core.ts";
import { readSensorbox, wiringToWrite } from "../../services/meter/sources/sensorbox.core.ts";
import type { JsonMap } from "../../services/meter/sources/source.port.ts";
import { describeIssues } from "../../shared/contracts/define.ts";
import { encrypted, P1_AUTHENTICATION_KEY, P1_KEY } from "../support/p1-encrypted.ts";

function fixture(name: string): unknown {
  return JSON.parse(readFileSync(join(import.meta.dirname, `../fixtures/meter-vectors/${name}.json`), "utf8"));
}

const mounting = { reversed: false, phaseRotation: ["l1", "l2", "l3"] } as const;
const byPower: SourceRules = { direction: "power", mounting, ofCar: false };
const byOwn: SourceRules = { direction: "own", mounting, ofCar: false };

interface JsonVector {
  readonly name: string;
  readonly protocol?: string;
  readonly json?: unknown;
  readonly telegram?: string;
  readonly expect: {
    readonly current_A?: readonly number[];
    readonly current_A_computed?: readonly number[];
    readonly power_W?: number;
    readonly phase_power_W?: readonly number[];
    readonly voltage_V?: readonly number[];
    readonly energy_import_Wh?: number;
    readonly energy_export_Wh?: number;
    readonly phases?: number;
    readonly reject?: boolean;
    readonly reason?: string;
  };
}

function judged(observation: Observation, rules = byPower, memory = freshSource): Seen {
  return judgeObservation(observation, rules, memory);
}

/** Holds a measurement against what a golden message must give. */
function holds(t: Test, seen: Seen, { name, expect }: JsonVector): void {
  if (expect.reject === true) {
    t.match(seen, { ok: false, reason: new RegExp(expect.reason ?? ".") }, name);
    return;
  }
  if (!seen.ok) {
    t.fail(`${name}: ${seen.reason}`);
    return;
  }
  const { currentA, powerW, totalPowerW, importWh, exportWh, voltageV } = seen.value;
  const list = (values: Readonly<Record<"l1" | "l2" | "l3", number>> | null | undefined) =>
    values ? [values.l1, values.l2, values.l3] : [];
  for (const [at, amps] of (expect.current_A ?? expect.current_A_computed ?? []).entries()) {
    t.ok(Math.abs((list(currentA)[at] ?? NaN) - amps) <= 0.002, `${name}: current L${at + 1} ${list(currentA)[at]}`);
  }
  for (const [at, watts] of (expect.phase_power_W ?? []).entries()) t.equal(list(powerW)[at], watts, name);
  for (const [at, volts] of (expect.voltage_V ?? []).entries()) t.equal(list(voltageV)[at], volts, name);
  if (expect.power_W !== undefined) t.equal(totalPowerW, expect.power_W, `${name}: power`);
  if (expect.energy_import_Wh !== undefined) t.equal(importWh, expect.energy_import_Wh, `${name}: import`);
  if (expect.energy_export_Wh !== undefined) t.equal(exportWh, expect.energy_export_Wh, `${name}: export`);
  if (expect.phases !== undefined) t.equal(seen.memory.phases, expect.phases, `${name}: phases`);
}

t.test("HomeWizard: every golden message gives its values, or its reason of refusal", async t => {
  const vectors = fixture("homewizard") as readonly JsonVector[];
  t.equal(vectors.length, 5);
  for (const vector of vectors) holds(t, judged(observe(httpPresets.homewizard.map, [vector.json])), vector);
});

t.test("P1, Shelly, Tasmota, HomeWizard v2, Tibber: every golden message", async t => {
  const vectors = fixture("modern") as readonly JsonVector[];
  t.equal(vectors.length, 11);
  for (const vector of vectors) {
    const { name, protocol, json, telegram } = vector;
    switch (protocol) {
      case "dsmr_p1": {
        const taken = takeTelegrams(telegram ?? "").telegrams;
        t.equal(taken.length, 1);
        const broken = checksumProblem(taken[0] ?? "", true);
        const read = readTelegram(taken[0] ?? "", { onePhase: false });
        if (vector.expect.reject === true) t.match(broken, /checksum: E5EA, expected/, name);
        else if (read.ok) holds(t, judged(read.observation, byOwn), vector);
        else t.fail(`${name}: ${read.reason}`);
        break;
      }
      case "shelly_gen2": {
        const { em, emdata } = json as { em: unknown; emdata: unknown };
        holds(t, judged(observe(httpPresets["shelly-gen2"].map, [em, emdata])), vector);
        break;
      }
      case "shelly_gen1":
        holds(t, judged(observe(httpPresets["shelly-gen1"].map, [json])), vector);
        break;
      case "tasmota":
        holds(t, judged(observe(httpPresets.tasmota.map, [json])), vector);
        break;
      case "homewizard_v2":
        holds(t, judged(observe(httpPresets["homewizard-v2"].map, [json])), vector);
        break;
      case "tibber_graphql": {
        const map: JsonMap = { currentA: [1, 2, 3].map(n => `liveMeasurement.currentL${n}`) };
        t.match(judged(observe(map, [json])), { ok: false, reason: /direction unknown: current L1/ }, name);
        break;
      }
      case undefined:
      default:
        t.fail(`${name}: no test for ${protocol}`);
    }
  }
});

t.test("L1:L2:L3 as SmartEVSE takes it: every golden message, and what must not be believed", async t => {
  for (const { name, topic, payload, expect } of fixture("api") as readonly {
    name: string;
    topic: string;
    payload: string;
    expect: { current_dA?: number[]; power_W?: number; energy_Wh?: number; reject?: boolean };
  }[]) {
    const read = readColonForm(payload, topic.endsWith("EVMeter") ? "ev" : "mains");
    if (expect.reject === true) t.notOk(read.ok, name);
    else {
      t.match(read, { ok: true, observation: { currentA: expect.current_dA?.map(value => value / 10) } }, name);
      if (expect.power_W !== undefined) {
        t.match(read, { observation: { totalPowerW: expect.power_W, importWh: expect.energy_Wh } }, name);
      }
    }
  }
  const refused: readonly (readonly [string, "mains" | "ev"])[] = [
    ["", "mains"],
    ["1", "mains"],
    ["1:2", "mains"],
    ["1:2:3:4", "mains"],
    ["1:2:3:4:5:6", "mains"],
    ["a:b:c", "mains"],
    ["1::3", "mains"],
    ["1:2:3,5", "mains"],
    ["1e3:0:0", "mains"],
    ["0x10:0:0", "mains"],
    ["NaN:0:0", "mains"],
    ["Infinity:0:0", "mains"],
    ["2000:0:0", "mains"],
    ["0:-2000:0", "mains"],
    ["--1:0:0", "mains"],
    ["1:2:3:x:5", "mains"],
    ["99999999999:0:0", "mains"],
    ["null:null:null", "mains"],
    ["-1:-1:-1:0:0", "ev"],
    ["-5:0:0:0:0", "ev"],
    ["1000:0:0:0:0", "ev"],
    ['{"L1":1}', "mains"],
  ];
  for (const [text, role] of refused) {
    const read = readColonForm(text, role);
    t.match(read, { ok: false, reason: /\S/ }, `${role} ${text}`);
  }
  t.match(readColonForm("160.000000:-75.5:0", "mains"), { observation: { currentA: [16, -7.55, 0] } }, "decimals");
  t.match(readColonForm("1:2:3:-4000:-1", "mains"), { observation: { totalPowerW: -4000, importWh: null } }, "export");
  t.match(
    readColonForm("160:160:160:-1:-1", "ev"),
    { observation: { totalPowerW: null, importWh: null } },
    "-1 unknown",
  );
});

interface BoxVector {
  readonly name: string;
  readonly settings: { readonly mains_A: number; readonly grid: number };
  readonly data: string;
  readonly expect: Record<string, unknown> & { readonly irms_dA?: number[]; readonly ignored?: boolean };
  readonly expect_writes: readonly { readonly frame: string }[];
}

t.test("Sensorbox: every golden frame gives currents, source, wiring to write and what else it tells", async t => {
  const vectors = fixture("sensorbox") as readonly BoxVector[];
  t.equal(vectors.length, 16);
  for (const { name, settings, data, expect, expect_writes } of vectors) {
    const bytes = Buffer.from(data.replaceAll(" ", ""), "hex");
    const read = readSensorbox(bytes, settings.mains_A > 100 ? 2 : 1);
    if (!read.ok) {
      t.fail(`${name}: ${read.reason}`);
      continue;
    }
    const { measured, extras, wiring } = read.reply;
    if (expect.ignored === true) {
      t.equal(measured, null, name);
      continue;
    }
    const deciA = measured?.observation.currentA.map(amps => Math.trunc(Math.trunc((amps ?? NaN) * 1_000) / 100));
    t.strictSame(deciA, expect.irms_dA, `${name}: currents in 0.1 A`);
    t.equal(measured?.source, expect["source"], `${name}: source`);
    const written = wiringToWrite(read.reply, settings.grid * 2);
    const frame = expect_writes[0]?.frame.split(" ");
    t.equal(written, frame === undefined ? null : Number.parseInt(frame[5] ?? "", 16), `${name}: wiring`);
    t.equal(wiring !== null && measured?.source === "CT", expect["grid_menu_visible"], `${name}: GRID`);
    if (expect["software_version"] === undefined) continue;
    t.equal(read.reply.generation, expect["software_version"]);
    t.match(extras, {
      timeValid: expect["time_set"],
      wifiConnected: expect["wifi_connected"],
      portalActive: expect["portal_active"],
      wifiMode: expect["wifi_mode"],
      hour: expect["hour"],
      minute: expect["minute"],
      day: expect["day"],
      month: expect["month"],
      year: expect["year"],
      ip: expect["ip"],
      portalPassword: expect["portal_password"],
      macTail: "246f2811",
    });
  }
});

t.test("Sensorbox: watts over a missing voltage are no amperes", async t => {
  const bytes = Buffer.alloc(40);
  bytes.set([0, 0x14, 50, 0x80]);
  bytes.writeFloatBE(230, 4);
  bytes.writeFloatBE(5, 16);
  t.match(
    readSensorbox(bytes, 1),
    { ok: true, reply: { measured: { observation: { currentA: [5, 0, 0] } } } },
    "one phase",
  );
  bytes.writeFloatBE(1_200, 20);
  t.match(readSensorbox(bytes, 1), { ok: false, reason: /P1 currents 5, 1200, 0 A at voltages 230, 0, 0 V/ });
  bytes.writeUInt8(0x83, 3);
  bytes.writeFloatBE(7, 28);
  t.match(readSensorbox(bytes, 1), { reply: { measured: { source: "CT", observation: { currentA: [7, 0, 0] } } } });
  bytes.writeFloatBE(NaN, 28);
  t.match(readSensorbox(bytes, 1), { ok: false, reason: /CT currents NaN/ });
  t.match(readSensorbox(bytes.subarray(1), 1), { ok: false, reason: /39 data bytes/ });
});

const whole: Observation = {
  currentA: [16, 7.5, 3.25],
  powerW: [3680, -1725, 2],
  voltageV: [230, 231, 229],
  totalPowerW: 1957,
  importWh: 5_000_000,
  exportWh: 2_000_000,
};

t.test("a message is judged whole: direction from its power, no holes, nothing impossible", async t => {
  t.match(judged(whole), { ok: true, value: { currentA: { l1: 16, l2: -7.5, l3: 3.25 }, totalPowerW: 1957 } });
  const known: SourceMemory = { ...freshSource, signs: [1, 1, -1] };
  t.match(judged(whole, byPower, known), { value: { currentA: { l3: -3.25 } } }, "2 W say nothing: the sign stays");
  const wrong: readonly (readonly [Partial<Observation>, RegExp])[] = [
    [{ currentA: [null, null, null] }, /no current in it/],
    [{ currentA: [16, null, 3] }, /current L2 is missing/],
    [{ currentA: [null, 7.5, 3.25] }, /current L1 is missing/],
    [{ currentA: [16, 7.5, null] }, /current L3 is missing beside its power or voltage/],
    [{ currentA: [NaN, 7.5, 3.25] }, /no number/],
    [{ currentA: [Infinity, 7.5, 3.25] }, /no number/],
    [{ currentA: [1_001, 7.5, 3.25] }, /current L1 of 1001 A/],
    [{ powerW: [250_001, 0, 0] }, /power L1 of 250001 W/],
    [{ powerW: [null, -1725, 0] }, /direction unknown: current L1/],
    [{ voltageV: [23, 230, 230] }, /voltage L1 of 23 V/],
    [{ voltageV: [230, 2_310, 230] }, /voltage L2 of 2310 V/],
    [{ currentA: [1.6, 7.5, 3.25] }, /L1 tells 3680 W at 1.6 A and 230 V/],
    [{ totalPowerW: 750_001 }, /total power of 750001 W/],
    [{ importWh: -1 }, /below zero/],
    [{ importWh: NaN }, /no number/],
    [{ exportWh: 1e13 }, /an energy counter beyond/],
  ];
  for (const [change, words] of wrong) {
    t.match(judged({ ...whole, ...change }), { ok: false, reason: words }, JSON.stringify(change));
  }
  t.match(judged({ ...whole, powerW: [null, null, null] }, { ...byPower, ofCar: true }), { ok: true }, "a car takes");
});

t.test("a phase that vanishes or a counter that runs back is believed when it comes three times", async t => {
  for (const less of [
    { ...whole, currentA: [16, null, null], powerW: [3680, null, null], voltageV: [230, null, null] } as Observation,
    { ...whole, importWh: 4_000_000 },
  ]) {
    const first = judged(whole);
    const second = judged(less, byPower, first.memory);
    const third = judged(less, byPower, second.memory);
    t.strictSame([second.ok, third.ok, judged(less, byPower, third.memory).ok], [false, false, true]);
    t.ok(judged(whole, byPower, third.memory).ok, "and what was before goes on at once");
    t.notOk(judged(less, byPower, judged(whole, byPower, third.memory).memory).ok, "then the count begins anew");
    const other = judged({ ...whole, importWh: NaN }, byPower, third.memory);
    t.notOk(judged(less, byPower, other.memory).ok, "as it does when something else was wrong in between");
  }
  t.ok(judged({ ...whole, importWh: 4_999_100 }, byPower, judged(whole).memory).ok, "rounding is no running back");
});

t.test("how a meter is mounted turns and moves everything it tells", async t => {
  const turned: SourceRules = { ...byPower, mounting: { reversed: true, phaseRotation: ["l3", "l1", "l2"] } };
  t.match(judged(whole, turned), {
    value: {
      currentA: { l3: -16, l1: 7.5, l2: -3.25 },
      powerW: { l3: -3680, l1: 1725 },
      totalPowerW: -1957,
      importWh: 2_000_000,
      exportWh: 5_000_000,
      voltageV: { l3: 230, l1: 231, l2: 229 },
    },
  });
});

t.test("whatever is observed, what is believed is what was told, and never more than a meter can measure", async t => {
  const number = fc.oneof(fc.double({ min: -1_200, max: 1_200 }), fc.constantFrom(null, NaN, Infinity, 0, -0));
  const triple = fc.tuple(number, number, number);
  const observations = fc.record({
    currentA: triple,
    powerW: triple,
    voltageV: triple,
    totalPowerW: number,
    importWh: number,
    exportWh: number,
  });
  fc.assert(
    fc.property(fc.array(observations, { maxLength: 6 }), fc.boolean(), (list, own) => {
      let memory = freshSource;
      for (const observation of list) {
        const seen = judgeObservation(observation, own ? byOwn : byPower, memory);
        memory = seen.memory;
        if (!seen.ok) continue;
        const { l1, l2, l3 } = seen.value.currentA;
        for (const [at, amps] of [l1, l2, l3].entries()) {
          const told = observation.currentA[at] ?? 0;
          if (Math.abs(amps) !== Math.abs(told) || Math.abs(amps) > 1_000) return false;
          if (own && amps !== 0 && Math.sign(amps) !== Math.sign(told)) return false;
        }
      }
      return true;
    }),
    { numRuns: 2_000 },
  );
  t.pass("2,000 series of observations");
});

t.test("a path finds its number, whatever the case of the keys, or says what is wrong with it", async t => {
  const document = {
    A: { list: [{ name: "x.y", value: "12.50" }, 7], "status/em:0": 3 },
    flat: 5,
    text: "12a",
    no: null,
  };
  const found: readonly (readonly [string, number | null])[] = [
    ["a.LIST[0].value", 12.5],
    ["A.list[name=x.y].value", 12.5],
    ["A.list[1]", 7],
    ["flat", 5],
    ["flat[0]", 5],
    ["flat[1]", null],
    ["text", null],
    ["no", null],
    ["nothing.at.all", null],
    ["A.list[2]", null],
    ["A", null],
    ["A.status/em:0", 3],
    ["A.list[name=z].value", null],
    ["A[0]", null],
    ["toString", null],
    ["__proto__.x", null],
  ];
  for (const [path, value] of found) t.equal(numberAt(document, path), value, path);
  for (const path of ["", ".", "a..b", "[", "a[", "a[x]", "a[1", "a]", "[=x]", "a.".repeat(30)]) {
    t.match(problemOfPath(path), /is no path into JSON/, path);
    t.equal(valueAt(document, path), undefined);
  }
  fc.assert(
    fc.property(fc.anything(), fc.string(), (value, path) => {
      const number = numberAt(value, path);
      return number === null || typeof number === "number";
    }),
  );
});

t.test("every preset reads paths that can be read, and names three phases or one", async t => {
  const maps = [
    ...HTTP_PRESETS.map(name => [name, httpPreset(name).map] as const),
    ...MQTT_PRESETS.map(name => [name, mqttPreset(name).map] as const),
  ];
  t.ok(maps.length >= 15);
  for (const [name, map] of maps) {
    const telling = map.currentA.length > 0 ? map.currentA : (map.powerW ?? [map.totalPowerW]);
    t.ok([1, 3].includes(telling.length), name);
    const nothing = { ...nothingObserved, ...(map.currentA.length === 0 ? { powersOnly: true } : {}) };
    t.same(observe(map, [{}, {}]), nothing, `${name}: nothing is made up`);
  }
  t.match(
    judged(
      observe(mqttPresets.openwb.map, [
        [16, 7, 3],
        [3_680, -1_610, 700],
      ]),
    ),
    { value: { currentA: { l1: 16, l2: -7, l3: 3 }, powerW: { l2: -1_610 } } },
    "openWB: a list in each of two topics",
  );
  t.match(
    judged(observe(mqttPresets.evcc.map, [16, 7, 3, 3680, -1610, 700])),
    { value: { currentA: { l1: 16, l2: -7, l3: 3 } } },
    "evcc: a topic for each value",
  );
  const dsmr = (phase: number) => [
    { name: `current_l${phase}`, value: 7 },
    { name: `voltage_l${phase}`, value: 230 },
    { name: `power_delivered_l${phase}`, value: 0 },
    { name: `power_returned_l${phase}`, value: 1.7 },
  ];
  t.match(
    judged(observe(httpPresets["dsmr-logger"].map, [{ actual: [1, 2, 3].flatMap(dsmr) }])),
    { value: { currentA: { l1: -1_700 / 230 }, totalPowerW: -5_100 } },
    "whole amperes are refined by power and voltage",
  );
  t.match(
    judged(
      observe(httpPresets.iammeter.map, [
        {
          Datas: [
            [230, 5, -1150, 1, 2],
            [230, 1, 230, 1, 2],
            [230, 2, 460, 1, 2],
          ],
        },
      ]),
    ),
    { value: { currentA: { l1: -5, l2: 1, l3: 2 }, importWh: 3_000, exportWh: 6_000 } },
  );
});

t.test(
  "devices that tell powers only: a current where it can be worked out or guards nothing, a refusal elsewhere",
  async t => {
    const { map } = httpPreset("ecotracker");
    const total = observe(map, [{ power: 1_380, energyCounterIn: 5_000, energyCounterOut: 70, agePower: 900 }]);
    const phases = observe(map, [{ power: -230, powerPhase1: 460, powerPhase2: -920, powerPhase3: 230 }]);
    for (const role of ["mains", "circuit", "ev"] as const) {
      for (const seen of [total, phases]) {
        const refused = judged(withCurrents(seen, { role, phases: null }));
        t.match(refused, { ok: false, reason: /guards no fuse per phase \(phases: 1 if/ }, role);
      }
    }
    for (const role of ["pv", "battery"] as const) {
      t.match(
        judged(withCurrents(total, { role, phases: null })),
        {
          value: {
            currentA: { l1: 2, l2: 2, l3: 2 },
            powerW: null,
            totalPowerW: 1_380,
            importWh: 5_000,
            isDerived: true,
          },
        },
        `${role}: spread evenly, and marked`,
      );
      t.match(
        judged(withCurrents(phases, { role, phases: 3 })),
        { value: { currentA: { l1: 2, l2: -4, l3: 1 }, totalPowerW: -230, isDerived: true } },
        `${role}: each phase by its power at 230 V`,
      );
    }
    t.match(
      judged(withCurrents(total, { role: "mains", phases: 1 })),
      { value: { currentA: { l1: 6, l2: 0, l3: 0 }, isDerived: true } },
      "one phase carries the total",
    );
    const exporting = judged(withCurrents({ ...total, totalPowerW: -690 }, { role: "pv", phases: null }));
    t.match(exporting, { value: { currentA: { l1: -1, l2: -1, l3: -1 } } });
    const measured = {
      ...{ ...nothingObserved, powersOnly: true },
      ...({ powerW: [460, -920, 0], voltageV: [230, 230, 230] } as const),
    };
    t.match(
      judged(withCurrents(measured, { role: "mains", phases: null })),
      { value: { currentA: { l1: 2, l2: -4, l3: 0 }, isDerived: true } },
      "power over the meter's own voltage is a current, on the mains as well",
    );
    const halfMeasured = { ...measured, voltageV: [230, 230, null] } as const;
    t.match(judged(withCurrents(halfMeasured, { role: "mains", phases: null })), { ok: false });
    t.match(
      judged(withCurrents({ ...measured, powersOnly: false }, { role: "pv", phases: null })),
      { ok: false, reason: /^no current in it$/ },
      "a device that tells currents and did not this time: nothing is worked out for it",
    );
    t.equal(ageOf(map, [{ agePower: 900 }]), 900);
    t.equal(ageOf(httpPreset("homewizard").map, [{}]), null);
    for (const agePower of [-1, null, "old", undefined]) {
      t.match(ageOf(map, [{ agePower }]), /does not say how old its values are/);
    }
  },
);

t.test("SlimmeLezer, P1 Monitor, IOmeter: what they answer", async t => {
  // As ESPHome answers: one sensor each. L1 draws 1.15 kW, L2 returns 0.46 kW, L3 carries nothing.
  const sensors = [...[5, 230, 1.15, 0], ...[2, 230, 0, 0.46], ...[0, 231, 0, 0]].map(value => ({
    id: "sensor-x",
    value,
    state: String(value),
  }));
  for (const name of ["slimmelezer", "slimmelezer-v2"] as const) {
    t.equal(httpPreset(name).paths.length, sensors.length);
    t.match(
      judged(observe(httpPreset(name).map, sensors)),
      { value: { currentA: { l1: 5, l2: -2, l3: 0 }, powerW: { l1: 1_150, l2: -460, l3: 0 }, totalPowerW: 690 } },
      name,
    );
    const single = sensors.map((sensor, at) => (at < 4 ? sensor : null));
    t.match(judged(observe(httpPreset(name).map, single)), { memory: { phases: 1 }, value: { currentA: { l1: 5 } } });
    const holed = sensors.map((sensor, at) => (at >= 4 && at < 7 ? null : sensor));
    t.match(judged(observe(httpPreset(name).map, holed)), { ok: false, reason: /current L2 is missing/ });
  }
  t.equal(httpPreset("slimmelezer").paths[2], "/sensor/power_delivered_l1");
  t.equal(httpPreset("slimmelezer-v2").paths[11], "/sensor/power_produced_phase_3");
  const told: readonly (readonly [number, string])[] = [
    [74, "1.15"],
    [75, "0.0"],
    [76, "0.0"],
    [77, "0.0"],
    [78, "0.46"],
    [79, "0.0"],
    [100, "5.0"],
    [101, "2.0"],
    [102, "0.0"],
    [103, "230.0"],
    [104, "230.0"],
    [105, "231.0"],
  ];
  const status = told.map(([STATUS_ID, STATUS]) => ({ LABEL: "", SECURITY: 0, STATUS, STATUS_ID }));
  t.match(
    judged(observe(httpPreset("p1monitor").map, [status])),
    { value: { currentA: { l1: 5, l2: -2, l3: 0 }, totalPowerW: 690 } },
    "numbers in quotes, found by their number",
  );
  const registers = [
    { obis: "01-00:01.08.00*ff", value: 1_234.5, unit: "Wh" },
    { obis: "01-00:02.08.00*ff", value: 67, unit: "Wh" },
    { obis: "01-00:10.07.00*ff", value: -690, unit: "W" },
  ];
  const reading = observe(httpPreset("iometer").map, [{ meter: { number: "1HLY", reading: { registers } } }]);
  t.match(judged(withCurrents(reading, { role: "pv", phases: null })), {
    value: { currentA: { l1: -1 }, totalPowerW: -690, importWh: 1_234.5, exportWh: 67, isDerived: true },
  });
});

t.test("P1 that encrypts: opened with the meter's key, found in a stream, refused with any other", async t => {
  const keys = { key: P1_KEY, authenticationKey: P1_AUTHENTICATION_KEY };
  const telegram = telegramOf([
    "1-0:32.7.0(230.0*V)",
    "1-0:31.7.0(005*A)",
    "1-0:1.7.0(000001150*W)",
    "1-0:1.8.0(006545766*Wh)",
  ]);
  const frame = encrypted(telegram);
  t.match(telegramIn(frame, keys), { ok: true, telegram });
  for (const other of [
    { ...keys, key: "0".repeat(32) },
    { ...keys, authenticationKey: "0".repeat(32) },
  ]) {
    t.match(telegramIn(frame, other), { ok: false, reason: /SAGtest1 that was not encrypted with this key/ });
  }
  t.match(p1Form(5, null, keys).read(frame), {
    observation: { currentA: [5, null, null], totalPowerW: 1_150, importWh: 6_545_766 },
  });
  t.match(p1Form(5, null, keys).read(encrypted(telegram.replace("005*A", "006*A"))), { reason: /wrong checksum/ });
  t.strictSame(takeEncrypted(telegram).telegrams, [], "what is not encrypted is not looked at");
  const frames = [frame, encrypted(telegram), encrypted(telegram)];
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 }), sizes => {
      const stream = `noise${frames.join("")}`;
      const found: string[] = [];
      let rest = "";
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 1;
        const taken = takeEncrypted(rest + stream.slice(at, at + size));
        found.push(...taken.telegrams);
        rest = taken.rest;
        at += size;
      }
      return found.length === 3 && found.every((text, at) => text === frames[at]);
    }),
    { numRuns: 200 },
  );
  const cut = takeEncrypted(`${frame.slice(0, 100)}${frames[1] ?? ""}`);
  t.strictSame([cut.telegrams, cut.lost], [[frames[1]], 100], "one that was cut costs itself");
  const endless = takeEncrypted(`\xdb\x08${"x".repeat(8)}\x82\xff\xff0${"x".repeat(20_000)}`);
  t.ok(endless.rest.length < 100, "a length no telegram has is not waited for");
});

/** A telegram of the given lines, with its checksum. */
function telegramOf(lines: readonly string[]): string {
  const text = `/XMX5LGBBFG10\r\n\r\n${lines.join("\r\n")}\r\n!`;
  return `${text}${checksumOf(text)}\r\n`;
}

function p1(lines: readonly string[], onePhase = false) {
  const read = readTelegram(telegramOf(lines), { onePhase });
  return read.ok ? judged(read.observation, byOwn) : { ok: false as const, reason: read.reason };
}

t.test("P1 of every country: whole amperes refined, reactive current kept, no neutral, one phase", async t => {
  t.match(
    p1([
      "1-0:1.7.0(00.230*kW)",
      "1-0:32.7.0(230.0*V)",
      "1-0:31.7.0(012*A)",
      "1-0:21.7.0(00.230*kW)",
      "1-0:22.7.0(00.000*kW)",
    ]),
    { value: { currentA: { l1: 11.5, l2: 0 } } },
    "12 A of which 1 A is active: at least 11.5 A load the fuse",
  );
  t.match(
    p1(["1-0:32.7.0(230.0*V)", "1-0:31.7.0(12.34*A)", "1-0:21.7.0(02.760*kW)", "1-0:22.7.0(00.000*kW)"]),
    { value: { currentA: { l1: 12.34 } } },
    "Fluvius tells two decimals",
  );
  t.match(
    p1(["1-0:1.7.0(00.000*kW)", "1-0:2.7.0(01.150*kW)", "1-0:32.7.0(230.0*V)", "1-0:31.7.0(005*A)"]),
    { value: { currentA: { l1: -5 }, totalPowerW: -1_150 } },
    "one phase without a power of its own",
  );
  t.match(
    p1([
      "1-0:32.7.0(231.0*V)",
      "1-0:52.7.0(000.0*V)",
      "1-0:72.7.0(231.0*V)",
      "1-0:31.7.0(003.10*A)",
      "1-0:51.7.0(004.20*A)",
      "1-0:71.7.0(005.30*A)",
      "1-0:21.7.0(00.600*kW)",
      "1-0:22.7.0(00.000*kW)",
      "1-0:41.7.0(00.000*kW)",
      "1-0:42.7.0(00.900*kW)",
      "1-0:61.7.0(01.100*kW)",
      "1-0:62.7.0(00.000*kW)",
    ]),
    { value: { currentA: { l1: 3.1, l2: -4.2, l3: 5.3 } } },
    "3 x 230 V without a neutral",
  );
  t.match(
    p1(["1-0:31.7.0(003*A)", "1-0:51.7.0(004*A)", "1-0:71.7.0(005*A)", "1-0:2.7.0(02.000*kW)"]),
    { value: { currentA: { l1: 3, l2: 4, l3: 5 } } },
    "no power per phase: counted as taken, whatever the total is",
  );
  t.match(p1(["1-0:1.7.0(0001.01*kW)", "1-0:2.7.0(0000.00*kW)"]), {
    ok: false,
    reason: /neither currents nor voltages/,
  });
  t.match(p1(["1-0:1.7.0(0001.15*kW)", "1-0:2.7.0(0000.00*kW)"], true), { value: { currentA: { l1: 5 } } }, "DSMR 3");
  t.match(
    p1(["1-0:1.8.0(000123.456*kWh)", "1-0:1.8.1(000100.000*kWh)", "1-0:31.7.0(001*A)", "1-0:21.7.0(00.230*kW)"]),
    { value: { importWh: 123_456 } },
    "the total counter before its parts",
  );
});

t.test("P1: a value that cannot be read spoils its telegram", async t => {
  for (const line of [
    "1-0:31.7.0(0x3*A)",
    "1-0:31.7.0(003*V)",
    "1-0:31.7.0()",
    "1-0:21.7.0(NaN*kW)",
    "1-0:31.7.0(-03*A)",
    "1-0:21.7.0(00.23,0*kW)",
    "1-0:32.7.0(230)",
    "1-0:1.8.1(1e9*kWh)",
    "1-0:31.7.0(00000000003*A)",
  ]) {
    t.match(p1([line, "1-0:51.7.0(004*A)"]), { ok: false, reason: /^1-0:.* says ".*"; expected a number of/ }, line);
  }
  t.match(p1(["1-0:31.7.0(003*A)", "1-0:31.7.0(004*A)"]), { ok: false, reason: /stands twice/ });
});

t.test("P1: telegrams are found in any stream, cut anywhere, and only whole", async t => {
  const good = [3, 4, 5].map(amps => telegramOf([`1-0:31.7.0(00${amps}*A)`, "1-0:21.7.0(00.700*kW)"]));
  fc.assert(
    fc.property(
      fc.array(fc.nat(400), { maxLength: 8 }),
      fc.string({ unit: "binary-ascii", maxLength: 40 }),
      (cuts, noise) => {
        const stream = noise.replaceAll("/", "") + good.join("");
        const points = [...new Set(cuts.map(cut => Math.min(cut, stream.length)))].sort((a, b) => a - b);
        let rest = "";
        const found: string[] = [];
        for (const [at, from] of [0, ...points].entries()) {
          const taken = takeTelegrams(rest + stream.slice(from, points[at] ?? stream.length));
          found.push(...taken.telegrams);
          rest = taken.rest;
        }
        return found.join("") === good.join("") && rest === "";
      },
    ),
    { numRuns: 500 },
  );
  const [first = "", second = ""] = good;
  t.strictSame(takeTelegrams(first.slice(0, 40) + second).telegrams, [second], "one that was cut, then a whole one");
  const endless = takeTelegrams(`/${"x".repeat(20_000)}`);
  t.strictSame([endless.telegrams.length, endless.rest.length <= 8_192], [0, true], "what never ends is let go");
  t.match(checksumProblem(first.replace(/![0-9A-F]{4}/, "!"), true), /"" where its checksum should be/);
  t.equal(checksumProblem(first.replace(/![0-9A-F]{4}/, "!"), false), null, "DSMR 2 and 3 have none");
  t.match(checksumProblem(first.replace(/![0-9A-F]{4}/, "!xyz1"), false), /where its checksum should be/);
});

t.test(
  "the site file: what a driver lacks, or has too much of, is said with its key and what would be right",
  async t => {
    const http = { kind: "http", url: "http://192.168.1.20", preset: "homewizard" };
    const mqtt = { kind: "mqtt", url: "mqtt://192.168.1.10" };
    const p1 = { kind: "p1", link: { kind: "serial", path: "/dev/ttyUSB0" } };
    const map = { currentA: ["a", "b", "c"] };
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [{ ...http, url: "192.168.1.20" }, /driver\.url: expected an address such as http:\/\/192/],
      [{ ...http, url: "ftp://192.168.1.20" }, /driver\.url: expected an address/],
      [{ ...http, url: "http://me:secret@192.168.1.20" }, /user and password in fields of their own/],
      [{ ...http, preset: "homewizzard" }, /driver\.preset: /],
      [{ ...http, preset: undefined }, /driver\.preset: is missing; expected one of homewizard, /],
      [{ ...http, paths: ["/"] }, /driver\.preset: has its own paths and map/],
      [{ ...http, preset: undefined, paths: ["/"] }, /driver\.preset: is missing/],
      [{ ...http, preset: undefined, paths: [], map }, /driver\.paths: /],
      [{ ...http, preset: undefined, paths: ["/"], map: { currentA: ["a..b"] } }, /"a\.\.b" is no path into JSON/],
      [{ ...http, preset: undefined, paths: ["/"], map: { powerW: [] } }, /expected 1 to 3 places/],
      [{ ...http, preset: undefined, paths: ["/"], map: { currentA: ["a", "b", "c", "d"] } }, /expected 1 to 3 places/],
      [
        { ...http, preset: undefined, paths: ["/"], map: {} },
        /driver\.map\.currentA: is missing; expected currentA, or powerW/,
      ],
      [{ ...http, phases: 2 }, /driver\.phases: expected 1 or 3/],
      [{ ...http, pasword: "x" }, /pasword/],
      [{ ...mqtt }, /driver\.topic: expected one of: topic .*, preset with device, topics with map/],
      [{ ...mqtt, topic: "a", preset: "tasmota", device: "b" }, /driver\.topic: expected one of/],
      [{ ...mqtt, preset: "tasmota" }, /driver\.device: is missing/],
      [{ ...mqtt, topics: ["a"] }, /driver\.map: is missing/],
      [{ ...mqtt, topic: "house/+/power" }, /without wildcards/],
      [{ ...mqtt, url: "http://x" }, /driver\.url: expected an address such as mqtt:/],
      [{ ...p1, key: "abc" }, /driver\.key: expected 32 hex digits/],
      [{ ...p1, authenticationKey: "0".repeat(32) }, /driver\.key: is missing; authenticationKey is of no use/],
      [{ ...p1, dsmr: 6 }, /driver\.dsmr: expected 2, 3, 4 or 5/],
      [{ ...p1, link: { kind: "tcp", host: "x", port: 70_000 } }, /driver\.link\.port: expected 1\.\.65535/],
      [{ ...p1, link: { kind: "usb" } }, /driver\.link\.kind/],
      [{ kind: "p1" }, /driver\.link: /],
      [{ kind: "sensorbox", wiring: "5wire" }, /driver\.wiring: /],
      [{ kind: "sensorbox", transformersA: 50 }, /driver\.transformersA: expected 100 or 200/],
      [{ kind: "sensorbox", address: 0 }, /driver\.address: /],
      [{ kind: "nats", feed: "Mains Meter" }, /driver\.feed: expected 1 to 32/],
      [{ kind: "setting", homewizardUrl: "p1meter" }, /driver\.homewizardUrl: expected an address/],
    ];
    for (const [driver, words] of cases) {
      const parsed = meterConfig.safeParse({ role: "mains", driver });
      t.match(parsed.success ? "accepted" : describeIssues(parsed.error), words, JSON.stringify(driver));
    }
    const good: readonly unknown[] = [
      http,
      {
        ...http,
        preset: undefined,
        paths: ["/a"],
        map: { ...map, importWh: { sum: [{ path: "x", scale: 1_000 }, "y"] } },
      },
      { ...mqtt, topic: "SmartEVSE-1/Set/MainsMeter" },
      { ...mqtt, topics: ["a", "b"], map: { currentA: [{ path: "[0]", in: 1 }] }, direction: "own", phases: 1 },
      p1,
      { ...p1, key: "00112233445566778899aabbccddeeff" },
      { ...http, preset: undefined, paths: ["/a"], map: { totalPowerW: "a" } },
      { kind: "sensorbox" },
      { kind: "nats" },
    ];
    for (const driver of good) t.ok(meterConfig.safeParse({ role: "mains", driver }).success, JSON.stringify(driver));
  },
);
