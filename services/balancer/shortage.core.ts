import { SHORTAGE_STOP, shortageWeight } from "./budget.core.ts";
import { type Limit, limitsInForce, limitsOn } from "./limits.core.ts";
import { type Point, withLimit } from "./point.core.ts";
import type { Scene } from "./scene.core.ts";
import type { BalancerState } from "./state.core.ts";
import { RESPONSE_MS, RETRY_MS } from "./tuning.core.ts";

/** Keeps the shortage score of each phase and stops the points that were admitted last until the rest fits at its minimum. */
export function shed(state: BalancerState, scene: Scene): BalancerState {
  const score: [number, number, number] = [...state.shortage];
  let current = { state, scene };
  for (const phase of [0, 1, 2] as const) {
    const worst = worstOn(phase, current.scene);
    if (worst === null) continue;
    if (worst.measured) score[phase] = nextScore(score[phase], worst, scene.now - state.changedAt);
    const mustStop = worst.measured ? score[phase] >= SHORTAGE_STOP : worst.budget.shortageA > 0;
    if (!mustStop) continue;
    const points = stopLast(current.state.points, worst, current.scene);
    if (points === current.state.points) continue;
    // What was stopped for one phase has also left the others.
    const stopped: BalancerState = { ...current.state, points, changedAt: scene.now };
    current = {
      state: stopped,
      scene: { ...scene, limits: limitsInForce(stopped, scene.settings, scene.trust, scene.now) },
    };
    score.fill(0);
  }
  return { ...current.state, shortage: score };
}

/** The limit of a phase that is shortest of current, among those that may speak now. */
function worstOn(phase: number, scene: Scene): Limit | null {
  let worst: Limit | null = null;
  for (const limit of scene.limits) {
    if (limit.phase !== phase || (limit.measured && !scene.fresh)) continue;
    if (worst === null || limit.budget.shortageA / limit.limitA > worst.budget.shortageA / worst.limitA) worst = limit;
  }
  return worst;
}

function nextScore(score: number, limit: Limit, sinceChangeMs: number): number {
  if (limit.load.minimumA <= 0) return 0;
  if (limit.loadShare > 2) return SHORTAGE_STOP;
  const weight = shortageWeight(limit.budget.shortageA, limit.limitA);
  if (weight > 0) return score + weight;
  return sinceChangeMs >= RESPONSE_MS ? Math.max(0, score - 1) : score;
}

function stopLast(points: readonly Point[], limit: Limit, scene: Scene): readonly Point[] {
  const { now, settings } = scene;
  const index = scene.limits.indexOf(limit);
  const candidates = points
    .filter(point => point.admitted && limitsOn(point, scene.limits, now).includes(index))
    .sort((a, b) => b.admittedAt - a.admittedAt || points.indexOf(b) - points.indexOf(a));
  const toStop = Math.max(1, Math.ceil(limit.budget.shortageA / settings.minA));
  const stopping = new Set(candidates.slice(0, toStop).map(point => point.id));
  if (stopping.size === 0) return points;
  return points.map(point =>
    stopping.has(point.id)
      ? { ...withLimit(point, 0, limit.boundBy, now), admitted: false, askingSince: null, retryAt: now + RETRY_MS }
      : point,
  );
}
