import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import type { BatteryModel } from "../../../services/simulator/battery.core.ts";
import type { CarModel } from "../../../services/simulator/car.core.ts";
import type { PlantModel, Wiring } from "../../../services/simulator/plant.core.ts";
import type { Triple } from "../../../services/simulator/triple.core.ts";
import type { InitMessage, ScenarioConfig } from "./protocol.ts";

/** A scenario as it is run: the plant, when cars come and go, and what house and roof do. */
export interface Scenario {
  readonly name: string;
  readonly cls: string;
  readonly description: string;
  readonly durationS: number;
  readonly dtS: number;
  readonly config: ScenarioConfig;
  readonly plant: PlantModel;
  readonly visits: readonly Visit[];
  /** One row per second; the last one repeats. */
  readonly houseA: readonly Triple[];
  readonly houseOffsetS: number;
  /** W per second of time, already scaled; null without a roof. */
  readonly roofW: readonly number[] | null;
  readonly dropouts: readonly (readonly [number, number])[];
  readonly init: InitMessage;
}

/** When a car is plugged in. */
export interface Visit {
  readonly plugS: number;
  readonly unplugS: number | null;
  readonly replugS: number | null;
}

const evSchema = z.object({
  kind: z.string(),
  phases: z.union([z.literal(1), z.literal(3)]),
  imax1: z.number(),
  imax3: z.number(),
  imin: z.number(),
  gain: z.number(),
  reactS: z.number(),
  rampUp: z.number(),
  rampDown: z.number(),
  startDelayS: z.number(),
  wakeDelayS: z.number(),
  stopDelayS: z.number(),
  energyKWh: z.number(),
  taperKWh: z.number(),
  plugS: z.number(),
  unplugS: z.number().nullish(),
  replugS: z.number().nullish(),
  phaseRotation: z.union([z.literal(0), z.literal(1), z.literal(2)]),
});

const flag = z.union([z.literal(0), z.literal(1)]);

const configSchema = z.object({
  mode: z.enum(["smart", "solar", "normal"]),
  maxMainsA: z.number(),
  maxCircuitA: z.number(),
  minCurrentA: z.number(),
  maxCurrentA: z.array(z.number()),
  cableA: z.array(z.number()),
  c2: z.enum(["always_on", "always_off", "solar_off", "auto", "not_present"]),
  startCurrentA: z.number(),
  stopTimeMin: z.number(),
  importCurrentA: z.number(),
  maxSumMainsA: z.number(),
  maxSumMainsTimeMin: z.number(),
  capacityLimitW: z.number(),
  prioStrategy: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  rotationMin: z.number(),
  idleTimeoutS: z.number(),
  evMeters: flag,
  homeBattery: flag,
  meter: z.object({ feed: z.enum(["modbus", "api"]), periodS: z.number(), present: flag }),
});

const scenarioSchema = z.object({
  name: z.string(),
  cls: z.string(),
  description: z.string(),
  durationS: z.number(),
  dt: z.number(),
  seed: z.number().int(),
  baseTrace: z.string(),
  baseOffsetS: z.number().default(0),
  pvTrace: z.string().nullable(),
  pvPhases: z.union([z.literal(1), z.literal(3)]),
  pvScale: z.number(),
  meter: z.object({
    periodS: z.number(),
    avgS: z.number(),
    latencyS: z.number(),
    noiseA: z.number(),
    resolutionA: z.number(),
    dropouts: z.array(z.tuple([z.number(), z.number()])),
  }),
  battery: z
    .object({
      capacityKWh: z.number(),
      socInit: z.number(),
      socMin: z.number(),
      socMax: z.number(),
      maxChargeW: z.number(),
      maxDischargeW: z.number(),
      gain: z.number(),
      efficiency: z.number(),
    })
    .nullable(),
  evs: z.array(evSchema).min(1),
  config: configSchema,
  voltage: z.literal(230),
});
type ScenarioFile = z.output<typeof scenarioSchema>;

