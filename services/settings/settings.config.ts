import { z } from "zod";
import { idSchema } from "../../shared/contracts/units.ts";

/** The settings service's part of the site file. Where it stores is the process's business (DATA_DIR, REDIS_URL). */
export const settingsConfig = z.strictObject({
  service: z.literal("settings"),
  node: idSchema.optional(),
});
export type SettingsConfig = z.output<typeof settingsConfig>;
