/** The pilot circuit and the ADC behind it, as values: what a car does to the line, what the board reads. */

export const CAR_STATES = ["A", "B", "C", "D", "E"] as const;
export type CarState = (typeof CAR_STATES)[number];

/** What is plugged in. */
export interface CarOnLine {
  readonly state: CarState;
  /** false: the diode is bridged. */
  readonly diode: boolean;
  /** Proximity resistor; null = nothing plugged. */
  readonly ppOhm: number | null;
}

const SOURCE_V = 12;
/** IEC 61851-1 table A.1: 1 kohm in the station, 2.74 kohm in the car, 1.3 kohm or 270 ohm beside it, a diode in series. */
const SOURCE_OHM = 1000;
const CAR_OHM: Readonly<Record<"B" | "C" | "D", number>> = {
  B: 2740,
  C: 1 / (1 / 2740 + 1 / 1300),
  D: 1 / (1 / 2740 + 1 / 270),
};
const DIODE_V = 0.7;

/** Pilot voltage at the board while it drives +12 V (`high`) or -12 V. */
export function lineV(car: CarOnLine, high: boolean): number {
  const driven = high ? SOURCE_V : -SOURCE_V;
  if (car.state === "A") return driven;
  if (car.state === "E") return 0;
  const ohm = CAR_OHM[car.state];
  if (!car.diode) return (driven * ohm) / (SOURCE_OHM + ohm);
  if (!high) return driven;
  return driven - ((driven - DIODE_V) * SOURCE_OHM) / (SOURCE_OHM + ohm);
}

const ADC_STEPS = 1024;
const ADC_MAX = 1023;

/** Counts of the CP input: V/6 + 2.5 V on a 5 V scale, 29.3 mV per count. */
export function cpCounts(volts: number): number {
  return clampCounts(Math.round(((volts / 6 + 2.5) / 5) * ADC_STEPS));
}

export function cpVolts(counts: number): number {
  return ((counts * 5) / ADC_STEPS - 2.5) * 6;
}

/** PP hangs on 1 kohm to the reference. */
export function ppCounts(ohm: number | null): number {
  return ohm === null ? ADC_MAX : clampCounts(Math.round((ADC_STEPS * ohm) / (ohm + 1000)));
}

/** As the board computes it back; null = open. */
export function ppOhm(counts: number): number | null {
  if (counts >= ADC_MAX) return null;
  const ohm = Math.round((1000 * counts) / (ADC_STEPS - counts));
  return ohm > 16_382 ? null : ohm;
}

/** MCP9700A: 500 mV at 0 degC, 10 mV/K. */
export function milliVoltsAt(temperatureC: number): number {
  return 500 + 10 * temperatureC;
}

export function milliVoltCounts(milliV: number): number {
  return clampCounts(Math.round((milliV / 5000) * ADC_STEPS));
}

function clampCounts(counts: number): number {
  return Math.min(ADC_MAX, Math.max(0, counts));
}
