import type { Instant } from "../../shared/time/clock.ts";
import {
  choosesPhases,
  counts,
  fixedPhases,
  hasSettled,
  needA,
  phasesCounted,
  statusNow,
  takesPart,
} from "./roof-point.core.ts";
import type { SolarSettings } from "./solar.config.ts";
import type { RoofPoint, SolarState } from "./state.core.ts";
import { meanSurplus } from "./surplus.core.ts";
import {
  BETWEEN_SWITCHES_MS,
  DAY_MS,
  GRID_WEIGHT,
  SWITCH_COST_AS,
  SWITCH_COST_STEP_AS,
  THREE_PHASE_MARGIN_A,
  THREE_PHASES_SEEN_MS,
} from "./tuning.core.ts";

/** Where nobody has a choice, or none is to be made: CONTACT 2, another mode, a person's request, an empty socket. */
export function settlePhases(state: SolarState, settings: SolarSettings, now: Instant): SolarState {
  const points = state.points.map(point => {
    const status = statusNow(point, now);
    const solar = status?.mode === "solar";
    if (!choosesPhases(point, settings)) {
      const phases = fixedPhases(point, settings, solar);
      return phases === point.phases && point.asked === null ? point : { ...point, phases, asked: null };
    }
    if (point.asked !== null) {
      if (point.asked !== point.phases) return switched(point, point.asked, settings, now);
      // By the sun the wish is fulfilled once the car charges that way; from then on it is weighed again.
      const done = solar && point.closedSince !== null && status.phases === point.phases;
      return done ? { ...point, asked: null, regretAs: 0, regretA: 0 } : point;
    }
    return solar || status === null ? point : switched(point, 3, settings, now);
  });
  return { ...state, points };
}

/** The number of phases a car starts on, by the surplus it starts with (spec control 5.7, entry decision). */
export function phasesToStart(state: SolarState, settings: SolarSettings, now: Instant): SolarState {
  if (meanSurplus(state, now) === null) return state;
  const points = state.points.map(point => {
    const waiting = point.goSince === null && point.asked === null && takesPart(point, now);
    if (!waiting || !choosesPhases(point, settings)) return point;
    return switched(point, enoughForThree(point, state, settings, now) ? 3 : 1, settings, now);
  });
  return { ...state, points };
}

/** The sun has just become enough for three phases: a few seconds will show whether it stays. */
export function isBrightening(point: RoofPoint, state: SolarState, settings: SolarSettings, now: Instant): boolean {
  const newest = state.recent.at(-1);
  if (newest === undefined || !choosesPhases(point, settings) || point.phases === 3 || point.onePhaseCar) return false;
  // Where a change was just made the car starts as it is; it may change later.
  if (!isUntouched(point, now) && !maySwitch(point, settings, now)) return false;
  return shareOf(point, state.points, settings, newest.surplusA, now) >= threePhasesFrom(settings);
}

function enoughForThree(point: RoofPoint, state: SolarState, settings: SolarSettings, now: Instant): boolean {
  const seen = state.recent.filter(past => now - past.at <= THREE_PHASES_SEEN_MS);
  return (
    !point.onePhaseCar &&
    seen.every(({ surplusA }) => shareOf(point, state.points, settings, surplusA, now) >= threePhasesFrom(settings))
  );
}

/**
 * Weighs one phase against three while a car charges: what the other number would use more of the sun, or take less from
 * the grid, adds up; a change is due once staying has cost as much as changing does. Severe shortage is thus answered soon,
 * a slight one late, a passing cloud never. One car changes at a time, and what the others had added up begins anew.
 */
export function weighPhases(state: SolarState, settings: SolarSettings, elapsedMs: number, now: Instant): SolarState {
  const newest = state.recent.at(-1);
  const meanA = meanSurplus(state, now);
  if (newest === undefined || meanA === null) return state;
  const weighed = state.points.map(point => {
    const idle = point.goSince === null || !choosesPhases(point, settings) || point.onePhaseCar;
    if (idle || !hasSettled(point, now)) return point.regretAs === 0 ? point : { ...point, regretAs: 0, regretA: 0 };
    const haveA = shareOf(point, state.points, settings, newest.surplusA, now);
    const other = point.phases === 3 ? 1 : 3;
    const regretA = worth(point, other, settings, haveA, now) - worth(point, point.phases, settings, haveA, now);
    const regretAs = Math.max(0, point.regretAs + (regretA * elapsedMs) / 1_000);
    return { ...point, regretAs, regretA };
  });
  const due = weighed
    .filter(point => point.regretAs >= costOf(point, now) && maySwitch(point, settings, now))
    .filter(point => {
      const haveA = shareOf(point, state.points, settings, meanA, now);
      return point.phases === 3
        ? haveA + settings.importA < needA(point, settings)
        : haveA >= threePhasesFrom(settings);
    })
    .sort((a, b) => b.regretAs - a.regretAs)
    .at(0);
  if (due === undefined) return { ...state, points: weighed };
  const points = weighed.map(point =>
    point.id === due.id
      ? switched(point, due.phases === 3 ? 1 : 3, settings, now)
      : { ...point, regretAs: 0, regretA: 0 },
  );
  return { ...state, points };
}

