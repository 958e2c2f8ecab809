import { z } from "zod";
import { defineFact, defineRequest, type PayloadOf } from "./define.ts";
import { idSchema, ms, phaseCurrentsA, phasePowersW, phaseVoltagesV } from "./units.ts";

export const meterRole = z.enum(["mains", "circuit", "ev", "pv", "battery"]);
export type MeterRole = z.output<typeof meterRole>;

/** How long a sample of each role may be used (spec control 8): mains 11 s, circuit 20 s, EV 64 s, battery 11 s. */
export const SAMPLE_LIFETIME_MS: Readonly<Record<MeterRole, number>> = {
  mains: 11_000,
  circuit: 20_000,
  ev: 64_000,
  pv: 11_000,
  battery: 11_000,
};

/** One sample of one meter. Age is counted from the sample, never from the publication. */
export const meterReading = defineFact({
  name: "meter.reading",
  title: "One sample of one meter; positive flows from the grid inward, or into the car",
  payload: z
    .object({
      meterId: idSchema,
      role: meterRole,
      /** The charge point whose draw this is; null unless role is `ev`. */
      evseId: idSchema.nullable(),
      /** Counts samples of this meter since its service started; the same number is the same sample. */
      sequence: z.number().int().min(0),
      /** Civil time of the sample, for people and records. */
      measuredAt: z.iso.datetime(),
      /** Age of the sample when it was published. */
      ageMs: ms,
      currentA: phaseCurrentsA,
      powerW: phasePowersW.nullable(),
      totalPowerW: z.number().nullable(),
      importWh: z.number().min(0).nullable(),
      exportWh: z.number().min(0).nullable(),
      /** To neutral. Null or absent: not measured. */
      voltageV: phaseVoltagesV.nullable().optional(),
      /** `measured` came from the meter; `derived` was computed from other registers of it. */
      quality: z.enum(["measured", "derived"]),
    })
    .readonly(),
  everyMs: 2_000,
  expiresAfterMs: SAMPLE_LIFETIME_MS.mains,
  idOf: reading => reading.meterId,
  aboutOf: reading => reading.evseId ?? reading.role,
  example: {
    meterId: "mains",
    role: "mains",
    evseId: null,
    sequence: 42,
    measuredAt: "2026-01-01T12:00:00.000Z",
    ageMs: 35,
    currentA: { l1: 14.2, l2: 21.8, l3: -3.1 },
    powerW: { l1: 3266, l2: 5014, l3: -713 },
    totalPowerW: 7567,
    importWh: 12_345_500,
    exportWh: 678_250,
    voltageV: { l1: 230, l2: 230, l3: 230 },
    quality: "measured",
  },
});
export type MeterReading = PayloadOf<typeof meterReading>;

/** Something that is wrong with a meter or its wiring, seen in its samples. */
export const meterFinding = z
  .object({
    /**
     * `sign-conflict` current against power; `sum-conflict` phases against total; `power-conflict` power against current
     * times voltage; `phases-crossed` transformers on each other's phases; `phases-swapped` order differs from the mains
     * meter's; `reversed` supply and load exchanged; `frozen` values that never change; `counter-conflict` energy
     * counters against power.
     */
    code: z.enum([
      "sign-conflict",
      "sum-conflict",
      "power-conflict",
      "phases-crossed",
      "phases-swapped",
      "reversed",
      "frozen",
      "counter-conflict",
    ]),
    text: z.string(),
  })
  .readonly();
export type MeterFinding = z.output<typeof meterFinding>;

/** Health of one meter and of its line, for faces and metrics. */
export const meterStatus = defineFact({
  name: "meter.status",
  title: "Whether a meter answers, and how its line does",
  payload: z
    .object({
      meterId: idSchema,
      role: meterRole,
      evseId: idSchema.nullable(),
      /** `off`: the setting says Disabled; `waiting`: nothing has come yet; `silent`: it stopped answering. */
      state: z.enum(["off", "waiting", "ok", "silent"]),
      /** What is being read, in words: "Eastron3P, address 10, tcp 127.0.0.1:15020". */
      source: z.string(),
      /** The meter type as the REST face and the menu name it ("API", "Eastron3P", "Disabled"). */
      typeLabel: z.string(),
      address: z.number().int().nullable(),
      lastSampleAgeMs: ms.nullable(),
      lastError: z.string().nullable(),
      /** Usual time between samples, learnt from them. Null or absent: not known yet. */
      cadenceMs: ms.nullable().optional(),
      /** What its samples show to be wrong with the meter or its wiring; absent like empty. */
      findings: z.array(meterFinding).readonly().optional(),
      counters: z
        .object({
          requests: z.number().int(),
          replies: z.number().int(),
          timeouts: z.number().int(),
          refused: z.number().int(),
          exceptions: z.number().int(),
        })
        .readonly(),
    })
    .readonly(),
  everyMs: 2_000,
  expiresAfterMs: 10_000,
  idOf: status => status.meterId,
  example: {
    meterId: "mains",
    role: "mains",
    evseId: null,
    state: "ok",
    source: "Eastron3P, address 10, tcp 127.0.0.1:15020",
    typeLabel: "Eastron3P",
    address: 10,
    lastSampleAgeMs: 400,
    lastError: null,
    cadenceMs: 1_000,
    findings: [{ code: "phases-swapped", text: "L1 of this meter is L2 of the mains meter" }],
    counters: { requests: 120, replies: 120, timeouts: 0, refused: 0, exceptions: 0 },
  },
});
export type MeterStatus = PayloadOf<typeof meterStatus>;

/** Feeds an API meter from outside (REST, MQTT). The meter refuses it unless its type is API. */
export const meterFeed = defineRequest({
  name: "meter.feed",
  title: "Feeds an API meter",
  params: z
    .object({
      role: meterRole,
      evseId: idSchema.nullable(),
      currentA: phaseCurrentsA.nullable(),
      totalPowerW: z.number().min(-100_000).max(100_000).nullable(),
      importWh: z.number().min(0).max(1_000_000_000).nullable(),
      exportWh: z.number().min(0).max(1_000_000_000).nullable(),
    })
    .readonly(),
  result: z.object({ accepted: z.boolean() }).readonly(),
  timeoutMs: 500,
  example: {
    role: "mains",
    evseId: null,
    currentA: { l1: 10, l2: -0.5, l3: 3.2 },
    totalPowerW: null,
    importWh: null,
    exportWh: null,
  },
});

/**
 * What a meter that is a program of its own publishes on `edge.<site>.feed.meter.<id>`, once for each sample, as JSON.
 * The site's meter service with the driver `nats` takes it in and makes `meter.reading` of it.
 */
export const meterSample = z
  .object({
    role: meterRole,
    /** The charge point whose draw this is; only for the role `ev`. */
    evseId: idSchema.nullable().default(null),
    /** Who publishes: a name that no other publisher of this meter has, and that a restart may change. */
    from: z.string().min(1).max(64),
    /** Counts samples; the same number is the same sample. */
    sequence: z.number().int().min(0),
    /** Age of the sample when it was published: what the device and the program took. */
    ageMs: ms.max(60_000).default(0),
    /** Signed: positive flows from the grid inward, or into the car. */
    currentA: phaseCurrentsA,
    powerW: phasePowersW.nullable().default(null),
    totalPowerW: z.number().min(-750_000).max(750_000).nullable().default(null),
    importWh: z.number().min(0).nullable().default(null),
    exportWh: z.number().min(0).nullable().default(null),
  })
  .readonly();
export type MeterSample = z.output<typeof meterSample>;
