import type { ChargingSession } from "../../shared/contracts/evse.ts";
import type { MeterReading } from "../../shared/contracts/meter.ts";
import type { ChargeMode } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";

const NOMINAL_V = 230;

/** A charging session as it grows: plug-in to unplug. */
export interface SessionState {
  readonly startedCivilMs: number;
  /** Net register at the first sample of the session. */
  readonly startWh: number | null;
  readonly lastWh: number | null;
  readonly estimatedWh: number;
  readonly chargingMs: number;
  readonly peakCurrentA: number;
  readonly countedAt: Instant;
}

export function startSession(civilMs: number, now: Instant): SessionState {
  return {
    startedCivilMs: civilMs,
    startWh: null,
    lastWh: null,
    estimatedWh: 0,
    chargingMs: 0,
    peakCurrentA: 0,
    countedAt: now,
  };
}

/** Counts charging time, and estimates energy from the current and 230 V where no register tells it. */
export function countCharging(
  session: SessionState,
  charging: boolean,
  currentA: number,
  phases: number,
  now: Instant,
): SessionState {
  const elapsedMs = now - session.countedAt;
  if (!charging) return { ...session, countedAt: now };
  return {
    ...session,
    countedAt: now,
    chargingMs: session.chargingMs + elapsedMs,
    estimatedWh: session.estimatedWh + (currentA * phases * NOMINAL_V * elapsedMs) / 3_600_000,
    peakCurrentA: Math.max(session.peakCurrentA, currentA),
  };
}

/** Takes in a sample of the EV meter: its net register counts from the first sample of the session. */
export function withRegister(session: SessionState, reading: MeterReading): SessionState {
  if (reading.importWh === null) return session;
  const netWh = reading.importWh - (reading.exportWh ?? 0);
  return { ...session, startWh: session.startWh ?? netWh, lastWh: netWh };
}

/** The session as the wire shows it. */
export function describeSession(
  session: SessionState,
  evseId: string,
  mode: ChargeMode,
  pauseReason: string | null,
  endedCivilMs: number | null,
): ChargingSession {
  const startedAt = new Date(session.startedCivilMs).toISOString();
  const { startWh, lastWh } = session;
  const meteredWh = startWh === null || lastWh === null ? null : Math.max(0, lastWh - startWh);
  return {
    sessionId: `${evseId}-${startedAt.replace(/[-:]|\.\d+/g, "")}`,
    startedAt,
    endedAt: endedCivilMs === null ? null : new Date(endedCivilMs).toISOString(),
    energyWh: Math.round(meteredWh ?? session.estimatedWh),
    energySource: meteredWh === null ? "estimated" : "metered",
    chargingMs: Math.round(session.chargingMs),
    peakCurrentA: Math.round(session.peakCurrentA * 10) / 10,
    mode,
    pauseReason,
  };
}
