import { PHASES, type Phase } from "../../../shared/contracts/units.ts";
import type { Measurement, Mounting } from "../meter.port.ts";
import type { MeterProfile } from "./profiles.ts";
import type { RawValues } from "./registers.core.ts";

/** What has to be remembered from one sample to the next. */
export interface MeterMemory {
  /** Direction of each terminal when its power last said so. */
  readonly signs: readonly [number, number, number];
  readonly counters: Counters | null;
  /** Voltages as last read; null where they are not known. */
  readonly terminalsV: readonly [number, number, number] | null;
  /** Lower counters than before, and how often they were seen: a disturbance, or another meter. */
  readonly doubt: { readonly counters: Counters; readonly seen: number } | null;
}

/** In Wh, from the installation's point of view. */
export interface Counters {
  readonly importWh: number | null;
  readonly exportWh: number | null;
}

export type Judged<T> =
  | { readonly ok: true; readonly value: T; readonly memory: MeterMemory }
  | { readonly ok: false; readonly reason: string; readonly memory: MeterMemory };

/** Until a power says otherwise current counts as taken from the grid: the side on which charging gets less. */
export const freshMemory: MeterMemory = { signs: [1, 1, 1], counters: null, terminalsV: null, doubt: null };

/** Beyond these no meter of this class is believable. */
const MAX_CURRENT_A = 1_000;
const MAX_PHASE_POWER_W = 250_000;
/** A phase is dead or it is one (230 V and 120 V grids with their tolerances). */
const MIN_VOLTAGE_V = 80;
const MAX_VOLTAGE_V = 300;
/** Of a meter that has no currents. */
const NOMINAL_V = 230;
/** Below this a phase power says nothing about the direction; the previous one stays. */
const DIRECTION_FROM_W = 5;
/** From these on a direction is no noise. */
const CLEAR_A = 0.5;
const CLEAR_W = 50;
/** A billion kWh: no counter of this class has so many digits. */
const MAX_ENERGY_WH = 1e12;
/** A counter may step back by its rounding, not by more. */
const MAX_STEP_BACK_WH = 1_000;
/** A lower counter seen this often in a row is another meter. */
const CONFIRMATIONS = 3;

/** Currents and powers of one sample, signed, on the phases of the house. */
export function judgeLive(
  profile: MeterProfile,
  mounting: Mounting,
  raw: RawValues,
  memory: MeterMemory,
): Judged<Measurement> {
  const refused = implausible(raw);
  if (refused !== null) return { ok: false, reason: refused, memory };
  const turned = profile.reversed !== mounting.reversed ? -1 : 1;
  const watts = wattsOf(profile, raw);
  const { terminalsA, signs, isDerived } = signedCurrents(profile, raw, watts, memory);
  const { perPhaseW, totalW } = watts;
  if (Math.abs(terminalsA[0]) > MAX_CURRENT_A) {
    return {
      ok: false,
      reason: `total power of ${totalW ?? 0} W; believable up to ${MAX_CURRENT_A} A per phase`,
      memory,
    };
  }
  const value: Measurement = {
    currentA: onHousePhases(terminalsA, turned, mounting),
    powerW: perPhaseW === null ? null : onHousePhases(perPhaseW, turned, mounting),
    totalPowerW: totalW === null ? null : plain(totalW * turned),
    voltageV: memory.terminalsV === null ? null : onHousePhases(memory.terminalsV, 1, mounting),
    importWh: memory.counters?.importWh ?? null,
    exportWh: memory.counters?.exportWh ?? null,
    isDerived,
    ...(profile.current === "signed" && perPhaseW !== null
      ? { contradicts: contradictions(raw, perPhaseW).flatMap(index => mounting.phaseRotation[index] ?? []) }
      : {}),
  };
  return { ok: true, value, memory: { ...memory, signs } };
}

/** Energy counters. A counter that runs backwards is refused until it was seen often enough to be another meter's. */
export function judgeEnergy(
  profile: MeterProfile,
  mounting: Mounting,
  raw: RawValues,
  memory: MeterMemory,
): Judged<Counters> {
  const turned = profile.reversed !== mounting.reversed;
  const inwardWh = raw.importEnergy ?? raw.totalEnergy ?? null;
  const outwardWh = raw.exportEnergy ?? null;
  const counters: Counters = turned
    ? { importWh: outwardWh, exportWh: inwardWh }
    : { importWh: inwardWh, exportWh: outwardWh };
  if ((counters.importWh ?? 0) < 0 || (counters.exportWh ?? 0) < 0) {
    return { ok: false, reason: `energy counter below zero: ${inWords(counters)}`, memory };
  }
  if (Math.max(counters.importWh ?? 0, counters.exportWh ?? 0) > MAX_ENERGY_WH) {
    return { ok: false, reason: `energy counter beyond ${MAX_ENERGY_WH} Wh: ${inWords(counters)}`, memory };
  }
  if (!stepsBack(memory.counters, counters)) {
    return { ok: true, value: counters, memory: { ...memory, counters, doubt: null } };
  }
  const seen = memory.doubt !== null && !stepsBack(memory.doubt.counters, counters) ? memory.doubt.seen + 1 : 1;
  if (seen >= CONFIRMATIONS) {
    return { ok: true, value: counters, memory: { ...memory, counters, doubt: null } };
  }
  const reason = `energy counter ran backwards: ${inWords(counters)} after ${inWords(memory.counters ?? counters)}`;
  return { ok: false, reason, memory: { ...memory, doubt: { counters, seen } } };
}

