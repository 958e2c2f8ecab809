import { PHASES, type Phase } from "../../../shared/contracts/units.ts";

/** A household's load as a function of the time of day: the same seed draws the same day, whoever asks and how often. */

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

interface Appliance {
  readonly name: string;
  readonly phase: Phase;
  readonly amps: number;
  readonly runsMs: number;
  /** One run falls somewhere into each of these parts of the day. */
  readonly partsH: readonly (readonly [number, number])[];
  /** Part of its run that a thermostat switches it on. */
  readonly dutyPct: number;
}

const APPLIANCES: readonly Appliance[] = [
  {
    name: "kettle",
    phase: "l1",
    amps: 8.7,
    runsMs: 180_000,
    partsH: [
      [6, 8],
      [9, 11],
      [15, 17],
      [19, 21],
    ],
    dutyPct: 100,
  },
  { name: "oven", phase: "l2", amps: 11.3, runsMs: 45 * 60_000, partsH: [[17, 19]], dutyPct: 45 },
  {
    name: "dishwasher",
    phase: "l3",
    amps: 8.5,
    runsMs: 25 * 60_000,
    partsH: [
      [13, 14],
      [20, 22],
    ],
    dutyPct: 100,
  },
  { name: "washing machine", phase: "l1", amps: 9.1, runsMs: 20 * 60_000, partsH: [[9, 12]], dutyPct: 100 },
];
/** Share of the base load at each full hour, from a standard household profile: a low night, a high evening. */
const HOURLY_SHARE: readonly number[] = [
  0.55, 0.5, 0.45, 0.45, 0.45, 0.5, 0.7, 1.0, 1.1, 1.0, 0.95, 1.0, 1.15, 1.05, 0.95, 0.9, 1.0, 1.3, 1.6, 1.65, 1.5,
  1.25, 0.95, 0.7,
];
const THERMOSTAT_MS = 60_000;
/** Small loads come and go: the base moves by this share every few seconds. */
const FLICKER_SHARE = 0.15;
const FLICKER_MS = 5_000;

/** Currents per phase at a moment. `baseA` is the average of the small loads on each phase. */
export function householdA(civilMs: number, baseA: number, seed: number): Readonly<Record<Phase, number>> {
  const inDayMs = civilMs % DAY_MS;
  const day = Math.floor(civilMs / DAY_MS);
  const amps = { l1: 0, l2: 0, l3: 0 };
  for (const [index, phase] of PHASES.entries()) {
    const flicker = 1 + FLICKER_SHARE * (2 * chance(seed, index, Math.floor(civilMs / FLICKER_MS)) - 1);
    amps[phase] = baseA * shareAt(inDayMs / HOUR_MS) * flicker;
  }
  for (const [index, appliance] of APPLIANCES.entries()) {
    if (isOn(appliance, inDayMs, draw => chance(seed, 16 + 8 * index + draw, day)))
      amps[appliance.phase] += appliance.amps;
  }
  return { l1: tenths(amps.l1), l2: tenths(amps.l2), l3: tenths(amps.l3) };
}

function isOn({ partsH, runsMs, dutyPct }: Appliance, inDayMs: number, draw: (index: number) => number): boolean {
  return partsH.some(([fromH, toH], index) => {
    const startMs = fromH * HOUR_MS + draw(index) * ((toH - fromH) * HOUR_MS - runsMs);
    const sinceMs = inDayMs - startMs;
    return sinceMs >= 0 && sinceMs < runsMs && sinceMs % THERMOSTAT_MS < (THERMOSTAT_MS * dutyPct) / 100;
  });
}

function shareAt(hour: number): number {
  const from = Math.floor(hour);
  const before = HOURLY_SHARE[from % 24] ?? 1;
  const after = HOURLY_SHARE[(from + 1) % 24] ?? 1;
  return before + (after - before) * (hour - from);
}

/** 0..1 from three whole numbers: a mix as in mulberry32, without a state to carry. */
function chance(seed: number, stream: number, index: number): number {
  let mixed = (seed + Math.imul(stream + 1, 0x6d2b79f5) + Math.imul(index, 0x9e3779b1)) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
}

function tenths(amps: number): number {
  return Math.round(amps * 10) / 10;
}
