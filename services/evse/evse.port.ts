import { z } from "zod";
import { type ChargingSession, stopReason } from "../../shared/contracts/evse.ts";
import { cardLabel } from "../../shared/contracts/rfid.ts";
import { chargeMode, ms } from "../../shared/contracts/units.ts";

/** A charging session as it lies on disk: enough to go on with it after a power cut. */
export const sessionSnapshot = z
  .object({
    startedCivilMs: z.number(),
    /** When charging first began; null before. */
    chargingStartedCivilMs: z.number().nullable(),
    /** Net register at the first sample of the session. */
    startWh: z.number().nullable(),
    lastWh: z.number().nullable(),
    /** Import register at the last sample; it never falls, unless the meter was replaced or set back. */
    lastImportWh: z.number().nullable(),
    /** What was charged before the register was set back. */
    carriedWh: z.number().min(0),
    estimatedWh: z.number().min(0),
    chargingMs: ms,
    peakCurrentA: z.number().min(0),
    /** The mode in which charging began. */
    mode: chargeMode.nullable(),
    phases: z.union([z.literal(0), z.literal(1), z.literal(3)]),
    /** Why charging last stopped; null while it goes on, and before it began. */
    stoppedBy: stopReason.nullable(),
    interruptions: z.number().int().min(0),
    /** The card it belongs to; null = none, or written before there were cards. */
    card: cardLabel.nullable().default(null),
    /** When this was written down. */
    savedCivilMs: z.number(),
  })
  .readonly();
export type SessionSnapshot = z.output<typeof sessionSnapshot>;

/** What a charge point keeps beyond a power cut. */
export interface KeptSessions {
  /** The session of the car that is plugged in; null when there is none. */
  readonly open: SessionSnapshot | null;
  /** Ended sessions that the site's history has not confirmed yet, oldest first. */
  readonly ended: readonly ChargingSession[];
}

export const NOTHING_KEPT: KeptSessions = { open: null, ended: [] };

/** Where a charge point keeps its sessions: beside itself, so that they outlive NATS and every other service. */
export interface SessionKeeper {
  /** What was kept last. What cannot be read is put aside and told in `problem`; it never keeps a point from charging. */
  load(): { readonly kept: KeptSessions; readonly problem: string | null };
  /** All of it replaces what was there, or nothing does. Resolves once it is durable; rejects with `StoreUnavailable`. */
  save(kept: KeptSessions): Promise<void>;
}
