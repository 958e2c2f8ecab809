import type { SettingsCurrent, SettingValue } from "../contracts/settings.ts";
import { catalogue, settingOf } from "./catalogue/index.ts";
import type { SettingDefinition, SettingScope } from "./definition.ts";

/** The values a fresh site or point starts with. Settings without a default (commands, feeds) are left out. */
export function defaultsOf(scope: SettingScope): Record<string, SettingValue> {
  const values: Record<string, SettingValue> = {};
  for (const setting of catalogue) {
    if (setting.scope === scope && isStored(setting) && setting.default !== null) values[setting.key] = setting.default;
  }
  return values;
}

/** Whether a setting has a value that can be kept (commands and feeds have none). */
export function isStored(setting: SettingDefinition): boolean {
  return setting.type !== "action" && setting.type !== "feed";
}

/** One value in force: of the charge point for point settings, of the site otherwise; the default where it is not set. */
export function settingIn(current: SettingsCurrent, key: string, evseId: string | null): SettingValue | null {
  const setting = settingOf(key);
  if (setting === undefined) throw new Error(`no setting is called ${key}`);
  const values = setting.scope === "site" ? current.site : evseId === null ? undefined : current.points[evseId];
  return values?.[key] ?? setting.default;
}

/** As `settingIn`, for settings that are numbers. */
export function numberIn(current: SettingsCurrent, key: string, evseId: string | null = null): number {
  const value = settingIn(current, key, evseId);
  if (typeof value !== "number") throw new Error(`setting ${key} is not a number`);
  return value;
}
