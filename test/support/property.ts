/**
 * How many days a property that costs seconds is tried on. `npm run check` tries a part of them, others each time (the
 * seed is random, and printed on failure); `npm test`, and the file run alone, try all.
 */
export function propertyRuns(full: number): number {
  return process.env["QUICK_PROPERTIES"] === "1" ? Math.ceil(full / 6) : full;
}
