/** What a roof delivers: a smooth day, with or without clouds passing. */
import { draw, seeded } from "./random.core.ts";

export type Sky = "clear" | "clouds";

const SUNRISE_H = 6;
const SUNSET_H = 20;
/** The simulated day begins late in the morning, so that there is sun to see. */
const STARTS_AT_H = 11;
/** A cloud takes about this long to pass, and leaves this much. */
const CLOUD_S = 90;
const EDGE_S = 10;

/** Power `t` seconds after the start; `peakW` at the height of a clear day. */
export function roofAt(peakW: number, sky: Sky, seed: number, t: number): number {
  const hour = (STARTS_AT_H + t / 3600) % 24;
  if (peakW === 0 || hour <= SUNRISE_H || hour >= SUNSET_H) return 0;
  const clearW = peakW * Math.sin((Math.PI * (hour - SUNRISE_H)) / (SUNSET_H - SUNRISE_H));
  return sky === "clear" ? clearW : clearW * lightThrough(seed, t);
}

/** Share of the light that gets through; one span's value blends into the next over `EDGE_S`. */
function lightThrough(seed: number, t: number): number {
  const span = Math.floor(t / CLOUD_S);
  const sinceS = t - span * CLOUD_S;
  const now = cloudiness(seed, span);
  if (sinceS >= EDGE_S) return now;
  const before = cloudiness(seed, span - 1);
  return before + (now - before) * (sinceS / EDGE_S);
}

function cloudiness(seed: number, span: number): number {
  const chance = draw(draw(seeded(Math.imul(seed + 7, 0x9e3779b1) ^ Math.imul(span + 3, 0x85ebca6b))).random).value;
  return chance < 0.5 ? 1 : 0.25 + 0.6 * (chance - 0.5);
}
