import type { Instant } from "../../shared/time/clock.ts";
import { forgetInputs } from "./inputs.core.ts";
import { EXPECTED_FIRMWARE } from "./pilot.config.ts";
import type { BoardMessage, BoardSetting } from "./pilot.port.ts";
import { type Draft, freshLock, type PilotOutput, type PilotState, unknownBoard } from "./state.core.ts";

/** A board behind a boot loader needs up to 2 s before it speaks. */
const HANDSHAKE_MS = 5_000;
const IDENTIFY_AGAIN_MS = 500;
const PREPARE_AGAIN_MS = 200;
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 2_000;
/** Reports come every 100 ms; after five missing ones the board is asked, after ten it is lost. */
const ASK_AFTER_MS = 500;
const ASK_AGAIN_MS = 200;
const LOST_AFTER_MS = 1_000;

/** What a board must have taken over before it is believed. */
export const BOARD_SETTINGS: Readonly<Record<BoardSetting, number>> = {
  watchdogMs: 1_000,
  reportMs: 100,
  // Noise on a long line shall not open under load (spec control 1.9-4: 30 to 50 ms); IEC 61851-1 table A.6 allows 100 ms
  // to open after the car left C, and the contactor needs some of it.
  debounceMs: 30,
  // Ventilation is not supported (spec control 1.9-1): state D opens.
  allowD: 0,
};
/** Minor version of the feature that brought grants with a deadline of their own, and the safe current. */
export const MINOR_WITH_GRANT = 1;
const SETTING_NAMES = Object.keys(BOARD_SETTINGS) as readonly BoardSetting[];

/** Keeps the link: opens it, checks what is behind it, notices its silence, tries again for ever. */
export function keepLink(draft: Draft, now: Instant): Draft {
  const { state } = draft;
  switch (state.phase) {
    case "waiting":
      if (now < state.phaseAt) return draft;
      return add(draft, { phase: "identifying", phaseAt: now, askedAt: now, ...unknownBoard }, [{ kind: "open" }]);
    case "identifying":
      if (now - state.phaseAt >= HANDSHAKE_MS)
        return lose(draft, `no firmware answered within ${HANDSHAKE_MS} ms`, now);
      if (now - state.askedAt < IDENTIFY_AGAIN_MS) return draft;
      return add(draft, { askedAt: now }, [{ kind: "send", command: { kind: "identify" } }]);
    case "preparing":
      return prepare(draft, now);
    case "up":
      return listen(draft, now);
  }
}

/** The connection went away by itself. */
export function closed(draft: Draft, reason: string, now: Instant): Draft {
  if (draft.state.phase === "waiting") return draft;
  return fall(draft, { lastError: reason, wrongFirmware: false }, now);
}

type HandshakeMessage = Extract<
  BoardMessage,
  { kind: "firmware" | "ready" | "description" | "answer" | "safe-current" | "booted" }
>;

/** The parts of the handshake, and what throws it back. */
export function handshake(draft: Draft, message: HandshakeMessage, now: Instant): Draft {
  const { state } = draft;
  if (state.phase === "waiting") return draft;
  switch (message.kind) {
    case "firmware":
      return identified(draft, message, now);
    case "ready":
      return add(draft, { ready: true, askedAt: -Infinity });
    case "description": {
      const { major, minor, contactors, dutyUnits, pilotHz } = message;
      if (major === 1 && contactors >= 1 && dutyUnits === 1000 && pilotHz === 1000)
        return add(draft, { described: true, featureMinor: minor, safeRead: minor < MINOR_WITH_GRANT });
      const found = `feature ${major}, ${contactors} contactors, ${dutyUnits} duty units, ${pilotHz} Hz`;
      return refuse(draft, `board describes ${found}; expected feature 1, 1 or 2 contactors, 1000 units, 1000 Hz`, now);
    }
    case "answer":
      return configured(draft, message, now);
    case "safe-current":
      return add(draft, { safeRead: true, safe: { currentA: message.currentA, graceS: message.graceS } });
    case "booted":
      return rebooted(draft, message.cause, now);
  }
}

function identified(draft: Draft, message: Extract<BoardMessage, { kind: "firmware" }>, now: Instant): Draft {
  const { name, major, minor } = message;
  const firmware = `${name} ${major}.${minor}`;
  const { name: wanted, major: wantedMajor } = EXPECTED_FIRMWARE;
  if (name !== wanted || major !== wantedMajor) {
    return refuse(draft, `found firmware "${firmware}"; expected "${wanted}" ${wantedMajor}.x`, now, firmware);
  }
  if (draft.state.phase !== "identifying") return add(draft, { firmware });
  return add(draft, { phase: "preparing", firmware, wrongFirmware: false, askedAt: -Infinity });
}

function configured(draft: Draft, message: Extract<BoardMessage, { kind: "answer" }>, now: Instant): Draft {
  const { state } = draft;
  if (message.to !== "configure" || state.phase !== "preparing") return draft;
  if (!message.accepted) return refuse(draft, `board refused a setting: ${message.result}`, now);
  // The answer names the value, not the setting; the four values differ.
  const setting = SETTING_NAMES.find(name => BOARD_SETTINGS[name] === message.value);
  if (setting === undefined || state.configured.includes(setting)) return draft;
  return add(draft, { configured: [...state.configured, setting] });
}

