import { z } from "zod";

/** The service takes its limits from settings and requests; the site file only says where it runs. */
export const limitsConfig = z.strictObject({});
export type LimitsConfig = z.output<typeof limitsConfig>;

/** What the settings say about the quarter hour and the time of day. */
export interface LimitsSettings {
  /** CAP PEAK: the average of a quarter hour; null = off. */
  readonly peakW: number | null;
  /** CAP MODE = Flanders: the highest quarter hour of the month is the limit, 2.5 kW at least. */
  readonly flanders: boolean;
  /** CAP MODE = Interval: power by time of day; null in other modes. */
  readonly intervals: readonly { readonly start: number; readonly power: number }[] | null;
}
