import { readFileSync } from "node:fs";
import { percentile, sum } from "./measures.ts";
import type { RunResult } from "./plant.ts";

/** One controller's results, by scenario. */
export interface Column {
  readonly name: string;
  readonly results: ReadonlyMap<string, RunResult>;
}

/** What others reach on the same scenarios with the same measures. */
export function loadBaselines(): readonly Column[] {
  const text = readFileSync(new URL("fixtures/baselines.json", import.meta.url), "utf8");
  const { results } = JSON.parse(text) as { results: Record<string, readonly RunResult[]> };
  return ["peer", "evcc10", "evcc30"].map(name => ({
    name,
    results: new Map((results[name] ?? []).map(result => [result.name, result])),
  }));
}

/** Sums over some scenarios. */
export interface Totals {
  readonly over10S: number;
  readonly overS: number;
  readonly energyKWh: number;
  /** Energy over what perfect knowledge could have given; null where no ideal is defined (solar). */
  readonly shareOfIdeal: number | null;
  /** Solar energy over the surplus the cars could have taken; null without a roof. */
  readonly shareOfSurplus: number | null;
  readonly evGridKWh: number | null;
  /** Null where it was not measured. */
  readonly evGridAtMinKWh: number | null;
  readonly contactorOps: number;
  readonly setpointChanges: number;
  readonly phaseSwitches: number;
  /** Median over the scenarios of the median time above the limit. */
  readonly recoverMedS: number | null;
}

export function totalsOf(results: readonly RunResult[]): Totals {
  const total = (pick: (result: RunResult) => number | null): number => sum(results.map(result => pick(result) ?? 0));
  const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
  const sunny = results.some(result => result.usableSurplusKWh !== null);
  return {
    over10S: total(result => result.over10S),
    overS: total(result => result.overS),
    energyKWh: total(result => result.energyKWh),
    shareOfIdeal: ratio(
      total(result => (result.idealKWh === null ? 0 : result.energyKWh)),
      total(result => result.idealKWh),
    ),
    shareOfSurplus: ratio(
      total(result => result.evSolarKWh),
      total(result => result.usableSurplusKWh),
    ),
    evGridKWh: sunny ? total(result => result.evGridKWh) : null,
    evGridAtMinKWh: results.some(result => typeof result.evGridAtMinKWh === "number")
      ? total(result => result.evGridAtMinKWh)
      : null,
    contactorOps: total(result => result.contactor1Ops),
    setpointChanges: total(result => result.setpointChanges),
    phaseSwitches: total(result => result.phaseSwitches),
    recoverMedS: percentile(
      results.map(result => result.recoverMedS).filter(value => value !== null),
      0.5,
    ),
  };
}

/** Totals of every column over one list of scenarios, ours first. */
export function compare(columns: readonly Column[], scenarios: readonly string[]): ReadonlyMap<string, Totals> {
  return new Map(
    columns.map(column => [
      column.name,
      totalsOf(scenarios.map(name => column.results.get(name)).filter(result => result !== undefined)),
    ]),
  );
}

/** A line for each scenario; each cell tells ours and the others in one order, which the first line names. */
export function scenarioTable(columns: readonly Column[], scenarios: readonly string[]): string {
  const header = ["scenario", "s over +10 %", "share of ideal", "contactor ops", "set-points", "recovery s"];
  const rows = scenarios.map(name => {
    const each = (cell: (totals: Totals) => string): string =>
      columns
        .map(column => {
          const result = column.results.get(name);
          return result === undefined ? "-" : cell(totalsOf([result]));
        })
        .join(" / ");
    return [
      name,
      each(totals => fixed(totals.over10S, 1)),
      each(totals => fixed(totals.shareOfIdeal ?? totals.shareOfSurplus, 3)),
      each(totals => fixed(totals.contactorOps, 0)),
      each(totals => fixed(totals.setpointChanges, 0)),
      each(totals => fixed(totals.recoverMedS, 1)),
    ];
  });
  return `each cell: ${columns.map(column => column.name).join(" / ")}\n${table([header, ...rows])}`;
}

/** Totals of every column, and how ours compares with the first of the others. */
export function totalsTable(totals: ReadonlyMap<string, Totals>): string {
  const header = [
    "controller",
    "s over +10 %",
    "s over +0.5 A",
    "kWh",
    "share of ideal",
    "share of surplus",
    "kWh from grid",
    "of it at MIN",
    "contactor ops",
    "set-points",
    "phase switches",
    "recovery s",
  ];
  const rows = [...totals].map(([name, of]) => [
    name,
    fixed(of.over10S, 1),
    fixed(of.overS, 1),
    fixed(of.energyKWh, 1),
    fixed(of.shareOfIdeal, 3),
    fixed(of.shareOfSurplus, 3),
    fixed(of.evGridKWh, 1),
    fixed(of.evGridAtMinKWh, 1),
    fixed(of.contactorOps, 0),
    fixed(of.setpointChanges, 0),
    fixed(of.phaseSwitches, 0),
    fixed(of.recoverMedS, 2),
  ]);
  const [ours, peer] = [...totals.values()];
  if (ours === undefined || peer === undefined) return table([header, ...rows]);
  const ratio = (mine: number | null, theirs: number | null): string =>
    mine === null || theirs === null || theirs === 0 ? "-" : (mine / theirs).toFixed(2);
  const compared = [
    "ours / peer",
    ratio(ours.over10S, peer.over10S),
    ratio(ours.overS, peer.overS),
    ratio(ours.energyKWh, peer.energyKWh),
    ratio(ours.shareOfIdeal, peer.shareOfIdeal),
    ratio(ours.shareOfSurplus, peer.shareOfSurplus),
    ratio(ours.evGridKWh, peer.evGridKWh),
    ratio(ours.evGridAtMinKWh, peer.evGridAtMinKWh),
    ratio(ours.contactorOps, peer.contactorOps),
    ratio(ours.setpointChanges, peer.setpointChanges),
    ratio(ours.phaseSwitches, peer.phaseSwitches),
    ratio(ours.recoverMedS, peer.recoverMedS),
  ];
  return table([header, ...rows, compared]);
}

function fixed(value: number | null, digits: number): string {
  return value === null ? "-" : value.toFixed(digits);
}

/** Columns padded to their widest cell; the first one to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  return rows
    .map(row =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
