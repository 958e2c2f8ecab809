import type { Step } from "../../shared/actor/actor.ts";
import { alike } from "../../shared/alike.ts";
import type { BalancerAllocation } from "../../shared/contracts/balancer.ts";
import type { EvseStatus, EvseSwitch } from "../../shared/contracts/evse.ts";
import type { MeterReading } from "../../shared/contracts/meter.ts";
import type { EvseGrant, PilotSensed } from "../../shared/contracts/pilot.ts";
import type { RfidRead, RfidStatus } from "../../shared/contracts/rfid.ts";
import { mayBelieve } from "../../shared/lease/fence.core.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { withAccess, withCard } from "./access.core.ts";
import { advance } from "./charge-state.core.ts";
import { observeContactor } from "./contactor.core.ts";
import type { PointSettings } from "./evse.config.ts";
import { observe } from "./observe.core.ts";
import { phasesConnected } from "./offer.core.ts";
import { observeOverdraw } from "./overdraw.core.ts";
import { observeRcm } from "./rcm.core.ts";
import { grantOf, standOf, withSession } from "./report.core.ts";
import { countCharging, type Draw, withRegister } from "./session.core.ts";
import { type SessionOutput, watchSession } from "./session-watch.core.ts";
import type { EvseCoreState, Wish } from "./state.core.ts";
import { followSwitch } from "./switch.core.ts";
import { ALLOCATION_LIFETIME_MS, DRAW_LIFETIME_MS, GRANT_EVERY_MS, STATUS_EVERY_MS } from "./timing.core.ts";
import { pursueWishes } from "./wishes.core.ts";

export type EvseInput =
  | { readonly kind: "sensed"; readonly sensed: PilotSensed }
  | { readonly kind: "allocation"; readonly allocation: BalancerAllocation }
  | { readonly kind: "settings"; readonly settings: PointSettings }
  | { readonly kind: "reading"; readonly reading: MeterReading }
  /** The card reader of this point. */
  | { readonly kind: "reader"; readonly status: RfidStatus }
  /** A card was held before that reader. */
  | { readonly kind: "card"; readonly outcome: RfidRead["outcome"] }
  | { readonly kind: "acknowledge" }
  /** The rhythm of the control loop; `civilMs` dates the records. */
  | { readonly kind: "tick"; readonly civilMs: number };

export type EvseOutput =
  | { readonly kind: "grant"; readonly grant: EvseGrant }
  | { readonly kind: "status"; readonly status: EvseStatus }
  | { readonly kind: "switch"; readonly event: EvseSwitch }
  /** What the switch wants of the settings; asked again until they say so. */
  | { readonly kind: "change-setting"; readonly key: Wish["key"]; readonly value: Wish["value"] }
  | SessionOutput;

/** One charge point: what is heard goes in, permission and status come out. */
export function charge(state: EvseCoreState, input: EvseInput, now: Instant): Step<EvseCoreState, EvseOutput> {
  const heard = withAccess(hear(state, input, now), now);
  const counted = count(heard, now);
  const switched = followSwitch(observe(counted, now), now);
  const protectedNow = observeOverdraw(observeContactor(observeRcm(switched.state, now), now), now);
  const pursued = pursueWishes(protectedNow, now);
  const moved = advance(withCard(withAccess(pursued.state, now)), now);
  const watched = watchSession(state, moved, phasesConnected(moved), now);
  const granted = grant(watched.state, now);
  const reported = report(granted.state, now);
  const { evseId } = state.point;
  return {
    state: reported.state,
    outputs: [
      ...switched.events.map(event => ({ kind: "switch", event: { evseId, ...event } }) as const),
      ...pursued.asks.map(({ key, value }) => ({ kind: "change-setting", key, value }) as const),
      ...watched.outputs,
      ...granted.outputs,
      ...reported.outputs,
    ],
  };
}

