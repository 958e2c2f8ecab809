import { z } from "zod";
import { defineFact, type PayloadOf } from "./define.ts";
import { schedulePlace, turn } from "./schedule.ts";
import { solarOutlook } from "./solar.ts";
import { boundBy, idSchema, ms, offerA, phaseCurrentsA } from "./units.ts";

/** What one charge point may offer. 0 with a reason, or 6..80 A. Never more than every limit allows. */
export const balancerAllocation = defineFact({
  name: "balancer.allocation",
  title: "The current one charge point may offer, and who limits it",
  payload: z
    .object({
      evseId: idSchema,
      /** Under which lease it was decided, 0 where the balancer stands alone. A point believes no older one than it has heard. */
      epoch: z.number().int().min(0),
      sequence: z.number().int().min(0),
      limitA: offerA,
      /** The contactor may close: the others have made room. An offer alone may stand before that. */
      admitted: z.boolean(),
      boundBy,
      /** Age of the oldest measurement this rests on; null where none is needed (mode Normal). */
      restsOnMs: ms.nullable(),
      /** Seconds until a refused point may be admitted again; 0 = as soon as there is room. */
      retryS: z.number().int().min(0),
      /** Phases the contactors shall connect, where CONTACT 2 leaves the choice. */
      phases: z.union([z.literal(1), z.literal(3)]),
      /** What the sun means for this point; null in other modes. */
      solar: solarOutlook.nullable(),
      /** Its place among those that share the current. */
      turn,
    })
    .readonly(),
  everyMs: 1_000,
  expiresAfterMs: 5_000,
  idOf: allocation => allocation.evseId,
  aboutOf: allocation => allocation.evseId,
  example: {
    evseId: "left",
    epoch: 0,
    sequence: 97,
    limitA: 11.2,
    admitted: true,
    boundBy: "mains.l2",
    restsOnMs: 140,
    retryS: 0,
    phases: 3,
    solar: null,
    turn: {
      place: "active",
      rank: 0,
      forMs: 412_000,
      served: true,
      ringHere: false,
      rotatingMs: null,
      idledMs: null,
      turnOf: [],
      nextInMs: null,
    },
  },
});
export type BalancerAllocation = PayloadOf<typeof balancerAllocation>;

/** The balancer's view of the site, for faces and records. */
export const balancerStatus = defineFact({
  name: "balancer.status",
  title: "Fuse, circuit, measured and allotted current per phase",
  payload: z
    .object({
      /** The node on which the active balancer runs, and the epoch of its lease; 0 where it stands alone. */
      node: idSchema,
      epoch: z.number().int().min(0),
      mainsLimitA: z.number(),
      circuitLimitA: z.number().nullable(),
      /** Raw mains currents last used; null without a fresh sample. */
      mainsA: phaseCurrentsA.nullable(),
      mainsAgeMs: ms.nullable(),
      circuitA: phaseCurrentsA.nullable(),
      /** What the points may draw at most, per house phase. */
      allottedA: phaseCurrentsA,
      /** How the meter is believed: regulate, hold what is given, give the minimum, stop; `unmetered` = mode Normal only. */
      trust: z.enum(["regulate", "hold", "minimum", "stop", "unmetered"]),
      shortageScore: z.number().min(0),
      /** Not even the minimum fits CAPACITY or the quarter hour: until CAP STOP ends charging; null = nothing is coming. */
      capStopInMs: ms.nullable(),
      /** The longest that one of its decisions took since its last status. */
      decisionMs: ms,
      /** Who has a share of the current, and who waits for its turn; in the order of the site file. */
      schedule: z
        .object({
          points: z.array(z.object({ evseId: idSchema, place: schedulePlace }).readonly()).readonly(),
          /** Until the turn goes on to the next point; null = no rotation is running. */
          rotatesInMs: ms.nullable(),
        })
        .readonly(),
    })
    .readonly(),
  everyMs: 1_000,
  expiresAfterMs: 5_000,
  idOf: () => "site",
  example: {
    node: "main",
    epoch: 0,
    mainsLimitA: 25,
    circuitLimitA: null,
    mainsA: { l1: 14.2, l2: 24.8, l3: 9.1 },
    mainsAgeMs: 300,
    circuitA: null,
    allottedA: { l1: 11.2, l2: 11.2, l3: 11.2 },
    trust: "regulate",
    shortageScore: 0,
    capStopInMs: null,
    decisionMs: 0.4,
    schedule: {
      points: [
        { evseId: "left", place: "active" },
        { evseId: "right", place: "paused" },
      ],
      rotatesInMs: 1_448_000,
    },
  },
});
export type BalancerStatus = PayloadOf<typeof balancerStatus>;
