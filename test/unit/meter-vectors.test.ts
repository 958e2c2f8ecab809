import { readFileSync } from "node:fs";
import t, { type Test } from "tap";
import { allBlocks, counterBlocks, liveBlocks, voltageBlocks } from "../../services/meter/modbus/blocks.core.ts";
import {
  CUSTOM_BYTE_ORDERS,
  CUSTOM_TYPES,
  type CustomValue,
  customProfile,
} from "../../services/meter/modbus/custom.core.ts";
import { decodeExchanges, type ExchangesDecoded } from "../../services/meter/modbus/exchanges.core.ts";
import { readRequestOf } from "../../services/meter/modbus/frame.core.ts";
import type { Quantity } from "../../services/meter/modbus/meter-row.ts";
import { widthOf } from "../../services/meter/modbus/numbers.core.ts";
import {
  type MeterProfile,
  meterProfiles,
  meterRows,
  profileNamed,
  profileOf,
} from "../../services/meter/modbus/profiles.ts";
import { metersSettings } from "../../shared/settings/catalogue/meters.ts";

type Triple = readonly [number, number, number];
interface Vector {
  readonly name: string;
  readonly config?: Readonly<Record<string, number>>;
  readonly exchanges: readonly { readonly request: string; readonly response: string }[];
  readonly expect?: {
    readonly current_A?: Triple;
    readonly phase_power_W?: Triple;
    readonly power_W?: number;
    readonly energy_import_Wh?: number;
    readonly energy_export_Wh?: number;
    readonly reject?: boolean;
    readonly reason?: string;
  };
  readonly expect_registers?: Readonly<Record<string, number>>;
  readonly expect_application?: { readonly current_A_signed?: readonly number[] };
}
interface Group {
  readonly meter?: string;
  readonly profile?: string;
  readonly vectors: readonly Vector[];
}

function groupsOf(file: string): readonly Group[] {
  const path = new URL(`../fixtures/meter-vectors/${file}`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")) as readonly Group[];
}

/** Makes as their documents describe them: those of the golden vectors, and those that came later. */
function profileGroups(): readonly Group[] {
  return [...groupsOf("profiles.json"), ...groupsOf("profiles-gx.json")];
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(" ", ""), "hex");
}

function decoded(profile: MeterProfile, { exchanges }: Vector): ExchangesDecoded {
  return decodeExchanges(
    profile,
    exchanges.map(({ request, response }) => ({ request: bytes(request), response: bytes(response) })),
  );
}

/** What a refusal has to name, by the vector that provokes it. */
const REASONS: Readonly<Record<string, RegExp>> = {
  invalid_nan: /^current L1 is NaN, not a number$/,
  invalid_plus_inf: /^current L1 is Infinity, not a number$/,
  invalid_short_reply: /data bytes .* for a request of \d+ registers/,
  invalid_unsigned_marker: /^current L1 is marked as not available$/,
  invalid_sunspec_int16_nan: /^current L1 is marked as not available$/,
};

function isClose(t: Test, got: number | null | undefined, wanted: number, tolerance: number, what: string): void {
  t.ok(Math.abs((got ?? NaN) - wanted) <= tolerance, `${what}: ${String(got)} is ${wanted}`);
}

/** Compares the installation's values with what a vector expects: 2 mA, 1 W, 1 Wh. */
function check(t: Test, profile: MeterProfile, vector: Vector): void {
  const { name, expect = {} } = vector;
  const result = decoded(profile, vector);
  if (expect.reject === true) {
    t.match(result.ok ? "accepted" : result.reason, REASONS[name] ?? /no refusal is known for this vector/, name);
    return;
  }
  t.equal(result.ok ? null : result.reason, null, `${name} is accepted`);
  if (!result.ok) return;
  const { measured, counters } = result;
  const { l1, l2, l3 } = measured.currentA;
  for (const [index, amps] of [l1, l2, l3].entries()) {
    const wanted = expect.current_A?.[index];
    if (wanted !== undefined) isClose(t, amps, wanted, 0.002, `${name} current L${index + 1}`);
  }
  const powers = measured.powerW === null ? [] : [measured.powerW.l1, measured.powerW.l2, measured.powerW.l3];
  for (const [index, watts] of (expect.phase_power_W ?? []).entries()) {
    isClose(t, powers[index], watts, 1, `${name} power L${index + 1}`);
  }
  if (expect.power_W !== undefined) isClose(t, measured.totalPowerW, expect.power_W, 1, `${name} power`);
  if (expect.energy_import_Wh !== undefined) {
    isClose(t, counters.importWh, expect.energy_import_Wh, 1, `${name} import`);
  }
  if (expect.energy_export_Wh !== undefined) {
    isClose(t, counters.exportWh, expect.energy_export_Wh, 1, `${name} export`);
  }
}

