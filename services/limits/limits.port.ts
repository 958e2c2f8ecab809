import { z } from "zod";
import { quarterState } from "./quarter.core.ts";
import { keptLimit } from "./standing.core.ts";

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
