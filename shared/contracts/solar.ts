import { z } from "zod";
import { defineFact, type PayloadOf } from "./define.ts";
import { boundBy, idSchema, ms } from "./units.ts";

/** What the owner of a solar car wants to know. Currents are sums of the phases. */
export const solarOutlook = z
  .object({
    /** What the roof can spare for this point now. */
    haveA: z.number(),
    /** What has to be there for it to start, or to go on without help from the grid. */
    needA: z.number(),
    /** Seconds until it is stopped for want of sun; null = no stop is coming. */
    stopInS: z.number().int().min(0).nullable(),
    /** The number of phases it is about to change to, and in how many seconds if the sun stays as it is; null = none. */
    switchTo: z.union([z.literal(1), z.literal(3)]).nullable(),
    switchInS: z.number().int().min(0).nullable(),
  })
  .readonly();
export type SolarOutlook = z.output<typeof solarOutlook>;

/** What the solar controller wishes for one charge point. */
export const solarPoint = z
  .object({
    evseId: idSchema,
    /** The point may charge by the sun; without this it gets nothing in mode Solar. */
    go: z.boolean(),
    /** Phases its contactors shall connect; with CONTACT 2 = Auto in every mode. */
    phases: z.union([z.literal(1), z.literal(3)]),
    /** How many times its current counts against the budget: phases that its car really uses. */
    counts: z.union([z.literal(1), z.literal(3)]),
    /** Why it may not charge, or what the sun does to it. */
    boundBy,
    outlook: solarOutlook,
  })
  .readonly();
export type SolarPoint = z.output<typeof solarPoint>;

/** What the roof leaves for charging. It never lifts another limit; without it nothing charges by the sun. */
export const solarBudget = defineFact({
  name: "solar.budget",
  title: "The current that points in mode Solar may take together, and who of them may",
  payload: z
    .object({
      /** Under which lease it was decided, 0 where the service stands alone. The balancer believes no older one. */
      epoch: z.number().int().min(0),
      /** Sum of the phases of all points in mode Solar, never below the minimum of those that may charge. */
      chargingA: z.number().min(0),
      /** What house and roof leave over without those points, home battery neutralised, sum of the phases; null = unknown. */
      surplusA: z.number().nullable(),
      /** The home battery's current that was taken out of it: + charging, - discharging; null without a fresh value. */
      batteryA: z.number().nullable(),
      restsOnMs: ms.nullable(),
      points: z.array(solarPoint).readonly(),
    })
    .readonly(),
  everyMs: 1_000,
  expiresAfterMs: 5_000,
  idOf: () => "site",
  example: {
    epoch: 0,
    chargingA: 14.2,
    surplusA: 14.2,
    batteryA: null,
    restsOnMs: 540,
    points: [
      {
        evseId: "left",
        go: true,
        phases: 1,
        counts: 1,
        boundBy: "solar",
        outlook: { haveA: 14.2, needA: 6, stopInS: null, switchTo: null, switchInS: null },
      },
    ],
  },
});
export type SolarBudget = PayloadOf<typeof solarBudget>;
