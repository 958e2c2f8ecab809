import type { PhaseCurrentsA } from "../../shared/contracts/units.ts";
import type { HistoryView } from "./view.ts";

/** One step of the chart: 15 minutes in steps of 5 s. */
export const HISTORY_STEP_MS = 5_000;
const HISTORY_LENGTH = 180;

export interface PointSample {
  readonly offerA: number | null;
  readonly drawA: number | null;
}

/** What was known at one moment; null = not known then. */
export interface HistorySample {
  readonly atMs: number;
  readonly mainsLimitA: number | null;
  readonly mainsA: PhaseCurrentsA | null;
  readonly points: ReadonlyMap<string, PointSample>;
}

/** Appends a sample and forgets what is older than the chart. */
export function remember(history: readonly HistorySample[], sample: HistorySample): readonly HistorySample[] {
  return [...history.slice(-(HISTORY_LENGTH - 1)), sample];
}

/** The samples as columns, one per curve. */
export function historyOf(history: readonly HistorySample[], pointIds: readonly string[]): HistoryView {
  return {
    stepMs: HISTORY_STEP_MS,
    atMs: history.map(sample => sample.atMs),
    mainsLimitA: history.map(sample => sample.mainsLimitA),
    mainsA: {
      l1: history.map(sample => sample.mainsA?.l1 ?? null),
      l2: history.map(sample => sample.mainsA?.l2 ?? null),
      l3: history.map(sample => sample.mainsA?.l3 ?? null),
    },
    points: Object.fromEntries(
      pointIds.map(id => [
        id,
        {
          offerA: history.map(sample => sample.points.get(id)?.offerA ?? null),
          drawA: history.map(sample => sample.points.get(id)?.drawA ?? null),
        },
      ]),
    ),
  };
}
