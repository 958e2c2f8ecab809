/** A home battery that cancels what flows at the mains. It cannot be commanded and reacts before anyone else. */
export interface BatteryModel {
  readonly capacityKWh: number;
  readonly initialShare: number;
  readonly minShare: number;
  readonly maxShare: number;
  readonly maxChargeW: number;
  readonly maxDischargeW: number;
  /** Part of the imbalance it removes with each of its own steps. */
  readonly gain: number;
  readonly efficiency: number;
}

export interface BatteryState {
  /** Positive = charging. */
  readonly powerW: number;
  readonly energyKWh: number;
  /** Plant steps since its last own step. */
  readonly steps: number;
}

export function idleBattery(model: BatteryModel): BatteryState {
  return { powerW: 0, energyKWh: model.capacityKWh * model.initialShare, steps: 0 };
}

/** One plant step; `othersW` flows at the mains without the battery. It looks at the mains once a second. */
export function advanceBattery(
  model: BatteryModel,
  battery: BatteryState,
  othersW: number,
  dtS: number,
  stepsPerS: number,
): BatteryState {
  const due = battery.steps + 1 >= stepsPerS;
  let powerW = due ? regulated(model, battery.powerW, othersW) : battery.powerW;
  if (powerW > 0 && battery.energyKWh >= model.capacityKWh * model.maxShare) powerW = 0;
  if (powerW < 0 && battery.energyKWh <= model.capacityKWh * model.minShare) powerW = 0;
  const storedW = powerW > 0 ? powerW * model.efficiency : powerW / model.efficiency;
  return { powerW, energyKWh: battery.energyKWh + (storedW * dtS) / 3.6e6, steps: due ? 0 : battery.steps + 1 };
}

function regulated(model: BatteryModel, powerW: number, othersW: number): number {
  const wishW = powerW - model.gain * (othersW + powerW);
  return Math.max(-model.maxDischargeW, Math.min(model.maxChargeW, wishW));
}
