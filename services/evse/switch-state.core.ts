import type { Instant } from "../../shared/time/clock.ts";
import type { SwitchFunction } from "./evse.config.ts";

/** The external switch as it is believed (spec control 10.2). */
export interface SwitchState {
  /** What SWITCH was when the position was last looked at; null = never. */
  readonly role: SwitchFunction | null;
  /** What the board shows, and since when; null = nothing can be read. */
  readonly raw: boolean | null;
  readonly rawSince: Instant;
  /** The debounced position; the last one known while nothing can be read. */
  readonly closed: boolean | null;
  /** When it was pressed; null = it is open, or was found closed. */
  readonly pressedAt: Instant | null;
  /** The hold has had its effect: it acts once. */
  readonly held: boolean;
}

/** A press or a release that was meant. `heldMs` comes with a release. */
export interface SwitchEvent {
  readonly closed: boolean;
  readonly heldMs: number | null;
}

export function freshSwitch(now: Instant): SwitchState {
  return { role: null, raw: null, rawSince: now, closed: null, pressedAt: null, held: false };
}
