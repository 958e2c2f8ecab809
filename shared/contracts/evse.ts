import { z } from "zod";
import { defineFact, defineRequest, type PayloadOf } from "./define.ts";
import { evseFault } from "./fault.ts";
import { ledSignal } from "./pilot.ts";
import { cardLabel } from "./rfid.ts";
import { turn } from "./schedule.ts";
import { solarOutlook } from "./solar.ts";
import { accessStatus, boundBy, chargeMode, chargingState, idSchema, ms, offerA, phaseCurrentsA } from "./units.ts";

/** Charge states in IEC 61851 letters; 1 = supply withheld, 2 = supply offered; `activate` is the wake-up pulse. */
export const evseState = z.enum(["A", "B1", "B2", "C1", "C2", "activate"]);
export type EvseState = z.output<typeof evseState>;

/**
 * Why charging last stopped: the car no longer asked; the plug was pulled while charging; access; a fault; no current was
 * left, or a limit did not allow any; the board opened by itself; the controller lost its power and the car was gone after.
 */
export const stopReason = z.enum(["car", "unplugged", "off", "pause", "fault", "limit", "board", "power-lost"]);
export type StopReason = z.output<typeof stopReason>;

/**
 * Plug-in to unplug, once current was asked for. Energy is `metered` or `estimated` from offer and time, and says so.
 * Sessions are kept for years: fields that are added later are nullable, null = the session is older than the field.
 */
export const chargingSession = z
  .object({
    sessionId: z.string(),
    startedAt: z.iso.datetime(),
    endedAt: z.iso.datetime().nullable(),
    energyWh: z.number().min(0),
    energySource: z.enum(["metered", "estimated"]),
    chargingMs: ms,
    peakCurrentA: z.number().min(0),
    mode: chargeMode,
    /** Why no current flows now, or why it ended; null while charging. */
    pauseReason: z.string().nullable(),
    /** When charging first began; null before that. */
    chargingStartedAt: z.iso.datetime().nullable(),
    /** Net register of the EV meter (import - export) at first and last; null where they do not tell the energy. */
    startRegisterWh: z.number().nullable(),
    endRegisterWh: z.number().nullable(),
    /** Phases the contactors connected when it last charged; 0 before that. */
    phases: z.union([z.literal(0), z.literal(1), z.literal(3)]).nullable(),
    /** Why charging last stopped; null while it goes on, and before it began. */
    stopReason: stopReason.nullable(),
    /** How often the controller was restarted while the car stayed plugged in. */
    interruptions: z.number().int().min(0).nullable(),
    /** The card under which it was charged, by its user and last digits; null = none. */
    card: cardLabel.nullable(),
  })
  .readonly();
export type ChargingSession = z.output<typeof chargingSession>;

/** A session as it was kept, perhaps by an older version: fields it does not have are null. Throws what zod finds wrong. */
export function keptSession(raw: unknown): ChargingSession {
  if (typeof raw !== "object" || raw === null) return chargingSession.parse(raw);
  const blank = Object.fromEntries(Object.keys(chargingSession.unwrap().shape).map(key => [key, null]));
  return chargingSession.parse({ ...blank, ...raw });
}

/** What a point holds of the balancer: enough for another balancer to go on from there. */
export const allotment = z
  .object({
    epoch: z.number().int().min(0),
    limitA: offerA,
    admitted: z.boolean(),
    boundBy,
    retryS: z.number().int().min(0),
    phases: z.union([z.literal(1), z.literal(3)]),
  })
  .readonly();
export type Allotment = z.output<typeof allotment>;

