import { PHASES, type Phase } from "../../../shared/contracts/units.ts";
import type { Measurement, Mounting } from "../meter.port.ts";
import type { RawValues } from "./blocks.core.ts";
import type { MeterProfile } from "./profiles.ts";

/** What has to be remembered from one sample to the next. */
export interface MeterMemory {
  /** Direction of each terminal when its power last said so. */
  readonly signs: readonly [number, number, number];
  readonly counters: Counters | null;
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
export const freshMemory: MeterMemory = { signs: [1, 1, 1], counters: null, doubt: null };

/** Beyond these no meter of this class is believable. */
const MAX_CURRENT_A = 1_000;
const MAX_PHASE_POWER_W = 250_000;
/** Below this a phase power says nothing about the direction; the previous one stays. */
const DIRECTION_FROM_W = 5;
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
  const terminalsA = [raw.currentL1 ?? 0, raw.currentL2 ?? 0, raw.currentL3 ?? 0] as const;
  const perPhaseW = profile.registers.powerW !== null;
  const terminalsW = [raw.powerL1 ?? 0, raw.powerL2 ?? 0, raw.powerL3 ?? 0] as const;
  const signs = perPhaseW ? directions(memory.signs, terminalsW) : memory.signs;
  const signedA = perPhaseW ? terminalsA.map((amps, i) => Math.abs(amps) * (signs[i] ?? 1)) : terminalsA;
  const totalW = raw.totalPower ?? (perPhaseW ? terminalsW[0] + terminalsW[1] + terminalsW[2] : null);
  const value: Measurement = {
    currentA: onHousePhases(signedA, turned, mounting),
    powerW: perPhaseW ? onHousePhases(terminalsW, turned, mounting) : null,
    totalPowerW: totalW === null ? null : plain(totalW * turned),
    importWh: memory.counters?.importWh ?? null,
    exportWh: memory.counters?.exportWh ?? null,
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
  const importKWh = turned ? raw.exportKWh : raw.importKWh;
  const exportKWh = turned ? raw.importKWh : raw.exportKWh;
  const counters: Counters = { importWh: wattHours(importKWh), exportWh: wattHours(exportKWh) };
  if ((counters.importWh ?? 0) < 0 || (counters.exportWh ?? 0) < 0) {
    return { ok: false, reason: `energy counter below zero: ${inWords(counters)}`, memory };
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

function directions(
  previous: MeterMemory["signs"],
  terminalsW: readonly [number, number, number],
): MeterMemory["signs"] {
  const sign = (index: 0 | 1 | 2): number =>
    Math.abs(terminalsW[index]) < DIRECTION_FROM_W ? previous[index] : Math.sign(terminalsW[index]);
  return [sign(0), sign(1), sign(2)];
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

function wattHours(kWh: number | undefined): number | null {
  return kWh === undefined ? null : kWh * 1_000;
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
