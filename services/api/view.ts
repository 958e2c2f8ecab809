import { z } from "zod";
import { balancerStatus } from "../../shared/contracts/balancer.ts";
import { chargingSession, evseState, evseStatus } from "../../shared/contracts/evse.ts";
import { evseFault } from "../../shared/contracts/fault.ts";
import { standingLimit } from "../../shared/contracts/limits.ts";
import { meterFinding, meterReading, meterRole, meterStatus } from "../../shared/contracts/meter.ts";
import { boardFault, ledSignal, pilotSensed } from "../../shared/contracts/pilot.ts";
import { cardLabel, readerMode } from "../../shared/contracts/rfid.ts";
import {
  accessStatus,
  boundBy,
  chargeMode,
  chargingState,
  idSchema,
  ms,
  offerA,
  PHASES,
  phaseCurrentsA,
} from "../../shared/contracts/units.ts";

/**
 * What the page and native clients see: GET /api/v1/site answers it, GET /api/v1/stream sends it as `event: site`.
 * Every age counts up to the moment of the answer. Values that are no longer believed keep standing with their age and
 * `fresh: false`, so that a person sees what was last known; nothing is regulated by them.
 */

/** What a person chooses: a charging mode, or one of the two ways not to charge. */
export const chargeChoice = z.enum(["off", "normal", "smart", "solar", "pause"]).meta({ id: "ChargeChoice" });
export type ChargeChoice = z.output<typeof chargeChoice>;

const boardView = z
  .object({
    /** `unheard`: no pilot service has told anything yet, or it fell silent. */
    link: z.enum(["unheard", ...pilotSensed.payload.unwrap().shape.link.options]),
    ageMs: ms.nullable(),
    cp: pilotSensed.payload.unwrap().shape.cp.nullable(),
    dutyPct: z.number().nullable(),
    contactorClosed: z.boolean().nullable(),
    firmware: z.string().nullable(),
    reconnects: z.number().int(),
    faults: z.array(boardFault).readonly(),
    lastError: z.string().nullable(),
  })
  .readonly()
  .meta({ id: "BoardView" });
export type BoardView = z.output<typeof boardView>;

/** A fault, and what it means in words. */
const faultView = z
  .object({ code: z.union([evseFault, boardFault]), words: z.string() })
  .readonly()
  .meta({ id: "FaultView" });
export type FaultView = z.output<typeof faultView>;

/** What an `evse` service last told about itself. */
const pointStatusView = z
  .object({
    state: evseState,
    chargingState,
    mode: chargeMode,
    access: accessStatus,
    /** Mode and access as the one thing a person chooses. */
    choice: chargeChoice,
    carConnected: z.boolean(),
    asksPower: z.boolean(),
    offerA,
    /** Per phase of the point's own connector; null without a fresh EV meter. */
    drawA: phaseCurrentsA.nullable(),
    drawAgeMs: ms.nullable(),
    ceilingA: z.number(),
    ceilingBy: boundBy,
    /** What limits the offer, or why there is none; `reason` says it in words. */
    boundBy,
    reason: z.string(),
    /** Phases in use now; 0 while the contactors are open. */
    activePhases: z.union([z.literal(0), z.literal(1), z.literal(3)]),
    chargeDelayS: z.number().int(),
    cableA: z.number().nullable(),
    temperatureC: z.number().nullable(),
    /** SWITCH is Grid Relay and the grid operator's contact is open, or cannot be read. */
    gridRelayOpen: z.boolean(),
    plugLock: evseStatus.payload.unwrap().shape.plugLock,
    led: ledSignal,
    connectedMs: ms.nullable(),
    session: chargingSession.nullable(),
  })
  .readonly()
  .meta({ id: "PointStatusView" });
export type PointStatusView = z.output<typeof pointStatusView>;

