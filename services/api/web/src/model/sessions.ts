import type { StoredSession } from "../../../../../shared/contracts/history.ts";
import { duration, energy } from "./words.ts";

/** One ended session as the page lists it. */
export interface SessionRow {
  readonly key: number;
  readonly point: string;
  /** "1 Jan, 13:00"; in the browser's time. */
  readonly when: string;
  readonly energy: string;
  readonly detail: string;
}

const WHEN = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

export function sessionRows(
  sessions: readonly StoredSession[],
  nameOf: (evseId: string) => string,
): readonly SessionRow[] {
  return sessions.map(stored => ({
    key: stored.number,
    point: nameOf(stored.evseId),
    when: WHEN.format(new Date(stored.session.startedAt)),
    energy: `${energy(stored.session.energyWh)}${stored.session.energySource === "estimated" ? ", estimated" : ""}`,
    detail: [`charged for ${duration(stored.session.chargingMs)}`, sunOf(stored)]
      .filter(text => text !== "")
      .join(", "),
  }));
}

/** "62 % sun"; nothing where no mains meter told. */
function sunOf({ session, split }: StoredSession): string {
  if (split.source === "none" || session.energyWh === 0) return "";
  const share = Math.round((100 * split.solarWh) / session.energyWh);
  return `${split.source === "estimated" ? "about " : ""}${share} % sun`;
}