/** `current_l1`, `power_total`, `energy_import_l2` as the table calls them. */
function quantityOf(name: string): Quantity {
  const totals: Readonly<Record<string, string>> = {
    power_total: "totalPower",
    power_import: "importPower",
    power_export: "exportPower",
    energy_import: "importEnergy",
    energy_export: "exportEnergy",
    energy_total: "totalEnergy",
  };
  const [, base = "", phase] = /^(.*?)(?:_l([123]))?$/.exec(name) ?? [];
  return `${totals[base] ?? base}${phase === undefined ? "" : `L${phase}`}` as Quantity;
}

function rowOfSmartevse(key: string): MeterProfile {
  const row = meterRows.find(({ smartevse }) => smartevse?.key === key);
  const profile = row === undefined ? undefined : profileNamed(row.key);
  if (profile === undefined) throw new Error(`no row for ${key}`);
  return profile;
}

for (const { meter = "", vectors } of groupsOf("smartevse.json").filter(({ meter }) => meter !== "custom")) {
  t.test(`reads every golden vector of ${meter}`, async t => {
    for (const vector of vectors) check(t, rowOfSmartevse(meter), vector);
  });
}

t.test("reads the custom meter in each byte order with each type of number", async t => {
  const vectors = groupsOf("smartevse.json").find(({ meter }) => meter === "custom")?.vectors ?? [];
  t.equal(vectors.length, 24);
  for (const vector of vectors) {
    const config = vector.config ?? {};
    const value = (name: string): CustomValue => ({
      register: config[`${name}_regi`] ?? 0,
      divisor: config[`${name}_divi`] ?? 0,
    });
    const profile = customProfile({
      byteOrder: CUSTOM_BYTE_ORDERS[config["byte_order"] ?? -1]!,
      type: CUSTOM_TYPES[config["data_type"] ?? -1]!,
      fn: 4,
      voltage: null,
      current: value("cur"),
      totalPower: value("pow"),
      importEnergy: value("ene"),
    });
    const asked = vector.exchanges.map(({ request }) => readRequestOf(bytes(request)));
    t.strictSame(
      [...liveBlocks(profile), ...counterBlocks(profile)].map(({ start, quantity }) => [start, quantity]),
      asked.map(request => [request?.start, request?.quantity]),
      `${vector.name}: asks for what the firmware asks for`,
    );
    check(t, profile, vector);
  }
});

for (const { profile: key = "", vectors } of profileGroups()) {
  t.test(`reads every register of ${key}`, async t => {
    const profile = profileNamed(key);
    if (profile === undefined) throw new Error(`no row for ${key}`);
    for (const vector of vectors) {
      const result = decoded(profile, vector);
      t.equal(result.ok ? null : result.reason, null, `${vector.name} is accepted`);
      if (!result.ok) continue;
      const expected = Object.entries(vector.expect_registers ?? {}).map(([name, value]) => ({
        quantity: quantityOf(name),
        value,
      }));
      t.strictSame(Object.keys(result.raw).sort(), expected.map(({ quantity }) => quantity).sort(), vector.name);
      for (const { quantity, value } of expected) {
        const tolerance = Math.max(0.002, Math.abs(value) * 1e-6);
        isClose(t, result.raw[quantity], value, tolerance, `${vector.name} ${quantity}`);
      }
      const { l1, l2, l3 } = result.measured.currentA;
      for (const [index, amps] of (vector.expect_application?.current_A_signed ?? []).entries()) {
        isClose(t, [l1, l2, l3][index], amps, 0.002, `${vector.name} signed current L${index + 1}`);
      }
    }
  });
}

