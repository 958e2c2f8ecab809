/** What boards, meters and onlookers get to see of the simulated site. */
import type { SimulatorTruth } from "../../shared/contracts/simulator.ts";
import { VOLTAGE_V } from "./car.core.ts";
import type { PlantTruth } from "./plant.core.ts";
import type { MeterShows } from "./simulator.port.ts";
import type { Moved, SiteOutput, SiteState } from "./site-state.core.ts";
import { mapPhases, type Triple, ZERO } from "./triple.core.ts";

/** Each car whose pilot state changed, to its board. */
export function showCars(state: SiteState): Moved {
  const outputs: SiteOutput[] = [];
  const points = state.points.map((point, index) => {
    const plan = state.plan.points[index];
    const pilot = state.plant.cars[index]?.pilot ?? "A";
    if (plan === undefined || pilot === point.shown) return point;
    outputs.push({ kind: "present", evseId: plan.evseId, car: { pilot, ppOhm: pilot === "A" ? null : plan.ppOhm } });
    return { ...point, shown: pilot };
  });
  return outputs.length === 0 ? { state, outputs } : { state: { ...state, points }, outputs };
}

/** A new sample, to the meters. */
export function showMeters(state: SiteState): Moved {
  const { delivered, sequence } = state.plant.meter;
  if (sequence === state.shownSequence) return { state, outputs: [] };
  const outputs = state.plan.meters.map(({ evseId }, meter): SiteOutput => {
    if (evseId === null) {
      const { importWh, exportWh } = state;
      return { kind: "show", meter, values: { ...electrical(delivered.mainsA), importWh, exportWh } };
    }
    const index = state.plan.points.findIndex(point => point.evseId === evseId);
    const importWh = (state.plant.cars[index]?.energyKWh ?? 0) * 1_000;
    const values = { ...electrical(delivered.carsA[index] ?? ZERO), importWh, exportWh: 0 };
    return { kind: "show", meter, values };
  });
  return { state: { ...state, shownSequence: sequence }, outputs };
}

function electrical([l1, l2, l3]: Triple): Pick<MeterShows, "currentA" | "powerW"> {
  return { currentA: { l1, l2, l3 }, powerW: { l1: l1 * VOLTAGE_V, l2: l2 * VOLTAGE_V, l3: l3 * VOLTAGE_V } };
}

/** The site as it really is. */
export function truthOf(state: SiteState, truth: PlantTruth): SimulatorTruth {
  const houseA = mapPhases(phase => truth.mainsA[phase] - truth.carsA[phase] + truth.roofA[phase]);
  return {
    mainsA: named(truth.mainsA),
    houseA: named(houseA),
    roofW: truth.roofA.reduce((sum, phaseA) => sum + phaseA * VOLTAGE_V, 0),
    cars: state.plan.points.map(({ evseId }, index) => {
      const car = state.plant.cars[index];
      const point = state.points[index];
      return {
        evseId,
        plugged: point?.plugged ?? false,
        pilot: car?.pilot ?? "A",
        drawA: car?.drawA ?? 0,
        phases: car?.phases ?? 0,
        energyWh: ((car?.energyKWh ?? 0) - (point?.pluggedAtKWh ?? 0)) * 1_000,
      };
    }),
  };
}

function named([l1, l2, l3]: Triple): { readonly l1: number; readonly l2: number; readonly l3: number } {
  return { l1, l2, l3 };
}
