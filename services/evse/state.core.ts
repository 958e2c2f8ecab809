import type { BalancerAllocation } from "../../shared/contracts/balancer.ts";
import type { EvseState, EvseStatus } from "../../shared/contracts/evse.ts";
import type { MeterReading } from "../../shared/contracts/meter.ts";
import type { CpState, EvseGrant, PilotSensed } from "../../shared/contracts/pilot.ts";
import type { RfidRead, RfidStatus } from "../../shared/contracts/rfid.ts";
import type { ScheduleTurn } from "../../shared/contracts/schedule.ts";
import type { AccessStatus, ChargeMode } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { PointSettings } from "./evse.config.ts";
import type { SessionSnapshot } from "./evse.port.ts";
import { freshRcm, type RcmState } from "./rcm-state.core.ts";
import type { SessionState } from "./session.core.ts";
import { freshSwitch, type SwitchState } from "./switch-state.core.ts";
import { NO_TRIES, type Tries } from "./tries.core.ts";

/** A thing heard, and when. */
export interface Heard<T> {
  readonly value: T;
  readonly at: Instant;
}

/** A setting that the point's own switch wants changed, until the settings say so. */
export interface Wish {
  readonly key: "access" | "mode" | "custombutton";
  readonly value: AccessStatus | ChargeMode | boolean;
  readonly since: Instant;
  readonly askedAt?: Instant;
}

export interface EvsePoint {
  readonly evseId: string;
  readonly phases: 1 | 3;
  readonly safeCurrentA: number;
  /**
   * Used until the first settings are heard, where the installer allows charging at the safe current without the rest of
   * the site; null = wait for the settings.
   */
  readonly provisional: PointSettings | null;
}

export interface EvseCoreState {
  readonly point: EvsePoint;
  /** As heard, but for `access`, which is what holds here (access.core). */
  readonly settings: PointSettings | null;
  /** Access as the settings say. */
  readonly storedAccess: AccessStatus | null;
  /** What the card reader last told. */
  readonly reader: Heard<RfidStatus> | null;
  readonly sensed: Heard<PilotSensed> | null;
  readonly allocation: Heard<BalancerAllocation> | null;
  /** Its place among the others, as last told: kept for a balancer that starts over, for as long as the car stays. */
  readonly turn: Heard<ScheduleTurn> | null;
  /** Phases the balancer wishes; a silent balancer changes nothing. */
  readonly phasesWish: 1 | 3;
  /** Phases of the last closing. */
  readonly closedPhases: 1 | 3;
  /** The number of phases before the change that is going on; null = none is. */
  readonly switchingFrom: 1 | 3 | null;
  /** Newest reading of the point's EV meter; `at` is the instant of the sample. */
  readonly draw: Heard<MeterReading> | null;
  readonly state: EvseState;
  readonly enteredAt: Instant;
  /** The pilot class now believed, and since when it has been shown without a break. */
  readonly cp: CpState;
  readonly cpSince: Instant;
  /** The pilot line is interrupted until then; what it shows meanwhile is ignored. */
  readonly cpCutUntil: Instant | null;
  readonly chargeDelayUntil: Instant;
  /** When the car gets its one wake-up pulse; null once it had it or does not need it. */
  readonly wakeAt: Instant | null;
  readonly connectedAt: Instant | null;
  readonly cableA: number | null;
  /** Since when the proximity contact has been open although a car is there. */
  readonly plugOpenSince: Instant | null;
  readonly diodeMissingSince: Instant | null;
  /** Since when the board has reported that it opened by itself. */
  readonly openedSince: Instant | null;
  readonly hot: boolean;
  readonly ventilationRefused: boolean;
  readonly pilotFault: boolean;
  readonly acknowledge: boolean;
  /** The external switch was pressed: it acknowledges a residual current, and nothing else. */
  readonly acknowledgeRcm: boolean;
  readonly rcm: RcmState;
  readonly rcmTries: Tries;
  readonly contactorTries: Tries;
  /** What was offered lately (overdraw.core). */
  readonly recentOffers: readonly Heard<number>[];
  /** Since when the EV meter has shown more than it may (overdraw.core). */
  readonly excessSince: Instant | null;
  /** When the EV meter last showed a load although the contactor was open. */
  readonly othersSeenAt: Instant | null;
  readonly overdrawTries: Tries;
  /** What became of the last card that was held before the reader. */
  readonly lastCard: Heard<RfidRead["outcome"]> | null;
  readonly switchInput: SwitchState;
  /** The switch said OFF and the settings do not yet. */
  readonly switchedOff: boolean;
  readonly wishes: readonly Wish[];
  /** The switch ends charging for now. */
  readonly stopAsked: boolean;
  readonly session: SessionState | null;
  /** The session that was open when the last process ended, until it goes on or is closed; `since` = this start. */
  readonly left: {
    readonly snapshot: SessionSnapshot;
    readonly since: Instant;
    readonly absentSince: Instant | null;
  } | null;
  /** The session as it was last asked to be written down. */
  readonly kept: { readonly session: SessionState | null; readonly at: Instant };
  /** Civil time minus monotonic time, from the last tick: dates the records. */
  readonly civilOffsetMs: number;
  readonly granted: Heard<EvseGrant> | null;
  readonly reported: Heard<EvseStatus> | null;
}

/** A point that has just started. `left` is the session that was open when the last process ended. */
export function idleEvse(point: EvsePoint, now: Instant, left: SessionSnapshot | null = null): EvseCoreState {
  return {
    point,
    settings: point.provisional,
    storedAccess: point.provisional?.access ?? null,
    reader: null,
    sensed: null,
    allocation: null,
    turn: null,
    phasesWish: 3,
    closedPhases: 3,
    switchingFrom: null,
    draw: null,
    state: "A",
    enteredAt: now,
    cp: "A",
    cpSince: now,
    cpCutUntil: null,
    chargeDelayUntil: now,
    wakeAt: null,
    connectedAt: null,
    cableA: null,
    plugOpenSince: null,
    diodeMissingSince: null,
    openedSince: null,
    hot: false,
    ventilationRefused: false,
    pilotFault: false,
    acknowledge: false,
    acknowledgeRcm: false,
    rcm: freshRcm(now),
    rcmTries: NO_TRIES,
    contactorTries: NO_TRIES,
    recentOffers: [],
    excessSince: null,
    othersSeenAt: null,
    overdrawTries: NO_TRIES,
    lastCard: null,
    switchInput: freshSwitch(now),
    switchedOff: false,
    wishes: [],
    stopAsked: false,
    session: null,
    left: left === null ? null : { snapshot: left, since: now, absentSince: null },
    kept: { session: null, at: now },
    civilOffsetMs: 0,
    granted: null,
    reported: null,
  };
}
