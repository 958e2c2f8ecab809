import type { JsonMap, NumberSource } from "./source.port.ts";

/** A device that tells its values as JSON over HTTP: what to ask, and where in the answers the numbers are. */
export interface HttpPreset {
  readonly label: string;
  /** Asked one after the other; each answer is one document. */
  readonly paths: readonly string[];
  readonly https?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** `token`: sent as a bearer token; `password`: as the device asks for it, Basic or Digest. */
  readonly auth?: "token" | "password";
  /** The device has news no more often than this. */
  readonly newsEveryMs: number;
  /** It passes on what it last heard of its meter: the same answer twice is no news. */
  readonly passesOn?: boolean;
  /** What the connection does not have is not there (404). */
  readonly mayLackPaths?: boolean;
  readonly map: JsonMap;
  readonly direction?: "own";
}

const KILO = 1_000;

function perPhase(make: (phase: number) => NumberSource): readonly NumberSource[] {
  return [1, 2, 3].map(make);
}

/** An ESPHome device answers for one sensor at a time. */
function esphome(names: readonly (readonly [phase: string, voltage: string, drawn: string, returned: string])[]): {
  readonly paths: readonly string[];
  readonly map: JsonMap;
} {
  const sensors = names.flat();
  const at = (name: string, scale = 1): NumberSource => ({ path: "value", in: sensors.indexOf(name), scale });
  return {
    paths: sensors.map(name => `/sensor/${name}`),
    map: {
      currentIsCoarse: true,
      currentA: names.map(([current]) => at(current)),
      voltageV: names.map(([, voltage]) => at(voltage)),
      powerW: names.map(([, , drawn, returned]) => ({ net: [at(drawn, KILO), at(returned, KILO)] })),
    },
  };
}

/** P1 Monitor numbers what it tells. */
function p1Status(id: number): string {
  return `[STATUS_ID=${id}].STATUS`;
}

function iometerRegister(obis: string): string {
  return `meter.reading.registers[obis=${obis}].value`;
}

function kilo(path: string): NumberSource {
  return { path, scale: KILO };
}

/** The tariffs together, or the total where there is one. */
function tariffs(total: string, parts: readonly string[]): NumberSource {
  return { first: [kilo(total), { sum: parts.map(kilo) }] };
}

/** DSMR-logger and its kin name their values alike, each with its own wrapping. */
function dsmrNames(at: (name: string) => string): JsonMap {
  const watts = (name: string): NumberSource => kilo(at(name));
  return {
    currentIsCoarse: true,
    currentA: perPhase(n => at(`current_l${n}`)),
    voltageV: perPhase(n => at(`voltage_l${n}`)),
    powerW: perPhase(n => ({ net: [watts(`power_delivered_l${n}`), watts(`power_returned_l${n}`)] })),
    totalPowerW: { net: [watts("power_delivered"), watts("power_returned")] },
    importWh: { sum: [watts("energy_delivered_tariff1"), watts("energy_delivered_tariff2")] },
    exportWh: { sum: [watts("energy_returned_tariff1"), watts("energy_returned_tariff2")] },
  };
}

