import type { ParamsOf } from "../../shared/contracts/define.ts";
import type { ChargingSession } from "../../shared/contracts/evse.ts";
import type { EnergySplit, historySessions, SessionsPage } from "../../shared/contracts/history.ts";

/** Sessions that are kept; the oldest go first. Decades of a busy site. */
export const SESSIONS_KEPT = 100_000;
/** Quarter hours that are kept: a year and a month, so that the same month of last year can be compared. */
export const QUARTERS_KEPT = 96 * 397;

/** What is known so far of where a running session's energy came from, in Wh. */
export interface KeptSplit {
  readonly sessionId: string;
  readonly solarWh: number;
  readonly gridWh: number;
  readonly unknownWh: number;
  /** Part of it rests on an estimate. */
  readonly estimated: boolean;
}

/** The highest mains power of a quarter hour that began at `startMs`, UTC. */
export interface Quarter {
  readonly startMs: number;
  readonly peakW: number;
}

export type SessionsQuery = ParamsOf<typeof historySessions>;

/** Where history is kept. Everything is durable when a call returns; each throws `StoreUnavailable` when it cannot. */
export interface HistoryStore {
  /**
   * Stores an ended session and forgets its running split. The same session again answers the number it has; another one
   * under the same id (a clock that was set back) gets an id of its own.
   */
  add(entry: { readonly evseId: string; readonly session: ChargingSession; readonly split: EnergySplit }): number;
  sessions(query: SessionsQuery): SessionsPage;
  /** Replaces the running splits, and each of these quarter hours. */
  keepRunning(splits: readonly KeptSplit[], quarters: readonly Quarter[]): void;
  runningSplits(): readonly KeptSplit[];
  quartersFrom(startMs: number): readonly Quarter[];
  close(): void;
}
