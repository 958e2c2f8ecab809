import type { LockOrder } from "../../shared/contracts/pilot.ts";
import type { EvseCoreState } from "./state.core.ts";

/** What the plug lock shall do (spec control 9); null = this point has none. */
export function lockOrderOf(state: EvseCoreState): LockOrder | null {
  const { settings } = state;
  if (settings === null || settings.outlet !== "socket" || settings.lock === null) return null;
  const actuator = settings.lock;
  const target = targetOf(state, settings);
  // An own cable stays in the socket for good: nothing is unlocked, and nothing is locked without need.
  return { actuator, target: target === "unlocked" && settings.cableLock ? "hold" : target };
}

/** Unlocking has precedence. With EnableOne the card that holds the point holds the plug, also after the car has gone. */
function targetOf(
  { state, settings }: EvseCoreState,
  { access, cardHoldsPlug }: NonNullable<EvseCoreState["settings"]>,
): LockOrder["target"] {
  if (settings === null) return "hold";
  if (cardHoldsPlug) return access === "off" ? "unlocked" : state === "A" ? "hold" : "locked";
  return state === "A" ? "unlocked" : "locked";
}

/** Nothing has to be locked, or it is seen locked. */
export function plugIsHeld(state: EvseCoreState): boolean {
  const order = lockOrderOf(state);
  return order?.target !== "locked" || state.sensed?.value.lock?.position === "locked";
}

/** Which way the lock has refused to move; null = it has not. */
export function lockStuck(state: EvseCoreState): "lock-failed" | "lock-jammed" | null {
  const order = lockOrderOf(state);
  const seen = state.sensed?.value.lock ?? null;
  // A lock that is where it shall be has jammed on the way to where it no longer has to go.
  if (order === null || order.target === "hold" || seen?.jammed !== true || seen.position === order.target) return null;
  return order.target === "locked" ? "lock-failed" : "lock-jammed";
}
