import type { EvseStatus } from "../../shared/contracts/evse.ts";
import type { EvseFault } from "../../shared/contracts/fault.ts";
import type { BoardFault, PilotSensed } from "../../shared/contracts/pilot.ts";
import type { ReadOutcome } from "../../shared/contracts/rfid.ts";
import type { ChargeChoice } from "./view.ts";

const FAULT_WORDS: Readonly<Record<EvseFault | BoardFault, string>> = {
  "no-current": "not enough current is left; it tries again by itself",
  "mains-reading-lost": "the mains meter is silent",
  "ev-meter-lost": "the meter of this charge point is silent",
  "circuit-reading-lost": "the circuit meter is silent",
  "board-lost": "the pilot board does not answer",
  "pilot-invalid": "the control pilot shows no valid level: check cable and car",
  "ventilation-unsupported": "the car asks for ventilation, which is not there (state D)",
  "diode-missing": "the car's diode is missing: pilot short-circuited, or no car",
  "proximity-open": "the plug is not seen (proximity open)",
  "over-temperature": "too hot; charging resumes when it has cooled",
  "temperature-sensor": "the temperature sensor is broken, or its wire",
  "rcm-trip": "residual current: have it checked, then acknowledge",
  "rcm-test-failed": "the residual current monitor failed its test",
  "rcm-line": "the residual current monitor is not connected",
  "contactor-weld": "a contactor did not open: switch the supply off",
  "contactor-stuck-open": "a contactor did not close; it is tried again",
  "over-current": "the car draws more than twice what it is offered; it is tried again twice, or unplug it",
  "lock-failed": "the plug could not be locked: push it in; it is tried again",
  "lock-jammed": "the plug lock does not open: pull the plug a little, push it in; it is tried again",
  "settings-missing": "no settings have arrived",
  "solar-unavailable": "Solar has no controller on this site",
  "watchdog-trip": "the board opened by itself when it heard nothing",
  "board-hang": "the board restarted after it hung",
  "wrong-firmware": "the board runs another firmware than expected",
};

const READ_WORDS: Readonly<Record<ReadOutcome, string>> = {
  granted: "accepted: charging is allowed",
  ended: "accepted: charging is ended",
  ignored: "another card holds this charge point",
  unknown: "this card is not known",
  stored: "stored",
  "already-stored": "is stored already",
  deleted: "deleted",
  "not-stored": "is not in the list",
  full: "the list is full",
  forwarded: "passed on",
  "directory-away": "the card list cannot be reached; try again",
  disabled: "the card reader is switched off",
};

/** What became of a card, in words. */
export function wordsOfRead(outcome: ReadOutcome): string {
  return READ_WORDS[outcome];
}

export function wordsOfFault(code: EvseFault | BoardFault): string {
  return FAULT_WORDS[code];
}

/** Mode and access as the one thing a person chooses (spec interfaces 0.1): OFF wins, then PAUSE, else the mode. */
export function choiceOf(mode: EvseStatus["mode"], access: EvseStatus["access"]): ChargeChoice {
  return access === "on" ? mode : access;
}

/** What a charge point does, in a few words. `sinceMs` is its silence, where it is no longer believed. */
export function wordsOfPoint(status: EvseStatus | null, sensed: PilotSensed | null, silentMs: number | null): string {
  if (status === null) {
    return silentMs === null ? "not heard yet" : `silent for ${Math.round(silentMs / 1000)} s; it is safe by itself`;
  }
  if (sensed?.link !== "up") return "the pilot board is not connected";
  switch (status.state) {
    case "A":
      return status.access === "on" ? "ready, no car" : `${accessWords(status)}, no car`;
    case "B1":
      return status.access === "on"
        ? `car connected, waiting: ${status.reason.replace(/^paused: /, "")}`
        : `${accessWords(status)}, car connected`;
    case "B2":
      return `car connected, offered ${amperes(status.offerA)}, it does not ask`;
    case "activate":
      return "waking the car";
    case "C1":
      return `stopping: ${status.reason}`;
    case "C2":
      return `charging ${amperes(status.offerA)}, ${status.reason}`;
  }
}

function accessWords(status: EvseStatus): string {
  return status.access === "pause" ? "paused" : "off";
}

function amperes(currentA: number): string {
  return `${currentA.toFixed(1)} A`;
}
