import type { SettingsCurrent } from "../contracts/settings.ts";
import { settingIn } from "./read.ts";

/** CAP MODE as stored. */
export const CAP_MODE = { disabled: 0, fixed: 1, interval: 2, flanders: 3 } as const;

/** The least monthly peak that the Flemish capacity tariff charges: below it nothing is saved. */
export const FLANDERS_FLOOR_W = 2_500;

/** From `start` (minute of the local day) on the site may draw `power` W. */
export interface IntervalRule {
  readonly start: number;
  readonly power: number;
}

/** The table of CAP MODE = Interval, by the time of the day. */
export function intervalsIn(current: SettingsCurrent): readonly IntervalRule[] {
  const value: unknown = settingIn(current, "intervals", null);
  return Array.isArray(value) ? value.filter(isRule).sort((a, b) => a.start - b.start) : [];
}

/** What holds at this minute: the rule that began last; before the first one the last of the day before. Null without any. */
export function intervalPowerW(rules: readonly IntervalRule[], minuteOfDay: number): number | null {
  return (rules.findLast(({ start }) => start <= minuteOfDay) ?? rules.at(-1))?.power ?? null;
}

function isRule(value: unknown): value is IntervalRule {
  const { start, power } = (value ?? {}) as Partial<Record<string, unknown>>;
  return typeof start === "number" && typeof power === "number";
}
