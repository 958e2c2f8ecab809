import type { JsonMap } from "./source.port.ts";

/** A device that tells its values over MQTT: one document from each of its topics. */
export interface MqttPreset {
  readonly label: string;
  readonly topics: (device: string) => readonly string[];
  readonly map: JsonMap;
}

/** A payload that is nothing but a number. */
const ALONE = "[0]";

function perPhase<T>(make: (phase: number) => T): readonly T[] {
  return [1, 2, 3].map(make);
}

const KILO = 1_000;

export const mqttPresets = {
  /** `device` as in tele/<device>/SENSOR. */
  tasmota: {
    label: "Tasmota",
    topics: device => [`tele/${device}/SENSOR`],
    map: {
      currentA: perPhase(n => ({ first: [`ENERGY.Current[${n - 1}]`, `SML.current_l${n}`] })),
      voltageV: perPhase(n => ({ first: [`ENERGY.Voltage[${n - 1}]`, `SML.voltage_l${n}`] })),
      powerW: perPhase(n => ({ first: [`ENERGY.Power[${n - 1}]`, `SML.power_l${n}`] })),
      totalPowerW: "SML.Power_curr",
      importWh: {
        first: [
          { path: "ENERGY.Total[0]", scale: KILO },
          { path: "SML.Total_in", scale: KILO },
        ],
      },
      exportWh: {
        first: [
          { path: "ENERGY.ExportActive[0]", scale: KILO },
          { path: "SML.Total_out", scale: KILO },
        ],
      },
    },
  },
  /** Shelly Pro 3EM and its kin with MQTT status notifications; `device` is the prefix of its topics. */
  shelly: {
    label: "Shelly (Gen2+)",
    topics: device => [`${device}/status/em:0`],
    map: {
      currentA: ["a_current", "b_current", "c_current"],
      voltageV: ["a_voltage", "b_voltage", "c_voltage"],
      powerW: ["a_act_power", "b_act_power", "c_act_power"],
      totalPowerW: "total_act_power",
    },
  },
  /** Three-phase meters of zigbee2mqtt; `device` is the friendly name. */
  zigbee2mqtt: {
    label: "zigbee2mqtt",
    topics: device => [`zigbee2mqtt/${device}`],
    map: {
      currentA: [{ first: ["current_phase_a", "current"] }, "current_phase_b", "current_phase_c"],
      voltageV: [{ first: ["voltage_phase_a", "voltage"] }, "voltage_phase_b", "voltage_phase_c"],
      powerW: [{ first: ["power_phase_a", "power"] }, "power_phase_b", "power_phase_c"],
      importWh: { path: "energy", scale: KILO },
      exportWh: { path: "produced_energy", scale: KILO },
    },
  },
  /** What evcc measures on the grid connection; `device` is the root of its topics, evcc. */
  evcc: {
    label: "evcc",
    topics: device => [
      ...perPhase(n => `${device}/site/grid/currents/${n}`),
      ...perPhase(n => `${device}/site/grid/powers/${n}`),
    ],
    map: {
      currentA: perPhase(n => ({ path: ALONE, in: n - 1 })),
      powerW: perPhase(n => ({ path: ALONE, in: n + 2 })),
    },
  },
  /** The grid meter of an openWB with software 2; `device` is the root of its topics, openWB. */
  openwb: {
    label: "openWB",
    topics: device => ["currents", "powers"].map(name => `${device}/counter/0/get/${name}`),
    map: {
      currentA: perPhase(n => ({ path: `[${n - 1}]`, in: 0 })),
      powerW: perPhase(n => ({ path: `[${n - 1}]`, in: 1 })),
    },
  },
} as const satisfies Readonly<Record<string, MqttPreset>>;

export type MqttPresetName = keyof typeof mqttPresets;

export const MQTT_PRESETS = Object.keys(mqttPresets) as MqttPresetName[];

/** The preset of a name, with every field it may have. */
export function mqttPreset(name: MqttPresetName): MqttPreset {
  return mqttPresets[name];
}