t.test("every register of the table is reached by a golden vector", async t => {
  const reached = new Set<string>();
  const note = (profile: MeterProfile, { exchanges }: Vector): void => {
    for (const { request } of exchanges) {
      const asked = readRequestOf(bytes(request));
      if (asked === null) continue;
      for (const { quantity, address, type } of profile.registers) {
        const isWithin = asked.start <= address && address + widthOf(type) <= asked.start + asked.quantity;
        if (isWithin) reached.add(`${profile.key} ${quantity}`);
      }
    }
  };
  for (const { meter = "", vectors } of groupsOf("smartevse.json")) {
    if (meter !== "custom") for (const vector of vectors) note(rowOfSmartevse(meter), vector);
  }
  for (const { profile: key = "", vectors } of profileGroups()) {
    for (const vector of vectors) note(profileNamed(key)!, vector);
  }
  // InvEastrn is the same device as Eastron3P with the same registers.
  const sameAs = (key: string): string => (key === "eastron_3p_inv" ? "eastron_sdm630" : key);
  const missed = meterProfiles.flatMap(({ key, registers }) =>
    registers.map(({ quantity }) => `${sameAs(key)} ${quantity}`).filter(name => !reached.has(name)),
  );
  t.strictSame(missed, []);
  t.strictSame(profileNamed("eastron_3p_inv")?.registers, profileNamed("eastron_sdm630")?.registers);
});

t.test("the table holds every make once, and every Modbus type of the menus under its text", async t => {
  t.equal(meterRows.length, 51);
  t.equal(new Set(meterProfiles.map(({ key }) => key)).size, meterRows.length);
  const ids = meterProfiles.flatMap(({ typeId }) => (typeId === null ? [] : [typeId]));
  t.equal(new Set(ids).size, ids.length, "no number twice");
  const others = ["Disabled", "Sensorbox", "API", "HmWzrd P1", "Custom"];
  for (const key of ["mains_meter", "ev_meter", "circuit_meter_type"]) {
    const options = metersSettings.find(setting => setting.key === key)?.options ?? [];
    for (const { value, label } of options.filter(option => !others.includes(option.label))) {
      t.equal(profileOf(value)?.label, label, `${key} ${value}`);
    }
  }
});

t.test("asks each meter in as few reads as it permits", async t => {
  const plan = (key: string): unknown => {
    const profile = profileNamed(key)!;
    return [liveBlocks(profile), counterBlocks(profile), voltageBlocks(profile)].map(blocks =>
      blocks.map(({ start, quantity }) => [start, quantity]),
    );
  };
  t.strictSame(plan("phoenix_eem350"), [
    [
      [0x0c, 6],
      [0x28, 2],
    ],
    [[0x3e, 2]],
    [[0x00, 6]],
  ]);
  t.strictSame(plan("eastron_sdm630"), [[[0x06, 12]], [[0x48, 4]], [[0x00, 6]]]);
  t.strictSame(plan("eastron_3p_inv"), plan("eastron_sdm630"));
  t.strictSame(plan("eastron_sdm120"), [[[0x06, 8]], [[0x48, 4]], [[0x00, 2]]]);
  t.strictSame(plan("abb_b2x"), [[[0x5b0c, 16]], [[0x5000, 8]], [[0x5b00, 6]]]);
  // Scale factors are read in the same block as what they scale; the currents bring the voltages along.
  t.strictSame(plan("solaredge_meter1"), [[[40_191, 20]], [[40_226, 17]], []]);
  t.strictSame(plan("orno_we504"), [
    [
      [1, 1],
      [3, 1],
    ],
    [[7, 2]],
    [[0, 1]],
  ]);
  for (const profile of meterProfiles) {
    for (const { quantity } of allBlocks(profile)) {
      t.ok(quantity <= profile.maxRegisters, `${profile.key}: ${quantity} at once`);
    }
  }
});