/** Whether, and in how many seconds if the sun stays as it is, another number of phases is coming. */
export function switchAhead(
  point: RoofPoint,
  settings: SolarSettings,
  now: Instant,
): { readonly switchTo: 1 | 3 | null; readonly switchInS: number | null } {
  if (point.asked !== null && point.asked !== point.phases) {
    return { switchTo: point.asked, switchInS: Math.ceil(Math.max(0, waitMs(point, now)) / 1_000) };
  }
  const costAs = costOf(point, now);
  const growing = point.regretA > 0 && point.regretAs >= costAs / 4;
  if (!growing || dayIsFull(point, settings, now)) return { switchTo: null, switchInS: null };
  const leftMs = (Math.max(0, costAs - point.regretAs) / point.regretA) * 1_000;
  return {
    switchTo: point.phases === 3 ? 1 : 3,
    switchInS: Math.ceil(Math.max(0, leftMs, waitMs(point, now)) / 1_000),
  };
}

/** What counts as having been changed: with a car there. An empty socket takes the new number at once and for nothing. */
function switched(point: RoofPoint, phases: 1 | 3, settings: SolarSettings, now: Instant): RoofPoint {
  if (phases === point.phases) return point;
  const fresh = { ...point, phases, regretAs: 0, regretA: 0, shortSince: null };
  if (isUntouched(point, now)) return fresh;
  if (!maySwitch(point, settings, now)) return point;
  return { ...fresh, switchedAt: [...point.switchedAt.filter(at => now - at < DAY_MS), now] };
}

/** An empty socket, or a car that has not charged yet. */
function isUntouched(point: RoofPoint, now: Instant): boolean {
  const status = statusNow(point, now);
  return status !== null && (!status.carConnected || (status.session?.chargingMs ?? 0) === 0);
}

/** What staying must have cost before a change is worth it. */
function costOf(point: RoofPoint, now: Instant): number {
  return SWITCH_COST_AS + SWITCH_COST_STEP_AS * switchesToday(point, now);
}

function switchesToday(point: RoofPoint, now: Instant): number {
  return point.switchedAt.filter(at => now - at < DAY_MS).length;
}

function maySwitch(point: RoofPoint, settings: SolarSettings, now: Instant): boolean {
  return waitMs(point, now) <= 0 && !dayIsFull(point, settings, now);
}

function waitMs(point: RoofPoint, now: Instant): number {
  const last = point.switchedAt.at(-1);
  return last === undefined ? 0 : BETWEEN_SWITCHES_MS - (now - last);
}

/** The last change of a day is kept for the way down to one phase. */
function dayIsFull(point: RoofPoint, settings: SolarSettings, now: Instant): boolean {
  const keepBack = point.phases === 1 ? 1 : 0;
  return switchesToday(point, now) >= settings.phaseSwitchesPerDay - keepBack;
}

function threePhasesFrom(settings: SolarSettings): number {
  return 3 * (settings.minA + THREE_PHASE_MARGIN_A);
}

/** What the surplus gives this point while the others keep what they have now. */
export function shareOf(
  point: RoofPoint,
  points: readonly RoofPoint[],
  settings: SolarSettings,
  surplusA: number,
  now: Instant,
): number {
  let leftA = surplusA;
  for (const other of points) {
    if (other.id === point.id || !counts(other, now)) continue;
    const offeredA = (statusNow(other, now)?.offerA ?? 0) * phasesCounted(other);
    leftA -= Math.max(offeredA, needA(other, settings));
  }
  return leftA;
}

/** Sun used less what the grid has to add, on that number of phases. */
function worth(point: RoofPoint, phases: 1 | 3, settings: SolarSettings, haveA: number, now: Instant): number {
  const sunA = Math.max(0, haveA);
  const leastA = settings.minA * phases;
  const mostA = Math.max(leastA, mostPerPhaseA(point, now) * phases);
  const gridA = Math.max(0, leastA - Math.max(sunA, haveA + settings.importA));
  return Math.min(sunA, mostA) - GRID_WEIGHT * gridA;
}

/** What its car can take on a phase: its ceiling, less where the car is seen to stay well below its offer. */
function mostPerPhaseA(point: RoofPoint, now: Instant): number {
  const status = statusNow(point, now);
  if (status === null) return 0;
  const newest = point.draws.at(-1);
  const drawnA = newest === undefined ? 0 : Math.max(...newest.value);
  const held = drawnA > 5 && status.offerA - drawnA > 2;
  return held ? Math.min(status.ceilingA, drawnA) : status.ceilingA;
}
