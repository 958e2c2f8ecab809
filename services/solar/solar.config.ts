import { z } from "zod";

/** What the owner sets stands in the settings; here is what spares contactors and cars. */
export const solarConfig = z.strictObject({
  /** Most changes between one and three phases in any 24 hours, for each charge point. */
  phaseSwitchesPerDay: z.number().int().min(0).max(100).default(10),
});
export type SolarConfig = z.output<typeof solarConfig>;

/** CONTACT 2: what the contactor of L2 and L3 is for. */
export type Contactor2 = "not-present" | "always-off" | "solar-off" | "always-on" | "auto";

/** The settings that solar charging works with. */
export interface SolarSettings {
  /** START: export, sum of the phases, above which charging starts. */
  readonly startA: number;
  /** STOP: how long the sun may be too weak; null = never stop. */
  readonly stopAfterMs: number | null;
  /** IMPORT: what the grid may add, sum of the phases. */
  readonly importA: number;
  /** MIN, A per phase. */
  readonly minA: number;
  readonly contactor2: Readonly<Record<string, Contactor2>>;
  readonly phaseSwitchesPerDay: number;
}
