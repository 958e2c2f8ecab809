import {
  CONFIG,
  type ConfigDefinition,
  type ConfigName,
  VOLT_OFFSET,
  VOLTS_PER_STEP,
} from "../../../shared/evse-sysex/codes.ts";
import type { KeptConfig } from "./memory.ts";
import type { SamplerConfig } from "./sampler.ts";

const definitions = Object.entries(CONFIG) as readonly (readonly [ConfigName, ConfigDefinition])[];

/** The board's CONFIG values: what the board keeps, or the firmware's own, until a host changes them. */
export class ConfigStore {
  readonly #values: Map<ConfigName, number>;

  constructor(kept: KeptConfig) {
    const all: Readonly<Partial<Record<ConfigName, number>>> = kept;
    this.#values = new Map(definitions.map(([name, { initial }]) => [name, all[name] ?? initial]));
  }

  get(name: ConfigName): number {
    return this.#values.get(name) ?? CONFIG[name].initial;
  }

  /** Stores a value; answers its name, or null when id or value is out of range. */
  set(id: number, value: number): ConfigName | null {
    const name = configNameOf(id);
    if (name === null || !isInRange(name, value)) return null;
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

export function configNameOf(id: number): ConfigName | null {
  return definitions.find(([, definition]) => definition.id === id)?.[0] ?? null;
}

export function isInRange(name: ConfigName, value: number): boolean {
  const { min, max, zeroIsOff }: ConfigDefinition = CONFIG[name];
  return (value >= min && value <= max) || (zeroIsOff === true && value === 0);
}
