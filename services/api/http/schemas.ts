import { z } from "zod";
import { settingsUpdate, settingValue } from "../../../shared/contracts/settings.ts";
import { idSchema } from "../../../shared/contracts/units.ts";
import { chargeChoice } from "../view.ts";

/** Bodies and answers of /api/v1 that are not views. One schema each: validation, OpenAPI document and type. */

export const modeBody = z.strictObject({ mode: chargeChoice }).meta({ id: "ModeBody" });

export const settingsPatch = z
  .strictObject({
    changes: z
      .array(
        z.strictObject({
          key: z.string().min(1).max(64),
          /** The charge point, for settings that belong to one. */
          evseId: idSchema.nullable().default(null),
          value: settingValue,
        }),
      )
      .min(1)
      .max(200),
  })
  .meta({ id: "SettingsPatch" });

export const settingsOutcomes = settingsUpdate.result.meta({ id: "SettingsOutcomes" });

/** One row of the catalogue, and the values in force. */
export const settingView = z
  .object({
    key: z.string(),
    label: z.string().nullable(),
    title: z.string(),
    type: z.string(),
    scope: z.enum(["site", "point"]),
    unit: z.string().nullable(),
    min: z.number().nullable(),
    max: z.number().nullable(),
    step: z.number().nullable(),
    options: z
      .array(z.object({ value: z.number(), label: z.string() }).readonly())
      .readonly()
      .nullable(),
    /** The permitted values in words. */
    permitted: z.string(),
    default: settingValue.nullable(),
    /** Value in force of the site; null for settings of charge points, for secrets and where none is set. */
    value: settingValue.nullable(),
    /** Values in force by charge point; null for settings of the site and for secrets. */
    points: z.record(idSchema, settingValue.nullable()).readonly().nullable(),
  })
  .readonly()
  .meta({ id: "SettingView" });
export type SettingView = z.output<typeof settingView>;

export const settingsView = z
  .object({ revision: z.number().int(), settings: z.array(settingView).readonly() })
  .readonly()
  .meta({ id: "SettingsView" });
export type SettingsView = z.output<typeof settingsView>;

export const accepted = z.object({ accepted: z.boolean() }).readonly().meta({ id: "Accepted" });

export const commandBody = z.strictObject({ words: z.string().trim().min(1).max(200) }).meta({ id: "CommandBody" });
export const commandDone = z.object({ done: z.string() }).readonly().meta({ id: "CommandDone" });