/** Notes the voltages once all of them were read; one that no grid has is refused. */
export function judgeVoltages({ registers }: MeterProfile, raw: RawValues, memory: MeterMemory): Judged<null> {
  const wanted = registers.filter(({ quantity }) => quantity.startsWith("voltage"));
  if (raw.voltageL1 === undefined || wanted.some(({ quantity }) => raw[quantity] === undefined)) {
    return { ok: true, value: null, memory };
  }
  const terminalsV = [raw.voltageL1, raw.voltageL2 ?? 0, raw.voltageL3 ?? 0] as const;
  for (const [index, volts] of terminalsV.entries()) {
    if (volts === 0 || (volts >= MIN_VOLTAGE_V && volts <= MAX_VOLTAGE_V)) continue;
    const reason = `voltage L${index + 1} of ${volts} V; believable: 0 or ${MIN_VOLTAGE_V}..${MAX_VOLTAGE_V} V`;
    return { ok: false, reason, memory: { ...memory, terminalsV: null } };
  }
  return { ok: true, value: null, memory: { ...memory, terminalsV } };
}

function implausible(raw: RawValues): string | null {
  const currents = [raw.currentL1, raw.currentL2, raw.currentL3];
  const powers = [raw.powerL1, raw.powerL2, raw.powerL3];
  for (const [index, phase] of ["L1", "L2", "L3"].entries()) {
    const amps = currents[index] ?? 0;
    if (Math.abs(amps) > MAX_CURRENT_A) return `current ${phase} of ${amps} A; believable up to ${MAX_CURRENT_A} A`;
    const watts = powers[index] ?? 0;
    if (Math.abs(watts) > MAX_PHASE_POWER_W) {
      return `power ${phase} of ${watts} W; believable up to ${MAX_PHASE_POWER_W} W`;
    }
  }
  const total = raw.totalPower ?? 0;
  if (Math.abs(total) <= 3 * MAX_PHASE_POWER_W) return null;
  return `total power of ${total} W; believable up to ${3 * MAX_PHASE_POWER_W} W`;
}

type Terminals = readonly [number, number, number];

interface Watts {
  readonly perPhaseW: Terminals | null;
  readonly totalW: number | null;
}

/** The powers there are. */
function wattsOf({ phases }: MeterProfile, raw: RawValues): Watts {
  const isPerPhase = raw.powerL1 !== undefined && (phases === 1 || raw.powerL2 !== undefined);
  const perPhaseW: Terminals | null = isPerPhase ? [raw.powerL1 ?? 0, raw.powerL2 ?? 0, raw.powerL3 ?? 0] : null;
  const net = raw.importPower === undefined ? undefined : raw.importPower - (raw.exportPower ?? 0);
  const total = raw.totalPower ?? net;
  const sum = perPhaseW === null ? null : perPhaseW[0] + perPhaseW[1] + perPhaseW[2];
  return { perPhaseW, totalW: total ?? sum };
}

/**
 * A phase power tells the direction best. Without it a signed current does, and for a magnitude the total power: right
 * as long as all phases flow one way.
 */
function signedCurrents(
  { current, phases }: MeterProfile,
  raw: RawValues,
  { perPhaseW, totalW }: Watts,
  { signs: before }: MeterMemory,
): { readonly terminalsA: Terminals; readonly signs: Terminals; readonly isDerived: boolean } {
  if (raw.currentL1 === undefined) {
    const amps = (totalW ?? 0) / phases / NOMINAL_V;
    return { terminalsA: phases === 1 ? [amps, 0, 0] : [amps, amps, amps], signs: before, isDerived: true };
  }
  const terminalsA: Terminals = [raw.currentL1, raw.currentL2 ?? 0, raw.currentL3 ?? 0];
  const tellingW: Terminals | null =
    perPhaseW ?? (current === "magnitude" && totalW !== null ? [totalW, totalW, totalW] : null);
  if (tellingW === null) return { terminalsA, signs: before, isDerived: false };
  const sign = (index: 0 | 1 | 2): number =>
    Math.abs(tellingW[index]) < DIRECTION_FROM_W ? before[index] : Math.sign(tellingW[index]);
  const signs: Terminals = [sign(0), sign(1), sign(2)];
  const signed = (index: 0 | 1 | 2): number => Math.abs(terminalsA[index]) * signs[index];
  return { terminalsA: [signed(0), signed(1), signed(2)], signs, isDerived: perPhaseW === null };
}

/** Terminals whose signed current and power tell different directions, and clearly so. */
function contradictions(raw: RawValues, perPhaseW: Terminals): readonly number[] {
  const terminalsA = [raw.currentL1 ?? 0, raw.currentL2 ?? 0, raw.currentL3 ?? 0];
  return terminalsA.flatMap((amps, index) => {
    const watts = perPhaseW[index] ?? 0;
    const isClear = Math.abs(amps) >= CLEAR_A && Math.abs(watts) >= CLEAR_W;
    return isClear && Math.sign(amps) !== Math.sign(watts) ? [index] : [];
  });
}

function onHousePhases(
  terminals: readonly number[],
  turned: number,
  { phaseRotation }: Mounting,
): Readonly<Record<Phase, number>> {
  const values = { l1: 0, l2: 0, l3: 0 };
  for (const index of PHASES.keys()) {
    const phase = phaseRotation[index];
    if (phase !== undefined) values[phase] = plain((terminals[index] ?? 0) * turned);
  }
  return values;
}

/** -0 reads as 0. */
function plain(value: number): number {
  return value === 0 ? 0 : value;
}

function stepsBack(before: Counters | null, now: Counters): boolean {
  if (before === null) return false;
  const back = (last: number | null, next: number | null): boolean =>
    last !== null && next !== null && last - next > MAX_STEP_BACK_WH;
  return back(before.importWh, now.importWh) || back(before.exportWh, now.exportWh);
}

function inWords({ importWh, exportWh }: Counters): string {
  return `import ${importWh ?? "unknown"} Wh, export ${exportWh ?? "unknown"} Wh`;
}
