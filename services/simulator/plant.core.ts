/** The plant: cars, house, roof, battery and meters of one site, advanced in steps of `dtS`. */
import { advanceBattery, type BatteryModel, type BatteryState, idleBattery } from "./battery.core.ts";
import { advanceCar, awayCar, type CarModel, type CarState, type CarSupply, VOLTAGE_V } from "./car.core.ts";
import { advanceMeter, freshMeter, type MeterModel, type MeterState } from "./meter.core.ts";
import { mapPhases, type PhaseIndex, type Triple, ZERO } from "./triple.core.ts";

/** House phase on which each terminal L1, L2, L3 of a charge point sits. */
export type Wiring = readonly [PhaseIndex, PhaseIndex, PhaseIndex];

export interface PlantModel {
  readonly dtS: number;
  readonly points: readonly { readonly car: CarModel; readonly wiring: Wiring }[];
  readonly battery: BatteryModel | null;
  readonly meter: MeterModel;
  /** Phases the roof feeds: all three equally, or L1 alone. */
  readonly roofPhases: 1 | 3;
  /** Seed of the meter's noise. */
  readonly seed: number;
}

export interface PlantState {
  /** Steps taken so far. */
  readonly step: number;
  readonly cars: readonly CarState[];
  readonly battery: BatteryState | null;
  readonly meter: MeterState;
}

/** What acts on the plant during one step. */
export interface PlantInput {
  readonly houseA: Triple;
  readonly roofW: number;
  /** One for each charge point. */
  readonly supplies: readonly CarSupply[];
  readonly meterSilent: boolean;
}

/** What really flows during one step. */
export interface PlantTruth {
  readonly mainsA: Triple;
  /** What the roof feeds into each phase. */
  readonly roofA: Triple;
  /** All cars together, per house phase. */
  readonly carsA: Triple;
  readonly batteryA: number;
}

export function initialPlant(model: PlantModel): PlantState {
  return {
    step: 0,
    cars: model.points.map(point => awayCar(point.car, model.dtS)),
    battery: model.battery === null ? null : idleBattery(model.battery),
    meter: freshMeter(model.meter, model.points.length, model.seed, model.dtS),
  };
}

const UNPLUGGED: CarSupply = {
  plugged: false,
  offeredA: 0,
  contactorL1: false,
  contactorL23: false,
  pilotLine: true,
};

/** One step. The order of the additions is part of the model: results compare bit by bit with other implementations. */
export function advancePlant(
  model: PlantModel,
  plant: PlantState,
  input: PlantInput,
): { readonly state: PlantState; readonly truth: PlantTruth } {
  const { dtS } = model;
  const cars: CarState[] = [];
  const ownA: Triple[] = [];
  const carsA: [number, number, number] = [0, 0, 0];
  for (const [index, { car: kind, wiring }] of model.points.entries()) {
    const before = plant.cars[index] ?? awayCar(kind, dtS);
    const car = advanceCar(kind, before, input.supplies[index] ?? UNPLUGGED, dtS);
    cars.push(car);
    ownA.push(mapPhases(terminal => (terminal < car.phases ? car.drawA : 0)));
    for (const [terminal, phase] of wiring.entries()) if (terminal < car.phases) carsA[phase] += car.drawA;
  }

  const roofA = roofPerPhase(model.roofPhases, input.roofW);
  const othersA = mapPhases(phase => input.houseA[phase] - roofA[phase] + carsA[phase]);
  const battery =
    model.battery === null || plant.battery === null
      ? null
      : advanceBattery(
          model.battery,
          plant.battery,
          (othersA[0] + othersA[1] + othersA[2]) * VOLTAGE_V,
          dtS,
          Math.floor(1.0 / dtS + 0.5),
        );
  const batteryA = battery === null ? 0 : battery.powerW / VOLTAGE_V;
  const mainsA = mapPhases(phase => othersA[phase] + batteryA / 3.0);

  const meter = advanceMeter(
    model.meter,
    plant.meter,
    { mainsA, carsA: ownA, batteryA },
    { step: plant.step, dtS, silent: input.meterSilent },
  );
  return {
    state: { step: plant.step + 1, cars, battery, meter },
    truth: { mainsA, roofA, carsA, batteryA },
  };
}

function roofPerPhase(phases: 1 | 3, roofW: number): Triple {
  if (roofW === 0) return ZERO;
  const eachA = roofW / (phases * VOLTAGE_V);
  return phases === 3 ? [eachA, eachA, eachA] : [eachA, 0, 0];
}
