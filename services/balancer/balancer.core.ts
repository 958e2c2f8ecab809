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
  const heard = hear(state, input, now);
  if (state.epoch === null) return standBy(state, heard, input.kind === "status" ? input.status : null, now);
  // What the sun wishes for a point is news to the point itself.
  const step = decideOn(heard, now, input.kind === "sun" ? state.points : heard.state.points);
  return input.kind === "tick" ? repeat(step, now) : step;
}

/** Who takes over tells every point at once what it has, under the new epoch; nothing is raised before cars could have reacted. */
function takeRole(state: BalancerState, epoch: number | null, now: Instant): Step<BalancerState, BalancerOutput> {
  const next = { ...state, epoch };
  return epoch === null ? { state: next, outputs: [] } : repeat(decide({ ...next, raisedAt: now }, null, now), now);
}

function hear(state: BalancerState, input: Exclude<BalancerInput, { kind: "role" }>, now: Instant): Heard {
  switch (input.kind) {
    case "settings":
      return { state: { ...state, settings: input.settings }, decideOn: null };
    case "tick":
      return { state, decideOn: null };
    case "sun":
      return hearSun(state, input.budget, now);
    case "status":
      return hearStatus(state, input.status, now);
    case "limits":
      return hearLimits(state, input.limits, now);
    case "reading":
      return hearReading(state, input.reading, now);
  }
}

/** A standby judges what the meters show, as a shortage has to be known that began before it took over; it decides nothing. */
function standBy(
  before: BalancerState,
  heard: Heard,
  status: EvseStatus | null,
  now: Instant,
): Step<BalancerState, BalancerOutput> {
  const { decideOn: fresh } = heard;
  const judges = fresh !== undefined && fresh !== null && fresh !== "sun";
  const seen = judges ? decide(heard.state, fresh, now).state : heard.state;
  return { state: follow(before, seen, status, now), outputs: [] };
}

function decideOn(
  { state, decideOn: fresh }: Heard,
  now: Instant,
  last: readonly Point[],
): Step<BalancerState, BalancerOutput> {
  return fresh === undefined ? { state, outputs: [] } : decide(state, fresh, now, last);
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
