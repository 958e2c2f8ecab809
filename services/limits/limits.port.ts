import { z } from "zod";
import { idSchema } from "../../shared/contracts/units.ts";

/** A limit as it is kept: its end in civil time, so that it outlives a restart. */
export const keptLimit = z
  .object({
    limitId: idSchema,
    owner: idSchema,
    evseId: idSchema.nullable(),
    maxA: z.number().min(0).nullable(),
    maxW: z.number().min(0).nullable(),
    endsAtMs: z.number().nullable(),
  })
  .readonly();
export type KeptLimit = z.output<typeof keptLimit>;

/** The quarter hour that runs and the month's peak, in civil time: what outlives a restart. */
export const quarterState = z
  .object({
    startMs: z.number(),
    /** Up to here it has been followed. */
    followedToMs: z.number(),
    /** Energy drawn from the grid, in Ws; feeding back takes nothing off. */
    usedWs: z.number().min(0),
    /** Part of it for which nothing was measured. */
    unseenMs: z.number().min(0),
    /** A sample stands at `followedToMs`, so that the next one stands for the time since. */
    seen: z.boolean(),
    /** Local "YYYY-MM", and the highest quarter hour of it that has ended. */
    month: z.string(),
    monthPeakW: z.number().min(0),
  })
  .readonly();
export type QuarterState = z.output<typeof quarterState>;

/** What outlives a restart: limits from outside, the quarter hour that runs, the month's peak. */
export const keptLimits = z
  .object({ limits: z.array(keptLimit).readonly(), quarter: quarterState.nullable() })
  .readonly();
export type KeptLimits = z.output<typeof keptLimits>;

export const NOTHING_KEPT: KeptLimits = { limits: [], quarter: null };

/** Where it lies. */
export interface LimitsKeeper {
  /** Never throws: what cannot be read is put aside, and the problem is told. */
  load(): { readonly kept: KeptLimits; readonly problem: string | null };
  /** Resolves once it is durable. Rejects with `StoreUnavailable`. */
  save(kept: KeptLimits): Promise<void>;
}
