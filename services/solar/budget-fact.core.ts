import type { SolarBudget, SolarPoint } from "../../shared/contracts/solar.ts";
import type { BoundBy } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { shareOf, switchAhead } from "./phases.core.ts";
import { needA, phasesCounted, takesPart } from "./roof-point.core.ts";
import type { SolarSettings } from "./solar.config.ts";
import { leftFor } from "./start-stop.core.ts";
import type { RoofPoint, SolarState } from "./state.core.ts";
import { batteryNow, meanSurplus, surplusNow } from "./surplus.core.ts";

/** The fact that tells the balancer what the sun allows, and everybody why. */
export function budgetFact(state: SolarState, settings: SolarSettings, chargingA: number, now: Instant): SolarBudget {
  const surplusA = surplusNow(state, now);
  const newest = state.recent.at(-1);
  return {
    epoch: state.epoch ?? 0,
    chargingA: tenths(chargingA),
    surplusA: surplusA === null ? null : tenths(surplusA),
    batteryA: batteryNow(state, now),
    restsOnMs: newest === undefined ? null : now - newest.at,
    points: state.points.map(point => pointFact(point, state, settings, now)),
  };
}

function pointFact(point: RoofPoint, state: SolarState, settings: SolarSettings, now: Instant): SolarPoint {
  const meanA = meanSurplus(state, now) ?? surplusNow(state, now) ?? 0;
  const go = point.goSince !== null;
  const stopInS =
    point.shortSince === null || settings.stopAfterMs === null
      ? null
      : Math.max(0, Math.ceil((settings.stopAfterMs - (now - point.shortSince)) / 1_000));
  const haveA = go
    ? shareOf(point, state.points, settings, meanA, now)
    : leftFor(point, state.points, settings, meanA, now);
  return {
    evseId: point.id,
    go,
    phases: point.phases,
    counts: phasesCounted(point),
    boundBy: reasonOf(point, stopInS, now),
    outlook: {
      haveA: tenths(haveA),
      needA: tenths(go ? needA(point, settings) : startsAtA(point, state, settings)),
      stopInS,
      ...switchAhead(point, settings, now),
    },
  };
}

/** More than this starts it: START for the first, room for its minimum for a further one. */
function startsAtA(point: RoofPoint, state: SolarState, settings: SolarSettings): number {
  const alone = state.points.every(other => other.goSince === null);
  return alone ? settings.startA : Math.max(settings.startA, needA(point, settings) - settings.importA);
}

function reasonOf(point: RoofPoint, stopInS: number | null, now: Instant): BoundBy {
  if (!takesPart(point, now)) return "not-charging";
  if (point.goSince === null) return "solar-start";
  return stopInS === null ? "solar" : "solar-stop";
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10 + 0;
}
