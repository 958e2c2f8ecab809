/** How numbers and ages are said on the page. */

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** "11.2 A"; a dash where nothing is known. */
export function amps(currentA: number | null | undefined): string {
  return currentA === null || currentA === undefined ? "– A" : `${tenths(currentA)} A`;
}

/** "25 A" for limits that are whole, "11.2 A" for those that are not. */
export function limitAmps(limitA: number | null): string {
  return limitA !== null && Number.isInteger(limitA) ? `${limitA} A` : amps(limitA);
}

/** "7.6 kW", below one kilowatt "640 W". */
export function power(powerW: number | null): string {
  if (powerW === null) return "– kW";
  const rounded = Math.round(powerW / 10) * 10;
  return Math.abs(rounded) < 1_000 ? `${withoutMinusZero(rounded)} W` : `${(powerW / 1_000).toFixed(1)} kW`;
}

/** "4.21 kWh". */
export function energy(energyWh: number): string {
  return `${(energyWh / 1_000).toFixed(energyWh < 100_000 ? 2 : 0)} kWh`;
}

/** How long something took: "45 s", "12 min", "3 h 05 min". */
export function duration(spanMs: number): string {
  if (spanMs < MINUTE_MS) return `${Math.max(0, Math.floor(spanMs / 1_000))} s`;
  if (spanMs < HOUR_MS) return `${Math.floor(spanMs / MINUTE_MS)} min`;
  const minutes = Math.floor((spanMs % HOUR_MS) / MINUTE_MS);
  return `${Math.floor(spanMs / HOUR_MS)} h ${String(minutes).padStart(2, "0")} min`;
}

/** How old something is: "now" up to a second and a half, then "12 s ago". */
export function age(ageMs: number | null): string {
  if (ageMs === null) return "never";
  return ageMs < 1_500 ? "now" : `${duration(ageMs)} ago`;
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function tenths(value: number): string {
  return withoutMinusZero(Math.round(value * 10) / 10).toFixed(1);
}

function withoutMinusZero(value: number): number {
  return value === 0 ? 0 : value;
}
