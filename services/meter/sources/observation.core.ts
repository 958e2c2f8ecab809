import type { MeterRole } from "../../../shared/contracts/meter.ts";
import type { Phase } from "../../../shared/contracts/units.ts";
import type { Measurement, Mounting } from "../meter.port.ts";

export type Terminals = readonly [number | null, number | null, number | null];

/** What a message of a meter says, terminal by terminal, before anything of it is believed. */
export interface Observation {
  readonly currentA: Terminals;
  readonly powerW: Terminals;
  readonly voltageV: Terminals;
  readonly totalPowerW: number | null;
  readonly importWh: number | null;
  readonly exportWh: number | null;
  /** It comes from a device that tells powers and never a current. */
  readonly powersOnly?: boolean;
  /** The currents were worked out from powers, and carry their direction. */
  readonly isDerived?: boolean;
}

export interface SourceRules {
  /** `power`: a current is a magnitude whose direction its power tells; `own`: it carries its sign itself. */
  readonly direction: "power" | "own";
  readonly mounting: Mounting;
  /** A meter of a car: what has no direction flows into the car. */
  readonly ofCar: boolean;
}

/** What has to be remembered from one message to the next. */
export interface SourceMemory {
  readonly signs: readonly [number, number, number];
  /** Terminals that are in use, null before the first message. */
  readonly phases: number | null;
  readonly importWh: number | null;
  readonly exportWh: number | null;
  /** How often in a row something unlikely was seen that may yet be true: fewer phases, a lower counter. */
  readonly doubts: { readonly phases: number; readonly counters: number };
}

export type Seen =
  | { readonly ok: true; readonly value: Measurement; readonly memory: SourceMemory }
  | { readonly ok: false; readonly reason: string; readonly memory: SourceMemory };

export const freshSource: SourceMemory = {
  signs: [1, 1, 1],
  phases: null,
  importWh: null,
  exportWh: null,
  doubts: { phases: 0, counters: 0 },
};

export const nothingObserved: Observation = {
  currentA: [null, null, null],
  powerW: [null, null, null],
  voltageV: [null, null, null],
  totalPowerW: null,
  importWh: null,
  exportWh: null,
};

/** Beyond these no meter of this class is believable; a voltage is absent or a mains voltage. */
const MAX_CURRENT_A = 1_000;
const MAX_PHASE_POWER_W = 250_000;
const VOLTAGE_V = [80, 300] as const;
/** Below this a phase power says nothing about the direction; the previous one stays. */
const DIRECTION_FROM_W = 5;
/** What a current may be off: some meters tell whole amperes, some drop the fraction. */
const RESOLUTION_A = 1;
/** Voltage and current are not of the very same instant. */
const SLACK = 1.15;
const SLACK_W = 50;
/** A billion kWh: no counter of this class has so many digits. */
const MAX_ENERGY_WH = 1e12;
const MAX_STEP_BACK_WH = 1_000;
/** What is unlikely is believed when it was seen this often in a row. */
const CONFIRMATIONS = 3;
const TERMINALS = [0, 1, 2] as const;

/** One message as a measurement of the house, or why it must not be believed. A message is whole or nothing. */
export function judgeObservation(seen: Observation, rules: SourceRules, memory: SourceMemory): Seen {
  // Doubts count in a row: a message that is refused for something else begins them anew.
  const refuse = (reason: string, doubts = freshSource.doubts): Seen => ({
    ok: false,
    reason,
    memory: { ...memory, doubts },
  });
  const phases = phasesOf(seen);
  if (typeof phases === "string") return refuse(phases);
  const wrong = implausible(seen);
  if (wrong !== null) return refuse(wrong);
  if (memory.phases !== null && phases < memory.phases && memory.doubts.phases + 1 < CONFIRMATIONS) {
    return refuse(`${phases} phases instead of ${memory.phases}`, { phases: memory.doubts.phases + 1, counters: 0 });
  }
  const directed = directions(seen, phases, rules, memory.signs);
  if (typeof directed === "string") return refuse(directed);
  const counters = counterReason(seen, memory);
  if (counters !== null && memory.doubts.counters + 1 < CONFIRMATIONS) {
    return refuse(counters, { phases: 0, counters: memory.doubts.counters + 1 });
  }
  const importWh = seen.importWh ?? memory.importWh;
  const exportWh = seen.exportWh ?? memory.exportWh;
  const next: SourceMemory = {
    signs: directed,
    phases,
    importWh,
    exportWh,
    doubts: freshSource.doubts,
  };
  return { ok: true, value: measurementOf({ ...seen, importWh, exportWh }, phases, rules, directed), memory: next };
}

