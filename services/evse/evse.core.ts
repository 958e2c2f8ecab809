import type { Step } from "../../shared/actor/actor.ts";
import type { BalancerAllocation } from "../../shared/contracts/balancer.ts";
import type { ChargingSession, EvseStatus } from "../../shared/contracts/evse.ts";
import type { MeterReading } from "../../shared/contracts/meter.ts";
import type { EvseGrant, PilotSensed } from "../../shared/contracts/pilot.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { advance } from "./charge-state.core.ts";
import type { PointSettings } from "./evse.config.ts";
import { observe } from "./observe.core.ts";
import { grantOf, statusOf } from "./report.core.ts";
import { countCharging, describeSession, withRegister } from "./session.core.ts";
import type { EvseCoreState } from "./state.core.ts";
import { DRAW_LIFETIME_MS, GRANT_EVERY_MS, STATUS_EVERY_MS } from "./timing.core.ts";

export type EvseInput =
  | { readonly kind: "sensed"; readonly sensed: PilotSensed }
  | { readonly kind: "allocation"; readonly allocation: BalancerAllocation }
  | { readonly kind: "settings"; readonly settings: PointSettings }
  | { readonly kind: "reading"; readonly reading: MeterReading }
  | { readonly kind: "acknowledge" }
  /** The rhythm of the control loop; `civilMs` dates the records. */
  | { readonly kind: "tick"; readonly civilMs: number };

export type EvseOutput =
  | { readonly kind: "grant"; readonly grant: EvseGrant }
  | { readonly kind: "status"; readonly status: EvseStatus }
  | { readonly kind: "session-ended"; readonly session: ChargingSession };

/** One charge point: what is heard goes in, permission and status come out. */
export function charge(state: EvseCoreState, input: EvseInput, now: Instant): Step<EvseCoreState, EvseOutput> {
  const heard = hear(state, input, now);
  const counted = count(heard, now);
  const moved = advance(observe(counted, now), now);
  const ended = endSession(moved, now);
  const granted = grant(ended.state, now);
  const reported = report(granted.state, now);
  return { state: reported.state, outputs: [...ended.outputs, ...granted.outputs, ...reported.outputs] };
}

function hear(state: EvseCoreState, input: EvseInput, now: Instant): EvseCoreState {
  switch (input.kind) {
    case "sensed":
      return { ...state, sensed: { value: input.sensed, at: now } };
    case "allocation":
      return { ...state, allocation: { value: input.allocation, at: now } };
    case "settings":
      return { ...state, settings: input.settings };
    case "reading": {
      const at = now - input.reading.ageMs;
      if (state.draw !== null && at < state.draw.at) return state;
      const session = state.session === null ? null : withRegister(state.session, input.reading);
      return { ...state, draw: { value: input.reading, at }, session };
    }
    case "acknowledge":
      return { ...state, acknowledge: true };
    case "tick":
      return { ...state, civilOffsetMs: input.civilMs - now };
  }
}

/** Time and energy of the session, from the measured draw or, without one, from the offer. */
function count(state: EvseCoreState, now: Instant): EvseCoreState {
  if (state.session === null) return state;
  const charging = state.state === "C2";
  const fresh = state.draw !== null && now - state.draw.at <= DRAW_LIFETIME_MS;
  const { l1, l2, l3 } = state.draw?.value.currentA ?? { l1: 0, l2: 0, l3: 0 };
  const currentA = fresh ? Math.max(l1, l2, l3) : (state.granted?.value.offerA ?? 0);
  const measuredPhases = [l1, l2, l3].filter(value => value > 1).length;
  const phases = fresh ? measuredPhases : state.granted?.value.contactorL23 === true ? 3 : 1;
  return { ...state, session: countCharging(state.session, charging, currentA, phases, now) };
}

function endSession(state: EvseCoreState, now: Instant): Step<EvseCoreState, EvseOutput> {
  if (state.session === null || state.connectedAt !== null) return { state, outputs: [] };
  const { session, settings, point } = state;
  const ended = { ...state, session: null };
  if (session.chargingMs === 0) return { state: ended, outputs: [] };
  const record = describeSession(
    session,
    point.evseId,
    settings?.mode ?? "normal",
    "unplugged",
    now + state.civilOffsetMs,
  );
  return { state: ended, outputs: [{ kind: "session-ended", session: record }] };
}

/** Grants go out at once when they change, and in the rhythm of the heartbeat. */
function grant(state: EvseCoreState, now: Instant): Step<EvseCoreState, EvseOutput> {
  const next = grantOf(state, now);
  const { granted } = state;
  const same =
    granted !== null &&
    granted.value.pilot === next.pilot &&
    granted.value.offerA === next.offerA &&
    granted.value.contactorL1 === next.contactorL1 &&
    granted.value.contactorL23 === next.contactorL23 &&
    !next.acknowledge;
  if (same && now - granted.at < GRANT_EVERY_MS) return { state, outputs: [] };
  return {
    state: { ...state, granted: { value: next, at: now }, acknowledge: false },
    outputs: [{ kind: "grant", grant: next }],
  };
}

/** Status goes out at once when something a reader acts on has changed, and every second. */
function report(state: EvseCoreState, now: Instant): Step<EvseCoreState, EvseOutput> {
  const { reported } = state;
  const next = statusOf(state, now);
  const last = reported?.value;
  const same =
    last !== undefined &&
    last.state === next.state &&
    last.mode === next.mode &&
    last.access === next.access &&
    last.wantsCurrent === next.wantsCurrent &&
    last.asksPower === next.asksPower &&
    last.mayDraw === next.mayDraw &&
    last.carConnected === next.carConnected &&
    last.offerA === next.offerA &&
    last.ceilingA === next.ceilingA &&
    last.boundBy === next.boundBy &&
    last.faults.join() === next.faults.join();
  if (same && reported !== null && now - reported.at < STATUS_EVERY_MS) return { state, outputs: [] };
  return { state: { ...state, reported: { value: next, at: now } }, outputs: [{ kind: "status", status: next }] };
}