/** A charge point's present view of itself. */
export const evseStatus = defineFact({
  name: "evse.status",
  title: "State, offer, draw, limit and reason of one charge point",
  payload: z
    .object({
      evseId: idSchema,
      state: evseState,
      chargingState,
      mode: chargeMode,
      access: accessStatus,
      carConnected: z.boolean(),
      /** Car connected, access on, nothing in the way but current: the balancer shall make room. */
      wantsCurrent: z.boolean(),
      /**
       * Its car wants a share of the current: connected, access on, nothing wrong here. Unlike `wantsCurrent` this lasts through
       * the seconds in which a car that was stopped may not start again.
       */
      inLine: z.boolean(),
      /** The car presents state C: it asks for power now, or draws it. */
      asksPower: z.boolean(),
      /** What the pilot signals now. */
      offerA,
      /** The offer fell to 0 but the contactor is still closed: the car may still draw (C1). */
      mayDraw: z.boolean(),
      /** What the car draws, per phase of its own connector; null without a fresh EV meter. */
      drawA: phaseCurrentsA.nullable(),
      drawAgeMs: ms.nullable(),
      /** The most this point may be given, and what sets it: min(MAX, cable, override). */
      ceilingA: z.number().min(0).max(80),
      ceilingBy: boundBy,
      /** What the balancer allotted, while the point believes it. */
      allotted: allotment.nullable(),
      /** Phases the contactors connect: 0 while open. */
      phases: z.union([z.literal(0), z.literal(1), z.literal(3)]),
      /** What limits the offer, or why there is none. */
      boundBy,
      /** The same in words, for people. */
      reason: z.string(),
      faults: z.array(evseFault).readonly(),
      /** Seconds until the point may try again; 0 = not waiting. */
      chargeDelayS: z.number().int().min(0),
      cableA: z.number().int().nullable(),
      temperatureC: z.number().nullable(),
      /**
       * SWITCH is Grid Relay and the grid operator's contact is open, or cannot be read: the site may take 4.2 kW (18 A as
       * the sum of the phases) until it closes. False at points whose switch has another function.
       */
      gridRelayOpen: z.boolean(),
      /** The plug lock of a socket; null where there is none, or none is driven now. */
      plugLock: z
        .object({ position: z.enum(["locked", "unlocked"]), jammed: z.boolean() })
        .readonly()
        .nullable(),
      led: ledSignal,
      dutyPct: z.number().min(0).max(100),
      /** How long the car has been connected. */
      connectedMs: ms.nullable(),
      /** In mode Solar: what the sun gives and what is coming; null otherwise. */
      solar: solarOutlook.nullable(),
      /** Its place among those that share the current, as the balancer told it last; null = not told since the car came. */
      turn: turn.nullable(),
      session: chargingSession.nullable(),
    })
    .readonly(),
  everyMs: 1_000,
  expiresAfterMs: 5_000,
  idOf: status => status.evseId,
  aboutOf: status => status.evseId,
  example: {
    evseId: "left",
    state: "C2",
    chargingState: "Charging",
    mode: "smart",
    access: "on",
    carConnected: true,
    wantsCurrent: true,
    inLine: true,
    asksPower: true,
    offerA: 11.2,
    mayDraw: true,
    drawA: { l1: 11.1, l2: 11, l3: 11.1 },
    drawAgeMs: 600,
    ceilingA: 16,
    ceilingBy: "max",
    allotted: { epoch: 0, limitA: 11.2, admitted: true, boundBy: "mains.l2", retryS: 0, phases: 3 },
    phases: 3,
    boundBy: "mains.l2",
    reason: "limited by mains L2",
    faults: [],
    chargeDelayS: 0,
    cableA: 32,
    temperatureC: null,
    gridRelayOpen: false,
    plugLock: null,
    led: { rgb: [0, 255, 0], pattern: "breathe" },
    dutyPct: 18.7,
    connectedMs: 184_000,
    solar: null,
    turn: null,
    session: {
      sessionId: "left-20260101T120000Z",
      startedAt: "2026-01-01T12:00:00.000Z",
      endedAt: null,
      energyWh: 4210,
      energySource: "metered",
      chargingMs: 180_000,
      peakCurrentA: 15.9,
      mode: "smart",
      pauseReason: null,
      chargingStartedAt: "2026-01-01T12:00:08.000Z",
      startRegisterWh: 1_204_300,
      endRegisterWh: 1_208_510,
      phases: 3,
      stopReason: null,
      interruptions: 0,
      card: { user: "Anna", lastDigits: "E5F6" },
    },
  },
});
export type EvseStatus = PayloadOf<typeof evseStatus>;

/** The external switch of a point was pressed or released. Told once. */
export const evseSwitch = defineFact({
  name: "evse.switch",
  title: "A press or a release of a point's external switch",
  payload: z
    .object({
      evseId: idSchema,
      closed: z.boolean(),
      /** How long it had been pressed, with its release; null with a press, or where the press was not seen. */
      heldMs: ms.nullable(),
    })
    .readonly(),
  everyMs: null,
  expiresAfterMs: null,
  idOf: event => event.evseId,
  example: { evseId: "left", closed: false, heldMs: 420 },
});
export type EvseSwitch = PayloadOf<typeof evseSwitch>;

/** A finished charging session, told once and repeated by whoever keeps history. */
export const evseSessionEnded = defineFact({
  name: "evse.session",
  title: "A charging session that has ended",
  payload: z.object({ evseId: idSchema, session: chargingSession }).readonly(),
  everyMs: null,
  expiresAfterMs: null,
  idOf: ended => ended.evseId,
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

/** Acknowledges the latched faults of a board; refused by the board while their cause is there. */
export const evseAcknowledge = defineRequest({
  name: "evse.acknowledge",
  title: "Acknowledges latched faults of one charge point",
  params: z.object({ evseId: idSchema }).readonly(),
  result: z.object({ accepted: z.boolean() }).readonly(),
  timeoutMs: 500,
  example: { evseId: "left" },
});
