import type { SettingsCurrent } from "../../../shared/contracts/settings.ts";
import type { PhaseCurrentsA } from "../../../shared/contracts/units.ts";
import { MODE } from "../../../shared/settings/charge-mode.ts";
import { numberIn } from "../../../shared/settings/read.ts";

/** Whole deci-amperes per phase, as REST carries them. */
export interface DeciAmperes {
  readonly L1: number;
  readonly L2: number;
  readonly L3: number;
}

const ALWAYS_OFF = 1;

export function deciAmperesOf(currentA: PhaseCurrentsA | null): DeciAmperes {
  return { L1: tenths(currentA?.l1 ?? 0), L2: tenths(currentA?.l2 ?? 0), L3: tenths(currentA?.l3 ?? 0) };
}

export function amperesOf(lines: DeciAmperes): PhaseCurrentsA {
  return { l1: lines.L1 / 10, l2: lines.L2 / 10, l3: lines.L3 / 10 };
}

export function totalOf(lines: DeciAmperes): number {
  return lines.L1 + lines.L2 + lines.L3;
}

/**
 * Mains currents less the home battery's, for display in Solar only (fuse limits use raw values): a third on each phase,
 * the remainder on the first ones; all of it on L1 where the second contactor is always off.
 */
export function batteryCorrected(
  lines: DeciAmperes,
  batteryDeciA: number,
  settings: SettingsCurrent,
  evseId: string,
): DeciAmperes {
  if (numberIn(settings, "mode", evseId) !== MODE.solar || batteryDeciA === 0) return lines;
  if (numberIn(settings, "enable_C2", evseId) === ALWAYS_OFF) return { ...lines, L1: lines.L1 - batteryDeciA };
  const third = Math.trunc(batteryDeciA / 3);
  const rest = batteryDeciA - 3 * third;
  const share = (place: number): number => third + (Math.abs(rest) > place ? Math.sign(rest) : 0);
  return { L1: lines.L1 - share(0), L2: lines.L2 - share(1), L3: lines.L3 - share(2) };
}

/** Rounded, and never the -0 that JSON would hide and a strict comparison would not. */
export function tenths(value: number): number {
  return whole(value * 10);
}

export function whole(value: number): number {
  return Math.round(value) + 0;
}
