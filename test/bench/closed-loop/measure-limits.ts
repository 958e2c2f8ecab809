import { VOLTAGE_V } from "../../../services/simulator/car.core.ts";
import { type Measure, type Moment, percentile, rounded, roundedOrNull } from "./measures.ts";
import type { Scenario } from "./scenario.ts";

/** Seconds and amperes above the limits, as far as cars are to blame. */
export interface LimitResult {
  readonly over01S: number;
  readonly overS: number;
  readonly over10S: number;
  readonly overMaxA: number;
  readonly overAs: number;
  readonly baseOverS: number;
  readonly circOverS: number;
  readonly circMaxA: number;
  readonly sumOverS: number;
  readonly overEvents: number;
  readonly recoverMedS: number | null;
  readonly recoverP95S: number | null;
  readonly recoverMaxS: number | null;
  readonly gridImportKWh: number;
  readonly gridExportKWh: number;
  readonly quarterMaxW: number;
}

/** A phase counts as drawn on from this car current. */
const DRAWS_A = 0.1;
/** Two excursions less than this apart are one. */
const MERGE_S = 5.0;
const QUARTER_S = 900.0;

export function measureLimits(scenario: Scenario): Measure<LimitResult> {
  const { config, dtS } = scenario;
  const limitA = config.maxMainsA;
  const m = {
    over01S: 0,
    overS: 0,
    over10S: 0,
    overMaxA: 0,
    overAs: 0,
    baseOverS: 0,
    circOverS: 0,
    circMaxA: 0,
    sumOverS: 0,
  };
  const excursionsS: number[] = [];
  let excursion: { fromS: number; toS: number } | null = null;
  let importKWh = 0;
  let exportKWh = 0;
  let quarterWs = 0;
  let quarterSteps = 0;
  let quarterMaxW = 0;

  function seeFuse({ t, truth }: Moment): void {
    let overA = 0;
    let over = false;
    let justOver = false;
    for (const phase of [0, 1, 2] as const) {
      if (truth.carsA[phase] <= DRAWS_A) continue;
      if (truth.mainsA[phase] > limitA + 0.1) justOver = true;
      if (truth.mainsA[phase] > limitA + 0.5) {
        over = true;
        overA = Math.max(overA, Math.min(truth.mainsA[phase] - limitA, truth.carsA[phase]));
      }
    }
    if (justOver) m.over01S += dtS;
    if (!over && Math.max(...truth.mainsA) > limitA + 0.5) m.baseOverS += dtS;
    if (over) {
      m.overS += dtS;
      m.overAs += overA * dtS;
      m.overMaxA = Math.max(m.overMaxA, overA);
      if (overA > limitA * 0.1) m.over10S += dtS;
      excursion = { fromS: excursion?.fromS ?? t, toS: t + dtS };
    } else if (excursion !== null && t - excursion.toS >= MERGE_S) {
      excursionsS.push(excursion.toS - excursion.fromS);
      excursion = null;
    }
  }

  function seeOtherLimits({ truth }: Moment): void {
    const circuitA = Math.max(...truth.carsA);
    if (circuitA > config.maxCircuitA + 0.3) {
      m.circOverS += dtS;
      m.circMaxA = Math.max(m.circMaxA, circuitA - config.maxCircuitA);
    }
    const sumA = truth.mainsA[0] + truth.mainsA[1] + truth.mainsA[2];
    const carsSumA = truth.carsA[0] + truth.carsA[1] + truth.carsA[2];
    if (config.maxSumMainsA > 0 && sumA > config.maxSumMainsA + 0.3 && carsSumA > 0.3) m.sumOverS += dtS;
    const powerW = sumA * VOLTAGE_V;
    quarterWs += Math.max(0, powerW) * dtS;
    quarterSteps += 1;
    if (quarterSteps * dtS >= QUARTER_S) {
      quarterMaxW = Math.max(quarterMaxW, quarterWs / QUARTER_S);
      quarterWs = 0;
      quarterSteps = 0;
    }
    if (powerW > 0) importKWh += (powerW * dtS) / 3.6e6;
    else exportKWh -= (powerW * dtS) / 3.6e6;
  }

  return {
    see(moment) {
      seeFuse(moment);
      seeOtherLimits(moment);
    },
    result() {
      const all = excursion === null ? excursionsS : [...excursionsS, excursion.toS - excursion.fromS];
      return {
        over01S: rounded(m.over01S),
        overS: rounded(m.overS),
        over10S: rounded(m.over10S),
        overMaxA: rounded(m.overMaxA),
        overAs: rounded(m.overAs),
        baseOverS: rounded(m.baseOverS),
        circOverS: rounded(m.circOverS),
        circMaxA: rounded(m.circMaxA),
        sumOverS: rounded(m.sumOverS),
        overEvents: all.length,
        recoverMedS: roundedOrNull(percentile(all, 0.5)),
        recoverP95S: roundedOrNull(percentile(all, 0.95)),
        recoverMaxS: all.length === 0 ? null : rounded(Math.max(...all)),
        gridImportKWh: rounded(importKWh),
        gridExportKWh: rounded(exportKWh),
        quarterMaxW: rounded(quarterMaxW),
      };
    },
  };
}