/** The card reader of a point: what it lets in, and who holds the point. Whole card numbers are never told. */
const readerView = z
  .object({
    reader: readerMode,
    /** Access is off and a card of the list would switch it on. */
    locked: z.boolean(),
    /** The card that switched access on. */
    card: cardLabel.nullable(),
    /** Seconds until a point without a car locks itself. */
    lockInS: z.number().int().nullable(),
    lastRead: z.object({ words: z.string(), card: cardLabel, ageMs: ms }).readonly().nullable(),
  })
  .readonly()
  .meta({ id: "ReaderView" });
export type ReaderView = z.output<typeof readerView>;

export const pointView = z
  .object({
    id: idSchema,
    name: z.string(),
    serial: z.number().int(),
    /** Phases its supply has, and the house phase on each of its terminals. */
    phases: z.union([z.literal(1), z.literal(3)]),
    phaseRotation: z.array(z.enum(PHASES)).readonly(),
    /** Whether `status` is believed now; false after 5 s of silence, and before the first word. */
    fresh: z.boolean(),
    ageMs: ms.nullable(),
    status: pointStatusView.nullable(),
    /** The present state in a few words: "charging 11.2 A, limited by mains L2". */
    words: z.string(),
    /** What the balancer allots now; null without a fresh allocation. */
    limitA: z.number().nullable(),
    admitted: z.boolean().nullable(),
    retryS: z.number().int().nullable(),
    faults: z.array(faultView).readonly(),
    board: boardView,
    /** Null where no card reader is in use. */
    reader: readerView.nullable(),
  })
  .readonly()
  .meta({ id: "PointView" });
export type PointView = z.output<typeof pointView>;

export const meterView = z
  .object({
    id: idSchema,
    role: meterRole,
    /** The charge point whose draw it measures; null unless role is `ev`. */
    evseId: idSchema.nullable(),
    /** `unheard`: its service has told nothing for a while. */
    state: z.enum(["unheard", ...meterStatus.payload.unwrap().shape.state.options]),
    source: z.string(),
    typeLabel: z.string(),
    currentA: phaseCurrentsA.nullable(),
    totalPowerW: z.number().nullable(),
    importWh: z.number().nullable(),
    exportWh: z.number().nullable(),
    /** `derived`: its currents were worked out from powers, or take the direction of the total. Null before the first sample. */
    quality: meterReading.payload.unwrap().shape.quality.nullable(),
    /** Age of the last sample. */
    ageMs: ms.nullable(),
    /** Usual time between samples; null until it is known. */
    cadenceMs: ms.nullable(),
    lastError: z.string().nullable(),
    /** What its samples show to be wrong with the meter or its wiring. */
    findings: z.array(meterFinding).readonly(),
    counters: meterStatus.payload.unwrap().shape.counters.nullable(),
  })
  .readonly()
  .meta({ id: "MeterView" });
export type MeterView = z.output<typeof meterView>;

/** How the mains meter is believed; `unheard` while no balancer speaks. */
const trust = z.enum(["unheard", ...balancerStatus.payload.unwrap().shape.trust.options]);

export const siteView = z
  .object({
    site: idSchema,
    name: z.string(),
    version: z.string(),
    /** Civil time of this view. */
    at: z.iso.datetime(),
    mains: z
      .object({
        /** The fuse, per phase. */
        limitA: z.number().nullable(),
        currentA: phaseCurrentsA.nullable(),
        ageMs: ms.nullable(),
        trust,
        /** What the house itself uses: mains less what the cars draw; null while any of these is unknown. */
        houseA: phaseCurrentsA.nullable(),
        /** What the points may draw at most, per house phase. */
        allottedA: phaseCurrentsA.nullable(),
      })
      .readonly(),
    /** Where the balancer runs that decides, under which epoch, and who would go on without it; null while none is heard. */
    balancer: z
      .object({ node: idSchema, epoch: z.number().int(), standby: z.array(idSchema).readonly() })
      .readonly()
      .nullable(),
    /** The sub-panel of the charge points, where it has a limit. */
    circuit: z.object({ limitA: z.number(), currentA: phaseCurrentsA.nullable() }).readonly().nullable(),
    /** Limits that somebody outside has set, and the quarter hour that runs; null while nobody keeps them. */
    limits: z
      .object({
        set: z.array(standingLimit).readonly(),
        quarter: z
          .object({
            /** From the grid at this moment, and the average of the quarter hour if it stays so. */
            nowW: z.number().nullable(),
            predictedW: z.number().nullable(),
            limitW: z.number().nullable(),
            endsInMs: ms,
            month: z.string(),
            monthPeakW: z.number(),
          })
          .readonly()
          .nullable(),
      })
      .readonly()
      .nullable(),
    /** Not even the minimum fits CAPACITY or the quarter hour: until CAP STOP ends charging; null = nothing is coming. */
    capStopInMs: ms.nullable(),
    points: z.array(pointView).readonly(),
    meters: z.array(meterView).readonly(),
    /** What a person should look at, in words: silent services, lost meters. Empty on a good day. */
    warnings: z.array(z.string()).readonly(),
    /** A simulator runs: POST /api/v1/simulator/command is there. */
    simulated: z.boolean(),
  })
  .readonly()
  .meta({ id: "SiteView" });
