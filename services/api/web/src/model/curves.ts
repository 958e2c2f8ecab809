import type { HistoryView, SiteView } from "../../../view.ts";
import { highestA } from "./power.ts";

/** The chart shows this much. */
const SPAN_MS = 15 * 60_000;

/** Adds the present to the history, once per step, and drops what is older than the chart. */
export function withPresent(history: HistoryView, view: SiteView): HistoryView {
  const atMs = Date.parse(view.at);
  const lastMs = history.atMs.at(-1);
  if (lastMs !== undefined && atMs - lastMs < history.stepMs) return history;
  const drop = history.atMs.filter(sampleMs => sampleMs < atMs - SPAN_MS).length;
  const grown = <T>(column: readonly T[], value: T): readonly T[] => [...column.slice(drop), value];
  const unknown = history.atMs.map(() => null);
  const points = view.points.map(point => {
    const known = history.points[point.id] ?? { offerA: unknown, drawA: unknown };
    const status = point.fresh ? point.status : null;
    return [
      point.id,
      {
        offerA: grown(known.offerA, status?.offerA ?? null),
        drawA: grown(known.drawA, highestA(status?.drawA)),
      },
    ] as const;
  });
  return {
    stepMs: history.stepMs,
    atMs: grown(history.atMs, atMs),
    mainsLimitA: grown(history.mainsLimitA, view.mains.limitA),
    mainsA: {
      l1: grown(history.mainsA.l1, view.mains.currentA?.l1 ?? null),
      l2: grown(history.mainsA.l2, view.mains.currentA?.l2 ?? null),
      l3: grown(history.mainsA.l3, view.mains.currentA?.l3 ?? null),
    },
    points: Object.fromEntries(points),
  };
}

/** One curve of a chart and how it is told apart: by colour and by dashes. */
export interface Curve {
  readonly label: string;
  /** The name of a colour of the style sheet, without its `--curve-`. */
  readonly colour: string;
  readonly dash: readonly number[];
  readonly values: readonly (number | null)[];
}

const COLOURS_OF_POINTS = 8;

export function mainsCurves(history: HistoryView): readonly Curve[] {
  return [
    { label: "L1", colour: "l1", dash: [], values: history.mainsA.l1 },
    { label: "L2", colour: "l2", dash: [9, 3], values: history.mainsA.l2 },
    { label: "L3", colour: "l3", dash: [3, 3], values: history.mainsA.l3 },
    { label: "Fuse", colour: "fuse", dash: [14, 5], values: history.mainsLimitA },
  ];
}

export function pointCurves(history: HistoryView, view: SiteView): readonly Curve[] {
  return view.points.flatMap((point, index) => {
    const known = history.points[point.id];
    const colour = `point${index % COLOURS_OF_POINTS}`;
    if (known === undefined) return [];
    return [
      { label: `${point.name} drawn`, colour, dash: [], values: known.drawA },
      { label: `${point.name} offered`, colour, dash: [5, 4], values: known.offerA },
    ];
  });
}

/** A chart in one sentence, for those who do not see it: the highest value of each curve. */
export function inWords(curves: readonly Curve[]): string {
  return curves
    .map(curve => {
      const known = curve.values.filter(value => value !== null);
      return `${curve.label}: ${known.length === 0 ? "nothing known" : `at most ${Math.max(...known).toFixed(1)} A`}`;
    })
    .join("; ");
}