/** How many terminals carry a current: L1, or L1 and L2, or all. Anything else is a message with a hole. */
function phasesOf({ currentA, powerW, voltageV, powersOnly }: Observation): number | string {
  const missing = TERMINALS.filter(at => currentA[at] === null);
  if (missing.length === 3) return powersOnly === true ? NO_CURRENT : "no current in it";
  const first = missing[0] ?? 3;
  if (missing.length !== 3 - first) return `current L${first + 1} is missing`;
  const beside = missing.find(at => (powerW[at] ?? 0) !== 0 || (voltageV[at] ?? 0) !== 0);
  if (beside !== undefined) return `current L${beside + 1} is missing beside its power or voltage`;
  return first;
}

function implausible({ currentA, powerW, voltageV, totalPowerW, importWh, exportWh }: Observation): string | null {
  const all = [...currentA, ...powerW, ...voltageV, totalPowerW, importWh, exportWh];
  if (all.some(value => value !== null && !Number.isFinite(value))) return "a value that is no number";
  for (const at of TERMINALS) {
    const [amps, watts, volts] = [currentA[at], powerW[at], voltageV[at]];
    const name = `L${at + 1}`;
    if (amps !== null && Math.abs(amps) > MAX_CURRENT_A) {
      return `current ${name} of ${amps} A; believable up to ${MAX_CURRENT_A} A`;
    }
    if (watts !== null && Math.abs(watts) > MAX_PHASE_POWER_W) {
      return `power ${name} of ${watts} W; believable up to ${MAX_PHASE_POWER_W} W`;
    }
    if (volts !== null && volts !== 0 && (volts < VOLTAGE_V[0] || volts > VOLTAGE_V[1])) {
      return `voltage ${name} of ${volts} V; believable ${VOLTAGE_V[0]}..${VOLTAGE_V[1]} V`;
    }
    // Too small a current for its power hides load from the fuse; too large a one is only reactive.
    const carries = (Math.abs(amps ?? 0) + RESOLUTION_A) * (volts ?? 0) * SLACK + SLACK_W;
    if (amps !== null && watts !== null && (volts ?? 0) !== 0 && Math.abs(watts) > carries) {
      return `${name} tells ${watts} W at ${amps} A and ${volts ?? 0} V`;
    }
  }
  const total = totalPowerW ?? 0;
  if (Math.abs(total) > 3 * MAX_PHASE_POWER_W) {
    return `total power of ${total} W; believable up to ${3 * MAX_PHASE_POWER_W} W`;
  }
  if ((importWh ?? 0) < 0 || (exportWh ?? 0) < 0) return "an energy counter below zero";
  if (Math.max(importWh ?? 0, exportWh ?? 0) > MAX_ENERGY_WH) return `an energy counter beyond ${MAX_ENERGY_WH} Wh`;
  return null;
}

function directions(
  { currentA, powerW, totalPowerW, isDerived }: Observation,
  phases: number,
  { direction, ofCar }: SourceRules,
  previous: SourceMemory["signs"],
): SourceMemory["signs"] | string {
  const signs: [number, number, number] = [1, 1, 1];
  for (const at of TERMINALS) {
    const amps = currentA[at];
    if (amps === null) continue;
    if (direction === "own" || isDerived === true) {
      signs[at] = amps < 0 ? -1 : 1;
      continue;
    }
    // One phase alone has the direction of the whole.
    const watts = powerW[at] ?? (phases === 1 ? totalPowerW : null);
    if (watts === null && !ofCar) return `direction unknown: current L${at + 1} comes without its power`;
    signs[at] = watts === null ? 1 : Math.abs(watts) < DIRECTION_FROM_W ? previous[at] : Math.sign(watts);
  }
  return signs;
}

function counterReason({ importWh, exportWh }: Observation, memory: SourceMemory): string | null {
  const back = (name: string, now: number | null, before: number | null): string | null =>
    now !== null && before !== null && before - now > MAX_STEP_BACK_WH
      ? `${name} counter ran backwards: ${now} Wh after ${before} Wh`
      : null;
  return back("import", importWh, memory.importWh) ?? back("export", exportWh, memory.exportWh);
}

