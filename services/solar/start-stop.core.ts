import type { Instant } from "../../shared/time/clock.ts";
import { isBrightening } from "./phases.core.ts";
import { counts, hasSettled, needA, statusNow, takesPart } from "./roof-point.core.ts";
import type { SolarSettings } from "./solar.config.ts";
import type { RoofPoint, SolarState } from "./state.core.ts";
import { meanSurplus, surplusNow } from "./surplus.core.ts";
import { BETWEEN_STARTS_MS } from "./tuning.core.ts";

/** Running points, the one that started first in front. */
export function running(points: readonly RoofPoint[]): readonly RoofPoint[] {
  return points
    .filter(point => point.goSince !== null)
    .sort((a, b) => (a.goSince ?? 0) - (b.goSince ?? 0) || points.indexOf(a) - points.indexOf(b));
}

/** What the surplus leaves for a point when those that started before it are lowered to their minimum. */
export function leftFor(
  point: RoofPoint,
  points: readonly RoofPoint[],
  settings: SolarSettings,
  surplusA: number,
  now: Instant,
): number {
  let leftA = surplusA;
  for (const other of running(points)) {
    if (other.id === point.id) break;
    if (counts(other, now)) leftA -= needA(other, settings);
  }
  return leftA;
}

/** The balancer's ring says who is next: who has its turn, then the others as they stand in it. */
function inTurn(points: readonly RoofPoint[], now: Instant): readonly RoofPoint[] {
  const place = (point: RoofPoint): number => {
    const turn = statusNow(point, now)?.turn ?? null;
    if (turn === null) return points.length;
    return turn.place === "active" ? turn.rank - points.length : turn.rank;
  };
  return [...points].sort((a, b) => place(a) - place(b));
}

/** Who has been paused since it was allowed to charge gives up the sun: it is the turn of another. */
export function giveWay(state: SolarState, now: Instant): SolarState {
  const gives = (point: RoofPoint): boolean => {
    const turn = statusNow(point, now)?.turn ?? null;
    return point.goSince !== null && turn?.place === "paused" && now - turn.forMs > point.goSince;
  };
  if (!state.points.some(gives)) return state;
  return { ...state, points: state.points.map(point => (gives(point) ? stopped(point) : point)) };
}

/** Everybody stops when nothing is known of the sun any more. */
export function stopBlind(state: SolarState, now: Instant): SolarState {
  if (surplusNow(state, now) !== null || state.points.every(point => point.goSince === null)) return state;
  return { ...state, points: state.points.map(stopped) };
}

/**
 * The stop timer: runs while the sun does not reach the minimum, and stopping would not at once allow the next start
 * (spec control 5.4 R: import beyond the minimum less START). Each point has its own; the last to start is short first.
 */
export function stopShort(state: SolarState, settings: SolarSettings, now: Instant): SolarState {
  const meanA = meanSurplus(state, now);
  if (meanA === null) return state;
  const points = state.points.map(point => {
    if (point.goSince === null) return point;
    const leftA = leftFor(point, state.points, settings, meanA, now);
    const short = leftA < settings.startA && leftA + settings.importA < needA(point, settings);
    const starting = statusNow(point, now)?.mayDraw === true && !hasSettled(point, now);
    if (!short || starting || settings.stopAfterMs === null)
      return point.shortSince === null ? point : { ...point, shortSince: null };
    const shortSince = point.shortSince ?? now;
    return now - shortSince >= settings.stopAfterMs ? stopped(point) : { ...point, shortSince };
  });
  return { ...state, points };
}

/** The next car starts when what is left over has been above START, and leaves those that charge their minimum. */
export function startNext(state: SolarState, settings: SolarSettings, now: Instant): SolarState {
  const meanA = meanSurplus(state, now);
  const nowA = surplusNow(state, now);
  if (meanA === null || nowA === null) return state;
  const others = running(state.points);
  const lastStart = Math.max(-Infinity, ...others.map(point => point.goSince ?? 0));
  if (now - lastStart < BETWEEN_STARTS_MS) return state;
  const next = inTurn(state.points, now).find(
    point => point.goSince === null && takesPart(point, now) && statusNow(point, now)?.wantsCurrent === true,
  );
  if (next === undefined || isBrightening(next, state, settings, now)) return state;
  const leftA = Math.min(
    leftFor(next, state.points, settings, meanA, now),
    leftFor(next, state.points, settings, nowA, now),
  );
  const alone = !others.some(point => counts(point, now));
  // The first may be helped by the grid, as START says; a second would take from the first what it lacks.
  const enough = leftA > settings.startA && (alone || leftA + settings.importA >= needA(next, settings));
  if (!enough) return state;
  return {
    ...state,
    points: state.points.map(point =>
      point.id === next.id ? { ...point, goSince: now, shortSince: null, regretAs: 0, regretA: 0 } : point,
    ),
  };
}

function stopped(point: RoofPoint): RoofPoint {
  return { ...point, goSince: null, shortSince: null, regretAs: 0, regretA: 0 };
}
