import { z } from "zod";
import { defineRequest, type ResultOf } from "./define.ts";
import { boundBy, idSchema, ms } from "./units.ts";

/** One limit, and what it alone would allow this charge point at this moment. */
export const limitInsight = z
  .object({
    boundBy,
    /** A per phase; null while nobody can say. */
    allowsA: z.number().nullable(),
    /** The limit itself, where that is something else: the fuse, the circuit. */
    ofA: z.number().nullable(),
    /** Age of what it rests on; null where that does not age (a setting, a cable). */
    ageMs: ms.nullable(),
  })
  .readonly();
export type LimitInsight = z.output<typeof limitInsight>;

/** What a charge point knows about its own limits. */
export const evseExplain = defineRequest({
  name: "evse.explain",
  title: "The limits that a charge point sees",
  params: z.object({ evseId: idSchema }).readonly(),
  result: z
    .object({
      evseId: idSchema,
      offerA: z.number(),
      /** What limits the offer, or why there is none, and the same in words. */
      boundBy,
      reason: z.string(),
      /** Its own limits, and what the balancer allots with the age of that word. */
      limits: z.array(limitInsight).readonly(),
      /** Until it may try again; 0 = not waiting. */
      waitMs: ms,
    })
    .readonly(),
  timeoutMs: 500,
  example: { evseId: "left" },
});
export type EvseInsight = ResultOf<typeof evseExplain>;

/** What the balancer will do about a point, and when it may at the earliest. */
export const reconsider = z
  .object({
    /**
     * `cut-only`: with every sample, for less; `raise`: when there has been room for long enough; `retry`: after the retry
     * time; `join`: when the others have made room; `not-asking`: when the car asks; `turn`: when its turn
     * comes, 0 = not by time; `stop`: CAP STOP ends charging then, unless the minimum fits before; `never`: not before something changes.
     */
    kind: z.enum(["raise", "retry", "join", "not-asking", "cut-only", "turn", "stop", "never"]),
    /** Earliest; 0 = with the next sample. */
    inMs: ms,
    /** How long room must have been there for a raise. */
    settlingMs: ms,
  })
  .readonly();
export type Reconsider = z.output<typeof reconsider>;

/** What the balancer knows about the limits of a charge point. */
export const balancerExplain = defineRequest({
  name: "balancer.explain",
  title: "The limits that a charge point shares with others",
  params: z.object({ evseId: idSchema }).readonly(),
  result: z
    .object({
      evseId: idSchema,
      limitA: z.number(),
      boundBy,
      limits: z.array(limitInsight).readonly(),
      reconsider,
    })
    .readonly(),
  timeoutMs: 500,
  example: { evseId: "left" },
});
export type BalancerInsight = ResultOf<typeof balancerExplain>;

const packedJournal = z
  .object({
    /** Lines of JSON, packed with gzip, in base64. */
    packed: z.string(),
  })
  .readonly();

/** The last 1,000 decisions with what they rested on; `edge-evse replay` makes them again. */
export const evseJournal = defineRequest({
  name: "evse.journal",
  title: "The last decisions of a charge point, to be made again elsewhere",
  params: z.object({ evseId: idSchema }).readonly(),
  result: packedJournal,
  timeoutMs: 10_000,
  example: { evseId: "left" },
});

export const balancerJournal = defineRequest({
  name: "balancer.journal",
  title: "The last decisions of the balancer, to be made again elsewhere",
  params: z.object({}).readonly(),
  result: packedJournal,
  timeoutMs: 10_000,
  example: {},
});
