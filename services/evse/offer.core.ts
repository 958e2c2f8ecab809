import type { BoundBy } from "../../shared/contracts/units.ts";
import { MAX_OFFER_A, offerOf } from "../../shared/iec61851/duty.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { EvseCoreState } from "./state.core.ts";
import { ALLOCATION_LIFETIME_MS } from "./timing.core.ts";

/** A limit and who sets it. */
export interface Bounded {
  readonly limitA: number;
  readonly boundBy: BoundBy;
}

/** The most this point may ever be given now: MAX, the cable, the override, whichever is least (spec control 2.5 R). */
export function ceilingOf(state: EvseCoreState): Bounded {
  const { settings } = state;
  if (settings === null) return { limitA: 0, boundBy: "settings-missing" };
  let ceiling: Bounded = { limitA: Math.min(settings.maxA, MAX_OFFER_A), boundBy: "max" };
  if (settings.outlet === "socket" && state.connectedAt !== null && (state.cableA ?? 0) < ceiling.limitA) {
    ceiling = { limitA: state.cableA ?? 0, boundBy: "cable" };
  }
  if (settings.overrideA !== null && settings.overrideA < ceiling.limitA) {
    ceiling = { limitA: settings.overrideA, boundBy: "override" };
  }
  return ceiling;
}

/** What the balancer allows, as long as it may be believed; then the installer's safe current, never more than was given last. */
export function permittedOf(state: EvseCoreState, now: Instant): Bounded & { readonly admitted: boolean } {
  const { allocation, point } = state;
  if (allocation !== null && now - allocation.at <= ALLOCATION_LIFETIME_MS) {
    const { limitA, boundBy, admitted } = allocation.value;
    return { limitA, boundBy, admitted };
  }
  const safeA = allocation === null ? point.safeCurrentA : Math.min(point.safeCurrentA, allocation.value.limitA);
  const offerA = offerOf(safeA);
  return { limitA: offerA, boundBy: offerA > 0 ? "safe-current" : "balancer-silent", admitted: offerA > 0 };
}

/** Phases that the contactors connect when they close next: what CONTACT 2 allows, and the balancer wishes. */
export function phasesWanted(state: EvseCoreState): 1 | 3 {
  return state.point.phases === 3 && state.settings?.threePhase === true && state.phasesWish === 3 ? 3 : 1;
}

/** Those connected now: fixed from closing to opening, so that no pole is switched under load. Open: those of the next closing. */
export function phasesConnected(state: EvseCoreState): 1 | 3 {
  return state.state === "C2" || state.state === "C1" ? state.closedPhases : phasesWanted(state);
}

/** What may be offered now: 0, or 6..80 A in steps of 0.1 A. */
export function mayOfferOf(state: EvseCoreState, now: Instant): Bounded {
  const ceiling = ceilingOf(state);
  const permitted = permittedOf(state, now);
  const least = ceiling.limitA < permitted.limitA ? ceiling : permitted;
  return { limitA: offerOf(least.limitA), boundBy: least.boundBy };
}