function measurementOf(
  seen: Observation,
  phases: number,
  { mounting }: SourceRules,
  signs: SourceMemory["signs"],
): Measurement {
  const { currentA, powerW, voltageV, importWh, exportWh } = seen;
  const turned = mounting.reversed ? -1 : 1;
  const onPhases = (value: (at: 0 | 1 | 2) => number): Record<Phase, number> => {
    const values = { l1: 0, l2: 0, l3: 0 };
    for (const at of TERMINALS) values[mounting.phaseRotation[at]] = plain(value(at) * turned);
    return values;
  };
  const inUse = TERMINALS.slice(0, phases);
  const hasPowers = inUse.every(at => powerW[at] !== null);
  const total = seen.totalPowerW ?? (hasPowers ? inUse.reduce<number>((sum, at) => sum + (powerW[at] ?? 0), 0) : null);
  const volts = { l1: 0, l2: 0, l3: 0 };
  for (const at of inUse) volts[mounting.phaseRotation[at]] = voltageV[at] ?? 0;
  return {
    currentA: onPhases(at => Math.abs(currentA[at] ?? 0) * signs[at]),
    powerW: hasPowers ? onPhases(at => powerW[at] ?? 0) : null,
    totalPowerW: total === null ? null : plain(total * turned),
    importWh: mounting.reversed ? exportWh : importWh,
    exportWh: mounting.reversed ? importWh : exportWh,
    ...(inUse.every(at => voltageV[at] !== null) ? { voltageV: volts } : {}),
    ...(seen.isDerived === true ? { isDerived: true } : {}),
  };
}

/** -0 reads as 0. */
function plain(value: number): number {
  return value === 0 ? 0 : value;
}

/** A list of three that begins with the given values. */
export function terminals(values: readonly (number | null | undefined)[]): Terminals {
  return [values[0] ?? null, values[1] ?? null, values[2] ?? null];
}

/** Roles that guard no fuse: what they are for is their total. */
const TOTAL_COUNTS: readonly MeterRole[] = ["pv", "battery"];
/** Where a power is all there is. */
const NOMINAL_V = 230;
const NO_CURRENT =
  "no current in it, and no voltage to work one out with: it guards no fuse per phase (phases: 1 if there is one only)";

/**
 * Gives the observation of a device that never tells a current those that its powers need. Power over the meter's own voltage is a current. Power
 * over a nominal voltage is a guess, and a total says nothing of its phases: that will do for one phase, and for the roles
 * of which the total counts, where it is spread evenly. Elsewhere the currents stay absent, and the message is refused.
 */
export function withCurrents(
  seen: Observation,
  { role, phases }: { readonly role: MeterRole; readonly phases: 1 | 3 | null },
): Observation {
  const { powerW, voltageV, totalPowerW } = seen;
  if (seen.powersOnly !== true) return seen;
  const mayGuess = phases === 1 || TOTAL_COUNTS.includes(role);
  const own = phases === 1 ? terminals([powerW[0] ?? totalPowerW]) : powerW;
  if (own.every(watts => watts === null)) {
    if (totalPowerW === null || !mayGuess) return seen;
    const amps = totalPowerW / 3 / NOMINAL_V;
    return { ...seen, currentA: [amps, amps, amps], isDerived: true };
  }
  const isMeasured = TERMINALS.every(at => own[at] === null || (voltageV[at] ?? 0) >= PRESENT_FROM_V);
  if (!isMeasured && !mayGuess) return seen;
  const derived = TERMINALS.map(at => {
    const watts = own[at] ?? null;
    const volts = voltageV[at] ?? 0;
    return watts === null ? null : watts / (volts >= PRESENT_FROM_V ? volts : NOMINAL_V);
  });
  return { ...seen, powerW: own, currentA: terminals(derived), isDerived: true };
}

/** Below this a voltage is that of a phase which is not there, or has none of its own. */
export const PRESENT_FROM_V = 50;

/**
 * Size of a phase's current. Whole amperes are too coarse to regulate with, and power over voltage misses what is
 * reactive: the larger of what the power needs and what the meter's own amperes surely amount to.
 */
export function sizeOfCurrent(
  ownA: number | null,
  /** Half the meter's resolution. */
  offA: number,
  watts: number | null,
  volts: number | null,
): number | null {
  // Without a neutral (3 x 230 V in Belgium) a phase has no voltage of its own; its current is the meter's.
  const computedA = watts !== null && volts !== null && volts >= PRESENT_FROM_V ? Math.abs(watts) / volts : null;
  if (computedA === null) return ownA === null ? null : Math.abs(ownA);
  return ownA === null ? computedA : Math.max(computedA, Math.abs(ownA) - offA);
}
