import type { EvseInsight, LimitInsight } from "../../shared/contracts/insight.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { ceilingOf, permittedOf } from "./offer.core.ts";
import { statusOf } from "./report.core.ts";
import type { EvseCoreState } from "./state.core.ts";

/** Every limit this point sees, whether it binds or not. */
export function explainPoint(state: EvseCoreState, now: Instant): EvseInsight {
  const status = statusOf(state, now);
  return {
    evseId: state.point.evseId,
    offerA: status.offerA,
    boundBy: status.boundBy,
    reason: status.reason,
    limits: [...ownLimits(state), allotted(state, now)],
    waitMs: status.chargeDelayS * 1_000,
  };
}

function ownLimits(state: EvseCoreState): readonly LimitInsight[] {
  const { settings, cableA, connectedAt } = state;
  if (settings === null) {
    const { limitA, boundBy } = ceilingOf(state);
    return [{ boundBy, allowsA: limitA, ofA: null, ageMs: null }];
  }
  const limits: LimitInsight[] = [{ boundBy: "max", allowsA: settings.maxA, ofA: null, ageMs: null }];
  if (settings.outlet === "socket" && connectedAt !== null) {
    limits.push({ boundBy: "cable", allowsA: cableA, ofA: null, ageMs: null });
  }
  if (settings.overrideA !== null) {
    limits.push({ boundBy: "override", allowsA: settings.overrideA, ofA: null, ageMs: null });
  }
  return limits;
}

/** What the balancer allots, or what stands in for it while it is silent. */
function allotted(state: EvseCoreState, now: Instant): LimitInsight {
  const { limitA, boundBy } = permittedOf(state, now);
  const { allocation } = state;
  const restsOnMs = allocation?.value.restsOnMs ?? 0;
  return { boundBy, allowsA: limitA, ofA: null, ageMs: allocation === null ? null : now - allocation.at + restsOnMs };
}
