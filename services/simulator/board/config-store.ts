import {
  CONFIG,
  type ConfigDefinition,
  type ConfigName,
  VOLT_OFFSET,
  VOLTS_PER_STEP,
} from "../../../shared/evse-sysex/codes.ts";
import type { SamplerConfig } from "./sampler.ts";

const definitions = Object.entries(CONFIG) as readonly (readonly [ConfigName, ConfigDefinition])[];

/** The board's CONFIG values: those of a fresh boot until a host changes them. */
export class ConfigStore {
  readonly #values = new Map<ConfigName, number>(definitions.map(([name, { initial }]) => [name, initial]));

  get(name: ConfigName): number {
    return this.#values.get(name) ?? CONFIG[name].initial;
  }

  /** Stores a value; answers its name, or null when id or value is out of range. */
  set(id: number, value: number): ConfigName | null {
    const found = definitions.find(([, definition]) => definition.id === id);
    if (found === undefined) return null;
    const [name, { min, max, zeroIsOff }] = found;
    if ((value < min || value > max) && !(zeroIsOff === true && value === 0)) return null;
    this.#values.set(name, value);
    return name;
  }

  get sampling(): SamplerConfig {
    const volts = (name: ConfigName): number => (this.get(name) - VOLT_OFFSET) * VOLTS_PER_STEP;
    return {
      debounceMs: this.get("debounceMs"),
      allowD: this.get("allowD") === 1,
      thresholdsV: [volts("thresholdAB"), volts("thresholdBC"), volts("thresholdCD"), volts("thresholdDE")],
      diodeV: volts("thresholdDiode"),
    };
  }
}
