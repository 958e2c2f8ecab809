import { energyOf, VOLTAGE_V } from "../../../services/simulator/car.core.ts";
import { mapPhases } from "../../../services/simulator/triple.core.ts";
import { bump, type Measure, type Moment, perPoint, rounded, roundedOrNull, sum, wantsEnergy } from "./measures.ts";
import type { Scenario } from "./scenario.ts";

/** What the cars got, what a controller with perfect knowledge could have given, and how fairly it was shared. */
export interface DeliveryResult {
  readonly energyKWh: number;
  readonly perEvKWh: readonly number[];
  readonly idealKWh: number | null;
  readonly utilisation: number | null;
  readonly starvedS: readonly number[];
  readonly longestStarveS: readonly number[];
  readonly contentionS: number | null;
  readonly jainEnergy: number | null;
  readonly contentionKWh: readonly number[] | null;
}

/** Below this a car that wants energy starves. */
const STARVES_A = 0.5;
/** The least a car charges with. */
const MIN_CHARGE_A = 6.0;

export function measureDelivery(scenario: Scenario): Measure<DeliveryResult> {
  const { config, dtS } = scenario;
  const { points, roofPhases } = scenario.plant;
  const solar = config.mode === "solar";
  const energyKWh = perPoint(points.length);
  const contentionKWh = perPoint(points.length);
  const starvedS = perPoint(points.length);
  const starvingS = perPoint(points.length);
  const longestS = perPoint(points.length);
  let contentionS = 0;
  let idealKWh = 0;

  function headroomA({ houseA, roofW }: Moment): readonly [number, number, number] {
    const eachA = roofW / (roofPhases * VOLTAGE_V);
    return mapPhases(phase => config.maxMainsA - (houseA[phase] - (roofPhases === 3 || phase === 0 ? eachA : 0)));
  }

  /** The most that house and fuse leave at this moment, in kWh. Without dynamics: an upper bound. */
  function idealOf(moment: Moment): number {
    const roomA = headroomA(moment);
    const only = points[0];
    if (points.length === 1 && only !== undefined) {
      const { phases, maxThreePhaseA, maxOnePhaseA } = only.car;
      const currentA = Math.min(
        phases === 3 ? Math.min(...roomA) : roomA[only.wiring[0]],
        config.maxCurrentA[0] ?? 0,
        phases === 3 ? maxThreePhaseA : maxOnePhaseA,
        config.maxCircuitA,
      );
      return currentA >= MIN_CHARGE_A ? energyOf(currentA, phases, dtS) : 0;
    }
    const leastA = Math.min(Math.min(...roomA), config.maxCircuitA);
    let takenA = 0;
    let capA = 0;
    for (const [index, { car }] of points.entries()) {
      const state = moment.cars[index];
      if (state === undefined || !wantsEnergy(state, car.energyKWh)) continue;
      if (leastA - takenA >= MIN_CHARGE_A) takenA += MIN_CHARGE_A;
      capA += Math.min(config.maxCurrentA[index] ?? 0, car.maxThreePhaseA);
    }
    return takenA > 0 ? energyOf(Math.min(leastA, capA), 3, dtS) : 0;
  }

  function seeCars({ cars }: Moment): number {
    let wanting = 0;
    for (const [index, { car }] of points.entries()) {
      const state = cars[index];
      if (state === undefined) continue;
      bump(energyKWh, index, energyOf(state.drawA, state.phases, dtS));
      const wants = wantsEnergy(state, car.energyKWh);
      if (wants) wanting += 1;
      if (wants && state.drawA < STARVES_A) {
        bump(starvedS, index, dtS);
        bump(starvingS, index, dtS);
        longestS[index] = Math.max(longestS[index] ?? 0, starvingS[index] ?? 0);
      } else starvingS[index] = 0;
    }
    return wanting;
  }

  return {
    see(moment) {
      const wanting = seeCars(moment);
      if (wanting === points.length && points.length > 1) {
        contentionS += dtS;
        for (const [index, state] of moment.cars.entries()) {
          bump(contentionKWh, index, energyOf(state.drawA, state.phases, dtS));
        }
      }
      if (wanting > 0) idealKWh += idealOf(moment);
    },
    result() {
      const totalKWh = sum(energyKWh);
      const shared = points.length > 1;
      return {
        energyKWh: rounded(totalKWh),
        perEvKWh: energyKWh.map(rounded),
        idealKWh: solar ? null : rounded(idealKWh),
        utilisation: solar || idealKWh === 0 ? null : rounded(totalKWh / idealKWh),
        starvedS: starvedS.map(rounded),
        longestStarveS: longestS.map(rounded),
        contentionS: shared ? rounded(contentionS) : null,
        jainEnergy: shared ? roundedOrNull(jain(contentionKWh)) : null,
        contentionKWh: shared ? contentionKWh.map(rounded) : null,
      };
    },
  };
}

/** Jain's fairness index: 1 = all alike, 1/n = one has it all. */
function jain(values: readonly number[]): number | null {
  const total = sum(values);
  const squares = sum(values.map(value => value * value));
  return squares === 0 ? null : (total * total) / (values.length * squares);
}