export type SiteView = z.output<typeof siteView>;

/**
 * GET /api/v1/history: the last 15 minutes in steps of 5 s, oldest first, one column per curve, null where nothing was
 * known. `atMs` is civil time. A point's draw is its most loaded phase.
 */
export const historyView = z
  .object({
    stepMs: z.number().int(),
    atMs: z.array(z.number()).readonly(),
    mainsLimitA: z.array(z.number().nullable()).readonly(),
    mainsA: z
      .object({
        l1: z.array(z.number().nullable()).readonly(),
        l2: z.array(z.number().nullable()).readonly(),
        l3: z.array(z.number().nullable()).readonly(),
      })
      .readonly(),
    points: z
      .record(
        idSchema,
        z
          .object({
            offerA: z.array(z.number().nullable()).readonly(),
            drawA: z.array(z.number().nullable()).readonly(),
          })
          .readonly(),
      )
      .readonly(),
  })
  .readonly()
  .meta({ id: "HistoryView" });
export type HistoryView = z.output<typeof historyView>;

/** GET /health. */
export const healthView = z
  .object({
    status: z.enum(["ok", "degraded"]),
    /** What is missing, in words; empty when all is well. */
    reasons: z.array(z.string()).readonly(),
    /** Who was heard, and how long ago. */
    heard: z.array(z.object({ what: z.string(), ageMs: z.number().nullable() }).readonly()).readonly(),
  })
  .readonly()
  .meta({ id: "HealthView" });
export type HealthView = z.output<typeof healthView>;

const explainedLimit = z
  .object({
    boundBy,
    /** The limit in words, and who sets it. */
    words: z.string(),
    owner: z.string(),
    /** What it alone would allow this point now, A per phase; null while nobody can say. */
    allowsA: z.number().nullable(),
    /** The limit itself, where that is something else: the fuse, the circuit. */
    ofA: z.number().nullable(),
    /** Age of what it rests on; null where that does not age. */
    ageMs: ms.nullable(),
    /** It would bind next: within 2 A of what holds now. */
    near: z.boolean(),
  })
  .readonly()
  .meta({ id: "ExplainedLimit" });
export type ExplainedLimit = z.output<typeof explainedLimit>;

/** GET /api/v1/points/{id}/explain: why this current, and not more. */
export const explainView = z
  .object({
    evseId: idSchema,
    at: z.iso.datetime(),
    offerA: z.number(),
    reason: z.string(),
    active: explainedLimit,
    /** The other limits, the tightest first. */
    others: z.array(explainedLimit).readonly(),
    /** When it is decided again; `inMs` null = not by time alone. */
    reconsider: z.object({ inMs: ms.nullable(), words: z.string() }).readonly(),
    /** Who did not answer: what they know is missing here. */
    unheard: z.array(z.string()).readonly(),
  })
  .readonly()
  .meta({ id: "ExplainView" });
export type ExplainView = z.output<typeof explainView>;
