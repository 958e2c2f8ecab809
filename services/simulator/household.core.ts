/** What a home draws: a function of time and seed, so that two runs of one site see the same day. */
import { draw, seeded } from "./random.core.ts";
import { mapPhases, type PhaseIndex, type Triple } from "./triple.core.ts";

export type HouseKind = "household" | "flat" | "quiet";

/** Something that is switched on now and then. */
interface Appliance {
  readonly phases: readonly PhaseIndex[];
  readonly currentA: number;
  /** At most once in each span of this length it runs for `runS`. */
  readonly everyS: number;
  readonly runS: number;
  readonly chance: number;
  /** A thermostat switches it while it runs. */
  readonly thermostat?: { readonly onS: number; readonly offS: number };
  /** A motor takes more in its first moments. */
  readonly startsWith?: { readonly currentA: number; readonly forS: number };
}

const kettle: Appliance = { phases: [0], currentA: 8.7, everyS: 240, runS: 110, chance: 0.7 };
const oven: Appliance = {
  phases: [1],
  currentA: 11.3,
  everyS: 900,
  runS: 600,
  chance: 0.8,
  thermostat: { onS: 70, offS: 50 },
};
const hob: Appliance = {
  phases: [0, 1],
  currentA: 7.8,
  everyS: 1_500,
  runS: 700,
  chance: 0.6,
  thermostat: { onS: 12, offS: 9 },
};
const fridge: Appliance = { phases: [2], currentA: 0.6, everyS: 1_800, runS: 700, chance: 1 };
const heatPump: Appliance = {
  phases: [0, 1, 2],
  currentA: 4.2,
  everyS: 1_200,
  runS: 480,
  chance: 0.9,
  startsWith: { currentA: 7.5, forS: 2 },
};
const washingMachine: Appliance = {
  phases: [2],
  currentA: 9.1,
  everyS: 2_400,
  runS: 900,
  chance: 0.6,
  thermostat: { onS: 240, offS: 300 },
};

const APPLIANCES: Readonly<Record<HouseKind, readonly Appliance[]>> = {
  household: [kettle, oven, fridge, heatPump, washingMachine, hob],
  flat: [kettle, fridge, hob],
  quiet: [],
};
/** What never quite stands still: standby, lights, fans. */
const FLICKER_A = 0.08;

/** Currents of the house per phase, `t` seconds after its start; `baseA` flows always. */
export function houseAt(kind: HouseKind, baseA: number, seed: number, t: number): Triple {
  const second = Math.floor(t);
  const load: [number, number, number] = [0, 0, 0];
  for (const [index, appliance] of APPLIANCES[kind].entries()) {
    const currentA = applianceAt(appliance, index, seed, t);
    for (const phase of appliance.phases) load[phase] += currentA;
  }
  return mapPhases(
    phase => baseA + load[phase] + (chanceOf(seed, 97 + phase, second) * 2 - 1) * Math.min(baseA, FLICKER_A),
  );
}

function applianceAt(appliance: Appliance, index: number, seed: number, t: number): number {
  const span = Math.floor(t / appliance.everyS);
  if (chanceOf(seed, index * 2, span) >= appliance.chance) return 0;
  const startsAt = span * appliance.everyS + chanceOf(seed, index * 2 + 1, span) * (appliance.everyS - appliance.runS);
  const sinceS = t - startsAt;
  if (sinceS < 0 || sinceS >= appliance.runS) return 0;
  const { thermostat, startsWith } = appliance;
  if (thermostat !== undefined && sinceS % (thermostat.onS + thermostat.offS) >= thermostat.onS) return 0;
  return startsWith !== undefined && sinceS < startsWith.forS ? startsWith.currentA : appliance.currentA;
}

/** A number in [0, 1) that belongs to one event: the same whenever it is asked for. */
function chanceOf(seed: number, kind: number, span: number): number {
  const mixed = draw(
    seeded(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(kind + 1, 0x85ebca6b) ^ Math.imul(span + 1, 0xc2b2ae35)),
  );
  return draw(mixed.random).value;
}