export const httpPresets = {
  /** HomeWizard P1 and kWh meters, local API version 1: to be switched on in HomeWizard's app. */
  homewizard: {
    label: "HomeWizard",
    paths: ["/api/v1/data"],
    newsEveryMs: 1_000,
    map: {
      currentA: [{ first: ["active_current_l1_a", "active_current_a"] }, "active_current_l2_a", "active_current_l3_a"],
      voltageV: [{ first: ["active_voltage_l1_v", "active_voltage_v"] }, "active_voltage_l2_v", "active_voltage_l3_v"],
      powerW: perPhase(n => `active_power_l${n}_w`),
      totalPowerW: "active_power_w",
      importWh: tariffs("total_power_import_kwh", ["total_power_import_t1_kwh", "total_power_import_t2_kwh"]),
      exportWh: tariffs("total_power_export_kwh", ["total_power_export_t1_kwh", "total_power_export_t2_kwh"]),
    },
  },
  /** HomeWizard local API version 2: HTTPS with the device's own certificate and a token of its pairing. */
  "homewizard-v2": {
    label: "HomeWizard v2",
    paths: ["/api/measurement"],
    https: true,
    headers: { "x-api-version": "2" },
    auth: "token",
    newsEveryMs: 1_000,
    map: {
      currentA: [{ first: ["current_l1_a", "current_a"] }, "current_l2_a", "current_l3_a"],
      voltageV: [{ first: ["voltage_l1_v", "voltage_v"] }, "voltage_l2_v", "voltage_l3_v"],
      powerW: perPhase(n => `power_l${n}_w`),
      totalPowerW: "power_w",
      importWh: kilo("energy_import_kwh"),
      exportWh: kilo("energy_export_kwh"),
    },
  },
  /** Shelly EM, 3EM. */
  "shelly-gen1": {
    label: "Shelly (Gen1)",
    paths: ["/status"],
    auth: "password",
    newsEveryMs: 1_000,
    map: {
      currentA: perPhase(n => `emeters[${n - 1}].current`),
      voltageV: perPhase(n => `emeters[${n - 1}].voltage`),
      powerW: perPhase(n => `emeters[${n - 1}].power`),
      importWh: {
        first: [{ sum: perPhase(n => `emeters[${n - 1}].total`) }, "emeters[0].total"],
      },
      exportWh: {
        first: [{ sum: perPhase(n => `emeters[${n - 1}].total_returned`) }, "emeters[0].total_returned"],
      },
    },
  },
  /** Shelly Pro 3EM and 3EM Gen3 with their three-phase profile. */
  "shelly-gen2": {
    label: "Shelly (Gen2+)",
    paths: ["/rpc/EM.GetStatus?id=0", "/rpc/EMData.GetStatus?id=0"],
    auth: "password",
    newsEveryMs: 1_000,
    map: {
      currentA: ["a_current", "b_current", "c_current"],
      voltageV: ["a_voltage", "b_voltage", "c_voltage"],
      powerW: ["a_act_power", "b_act_power", "c_act_power"],
      totalPowerW: "total_act_power",
      importWh: { path: "total_act", in: 1 },
      exportWh: { path: "total_act_ret", in: 1 },
    },
  },
  /** Shelly EM Gen3, or a Pro 3EM with its profile of single channels: the first channel. */
  "shelly-em1": {
    label: "Shelly EM1",
    paths: ["/rpc/EM1.GetStatus?id=0", "/rpc/EM1Data.GetStatus?id=0"],
    auth: "password",
    newsEveryMs: 1_000,
    map: {
      currentA: ["current"],
      voltageV: ["voltage"],
      powerW: ["act_power"],
      totalPowerW: "act_power",
      importWh: { path: "total_act_energy", in: 1 },
      exportWh: { path: "total_act_ret_energy", in: 1 },
    },
  },
  /** Shelly PM Mini and plugs of the second generation. */
  "shelly-pm1": {
    label: "Shelly PM1",
    paths: ["/rpc/PM1.GetStatus?id=0"],
    auth: "password",
    newsEveryMs: 1_000,
    map: {
      currentA: ["current"],
      voltageV: ["voltage"],
      powerW: ["apower"],
      totalPowerW: "apower",
      importWh: "aenergy.total",
      exportWh: "ret_aenergy.total",
    },
  },
  /** Tasmota with an energy driver, or an SML script behind an infrared head. */
  tasmota: {
    label: "Tasmota",
    paths: ["/cm?cmnd=Status%208"],
    auth: "password",
    newsEveryMs: 1_000,
    map: {
      currentA: perPhase(n => ({ first: [`StatusSNS.ENERGY.Current[${n - 1}]`, `StatusSNS.SML.current_l${n}`] })),
      voltageV: perPhase(n => ({ first: [`StatusSNS.ENERGY.Voltage[${n - 1}]`, `StatusSNS.SML.voltage_l${n}`] })),
      powerW: perPhase(n => ({ first: [`StatusSNS.ENERGY.Power[${n - 1}]`, `StatusSNS.SML.power_l${n}`] })),
      totalPowerW: "StatusSNS.SML.Power_curr",
      importWh: { first: [kilo("StatusSNS.ENERGY.Total[0]"), kilo("StatusSNS.SML.Total_in")] },
      exportWh: { first: [kilo("StatusSNS.ENERGY.ExportActive[0]"), kilo("StatusSNS.SML.Total_out")] },
    },
  },
  youless: {
    label: "YouLess LS120",
    paths: ["/f", "/e"],
    newsEveryMs: 1_000,
    map: {
      currentA: perPhase(n => ({ first: [`i${n}`, `[0].i${n}`] })),
      voltageV: perPhase(n => ({ first: [`v${n}`, `[0].v${n}`] })),
      powerW: perPhase(n => ({ first: [`l${n}`, `[0].l${n}`] })),
      totalPowerW: { path: "[0].pwr", in: 1 },
      importWh: { sum: ["p1", "p2"].map(name => ({ path: `[0].${name}`, in: 1, scale: KILO })) },
      exportWh: { sum: ["n1", "n2"].map(name => ({ path: `[0].${name}`, in: 1, scale: KILO })) },
    },
  },
  "dsmr-logger": {
    label: "DSMR-logger",
    paths: ["/api/v1/sm/actual"],
    newsEveryMs: 1_000,
    map: dsmrNames(name => `actual[name=${name}].value`),
  },
  smartstuff: {
    label: "Smartstuff P1 gateway",
    paths: ["/api/v2/sm/actual"],
    newsEveryMs: 1_000,
    map: dsmrNames(name => `${name}.value`),
  },
  /** SlimmeLezer with its first firmware, and others made with ESPHome's DSMR component. Its raw telegrams are the better way. */
  slimmelezer: {
    label: "SlimmeLezer (ESPHome)",
    ...esphome([1, 2, 3].map(n => [`current_l${n}`, `voltage_l${n}`, `power_delivered_l${n}`, `power_returned_l${n}`])),
    mayLackPaths: true,
    newsEveryMs: 1_000,
  },
  /** SlimmeLezer with the firmware that names its sensors in words. */
  "slimmelezer-v2": {
    label: "SlimmeLezer (ESPHome)",
    ...esphome(
      [1, 2, 3].map(n => [
        `current_phase_${n}`,
        `voltage_phase_${n}`,
        `power_consumed_phase_${n}`,
        `power_produced_phase_${n}`,
      ]),
    ),
    mayLackPaths: true,
    newsEveryMs: 1_000,
  },
  /** P1 Monitor of ztatz.nl. */
  p1monitor: {
    label: "P1 Monitor",
    paths: ["/api/v1/status?json=object"],
    newsEveryMs: 1_000,
    passesOn: true,
    map: {
      currentIsCoarse: true,
      currentA: perPhase(n => p1Status(99 + n)),
      voltageV: perPhase(n => p1Status(102 + n)),
      powerW: perPhase(n => ({ net: [kilo(p1Status(73 + n)), kilo(p1Status(76 + n))] })),
    },
  },
  /** everHome EcoTracker on a German meter: powers, of the phases where the meter tells them; no currents, no voltages. */
  ecotracker: {
    label: "everHome EcoTracker",
    paths: ["/v1/json"],
    newsEveryMs: 1_000,
    map: {
      currentA: [],
      powerW: perPhase(n => `powerPhase${n}`),
      totalPowerW: "power",
      importWh: "energyCounterIn",
      exportWh: "energyCounterOut",
      ageMs: "agePower",
    },
  },
  /** IOmeter on a German meter: a total power. */
  iometer: {
    label: "IOmeter",
    paths: ["/v1/reading"],
    newsEveryMs: 2_000,
    passesOn: true,
    map: {
      currentA: [],
      totalPowerW: iometerRegister("01-00:10.07.00*ff"),
      importWh: iometerRegister("01-00:01.08.00*ff"),
      exportWh: iometerRegister("01-00:02.08.00*ff"),
    },
  },
  amsleser: {
    label: "amsleser",
    paths: ["/data.json"],
    auth: "password",
    newsEveryMs: 2_000,
    map: {
      currentA: perPhase(n => `l${n}.i`),
      voltageV: perPhase(n => `l${n}.u`),
      powerW: perPhase(n => `l${n}.p`),
      totalPowerW: { net: ["w", "e"] },
      importWh: kilo("ic"),
      exportWh: kilo("ec"),
    },
  },
  iammeter: {
    label: "IAMMETER",
    paths: ["/monitorjson"],
    newsEveryMs: 1_000,
    map: {
      voltageV: perPhase(n => `Datas[${n - 1}][0]`),
      currentA: perPhase(n => `Datas[${n - 1}][1]`),
      powerW: perPhase(n => `Datas[${n - 1}][2]`),
      importWh: { sum: perPhase(n => kilo(`Datas[${n - 1}][3]`)) },
      exportWh: { sum: perPhase(n => kilo(`Datas[${n - 1}][4]`)) },
    },
  },
  /** A smart meter behind a Fronius inverter. */
  fronius: {
    label: "Fronius Solar API",
    paths: ["/solar_api/v1/GetMeterRealtimeData.cgi?Scope=System"],
    newsEveryMs: 1_000,
    map: {
      currentA: perPhase(n => `Body.Data.0.Current_AC_Phase_${n}`),
      voltageV: perPhase(n => `Body.Data.0.Voltage_AC_Phase_${n}`),
      powerW: perPhase(n => `Body.Data.0.PowerReal_P_Phase_${n}`),
      totalPowerW: "Body.Data.0.PowerReal_P_Sum",
      importWh: "Body.Data.0.EnergyReal_WAC_Sum_Consumed",
      exportWh: "Body.Data.0.EnergyReal_WAC_Sum_Produced",
    },
  },
} as const satisfies Readonly<Record<string, HttpPreset>>;

export type HttpPresetName = keyof typeof httpPresets;

export const HTTP_PRESETS = Object.keys(httpPresets) as HttpPresetName[];

/** The preset of a name, with every field it may have. */
export function httpPreset(name: HttpPresetName): HttpPreset {
  return httpPresets[name];
}
