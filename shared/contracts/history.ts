import { z } from "zod";
import { defineRequest, type ResultOf } from "./define.ts";
import { chargingSession } from "./evse.ts";
import { idSchema } from "./units.ts";

/**
 * Where a session's energy came from. `solarWh` was drawn while the site would otherwise have fed it back: what the cars
 * drew beyond what the mains delivered, shared among them by their draw; a home battery that discharges counts as well.
 * `unknownWh` was drawn while no mains meter or no history told. `measured`: draw and mains were measured all the time.
 */
export const energySplit = z
  .object({
    solarWh: z.number().min(0),
    gridWh: z.number().min(0),
    unknownWh: z.number().min(0),
    source: z.enum(["measured", "estimated", "none"]),
  })
  .readonly();
export type EnergySplit = z.output<typeof energySplit>;

/** An ended charging session as history keeps it. */
export const storedSession = z
  .object({
    /** Counts the sessions ever stored; never given twice. */
    number: z.number().int().min(1),
    evseId: idSchema,
    session: chargingSession,
    split: energySplit,
  })
  .readonly();
export type StoredSession = z.output<typeof storedSession>;

/** Hands an ended session to history; answered once it is durable. The same session again changes nothing. */
export const historyKeep = defineRequest({
  name: "history.keep",
  title: "Stores an ended charging session; answered once it is durable",
  params: z.object({ evseId: idSchema, session: chargingSession }).readonly(),
  result: z.object({ number: z.number().int().min(1) }).readonly(),
  timeoutMs: 2_000,
  example: {
    evseId: "left",
    session: {
      sessionId: "left-20260101T120000Z",
      startedAt: "2026-01-01T12:00:00.000Z",
      endedAt: "2026-01-01T15:10:00.000Z",
      energyWh: 22_410,
      energySource: "metered",
      chargingMs: 11_000_000,
      peakCurrentA: 15.9,
      mode: "smart",
      pauseReason: "unplugged",
      chargingStartedAt: "2026-01-01T12:00:08.000Z",
      startRegisterWh: 1_204_300,
      endRegisterWh: 1_226_710,
      phases: 3,
      stopReason: "car",
      interruptions: 0,
      card: { user: "Anna", lastDigits: "E5F6" },
    },
  },
});

/** Most sessions of one answer: it has to fit into one NATS message. */
export const SESSIONS_PER_ANSWER = 500;

export const historySessions = defineRequest({
  name: "history.sessions",
  title: "Ended sessions that began in a time span, page by page",
  params: z
    .object({
      evseId: idSchema.nullable(),
      /** Begin of the session, from (inclusive) and to (exclusive); null = open. */
      from: z.iso.datetime().nullable(),
      to: z.iso.datetime().nullable(),
      order: z.enum(["oldest-first", "newest-first"]),
      limit: z.number().int().min(1).max(SESSIONS_PER_ANSWER),
      /** `next` of the page before; null = the first page. */
      after: z.string().max(40).nullable(),
    })
    .readonly(),
  result: z
    .object({
      sessions: z.array(storedSession).readonly(),
      /** How to ask for the next page; null when this was the last. */
      next: z.string().nullable(),
    })
    .readonly(),
  timeoutMs: 2_000,
  example: {
    evseId: null,
    from: "2026-01-01T00:00:00.000Z",
    to: "2026-02-01T00:00:00.000Z",
    order: "oldest-first",
    limit: 500,
    after: null,
  },
});
export type SessionsPage = ResultOf<typeof historySessions>;

/** The highest mains power in each of the last 96 quarter hours, the running one last. */
export const historyDay = defineRequest({
  name: "history.day",
  title: "Highest mains power in each of the last 96 quarter hours, the running one last",
  params: z.object({}).readonly(),
  result: z
    .object({
      quarters: z
        .array(
          z
            .object({
              startsAt: z.iso.datetime(),
              /** W; null where nothing was measured. */
              peakW: z.number().nullable(),
            })
            .readonly(),
        )
        .length(96)
        .readonly(),
    })
    .readonly(),
  timeoutMs: 1_000,
  example: {},
});
export type HistoryDay = ResultOf<typeof historyDay>;
