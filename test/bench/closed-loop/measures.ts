import type { CarState } from "../../../services/simulator/car.core.ts";
import type { PlantTruth } from "../../../services/simulator/plant.core.ts";
import type { Triple } from "../../../services/simulator/triple.core.ts";
import type { Reply } from "./protocol.ts";

/** Everything that is true during one step. */
export interface Moment {
  /** Seconds since the start. */
  readonly t: number;
  /** Number of the step. */
  readonly step: number;
  readonly houseA: Triple;
  readonly roofW: number;
  readonly truth: PlantTruth;
  /** The cars before and after this step. */
  readonly before: readonly CarState[];
  readonly cars: readonly CarState[];
  /** What the actuators did during this step. */
  readonly reply: Required<Pick<Reply, "offered" | "c1" | "c2" | "cp">> & Pick<Reply, "error">;
}

/** Watches a run and tells a part of its result. */
export interface Measure<Result> {
  see(moment: Moment): void;
  result(): Result;
}

export function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Three decimals, as results are written down. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

export function roundedOrNull(value: number | null): number | null {
  return value === null ? null : rounded(value);
}

/** Percentile with linear interpolation; null of nothing. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = Math.trunc(at);
  const lowValue = sorted[low];
  const highValue = sorted[Math.min(low + 1, sorted.length - 1)];
  if (lowValue === undefined || highValue === undefined) return null;
  return lowValue + (highValue - lowValue) * (at - low);
}

/** A counter for each charge point. */
export function perPoint(points: number): number[] {
  return Array.from({ length: points }, () => 0);
}

/** Adds to one counter. */
export function bump(counters: number[], index: number, by = 1): void {
  counters[index] = (counters[index] ?? 0) + by;
}

export function wantsEnergy(car: CarState, capacityKWh: number): boolean {
  return car.pilot !== "A" && car.energyKWh < capacityKWh;
}
