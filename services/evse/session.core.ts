import type { ChargingSession, StopReason } from "../../shared/contracts/evse.ts";
import type { MeterReading } from "../../shared/contracts/meter.ts";
import type { ChargeMode } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { SessionSnapshot } from "./evse.port.ts";

const NOMINAL_V = 230;
/** A register first seen after more than this was charged does not know the whole session: it goes on as estimated. */
const LATE_REGISTER_WH = 50;

/** Registers are told as floating point numbers. */
const REGISTER_NOISE_WH = 1;

/** A charging session as it grows: plug-in to unplug. */
export interface SessionState extends Omit<SessionSnapshot, "savedCivilMs"> {
  readonly countedAt: Instant;
}

export function startSession(civilMs: number, now: Instant): SessionState {
  return {
    startedCivilMs: civilMs,
    chargingStartedCivilMs: null,
    startWh: null,
    lastWh: null,
    lastImportWh: null,
    carriedWh: 0,
    estimatedWh: 0,
    chargingMs: 0,
    peakCurrentA: 0,
    mode: null,
    phases: 0,
    stoppedBy: null,
    interruptions: 0,
    card: null,
    countedAt: now,
  };
}

/** What the car draws, or is taken to draw. */
export interface Draw {
  /** Of its most loaded phase; null where an EV meter should tell it and does not now. */
  readonly peakA: number | null;
  /** Sum over its phases. */
  readonly totalA: number;
}

/** Counts charging time, and estimates energy from the current and 230 V where no register tells it. */
export function countCharging(session: SessionState, charging: boolean, draw: Draw, now: Instant): SessionState {
  const elapsedMs = now - session.countedAt;
  if (!charging) return { ...session, countedAt: now };
  return {
    ...session,
    countedAt: now,
    chargingMs: session.chargingMs + elapsedMs,
    estimatedWh: session.estimatedWh + (draw.totalA * NOMINAL_V * elapsedMs) / 3_600_000,
    peakCurrentA: Math.max(session.peakCurrentA, draw.peakA ?? 0),
  };
}

/**
 * Takes in a sample of the EV meter: its net register counts from the first sample of the session. A register that was set
 * back, or belongs to another meter now, counts from there; what it had told before stays.
 */
export function withRegister(session: SessionState, reading: MeterReading): SessionState {
  const { importWh, exportWh } = reading;
  if (importWh === null || (session.startWh === null && session.estimatedWh > LATE_REGISTER_WH)) return session;
  const netWh = importWh - (exportWh ?? 0);
  const { startWh, lastWh, lastImportWh } = session;
  const setBack = lastImportWh !== null && importWh < lastImportWh - REGISTER_NOISE_WH;
  const told = setBack && startWh !== null && lastWh !== null ? Math.max(0, lastWh - startWh) : 0;
  return {
    ...session,
    carriedWh: session.carriedWh + told,
    startWh: setBack ? netWh : (startWh ?? netWh),
    lastWh: netWh,
    lastImportWh: importWh,
  };
}

/** The contactors are to be closed in this mode, on so many phases. */
export function withCharging(session: SessionState, mode: ChargeMode, phases: 1 | 3, civilMs: number): SessionState {
  if (session.chargingStartedCivilMs !== null && session.stoppedBy === null && session.phases === phases)
    return session;
  return {
    ...session,
    chargingStartedCivilMs: session.chargingStartedCivilMs ?? civilMs,
    mode: session.mode ?? mode,
    phases,
    stoppedBy: null,
  };
}

/** Charging has stopped, for this reason. */
export function withStop(session: SessionState, stoppedBy: StopReason): SessionState {
  return { ...session, stoppedBy };
}

/** The session as the wire shows it. */
export function describeSession(
  session: Omit<SessionState, "countedAt">,
  evseId: string,
  mode: ChargeMode,
  pauseReason: string | null,
  endedCivilMs: number | null,
): ChargingSession {
  const startedAt = new Date(session.startedCivilMs).toISOString();
  const { startWh, lastWh, carriedWh, chargingStartedCivilMs } = session;
  const meteredWh = startWh === null || lastWh === null ? null : carriedWh + Math.max(0, lastWh - startWh);
  // Registers that do not explain the energy are none.
  const registers = meteredWh !== null && carriedWh === 0;
  return {
    sessionId: `${evseId}-${startedAt.replace(/[-:]|\.\d+/g, "")}`,
    startedAt,
    endedAt: endedCivilMs === null ? null : new Date(endedCivilMs).toISOString(),
    energyWh: Math.round(meteredWh ?? session.estimatedWh),
    energySource: meteredWh === null ? "estimated" : "metered",
    chargingMs: Math.round(session.chargingMs),
    peakCurrentA: Math.round(session.peakCurrentA * 10) / 10,
    mode: session.mode ?? mode,
    pauseReason,
    chargingStartedAt: chargingStartedCivilMs === null ? null : new Date(chargingStartedCivilMs).toISOString(),
    startRegisterWh: registers ? startWh : null,
    endRegisterWh: registers ? lastWh : null,
    phases: session.phases,
    stopReason: session.stoppedBy,
    interruptions: session.interruptions,
    card: session.card,
  };
}
