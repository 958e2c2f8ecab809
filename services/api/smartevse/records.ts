import type { ParamsOf } from "../../../shared/contracts/define.ts";
import type { HistoryDay, historySessions, SessionsPage, StoredSession } from "../../../shared/contracts/history.ts";
import type { Reply } from "./parse.core.ts";

/** Sessions that are looked through for one the firmware would have told. */
const LOOKED_THROUGH = 100;
const SHORTEST_MS = 60_000;
/** A session that began before this was dated by a clock that was not set. */
const CLOCK_SET_MS = Date.UTC(2024, 0, 1);

/**
 * The last finished session of a charge point as the firmware tells it: charged for a minute or more, dated by a clock that
 * was set, measured by an EV meter (spec interfaces 1.13, control 11). Null = there is none.
 */
export async function lastSession(
  ask: (query: ParamsOf<typeof historySessions>) => Promise<SessionsPage>,
  evseId: string,
): Promise<Reply | null> {
  const order = "newest-first";
  const { sessions } = await ask({ evseId, from: null, to: null, order, limit: LOOKED_THROUGH, after: null });
  for (const stored of sessions) {
    const reply = replyOf(stored);
    if (reply !== null) return reply;
  }
  return null;
}

function replyOf({ number, session }: StoredSession): Reply | null {
  const { chargingStartedAt, endedAt, energyWh, startRegisterWh, endRegisterWh } = session;
  if (chargingStartedAt === null || endedAt === null || startRegisterWh === null || endRegisterWh === null) return null;
  const startMs = Date.parse(chargingStartedAt);
  if (startMs < CLOCK_SET_MS || Date.parse(endedAt) - startMs < SHORTEST_MS) return null;
  return {
    session_id: number,
    start: toSecond(chargingStartedAt),
    end: toSecond(endedAt),
    kwh: Math.round(energyWh) / 1_000,
    start_energy_wh: Math.round(startRegisterWh),
    end_energy_wh: Math.round(endRegisterWh),
    max_current_a: Math.round(session.peakCurrentA * 10) / 10,
    phases: session.phases ?? 0,
    mode: session.mode,
    ocpp_tx_id: null,
  };
}

/** GET /power_day: quarter hours by the wall clock of the gateway, the running one last (spec interfaces 1.12). */
export function powerDayOf({ quarters }: HistoryDay): Reply {
  return {
    power_day: quarters.map(({ startsAt, peakW }) => {
      const starts = new Date(startsAt);
      const time = [starts.getHours(), starts.getMinutes()].map(part => String(part).padStart(2, "0")).join(":");
      return { time, power: Math.max(0, Math.round(peakW ?? 0)) };
    }),
  };
}

function toSecond(iso: string): string {
  return iso.replace(/\.\d+Z$/, "Z");
}
