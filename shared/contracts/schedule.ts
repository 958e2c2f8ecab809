import { z } from "zod";
import { idSchema, ms } from "./units.ts";

/** Inactive: no car, or one that does not want current. Active: it has its share. Paused: it waits for its turn. */
export const schedulePlace = z.enum(["inactive", "active", "paused"]);
export type SchedulePlace = z.output<typeof schedulePlace>;

/**
 * The place of one charge point among those that share the current (spec control 6.7). The balancer tells it; the point keeps
 * it and tells it back with its status, so that a balancer that starts or takes over goes on where the last one was.
 */
export const turn = z
  .object({
    place: schedulePlace,
    /** Its position in the ring of those who want a share, 0 = the ring begins here; who wants none stands behind all. */
    rank: z.number().int().min(0),
    /** How long it has had this place. */
    forMs: ms,
    /** Its car has had current since it was plugged in. */
    served: z.boolean(),
    /** The last turn that was handed over came here: the ring goes on from this point. */
    ringHere: z.boolean(),
    /** How long the rotation that will end its turn has been running; null = none is. */
    rotatingMs: ms.nullable(),
    /** How long ago it last lost its turn because its car did not use it; null = it did not. */
    idledMs: ms.nullable(),
    /** While it is paused: whose turn it is, and when its own begins at the latest; null = not by time. */
    turnOf: z.array(idSchema).readonly(),
    nextInMs: ms.nullable(),
  })
  .readonly();
export type ScheduleTurn = z.output<typeof turn>;
