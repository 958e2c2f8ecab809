import type { SettingsCurrent, SettingValue } from "../../shared/contracts/settings.ts";
import { settingOf } from "../../shared/settings/catalogue/index.ts";
import { defaultsOf } from "../../shared/settings/read.ts";

type Values = Readonly<Record<string, SettingValue>>;

/** Values by owner: of the site, and of each charge point. */
export interface ScopedValues {
  readonly site: Values;
  readonly points: Readonly<Record<string, Values>>;
}

/** What the service needs to know of the site. */
export interface SettingsSite {
  readonly points: readonly { readonly id: string; readonly serial: number }[];
  /** A meter of the role mains stands in the site file with a driver of its own, whatever MAINS MET says. */
  readonly mainsMeterPresent: boolean;
  /** From the site file: in force where nothing is stored. */
  readonly initial: ScopedValues;
}

export const NO_VALUES: ScopedValues = { site: {}, points: {} };

/** What somebody set, else what the site file says, else the default of the catalogue. Secrets are among them. */
export function inForce(site: SettingsSite, set: ScopedValues): ScopedValues {
  const points = site.points.map(({ id, serial }) => {
    const values = { ...defaultsOf("point"), ...site.initial.points[id], ...set.points[id] };
    // The identity of a point: an empty prefix means its own name again.
    const prefix = values["mqtt_topic_prefix"];
    const own = prefix === "" || prefix === settingOf("mqtt_topic_prefix")?.default;
    return [id, own ? { ...values, mqtt_topic_prefix: `SmartEVSE-${serial}` } : values] as const;
  });
  return { site: { ...defaultsOf("site"), ...site.initial.site, ...set.site }, points: Object.fromEntries(points) };
}

/** One value of one owner; undefined where there is none. */
export function valueIn(values: ScopedValues, key: string, evseId: string | null): SettingValue | undefined {
  return evseId === null ? values.site[key] : values.points[evseId]?.[key];
}

/** As `valueIn`, for settings that are numbers; commands without a value count as 0. */
export function numberOf(values: ScopedValues, key: string, evseId: string | null = null): number {
  const value = valueIn(values, key, evseId);
  return typeof value === "number" ? value : 0;
}

/** The values with one replaced. */
export function withValue(
  values: ScopedValues,
  change: { readonly key: string; readonly evseId: string | null; readonly value: SettingValue },
): ScopedValues {
  const { key, evseId, value } = change;
  if (evseId === null) return { ...values, site: { ...values.site, [key]: value } };
  return { ...values, points: { ...values.points, [evseId]: { ...values.points[evseId], [key]: value } } };
}

/** The fact: everything in force except secrets, of which only is told that they are set. */
export function factOf(revision: number, values: ScopedValues): SettingsCurrent {
  const points = Object.entries(values.points);
  return {
    revision,
    site: withoutSecrets(values.site),
    points: Object.fromEntries(points.map(([id, own]) => [id, withoutSecrets(own)])),
    secretsSet: {
      site: secretsIn(values.site),
      points: Object.fromEntries(points.map(([id, own]) => [id, secretsIn(own)])),
    },
  };
}

export function isSecret(key: string): boolean {
  return settingOf(key)?.type === "secret";
}

function withoutSecrets(values: Values): Record<string, SettingValue> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !isSecret(key)));
}

function secretsIn(values: Values): string[] {
  return Object.keys(values).filter(key => isSecret(key) && values[key] !== "");
}