function prepare(draft: Draft, now: Instant): Draft {
  const { state } = draft;
  const missing = SETTING_NAMES.filter(name => !state.configured.includes(name));
  if (state.ready && state.described && state.safeRead && missing.length === 0) {
    const reconnects = state.reconnects + (state.wasUp ? 1 : 0);
    return add(
      draft,
      {
        phase: "up",
        phaseAt: now,
        view: null,
        viewAt: now,
        failures: 0,
        wasUp: true,
        reconnects,
        lastError: null,
        ...unsent,
        inputs: forgetInputs(now),
      },
      [info("board is up", { firmware: state.firmware, reconnects })],
    );
  }
  if (now - state.phaseAt >= HANDSHAKE_MS) {
    const lacking = [...(state.ready ? [] : ["pin table"]), ...(state.described ? [] : ["description"]), ...missing];
    if (state.described && !state.safeRead) lacking.push("safe current");
    return lose(draft, `handshake not finished within ${HANDSHAKE_MS} ms; missing: ${lacking.join(", ")}`, now);
  }
  if (!state.ready || now - state.askedAt < PREPARE_AGAIN_MS) return draft;
  return add(draft, { askedAt: now }, [
    ...(state.described ? [] : [{ kind: "send", command: { kind: "describe" } } as const]),
    ...(state.described && !state.safeRead ? [{ kind: "send", command: { kind: "read-safe-current" } } as const] : []),
    ...missing.map(setting => configure(setting)),
  ]);
}

function listen(draft: Draft, now: Instant): Draft {
  const { state } = draft;
  const silentMs = now - state.viewAt;
  if (silentMs >= LOST_AFTER_MS) return lose(draft, `board silent for ${LOST_AFTER_MS} ms`, now);
  if (silentMs < ASK_AFTER_MS || now - state.askedAt < ASK_AGAIN_MS) return draft;
  // It may have lost its report interval; asking again costs nothing.
  return add(draft, { askedAt: now }, [{ kind: "send", command: { kind: "status" } }, configure("reportMs")]);
}

/** The board started anew: its settings are gone, its contactors open, and what it said before counts no more. */
function rebooted(draft: Draft, cause: string, now: Instant): Draft {
  const { state } = draft;
  if (state.phase !== "up") return add(draft, { configured: [] });
  const mustWithdraw = state.mustWithdraw || (state.contactors !== null && state.contactors.value !== "open");
  return add(
    draft,
    {
      ...unknownBoard,
      ...unsent,
      view: null,
      ...{ phase: "preparing", phaseAt: now, ready: true, described: true, askedAt: -Infinity },
      ...{ featureMinor: state.featureMinor, safeRead: state.featureMinor < MINOR_WITH_GRANT },
      ...{ mustWithdraw, lastError: `board rebooted: ${cause}` },
    },
    [{ kind: "log", level: "warn", words: "board rebooted", detail: { cause } }],
  );
}

/** A board that must not be believed. The link is tried again: someone may flash it meanwhile. */
function refuse(draft: Draft, reason: string, now: Instant, firmware: string | null = draft.state.firmware): Draft {
  const next = fall(draft, { lastError: reason, wrongFirmware: true, firmware }, now);
  return { state: { ...next.state, phaseAt: now + LAST_RETRY_MS }, outputs: [...next.outputs, { kind: "close" }] };
}

function lose(draft: Draft, reason: string, now: Instant): Draft {
  const next = fall(draft, { lastError: reason, wrongFirmware: false }, now);
  return { state: next.state, outputs: [...next.outputs, { kind: "close" }] };
}

/** Told once per reason, not once per attempt. */
function fall(draft: Draft, change: Partial<PilotState>, now: Instant): Draft {
  const { state } = draft;
  const retryMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(state.failures, 10));
  const wasTold = state.phase !== "up" && state.lastError === change.lastError;
  const next = { ...change, phase: "waiting", phaseAt: now + retryMs, failures: state.failures + 1 } as const;
  const log = { kind: "log", level: "error", words: "board is away", detail: { reason: change.lastError } } as const;
  return add(draft, next, wasTold ? [] : [log]);
}

/** What was sent to a board counts no more after it was away; what was asked of its contactors is remembered. */
const unsent = {
  ...{ heartbeat: null, duty: null, relay: null, acknowledged: [], led: null },
  ...{ lock: freshLock, rcmTest: null, openUnderCoilSince: null },
} as const satisfies Partial<PilotState>;

function configure(setting: BoardSetting): PilotOutput {
  return { kind: "send", command: { kind: "configure", setting, value: BOARD_SETTINGS[setting] } };
}

function info(words: string, detail: Readonly<Record<string, unknown>>): PilotOutput {
  return { kind: "log", level: "info", words, detail };
}

function add(draft: Draft, change: Partial<PilotState>, outputs: readonly PilotOutput[] = []): Draft {
  return { state: { ...draft.state, ...change }, outputs: [...draft.outputs, ...outputs] };
}
