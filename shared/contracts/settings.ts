import { z } from "zod";
import { defineFact, defineRequest, type PayloadOf, type ResultOf } from "./define.ts";
import { idSchema } from "./units.ts";

/** A setting's value on the wire: numbers, words, lists (colours, intervals). The catalogue knows which. */
export const settingValue = z.union([
  z.number(),
  z.string(),
  z.array(z.number()).readonly(),
  z.array(z.object({ start: z.number(), power: z.number() }).readonly()).readonly(),
]);
export type SettingValue = z.output<typeof settingValue>;

const values = z.record(z.string(), settingValue).readonly();
const keys = z.array(z.string()).readonly();

/** All settings in force. Secrets never appear. Stays in force until replaced. */
export const settingsCurrent = defineFact({
  name: "settings.current",
  title: "All settings in force: site-wide ones, and those of each charge point",
  payload: z
    .object({
      revision: z.number().int().min(0),
      site: values,
      points: z.record(idSchema, values).readonly(),
      /** Keys of the secrets that are set; their values stay with the owner. */
      secretsSet: z
        .object({ site: keys, points: z.record(idSchema, keys).readonly() })
        .readonly()
        .optional(),
    })
    .readonly(),
  everyMs: 2_000,
  expiresAfterMs: null,
  idOf: () => "site",
  example: {
    revision: 7,
    site: { current_main: 25, current_min: 6 },
    points: { left: { mode: 1, current_max: 16 } },
    secretsSet: { site: ["mqtt_password"], points: { left: [] } },
  },
});
export type SettingsCurrent = PayloadOf<typeof settingsCurrent>;

/** A command or a fed value was accepted, be it the same as before: its age counts from here. Nothing of this is kept. */
export const settingsCommanded = defineFact({
  name: "settings.commanded",
  title: "A setting that is a command or a fed value was given, new or again",
  payload: z.object({ key: z.string(), evseId: idSchema.nullable(), value: settingValue, by: z.string() }).readonly(),
  everyMs: null,
  expiresAfterMs: null,
  idOf: commanded => commanded.evseId ?? "site",
  example: { key: "battery_current", evseId: null, value: -40, by: "rest" },
});
export type SettingsCommanded = PayloadOf<typeof settingsCommanded>;

/** Changes settings. Each change is judged on its own; a refused one changes nothing. */
export const settingsUpdate = defineRequest({
  name: "settings.update",
  title: "Changes settings, each judged on its own",
  params: z
    .object({
      /** Who asks: "rest", "web", "mqtt", "menu": for the audit trail. */
      by: z.string().min(1).max(40),
      changes: z
        .array(z.object({ key: z.string(), evseId: idSchema.nullable(), value: settingValue }).readonly())
        .min(1)
        .max(200)
        .readonly(),
    })
    .readonly(),
  result: z
    .object({
      revision: z.number().int(),
      outcomes: z
        .array(
          z
            .object({
              key: z.string(),
              evseId: idSchema.nullable(),
              ok: z.boolean(),
              value: settingValue.nullable(),
              error: z.string().nullable(),
            })
            .readonly(),
        )
        .readonly(),
    })
    .readonly(),
  timeoutMs: 1_000,
  example: { by: "rest", changes: [{ key: "current_min", evseId: null, value: 8 }] },
});
export type SettingsUpdateResult = ResultOf<typeof settingsUpdate>;
