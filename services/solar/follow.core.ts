import type { SolarBudget } from "../../shared/contracts/solar.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { statusNow } from "./roof-point.core.ts";
import type { RoofPoint, SolarState } from "./state.core.ts";

/** A standby observes as the active one does, and decides nothing: who may charge, and on how many phases, stays as it was. */
export function stayBehind(before: SolarState, after: SolarState): SolarState {
  const points = after.points.map((point, index) => {
    const { goSince, phases, switchedAt, regretAs, regretA, shortSince } = before.points[index] ?? point;
    return { ...point, goSince, phases, switchedAt, regretAs, regretA, shortSince };
  });
  return { ...after, points, budgetA: before.budgetA, budgetAt: before.budgetAt, told: null };
}

/** Holds what the active one has decided, so that it can go on from there at any moment. */
export function adopt(state: SolarState, budget: SolarBudget, now: Instant): SolarState {
  const decided = new Map(budget.points.map(point => [point.evseId, point]));
  const points = state.points.map(point => {
    const { go, phases } = decided.get(point.id) ?? { go: false, phases: point.phases };
    return { ...point, ...switchedTo(point, phases, now), goSince: go ? (point.goSince ?? now) : null };
  });
  return { ...state, points, budgetA: budget.chargingA, budgetAt: now };
}

/** A change with a car there counts among those of the day. */
function switchedTo(point: RoofPoint, phases: 1 | 3, now: Instant): Partial<RoofPoint> {
  if (phases === point.phases) return {};
  const charged = (statusNow(point, now)?.session?.chargingMs ?? 0) > 0;
  return { phases, ...(charged ? { switchedAt: [...point.switchedAt, now] } : {}) };
}
