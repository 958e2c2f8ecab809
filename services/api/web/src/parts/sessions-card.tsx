import { useEffect, useState } from "preact/hooks";
import type { StoredSession } from "../../../../../shared/contracts/history.ts";
import type { SiteView } from "../../../view.ts";
import { sessionRows } from "../model/sessions.ts";
import { fetchSessions } from "../requests.ts";

/** A session that has just ended takes a moment to reach history. */
const AFTER_END_MS = 2_000;

/** The last charging sessions, and all of them as a table to take along. */
export function SessionsCard({ view }: { readonly view: SiteView }) {
  const [sessions, setSessions] = useState<readonly StoredSession[] | null>(null);
  const running = view.points.map(point => point.status?.session?.sessionId ?? "").join();
  // Asked again whenever a session begins or ends.
  useEffect(() => {
    let gone = false;
    const ask = (): void => {
      void fetchSessions().then(found => {
        if (!gone) setSessions(found);
      });
    };
    ask();
    const later = setTimeout(ask, AFTER_END_MS);
    return () => {
      gone = true;
      clearTimeout(later);
    };
  }, [running]);
  const rows = sessionRows(sessions ?? [], id => view.points.find(point => point.id === id)?.name ?? id);
  return (
    <section class="card sessions" aria-labelledby="sessions-title">
      <div class="card-head">
        <h2 id="sessions-title">Last sessions</h2>
        <a class="aside" href="/api/v1/sessions?format=csv" download="sessions.csv">
          All as CSV
        </a>
      </div>
      {rows.length === 0 ? (
        <p class="muted">{sessions === null ? "The history is not heard now." : "None has ended yet."}</p>
      ) : (
        <ul>
          {rows.map(row => (
            <li key={row.key} class="session-row">
              <div>
                <p class="session-what">{row.point}</p>
                <p class="muted">{row.when}</p>
              </div>
              <div class="session-much">
                <p class="session-what">{row.energy}</p>
                <p class="muted">{row.detail}</p>
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
