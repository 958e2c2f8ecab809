/** Meters as they are: they average, they round, they are late, and they deliver in a rhythm of their own. */
import { draw, type Random, seeded } from "./random.core.ts";
import { mapPhases, meanOf, type Triple, ZERO } from "./triple.core.ts";

export interface MeterModel {
  readonly periodS: number;
  readonly averageS: number;
  /** From taking a sample to delivering it. */
  readonly latencyS: number;
  readonly noiseA: number;
  readonly resolutionA: number;
}

/** One sample of every meter of the site, taken at the end of the same window. */
export interface MeterSample {
  /** Number of the plant step in which it was taken; null = nothing was delivered yet. */
  readonly takenAtStep: number | null;
  readonly mainsA: Triple;
  readonly carsA: readonly Triple[];
  /** Sum of the phases, charging positive. */
  readonly batteryA: number;
}

/** What flows at this moment, where the meters sit. */
export interface Currents {
  readonly mainsA: Triple;
  /** Per charge point, on its own terminals. */
  readonly carsA: readonly Triple[];
  readonly batteryA: number;
}

export interface MeterState {
  readonly window: readonly Currents[];
  readonly random: Random;
  readonly pending: MeterSample | null;
  readonly delivered: MeterSample;
  /** Counts deliveries. */
  readonly sequence: number;
}

const BATTERY_RESOLUTION_A = 0.1;

export function freshMeter(model: MeterModel, cars: number, seed: number, dtS: number): MeterState {
  const carsA = Array.from({ length: cars }, () => ZERO);
  const nothing: Currents = { mainsA: ZERO, carsA, batteryA: 0 };
  return {
    window: Array.from({ length: steps(model.averageS, dtS) }, () => nothing),
    random: seeded(seed),
    pending: null,
    delivered: { takenAtStep: null, ...nothing },
    sequence: 0,
  };
}

/** Plant step `step` with these currents. `silent` = what would be delivered now gets lost. */
export function advanceMeter(
  model: MeterModel,
  meter: MeterState,
  currents: Currents,
  at: { readonly step: number; readonly dtS: number; readonly silent: boolean },
): MeterState {
  const window = [...meter.window.slice(1), currents];
  const period = steps(model.periodS, at.dtS);
  const late = steps(model.latencyS, at.dtS);
  let { pending, random, delivered, sequence } = meter;
  if ((at.step + late) % period === 0 && at.step + late > 0) {
    const mean = meanOf(window.map(entry => entry.mainsA));
    const noisyA = mapPhases(phase => {
      const drawn = draw(random);
      random = drawn.random;
      return rounded(mean[phase] + (drawn.value * 2.0 - 1.0) * model.noiseA, model.resolutionA);
    });
    pending = { takenAtStep: at.step, mainsA: noisyA, ...sampleOthers(window, model.resolutionA) };
  }
  if (at.step % period === 0 && pending !== null) {
    if (!at.silent) {
      delivered = pending;
      sequence += 1;
    }
    pending = null;
  }
  return { window, random, pending, delivered, sequence };
}

function sampleOthers(window: readonly Currents[], resolutionA: number): Pick<MeterSample, "carsA" | "batteryA"> {
  const cars = window[0]?.carsA ?? [];
  const carsA = cars.map((_, car) => {
    const mean = meanOf(window.map(entry => entry.carsA[car] ?? ZERO));
    return mapPhases(phase => rounded(mean[phase], resolutionA));
  });
  let batterySumA = 0;
  for (const entry of window) batterySumA += entry.batteryA;
  return { carsA, batteryA: rounded(batterySumA / window.length, BATTERY_RESOLUTION_A) };
}

function rounded(value: number, resolution: number): number {
  const perUnit = 1.0 / resolution;
  return Math.floor(value * perUnit + 0.5) / perUnit;
}

function steps(seconds: number, dtS: number): number {
  return Math.floor(seconds / dtS + 0.5);
}
