import type { EvseGrant, LockOrder, PilotSensed, Rgb } from "../../shared/contracts/pilot.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { Fitted } from "./pilot.config.ts";
import type { BoardCommand, BoardLatch, BoardMessage, BoardSetting, BoardView, Contactors } from "./pilot.port.ts";

/**
 * `waiting` for the next attempt, `identifying` until the firmware is known, `preparing` until the board has described
 * itself and taken its settings, `up` believed.
 */
export type LinkPhase = "waiting" | "identifying" | "preparing" | "up";

export interface SafeCurrent {
  /** 0: nothing of the kind. */
  readonly currentA: number;
  readonly graceS: number;
}

/** Something that was sent, and when. */
export interface Sent<T> {
  readonly value: T;
  readonly at: Instant;
}

/** What the inputs on the free pins showed last. */
export interface Inputs {
  readonly askedAt: Instant;
  readonly switchClosed: boolean | null;
  readonly temperatureC: number | null;
  /** The last sample that can be true; before the first one, when the board came up. */
  readonly plausibleAt: Instant;
}

/** The pulses for the plug lock (spec control 9). */
export interface LockDrive {
  /** Where the last pulse was to bring it; null = none was given to this board. */
  readonly target: Exclude<LockOrder["target"], "hold"> | null;
  readonly pulsedAt: Instant;
  /** Pulses since it was last seen there, that one included. */
  readonly pulses: number;
  readonly jammed: boolean;
}

/** The test of the residual-current monitor. */
export interface RcmTest {
  readonly number: number;
  /** `asked` until the board says that it has begun. */
  readonly phase: "asked" | "running" | "passed" | "failed";
  readonly at: Instant;
  readonly askedAt: Instant;
}

export interface PilotState {
  readonly evseId: string;
  readonly fitted: Fitted;
  readonly phase: LinkPhase;
  /** `waiting`: when to try. Otherwise: when this attempt, or this preparation, began. */
  readonly phaseAt: Instant;
  readonly failures: number;
  readonly wasUp: boolean;
  readonly reconnects: number;
  readonly lastError: string | null;
  readonly firmware: string | null;
  readonly wrongFirmware: boolean;
  /** The last question of the handshake, or after silence. */
  readonly askedAt: Instant;
  readonly ready: boolean;
  readonly described: boolean;
  /** Minor version of the EVSE feature: what the board can do beyond 1.0. */
  readonly featureMinor: number;
  readonly safeRead: boolean;
  /** What the board goes on with by itself after its last grant ran out; as read last. */
  readonly safe: SafeCurrent;
  readonly configured: readonly BoardSetting[];
  /** Last report or status. */
  readonly view: BoardView | null;
  readonly viewAt: Instant;
  readonly cpHighV: number | null;
  readonly cpLowV: number | null;
  readonly ppOhm: number | null;
  readonly heartbeatEcho: number | null;
  readonly diodeSeen: boolean;
  readonly grant: Sent<EvseGrant> | null;
  readonly heartbeat: Sent<number> | null;
  readonly duty: Sent<number> | null;
  readonly contactors: Sent<Contactors> | null;
  readonly relay: Sent<boolean> | null;
  readonly clearedAt: Instant;
  /** Latches a person has acknowledged and the board has not yet confirmed. */
  readonly acknowledged: readonly BoardLatch[];
  /** It opened without being told to: it closes again only after the permission was withdrawn once. */
  readonly mustWithdraw: boolean;
  readonly inputs: Inputs;
  readonly lock: LockDrive;
  readonly rcmTest: RcmTest | null;
  readonly led: (Sent<Rgb> & { readonly setUpAt: Instant }) | null;
  /** Since when the coil of the main contactor has been on and its contact open. */
  readonly openUnderCoilSince: Instant | null;
  readonly published: Sent<string> | null;
  /** When a repeated warning was logged last, by its words. */
  readonly warned: Readonly<Record<string, Instant>>;
}

export type PilotInput =
  | { readonly kind: "grant"; readonly grant: EvseGrant }
  | { readonly kind: "board"; readonly message: BoardMessage }
  /** The connection is gone, or never came up. */
  | { readonly kind: "closed"; readonly reason: string }
  | { readonly kind: "tick" };

export type PilotOutput =
  | { readonly kind: "open" }
  | { readonly kind: "close" }
  | { readonly kind: "send"; readonly command: BoardCommand }
  | { readonly kind: "publish"; readonly sensed: PilotSensed }
  | {
      readonly kind: "log";
      readonly level: "info" | "warn" | "error";
      readonly words: string;
      readonly detail: Readonly<Record<string, unknown>>;
    };

/** What every part of the core makes: its next state, and outputs added to the list. */
export interface Draft {
  readonly state: PilotState;
  readonly outputs: readonly PilotOutput[];
}

const LONG_AGO = -Infinity;

/** Nothing known, nothing open; the first attempt is due at once. */
export function freshPilot(evseId: string, now: Instant, fitted: Fitted = NOTHING_FITTED): PilotState {
  return {
    evseId,
    fitted,
    phase: "waiting",
    phaseAt: now,
    failures: 0,
    wasUp: false,
    reconnects: 0,
    lastError: null,
    firmware: null,
    wrongFirmware: false,
    askedAt: LONG_AGO,
    ...unknownBoard,
    safe: { currentA: 0, graceS: 0 },
    view: null,
    viewAt: LONG_AGO,
    grant: null,
    heartbeat: null,
    duty: null,
    contactors: null,
    relay: null,
    clearedAt: LONG_AGO,
    acknowledged: [],
    mustWithdraw: false,
    inputs: { ...noInputs, plausibleAt: now },
    lock: freshLock,
    rcmTest: null,
    led: null,
    openUnderCoilSince: null,
    published: null,
    warned: {},
  };
}

const NOTHING_FITTED: Fitted = { led: false, inputs: false, temperature: false, contactFeedback: false };
export const noInputs = { askedAt: LONG_AGO, switchClosed: null, temperatureC: null } as const;
export const freshLock: LockDrive = { target: null, pulsedAt: LONG_AGO, pulses: 0, jammed: false };

/** What is forgotten with a connection. The last view stays: until its watchdog, a board does what it did. */
export const unknownBoard = {
  ready: false,
  described: false,
  featureMinor: 0,
  safeRead: false,
  configured: [],
  cpHighV: null,
  cpLowV: null,
  ppOhm: null,
  heartbeatEcho: null,
  diodeSeen: false,
} as const satisfies Partial<PilotState>;

/** The grant, as long as it is in force. Its age counts from receipt. */
export function freshGrant(state: PilotState, now: Instant): EvseGrant | null {
  const { grant } = state;
  return grant !== null && now - grant.at < grant.value.lifetimeMs ? grant.value : null;
}

const WARN_AGAIN_MS = 10_000;

/** Logs a warning that may repeat, at most once in 10 s for the same words. */
export function warn(draft: Draft, words: string, detail: Readonly<Record<string, unknown>>, now: Instant): Draft {
  const { state, outputs } = draft;
  if (now - (state.warned[words] ?? LONG_AGO) < WARN_AGAIN_MS) return draft;
  return {
    state: { ...state, warned: { ...state.warned, [words]: now } },
    outputs: [...outputs, { kind: "log", level: "warn", words, detail }],
  };
}
