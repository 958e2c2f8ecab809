import { z } from "zod";
import { defineFact, type PayloadOf } from "./define.ts";
import { idSchema, ms, offerA } from "./units.ts";

/** What the car shows on the control pilot (IEC 61851-1 table A.2), or that no class fits. */
export const cpState = z.enum(["A", "B", "C", "D", "E", "F", "invalid"]);
export type CpState = z.output<typeof cpState>;

/** Red, green and blue, 0..255 each. */
export const rgb = z.tuple([
  z.number().int().min(0).max(255),
  z.number().int().min(0).max(255),
  z.number().int().min(0).max(255),
]);
export type Rgb = z.output<typeof rgb>;

/** What an LED shows: a colour, and how it is shown in time. */
export const ledSignal = z
  .object({
    rgb: rgb.readonly(),
    /** `alarm` fast, half on; `blink` a short flash every 1.28 s; `breathe` up and down in 1.28 s; `breathe-slow` in 2.56 s. */
    pattern: z.enum(["steady", "alarm", "blink", "breathe", "breathe-slow"]),
  })
  .readonly();
export type LedSignal = z.output<typeof ledSignal>;

/** What the plug lock of a socket shall do. `hold`: it stays as it is. */
export const lockOrder = z
  .object({
    /** Solenoid: feedback low = locked. Motor: feedback high = locked (spec control 9). */
    actuator: z.enum(["solenoid", "motor"]),
    target: z.enum(["locked", "unlocked", "hold"]),
  })
  .readonly();
export type LockOrder = z.output<typeof lockOrder>;

/**
 * Permission with a deadline, from an `evse` to its `pilot`: this pilot signal, these contactors, for `lifetimeMs`.
 * It is repeated by the control loop and is the heartbeat of the board: without a fresh grant no heartbeat is sent,
 * and the board falls to its own safe state.
 */
export const evseGrant = defineFact({
  name: "evse.grant",
  title: "Permission for one board, with a deadline",
  payload: z
    .object({
      evseId: idSchema,
      sequence: z.number().int().min(0),
      /** `idle` steady +12 V, `offer` PWM of `offerA`, `wake` steady -12 V, `disconnected` pilot line interrupted. */
      pilot: z.enum(["idle", "offer", "wake", "disconnected"]),
      offerA,
      /** Contactors the board may hold closed. It closes them only in C (or D), and opens them by itself. */
      contactorL1: z.boolean(),
      contactorL23: z.boolean(),
      /** The latched board flags a person has acknowledged, to be cleared once. */
      acknowledge: z.boolean(),
      /** Of the latches only that of a residual current is acknowledged: what the external switch may do. */
      acknowledgeRcm: z.boolean(),
      /** The plug lock; null = none is driven. */
      lock: lockOrder.nullable(),
      /** The residual-current monitor is to be tested, once for each number; null = it is not. */
      rcmTest: z.number().int().min(0).nullable(),
      led: ledSignal,
      lifetimeMs: ms,
    })
    .readonly(),
  everyMs: 250,
  // A charge point and its board share a process; nobody else may grant.
  reach: "node",
  expiresAfterMs: 1_000,
  idOf: grant => grant.evseId,
  aboutOf: grant => grant.evseId,
  example: {
    evseId: "left",
    sequence: 812,
    pilot: "offer",
    offerA: 11.2,
    contactorL1: true,
    contactorL23: true,
    acknowledge: false,
    acknowledgeRcm: false,
    lock: { actuator: "solenoid", target: "locked" },
    rcmTest: null,
    led: { rgb: [0, 255, 0], pattern: "breathe" },
    lifetimeMs: 1_000,
  },
});
export type EvseGrant = PayloadOf<typeof evseGrant>;

/** Faults the board itself sees; latched ones wait for an acknowledgement (firmata-board 4). */
export const boardFault = z.enum([
  "watchdog-trip",
  "rcm-trip",
  "rcm-line",
  "rcm-test-failed",
  "contactor-weld",
  "diode-missing",
  "board-hang",
  "wrong-firmware",
  /** The temperature sensor that should be there is silent, or tells what cannot be. */
  "temperature-sensor",
  /** The coil of the main contactor is on and its contact does not close. */
  "contactor-stuck-open",
]);
export type BoardFault = z.output<typeof boardFault>;

/** What a board senses, and what it does at this moment. */
export const pilotSensed = defineFact({
  name: "pilot.sensed",
  title: "What a pilot board senses and drives",
  payload: z
    .object({
      evseId: idSchema,
      /** `down` no board, `handshake` found and being checked, `up` believed. */
      link: z.enum(["down", "handshake", "up"]),
      cp: cpState,
      /** Mean of the high and of the low part of the pilot; null where there is no sample. */
      cpHighV: z.number().nullable(),
      cpLowV: z.number().nullable(),
      /** Duty cycle as driven: 0 steady -12 V, 100 steady +12 V. */
      dutyPct: z.number().min(0).max(100),
      /** True once the low part was seen at -12 V while the pilot oscillated: the car has its diode. */
      diodeSeen: z.boolean(),
      /** Proximity resistance; null = open. */
      ppOhm: z.number().nullable(),
      contactorL1: z.boolean(),
      contactorL23: z.boolean(),
      /** The board opened by itself and refuses to close until told to open once. */
      openedLocally: z.boolean(),
      temperatureC: z.number().nullable(),
      /** The external switch as wired, not debounced: closed = pressed. Null where none is fitted or nothing was read yet. */
      switchClosed: z.boolean().nullable(),
      /** The plug lock as its feedback shows it; null where none is driven. `jammed`: five pulses in a row did not move it. */
      lock: z
        .object({ position: z.enum(["locked", "unlocked"]), jammed: z.boolean() })
        .readonly()
        .nullable(),
      /** How the test of that number went; null before the first. */
      rcmTest: z
        .object({ number: z.number().int().min(0), outcome: z.enum(["running", "passed", "failed"]) })
        .readonly()
        .nullable(),
      faults: z.array(boardFault).readonly(),
      /** The grant sequence last echoed by the board, modulo 128; null before the first. */
      heartbeatEcho: z.number().int().min(0).max(127).nullable(),
      /** Firmware name and version as told in the handshake; null before it. */
      firmware: z.string().nullable(),
      reconnects: z.number().int().min(0),
      lastError: z.string().nullable(),
    })
    .readonly(),
  everyMs: 250,
  expiresAfterMs: 1_000,
  idOf: sensed => sensed.evseId,
  aboutOf: sensed => sensed.evseId,
  example: {
    evseId: "left",
    link: "up",
    cp: "C",
    cpHighV: 5.96,
    cpLowV: -12.01,
    dutyPct: 18.7,
    diodeSeen: true,
    ppOhm: 220,
    contactorL1: true,
    contactorL23: true,
    openedLocally: false,
    temperatureC: null,
    switchClosed: false,
    lock: { position: "locked", jammed: false },
    rcmTest: { number: 4, outcome: "passed" },
    faults: [],
    heartbeatEcho: 44,
    firmware: "EvsePilotFirmata 1.0",
    reconnects: 0,
    lastError: null,
  },
});
export type PilotSensed = PayloadOf<typeof pilotSensed>;
