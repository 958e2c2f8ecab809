import { z } from "zod";
import { defineFact, defineRequest, type PayloadOf, type ResultOf } from "./define.ts";
import { idSchema, ms } from "./units.ts";

/** Longest time a limit may be set for; longer is "until withdrawn". */
export const LONGEST_LIMIT_S = 604_800;

/** What a limit may be for: exactly one of A per phase and W in all. */
const maxA = z.number("expected 0..1000 A").min(0, "expected 0..1000 A").max(1_000, "expected 0..1000 A");
const maxW = z.number("expected 0..1000000 W").min(0, "expected 0..1000000 W").max(1_000_000, "expected 0..1000000 W");

/** A limit that somebody outside has set: the energy manager, the grid operator, a charging station's backend, a person. */
export const standingLimit = z
  .object({
    limitId: idSchema,
    /** Who set it; only the same owner replaces or withdraws it. */
    owner: idSchema,
    /** The charge point it is for; null = all of the site together. */
    evseId: idSchema.nullable(),
    /** A per phase: of the point, or of all points together on each phase of the house. */
    maxA: maxA.nullable(),
    /** W of all phases together. */
    maxW: maxW.nullable(),
    /** Until it ends by itself; null = until it is withdrawn. */
    expiresInMs: ms.nullable(),
  })
  .readonly();
export type StandingLimit = z.output<typeof standingLimit>;

/** The quarter hour that runs: what was drawn from the grid, and what may be drawn until it ends. */
export const quarterHour = z
  .object({
    startsAt: z.iso.datetime(),
    endsInMs: ms,
    /** Energy from the grid so far; what was not measured is not in it. */
    usedWh: z.number().min(0),
    /** Part of it for which nothing was measured: it counts as drawn at the limit. */
    unseenMs: ms,
    /** The average it must not exceed; null = none is set. */
    limitW: z.number().min(0).nullable(),
    /** Grid power that uses up what is left of it, if held from now on; null without a limit. */
    allowedW: z.number().min(0).nullable(),
    /** Local year and month, and the highest quarter hour of it so far. */
    month: z.string().regex(/^\d{4}-\d{2}$/),
    monthPeakW: z.number().min(0),
  })
  .readonly();
export type QuarterHour = z.output<typeof quarterHour>;

/** Limits from outside, and those that depend on the time. They add to all others, and never lift one. */
export const limitsCurrent = defineFact({
  name: "limits.current",
  title:
    "Limits set from outside with owner and end, the quarter hour that runs, and the power limit of this time of day",
  payload: z
    .object({
      limits: z.array(standingLimit).readonly(),
      /** Null until a mains meter was heard. */
      quarter: quarterHour.nullable(),
      /** CAP MODE = Interval: what the site may draw now, W; null in other modes. */
      intervalW: z.number().min(0).nullable(),
    })
    .readonly(),
  everyMs: 1_000,
  expiresAfterMs: 5_000,
  idOf: () => "site",
  example: {
    limits: [{ limitId: "dim-1", owner: "ems", evseId: null, maxA: null, maxW: 4_200, expiresInMs: 900_000 }],
    quarter: {
      startsAt: "2026-01-01T12:15:00.000Z",
      endsInMs: 412_000,
      usedWh: 610.5,
      unseenMs: 0,
      limitW: 5_000,
      allowedW: 5_590,
      month: "2026-01",
      monthPeakW: 4_870,
    },
    intervalW: null,
  },
});
export type LimitsCurrent = PayloadOf<typeof limitsCurrent>;

/** Sets a limit, or replaces the one of the same id; answered once it is durable. */
export const limitsSet = defineRequest({
  name: "limits.set",
  title: "Sets a limit on the site or a charge point; answered once it is durable",
  params: z
    .object({
      limitId: idSchema,
      owner: idSchema,
      evseId: idSchema.nullable(),
      maxA: maxA.nullable(),
      maxW: maxW.nullable(),
      /** Seconds until it ends by itself; null = until it is withdrawn. */
      expiresInS: z.number().min(1).max(LONGEST_LIMIT_S).nullable(),
    })
    .refine(({ maxA, maxW }) => (maxA === null) !== (maxW === null), "expected exactly one of maxA and maxW")
    .readonly(),
  result: z.object({ limits: z.array(standingLimit).readonly() }).readonly(),
  timeoutMs: 2_000,
  example: { limitId: "dim-1", owner: "ems", evseId: null, maxA: null, maxW: 4_200, expiresInS: 900 },
});

/** Withdraws a limit; that there is none any more is no error. */
export const limitsWithdraw = defineRequest({
  name: "limits.withdraw",
  title: "Withdraws a limit of its owner; answered once that is durable",
  params: z.object({ limitId: idSchema, owner: idSchema }).readonly(),
  result: z.object({ limits: z.array(standingLimit).readonly() }).readonly(),
  timeoutMs: 2_000,
  example: { limitId: "dim-1", owner: "ems" },
});
export type LimitsAnswer = ResultOf<typeof limitsSet>;
