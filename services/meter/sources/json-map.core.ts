import { numberAt, problemOfPath } from "./json-path.core.ts";
import { type Observation, sizeOfCurrent, type Terminals, terminals } from "./observation.core.ts";
import type { JsonMap, NumberSource, PerTerminal } from "./source.port.ts";

/** Reads one device's documents. What is not there is null; nothing is made up. */
export function observe(map: JsonMap, documents: readonly unknown[]): Observation {
  const number = (source: NumberSource | undefined): number | null =>
    source === undefined ? null : resolve(source, documents);
  const perTerminal = (sources: PerTerminal | undefined): Terminals =>
    terminals((sources ?? []).map(source => number(source)));
  const voltageV = perTerminal(map.voltageV);
  const powerW = perTerminal(map.powerW);
  const ownA = perTerminal(map.currentA);
  const currentA = map.currentIsCoarse === true ? refined(ownA, powerW, voltageV) : ownA;
  return {
    currentA,
    powerW,
    voltageV,
    totalPowerW: number(map.totalPowerW),
    importWh: number(map.importWh),
    exportWh: number(map.exportWh),
    ...(map.currentA.length === 0 ? { powersOnly: true } : {}),
  };
}

/** How old the values are, as the device says; null: it does not. Text: it says something that cannot be. */
export function ageOf(map: JsonMap, documents: readonly unknown[]): number | string | null {
  if (map.ageMs === undefined) return null;
  const age = resolve(map.ageMs, documents);
  return age !== null && age >= 0 && Number.isFinite(age) ? age : "an answer that does not say how old its values are";
}

function refined(ownA: Terminals, powerW: Terminals, voltageV: Terminals): Terminals {
  return terminals(
    ([0, 1, 2] as const).map(at => {
      const offA = Number.isInteger(ownA[at]) ? 0.5 : 0;
      return sizeOfCurrent(ownA[at], offA, powerW[at], voltageV[at]);
    }),
  );
}

function resolve(source: NumberSource, documents: readonly unknown[]): number | null {
  if (typeof source === "string") return numberAt(documents[0], source);
  if ("path" in source) {
    const value = numberAt(documents[source.in ?? 0], source.path);
    return value === null ? null : times(value, source.scale ?? 1);
  }
  if ("first" in source) {
    for (const candidate of source.first) {
      const value = resolve(candidate, documents);
      if (value !== null) return value;
    }
    return null;
  }
  if ("sum" in source) {
    const values = source.sum.map(part => resolve(part, documents));
    return values.some(value => value === null) ? null : values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  }
  const [plus, minus] = source.net.map(part => resolve(part, documents));
  return typeof plus === "number" && typeof minus === "number" ? plus - minus : null;
}

/** What is wrong with the paths of a map, in words. */
export function problemsOfMap(map: JsonMap): readonly string[] {
  const sources = [map.currentA, map.powerW, map.voltageV, map.totalPowerW, map.importWh, map.exportWh, map.ageMs];
  return sources
    .filter(source => source !== undefined)
    .flatMap(source => (Array.isArray(source) ? (source as PerTerminal) : [source as NumberSource]))
    .flatMap(problemsOfSource);
}

function problemsOfSource(source: NumberSource): readonly string[] {
  if (typeof source === "string") return [problemOfPath(source)].filter(problem => problem !== null);
  if ("path" in source) return problemsOfSource(source.path);
  const parts = "first" in source ? source.first : "sum" in source ? source.sum : source.net;
  return parts.flatMap(problemsOfSource);
}

/** 0.1 and 0.001 are no binary fractions: dividing by a whole number rounds once. */
function times(value: number, scale: number): number {
  const inverse = 1 / scale;
  return Math.abs(scale) < 1 && Number.isInteger(inverse) ? value / inverse : value * scale;
}