const indexSchema = z.array(z.object({ name: z.string(), cls: z.string(), description: z.string() }));

const fixture = (path: string): URL => new URL(`fixtures/${path}`, import.meta.url);

/** The scenarios there are, in the order in which results are listed. */
export function listScenarios(): z.output<typeof indexSchema> {
  return indexSchema.parse(JSON.parse(readFileSync(fixture("scenarios/index.json"), "utf8")));
}

export function loadScenario(name: string): Scenario {
  const file = scenarioSchema.parse(JSON.parse(readFileSync(fixture(`scenarios/${name}.json`), "utf8")));
  const wires = ([0, 1, 2] as const).map(rotation => wiringOf(rotation));
  return {
    name: file.name,
    cls: file.cls,
    description: file.description,
    durationS: file.durationS,
    dtS: file.dt,
    config: file.config,
    plant: {
      dtS: file.dt,
      points: file.evs.map(ev => ({ car: carOf(ev), wiring: wires[ev.phaseRotation] ?? wiringOf(0) })),
      battery: file.battery === null ? null : batteryOf(file.battery),
      meter: {
        periodS: file.meter.periodS,
        averageS: file.meter.avgS,
        latencyS: file.meter.latencyS,
        noiseA: file.meter.noiseA,
        resolutionA: file.meter.resolutionA,
      },
      roofPhases: file.pvPhases,
      // Keeps the noise of one scenario apart from that of the next seed.
      seed: file.seed * 7919 + 17,
    },
    visits: file.evs.map(ev => ({ plugS: ev.plugS, unplugS: ev.unplugS ?? null, replugS: ev.replugS ?? null })),
    houseA: houseTrace(file.baseTrace),
    houseOffsetS: file.baseOffsetS,
    roofW: file.pvTrace === null ? null : rows(file.pvTrace).map(([powerW]) => (powerW ?? 0) * file.pvScale),
    dropouts: file.meter.dropouts,
    init: {
      type: "init",
      protocol: 1,
      dt: file.dt,
      scenario: file.name,
      n: file.evs.length,
      voltage: file.voltage,
      config: file.config,
      vehiclePhases: file.evs.map(ev => ev.phases),
    },
  };
}

function carOf(ev: z.output<typeof evSchema>): CarModel {
  return {
    phases: ev.phases,
    maxOnePhaseA: ev.imax1,
    maxThreePhaseA: ev.imax3,
    minA: ev.imin,
    gain: ev.gain,
    reactS: ev.reactS,
    rampUpAPerS: ev.rampUp,
    rampDownAPerS: ev.rampDown,
    startDelayS: ev.startDelayS,
    wakeDelayS: ev.wakeDelayS,
    stopDelayS: ev.stopDelayS,
    energyKWh: ev.energyKWh,
    taperKWh: ev.taperKWh,
  };
}

function batteryOf(battery: NonNullable<ScenarioFile["battery"]>): BatteryModel {
  const { socInit, socMin, socMax, ...same } = battery;
  return { ...same, initialShare: socInit, minShare: socMin, maxShare: socMax };
}

function wiringOf(rotation: 0 | 1 | 2): Wiring {
  if (rotation === 0) return [0, 1, 2];
  return rotation === 1 ? [1, 2, 0] : [2, 0, 1];
}

const traces = new Map<string, readonly Triple[]>();

/** Several scenarios share a trace; the long ones are worth keeping. */
function houseTrace(name: string): readonly Triple[] {
  const known = traces.get(name);
  if (known !== undefined) return known;
  const read = rows(name).map(([l1, l2, l3]): Triple => [l1 ?? NaN, l2 ?? NaN, l3 ?? NaN]);
  traces.set(name, read);
  return read;
}

/** The columns after the time, one row per second. */
function rows(name: string): readonly (readonly number[])[] {
  const text = gunzipSync(readFileSync(fixture(`traces/${name}.csv.gz`))).toString("utf8");
  const lines = text.trim().split("\n").slice(1);
  return lines.map(line => line.split(",").slice(1).map(Number));
}
