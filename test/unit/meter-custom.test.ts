import t from "tap";
import { customMeterOf } from "../../services/meter/custom-wish.core.ts";
import { meterConfig } from "../../services/meter/meter.config.ts";
import { counterBlocks, liveBlocks, voltageBlocks } from "../../services/meter/modbus/blocks.core.ts";
import { customProfile } from "../../services/meter/modbus/custom.core.ts";
import { decodeWords } from "../../services/meter/modbus/registers.core.ts";
import { wantedMeter } from "../../services/meter/wanted.core.ts";
import type { SettingsCurrent } from "../../shared/contracts/settings.ts";

function settings(site: Readonly<Record<string, number>>): SettingsCurrent {
  return { revision: 1, site, points: {} };
}

const entered = {
  mains_meter: 19,
  mains_meter_address: 33,
  emcustom_endianness: 2,
  emcustom_datatype: 1,
  emcustom_function: 3,
  emcustom_voltage_register: 100,
  emcustom_voltage_divisor: 1,
  emcustom_current_register: 0,
  emcustom_current_divisor: 2,
  emcustom_power_register: 8,
  emcustom_power_divisor: 0,
  emcustom_energy_register: 65_534,
  emcustom_energy_divisor: 3,
};

t.test("every setting of the custom meter counts, a register 8 included", async t => {
  const wish = customMeterOf(settings(entered));
  t.strictSame(wish, {
    ok: true,
    custom: {
      byteOrder: "cdab",
      type: "float32",
      fn: 3,
      voltage: { register: 100, divisor: 1 },
      current: { register: 0, divisor: 2 },
      totalPower: { register: 8, divisor: 0 },
      importEnergy: { register: 65_534, divisor: 3 },
    },
  });
  if (!wish.ok) return;
  const profile = customProfile(wish.custom);
  t.strictSame(liveBlocks(profile), [
    { fn: 3, start: 0, quantity: 6 },
    { fn: 3, start: 8, quantity: 2 },
  ]);
  t.strictSame(counterBlocks(profile), [{ fn: 3, start: 65_534, quantity: 2 }]);
  t.strictSame(voltageBlocks(profile), [{ fn: 3, start: 100, quantity: 6 }]);
});

t.test("registers that nobody entered are not read, but for the currents", async t => {
  const fresh = customMeterOf(settings({}));
  t.match(fresh, {
    ok: true,
    custom: { byteOrder: "dcba", type: "int32", fn: 4, voltage: null, totalPower: null, importEnergy: null },
  });
  if (!fresh.ok) return;
  t.strictSame(liveBlocks(customProfile(fresh.custom)), [{ fn: 4, start: 0, quantity: 6 }]);
});

t.test("a data type that is none is named with what would be right", async t => {
  t.match(customMeterOf(settings({ ...entered, emcustom_datatype: 3 })), {
    ok: false,
    reason: "DATA TYPE 3; expected 0 INT32, 1 FLOAT32 or 2 INT16",
  });
  const config = meterConfig.parse({ role: "mains" });
  t.match(wantedMeter(config, settings({ ...entered, emcustom_datatype: 4 })), {
    kind: "unsupported",
    typeLabel: "Custom",
    reason: /^custom meter: DATA TYPE 4/,
  });
});

t.test("a negative power of ten multiplies", async t => {
  const profile = customProfile({
    byteOrder: "abcd",
    type: "int16",
    fn: 4,
    voltage: null,
    current: { register: 0, divisor: 1 },
    totalPower: { register: 3, divisor: -3 },
    importEnergy: null,
  });
  const words = new Map([5, 0xfff6, 0, 7].map((word, index) => [index, word]));
  t.match(decodeWords(profile, words), { ok: true, values: { currentL1: 0.5, currentL2: -1, totalPower: 7_000 } });
});

t.test("the menu's Custom follows its settings while it runs; other settings leave it alone", async t => {
  const config = meterConfig.parse({ role: "mains", driver: { kind: "setting", line: "rail" } });
  const first = wantedMeter(config, settings(entered));
  t.match(first, { kind: "read", typeLabel: "Custom", address: 33, spec: { meter: "custom", line: "rail" } });
  t.strictSame(wantedMeter(config, settings({ ...entered, start: 4 })), first);
  t.notSame(wantedMeter(config, settings({ ...entered, emcustom_current_divisor: 3 })), first);
});

t.test("a meter without currents serves a roof, not a fuse; a type is named by key or by the menu's text", async t => {
  const fixed = (role: string, type: string) =>
    wantedMeter(meterConfig.parse({ role, driver: { kind: "modbus", type, address: 20 } }), null);
  t.match(fixed("pv", "eastron_sdm72_v1"), { kind: "read", spec: { meter: "eastron_sdm72_v1" } });
  t.match(fixed("mains", "eastron_sdm72_v1"), {
    kind: "unsupported",
    reason: "meter type eastron_sdm72_v1 has no currents per phase; a meter of role mains needs them",
  });
  t.match(fixed("mains", "C.Gavazzi"), { spec: { meter: "carlo_gavazzi_ex3x0" } });
  t.match(fixed("mains", "sunspec"), { typeLabel: "SunSpec", spec: { meter: "sunspec" } });
});
