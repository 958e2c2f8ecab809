import type { SettingDefinition } from "../definition.ts";
import { accessSettings } from "./access.ts";
import { chargingSettings } from "./charging.ts";
import { commandsSettings } from "./commands.ts";
import { metersSettings } from "./meters.ts";
import { networkSettings } from "./network.ts";

/** Every setting there is. */
export const catalogue: readonly SettingDefinition[] = [
  ...chargingSettings,
  ...metersSettings,
  ...accessSettings,
  ...networkSettings,
  ...commandsSettings,
];

const byKey: ReadonlyMap<string, SettingDefinition> = new Map(catalogue.map(setting => [setting.key, setting]));

/** The row of one key; undefined when no such setting exists. */
export function settingOf(key: string): SettingDefinition | undefined {
  return byKey.get(key);
}
