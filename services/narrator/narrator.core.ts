import type { Step } from "../../shared/actor/actor.ts";
import type { EvseStatus } from "../../shared/contracts/evse.ts";
import type { Instant } from "../../shared/time/clock.ts";

/** What was last said of each charge point. */
export type NarratorState = Readonly<Record<string, Said>>;

interface Said {
  readonly at: Instant;
  /** The kind of situation: a change of it is said at once. */
  readonly situation: string;
  readonly currentA: number;
  readonly words: string;
  /** Its first situation, which has not lasted yet. */
  readonly passing: boolean;
}

/** A current that merely wanders is said again when it has moved this far, at most this often. */
const NEWS_A = 1;
const PAUSE_MS = 5_000;
/** Less than a car charges with; what its electronics take while it starts. */
const STARTED_A = 1;
/** The first moment of a point, before its board has answered, is told only when it lasts longer than this. */
const PASSING_MS = 1_000;

/** Tells on change, in words, what a charge point does: "left: charging 11.2 A, limited by mains L2". */
export function narrate(state: NarratorState, status: EvseStatus, now: Instant): Step<NarratorState, string> {
  const before = state[status.evseId];
  const currentA = flowingA(status);
  const situation = `${situationOf(status)} ${isStarting(status, currentA) ? "starting" : ""}`;
  if (before === undefined) {
    const first = { at: now, situation, currentA, words: "", passing: true };
    return { state: { ...state, [status.evseId]: first }, outputs: [] };
  }
  if (before.passing && before.situation === situation && now - before.at < PASSING_MS) return { state, outputs: [] };
  const changed = before.passing || before.situation !== situation;
  const moved = Math.abs(currentA - before.currentA) >= NEWS_A;
  const rested = now - before.at >= PAUSE_MS;
  if (!changed && !(moved && rested)) return { state, outputs: [] };
  const words = wordsFor(status, currentA);
  return {
    state: { ...state, [status.evseId]: { at: now, situation, currentA, words, passing: false } },
    // Two situations may read alike; a sentence is not said twice in a row.
    outputs: words === before.words ? [] : [`${status.evseId}: ${words}`],
  };
}

/** The current a person would name: what the car draws, else what it is offered. */
function flowingA(status: EvseStatus): number {
  if (status.drawA === null) return status.offerA;
  return Math.max(0, status.drawA.l1, status.drawA.l2, status.drawA.l3);
}

/** Charging under one limit or another is one situation: which phase is the fullest changes by the second. */
function situationOf(status: EvseStatus): string {
  const detail = status.chargingState === "Charging" ? "" : status.boundBy;
  return [status.chargingState, status.mode, status.access, detail, ...status.faults].join(" ");
}

/** The contactor is closed, but a meter sees no current yet. */
function isStarting(status: EvseStatus, currentA: number): boolean {
  return status.chargingState === "Charging" && status.drawA !== null && currentA < STARTED_A;
}

function wordsFor(status: EvseStatus, currentA: number): string {
  switch (status.chargingState) {
    case "Idle":
      return status.faults.length > 0 ? `no car; ${status.reason}` : "no car";
    case "EVConnected":
      return `car connected, ${status.reason}`;
    case "Charging":
      if (isStarting(status, currentA))
        return `contactor closed, offered ${status.offerA.toFixed(1)} A, the car is starting`;
      return `charging ${currentA.toFixed(1)} A, ${status.reason}`;
    case "SuspendedEV":
      return `offered ${status.offerA.toFixed(1)} A, the car takes nothing`;
    case "SuspendedEVSE":
      return `not charging, ${status.reason}`;
  }
}
