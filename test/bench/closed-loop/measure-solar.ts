import { VOLTAGE_V } from "../../../services/simulator/car.core.ts";
import { type Measure, type Moment, roundedOrNull, sum, wantsEnergy } from "./measures.ts";
import type { Scenario } from "./scenario.ts";

/** How well charging follows the roof; all null without one. */
export interface SolarResult {
  readonly surplusKWh: number | null;
  readonly evSolarKWh: number | null;
  readonly usableSurplusKWh: number | null;
  readonly selfShare: number | null;
  readonly selfShareUsable: number | null;
  readonly evGridKWh: number | null;
  /** The part of it that remains when every car that draws takes its minimum only: START and STOP ask for that. */
  readonly evGridAtMinKWh: number | null;
  readonly gridImportWhileChargingKWh: number | null;
  readonly timeFromFirstSurplusS: number | null;
}

/** Surplus that must last a minute before it counts as the first: 6 A on three phases, or on one. */
const THREE_PHASE_START_W = 4140.0;
const ONE_PHASE_START_W = 1380.0;
const KEPT_S = 240;
const LOOKED_AT_S = 60;

export function measureSolar(scenario: Scenario): Measure<SolarResult> {
  const { config, dtS } = scenario;
  const { points } = scenario.plant;
  const onePhase = config.c2 === "always_off" || config.c2 === "solar_off";
  const startW = config.c2 === "always_on" && points[0]?.car.phases === 3 ? THREE_PHASE_START_W : ONE_PHASE_START_W;
  const m = { surplusKWh: 0, usableKWh: 0, solarKWh: 0, gridKWh: 0, gridAtMinKWh: 0, importKWh: 0 };
  const recentW: number[] = [];
  let firstSurplusS: number | null = null;
  let firstDrawS: number | null = null;

  function wantingCapW({ cars }: Moment): { wanting: number; capW: number } {
    let wanting = 0;
    let capW = 0;
    for (const [index, { car }] of points.entries()) {
      const state = cars[index];
      if (state === undefined || !wantsEnergy(state, car.energyKWh)) continue;
      wanting += 1;
      const phases = car.phases === 1 || onePhase ? 1 : 3;
      const maxA = phases === 3 ? car.maxThreePhaseA : car.maxOnePhaseA;
      capW += Math.min(maxA, config.maxCurrentA[index] ?? 0) * phases * VOLTAGE_V;
    }
    return { wanting, capW };
  }

  function see(moment: Moment): void {
    const { t, step, houseA, roofW, truth, cars } = moment;
    const surplusW = roofW - (houseA[0] + houseA[1] + houseA[2]) * VOLTAGE_V;
    const { wanting, capW } = wantingCapW(moment);
    if (wanting > 0 && surplusW > 0) {
      m.surplusKWh += (surplusW * dtS) / 3.6e6;
      m.usableKWh += (Math.min(surplusW, capW) * dtS) / 3.6e6;
    }
    let carsW = 0;
    let leastW = 0;
    for (const { drawA, phases } of cars) {
      carsW += drawA * phases * VOLTAGE_V;
      leastW += Math.min(drawA, config.minCurrentA) * phases * VOLTAGE_V;
    }
    const solarW = Math.min(carsW, Math.max(0, surplusW));
    m.solarKWh += (solarW * dtS) / 3.6e6;
    m.gridKWh += ((carsW - solarW) * dtS) / 3.6e6;
    m.gridAtMinKWh += (Math.max(0, leastW - Math.max(0, surplusW)) * dtS) / 3.6e6;
    if (step % 4 === 0) {
      recentW.push(surplusW);
      if (recentW.length > KEPT_S) recentW.shift();
      if (firstSurplusS === null && wanting > 0 && recentW.length >= LOOKED_AT_S) {
        if (sum(recentW.slice(-LOOKED_AT_S)) / LOOKED_AT_S >= startW) firstSurplusS = t;
      }
    }
    if (firstDrawS === null && (cars[0]?.drawA ?? 0) > 1.0) firstDrawS = t;
    const mainsW = (truth.mainsA[0] + truth.mainsA[1] + truth.mainsA[2]) * VOLTAGE_V;
    if (carsW > 50 && mainsW > 0) m.importKWh += (Math.min(mainsW, carsW) * dtS) / 3.6e6;
  }

  const noRoof = scenario.roofW === null;
  return {
    see(moment) {
      if (!noRoof) see(moment);
    },
    result() {
      const kWh = (value: number): number | null => roundedOrNull(noRoof ? null : value);
      const share = (part: number, whole: number): number | null => (whole === 0 ? null : kWh(part / whole));
      return {
        surplusKWh: kWh(m.surplusKWh),
        evSolarKWh: kWh(m.solarKWh),
        usableSurplusKWh: kWh(m.usableKWh),
        selfShare: share(m.solarKWh, m.surplusKWh),
        selfShareUsable: share(m.solarKWh, m.usableKWh),
        evGridKWh: kWh(m.gridKWh),
        evGridAtMinKWh: kWh(m.gridAtMinKWh),
        gridImportWhileChargingKWh: kWh(m.importKWh),
        timeFromFirstSurplusS:
          firstSurplusS === null || firstDrawS === null ? null : roundedOrNull(firstDrawS - firstSurplusS),
      };
    },
  };
}
