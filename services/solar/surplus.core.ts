import type { Instant } from "../../shared/time/clock.ts";
import { drawnAt, takesPart } from "./roof-point.core.ts";
import type { SolarState, Surplus } from "./state.core.ts";
import { MEAN_LEAST_MS, MEAN_MS, SAMPLE_LIFETIME_MS } from "./tuning.core.ts";

/** The home battery's current, while it is believed: 11 s (seed "Home Battery Integration"). Null = none is known. */
export function batteryNow(state: SolarState, now: Instant): number | null {
  return state.battery !== null && now - state.battery.at <= SAMPLE_LIFETIME_MS ? state.battery.value : null;
}

/**
 * What a mains sample says the roof leaves over: export, plus what solar cars draw, plus what the home battery takes
 * (it is treated as if it were not there). Only this wish is corrected; fuse limits see the raw sample.
 */
export function surplusOf(
  state: SolarState,
  mainsSumA: number,
  at: Instant,
  now: Instant,
): { readonly surplus: Surplus; readonly known: "measured" | "soon" | "guessed" } {
  const drawn = state.points.filter(point => takesPart(point, now)).map(point => drawnAt(point, at, now));
  const drawnA = drawn.reduce((sum, one) => sum + one.drawnA, 0);
  const known = (["soon", "guessed"] as const).find(kind => drawn.some(one => one.known === kind)) ?? "measured";
  return { surplus: { at, surplusA: (batteryNow(state, now) ?? 0) - mainsSumA + drawnA }, known };
}

export function withSurplus(recent: readonly Surplus[], surplus: Surplus): readonly Surplus[] {
  return [...recent.filter(past => surplus.at - past.at < MEAN_MS), surplus];
}

/** The newest surplus while it may be used. */
export function surplusNow(state: SolarState, now: Instant): number | null {
  const newest = state.recent.at(-1);
  return newest !== undefined && now - newest.at <= SAMPLE_LIFETIME_MS ? newest.surplusA : null;
}

/** The mean that decisions go by; null while too little has been seen. */
export function meanSurplus(state: SolarState, now: Instant): number | null {
  const { recent } = state;
  const [oldest] = recent;
  const newest = recent.at(-1);
  if (oldest === undefined || newest === undefined || surplusNow(state, now) === null) return null;
  if (newest.at - oldest.at < MEAN_LEAST_MS) return null;
  return recent.reduce((sum, { surplusA }) => sum + surplusA, 0) / recent.length;
}
