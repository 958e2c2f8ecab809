import type { CarModel } from "./car.core.ts";

const usual = { minA: 5.5, stopDelayS: 1.5, taperKWh: 1 } as const;

/** Cars as met in the field: reaction, ramp and appetite measured on the road, one row each. */
export const CAR_KINDS = {
  /** The common three-phase car with an 11 kW charger. */
  ev3p16: {
    ...usual,
    phases: 3,
    maxOnePhaseA: 16,
    maxThreePhaseA: 16,
    gain: 1,
    reactS: 2,
    rampUpAPerS: 2,
    rampDownAPerS: 8,
    startDelayS: 4,
    wakeDelayS: 2,
  },
  /** 22 kW. */
  ev3p32: {
    ...usual,
    phases: 3,
    maxOnePhaseA: 32,
    maxThreePhaseA: 32,
    gain: 0.985,
    reactS: 1.5,
    rampUpAPerS: 3,
    rampDownAPerS: 12,
    startDelayS: 4,
    wakeDelayS: 2,
  },
  /** One phase, 7.4 kW. */
  ev1p32: {
    ...usual,
    phases: 1,
    maxOnePhaseA: 32,
    maxThreePhaseA: 32,
    gain: 0.99,
    reactS: 2,
    rampUpAPerS: 2,
    rampDownAPerS: 8,
    startDelayS: 5,
    wakeDelayS: 3,
  },
  /** A plug-in hybrid: one phase, 3.7 kW. */
  ev1p16: {
    ...usual,
    phases: 1,
    maxOnePhaseA: 16,
    maxThreePhaseA: 16,
    gain: 0.99,
    reactS: 2.5,
    rampUpAPerS: 1.5,
    rampDownAPerS: 6,
    startDelayS: 5,
    wakeDelayS: 3,
  },
  /** The slow one: half a minute to its first ampere, 0.4 A/s from there. */
  zoe: {
    ...usual,
    phases: 3,
    maxOnePhaseA: 32,
    maxThreePhaseA: 32,
    gain: 0.93,
    reactS: 5,
    rampUpAPerS: 0.4,
    rampDownAPerS: 1.5,
    startDelayS: 28,
    wakeDelayS: 10,
    stopDelayS: 3,
  },
} satisfies Record<string, Omit<CarModel, "energyKWh">>;

export type CarKind = keyof typeof CAR_KINDS;
export const CAR_KIND_NAMES = Object.keys(CAR_KINDS) as [CarKind, ...CarKind[]];