function hear(state: EvseCoreState, input: EvseInput, now: Instant): EvseCoreState {
  switch (input.kind) {
    case "sensed":
      return { ...state, sensed: { value: input.sensed, at: now } };
    case "allocation":
      return withAllocation(state, input.allocation, now);
    case "settings":
      return { ...state, settings: input.settings, storedAccess: input.settings.access };
    case "reading": {
      const at = now - input.reading.ageMs;
      if (state.draw !== null && at < state.draw.at) return state;
      const session = state.session === null ? null : withRegister(state.session, input.reading);
      return { ...state, draw: { value: input.reading, at }, session };
    }
    case "reader":
      return { ...state, reader: { value: input.status, at: now } };
    case "card":
      return { ...state, lastCard: { value: input.outcome, at: now } };
    case "acknowledge":
      return { ...state, acknowledge: true };
    case "tick":
      return { ...state, civilOffsetMs: input.civilMs - now };
  }
}

/** A balancer that has been displaced, and does not know it yet, is not listened to. */
function withAllocation(state: EvseCoreState, allocation: BalancerAllocation, now: Instant): EvseCoreState {
  const { allocation: before } = state;
  const last = before === null ? null : { epoch: before.value.epoch, at: before.at };
  if (!mayBelieve(last, allocation.epoch, ALLOCATION_LIFETIME_MS, now)) return state;
  return {
    ...state,
    allocation: { value: allocation, at: now },
    turn: { value: allocation.turn, at: now },
    phasesWish: allocation.phases,
  };
}

/** Time and energy of the session, from the measured draw or, without one, from the offer. */
function count(state: EvseCoreState, now: Instant): EvseCoreState {
  if (state.session === null) return state;
  return { ...state, session: countCharging(state.session, state.state === "C2", drawOf(state, now), now) };
}

function drawOf(state: EvseCoreState, now: Instant): Draw {
  const { draw, granted } = state;
  if (draw !== null && now - draw.at <= DRAW_LIFETIME_MS) {
    const { l1, l2, l3 } = draw.value.currentA;
    return { peakA: Math.max(l1, l2, l3), totalA: Math.max(0, l1 + l2 + l3) };
  }
  const offerA = granted?.value.offerA ?? 0;
  // A peak is measured where there is a meter at all: the offer is none.
  return { peakA: draw === null ? offerA : null, totalA: offerA * (granted?.value.contactorL23 === true ? 3 : 1) };
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
    granted.value.rcmTest === next.rcmTest &&
    alike(granted.value.lock, next.lock) &&
    alike(granted.value.led, next.led) &&
    !next.acknowledge &&
    !next.acknowledgeRcm;
  if (same && now - granted.at < GRANT_EVERY_MS) return { state, outputs: [] };
  return {
    state: { ...state, granted: { value: next, at: now }, acknowledge: false, acknowledgeRcm: false },
    outputs: [{ kind: "grant", grant: next }],
  };
}

/** Status goes out at once when something a reader acts on has changed, and every second. */
function report(state: EvseCoreState, now: Instant): Step<EvseCoreState, EvseOutput> {
  const { reported } = state;
  const next = standOf(state, now);
  const last = reported?.value;
  const same =
    last !== undefined &&
    last.state === next.state &&
    last.mode === next.mode &&
    last.access === next.access &&
    last.wantsCurrent === next.wantsCurrent &&
    last.inLine === next.inLine &&
    last.asksPower === next.asksPower &&
    last.turn?.place === next.turn?.place &&
    last.mayDraw === next.mayDraw &&
    last.carConnected === next.carConnected &&
    last.offerA === next.offerA &&
    last.ceilingA === next.ceilingA &&
    last.boundBy === next.boundBy &&
    last.phases === next.phases &&
    last.gridRelayOpen === next.gridRelayOpen &&
    last.allotted?.limitA === next.allotted?.limitA &&
    last.allotted?.admitted === next.allotted?.admitted &&
    alike(last.faults, next.faults) &&
    alike(last.plugLock, next.plugLock);
  if (same && reported !== null && now - reported.at < STATUS_EVERY_MS) return { state, outputs: [] };
  const status = withSession(next, state);
  return { state: { ...state, reported: { value: status, at: now } }, outputs: [{ kind: "status", status }] };
}
