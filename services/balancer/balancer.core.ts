import type { Step } from "../../shared/actor/actor.ts";
import type { EvseStatus } from "../../shared/contracts/evse.ts";
import type { LimitsCurrent } from "../../shared/contracts/limits.ts";
import type { MeterReading } from "../../shared/contracts/meter.ts";
import type { SolarBudget } from "../../shared/contracts/solar.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { allocate } from "./allocate.core.ts";
import type { BalancerSettings } from "./balancer.config.ts";
import { follow } from "./follow.core.ts";
import { type Heard, hearLimits, hearReading, hearStatus, hearSun } from "./hear.core.ts";
import type { MeterKey } from "./limits.core.ts";
import type { Point } from "./point.core.ts";
import { withCaps } from "./standing.core.ts";
import type { BalancerState } from "./state.core.ts";
import { type BalancerOutput, repeat, tell } from "./tell.core.ts";
import { siteTrust } from "./trust.core.ts";

export type BalancerInput =
  | { readonly kind: "reading"; readonly reading: MeterReading }
  | { readonly kind: "status"; readonly status: EvseStatus }
  | { readonly kind: "settings"; readonly settings: BalancerSettings }
  | { readonly kind: "sun"; readonly budget: SolarBudget }
  | { readonly kind: "limits"; readonly limits: LimitsCurrent }
  /** This balancer is from now on the one that decides, or no longer. */
  | { readonly kind: "role"; readonly epoch: number | null }
  | { readonly kind: "tick" };

/** Shares what the fuse leaves among the cars that want it. Decides on every new sample, every news of a point, and every second. */
export function balance(state: BalancerState, input: BalancerInput, now: Instant): Step<BalancerState, BalancerOutput> {
  if (input.kind === "role") return takeRole(state, input.epoch, now);
  const step = decideAfter(state, input, now);
  if (state.epoch !== null) return step;
  return { state: follow(state, step.state, input.kind === "status" ? input.status : null, now), outputs: [] };
}

/** Who takes over tells every point at once what it has, under the new epoch; nothing is raised before cars could have reacted. */
function takeRole(state: BalancerState, epoch: number | null, now: Instant): Step<BalancerState, BalancerOutput> {
  const next = { ...state, epoch };
  return epoch === null ? { state: next, outputs: [] } : repeat(decide({ ...next, raisedAt: now }, null, now), now);
}

function decideAfter(
  state: BalancerState,
  input: Exclude<BalancerInput, { kind: "role" }>,
  now: Instant,
): Step<BalancerState, BalancerOutput> {
  switch (input.kind) {
    case "settings":
      return decide({ ...state, settings: input.settings }, null, now);
    case "sun":
      return decide(hearSun(state, input.budget, now), "sun", now, state.points);
    case "tick":
      return repeat(decide(state, null, now), now);
    case "status":
      return decideOnNews(hearStatus(state, input.status, now), now);
    case "limits":
      return decideOnNews(hearLimits(state, input.limits, now), now);
    case "reading":
      return decideOnNews(hearReading(state, input.reading, now), now);
  }
}

function decideOnNews({ state, decideOn }: Heard, now: Instant): Step<BalancerState, BalancerOutput> {
  return decideOn === undefined ? { state, outputs: [] } : decide(state, decideOn, now);
}

function decide(
  state: BalancerState,
  fresh: MeterKey | "sun" | null,
  now: Instant,
  last: readonly Point[] = state.points,
): Step<BalancerState, BalancerOutput> {
  if (state.settings === null) return { state, outputs: [] };
  const trust = siteTrust(state, now);
  const capped = { ...state, points: withCaps(state, state.settings.minA, now) };
  const next = allocate(capped, state.settings, trust, fresh, now);
  const news = next.points.filter((point, index) => {
    const before = last[index];
    return !(
      before?.limitA === point.limitA &&
      before.boundBy === point.boundBy &&
      before.admitted === point.admitted &&
      before.turn.place === point.turn.place &&
      before.phases === point.phases
    );
  });
  return tell(next, news, now);
}
