import type { PointStatusView } from "../../../view.ts";
import { amps, duration, energy } from "../model/words.ts";

/** What this visit of the car has brought so far. */
export function SessionLine({ status }: { readonly status: PointStatusView | null }) {
  const session = status?.session ?? null;
  if (session === null) return <p class="session session-none">No charging session</p>;
  return (
    <dl class="session" aria-label="Session">
      <div>
        <dt>{session.endedAt === null ? "Session" : "Last session"}</dt>
        <dd>
          {energy(session.energyWh)}
          {session.energySource === "estimated" && <span class="muted"> estimated</span>}
        </dd>
      </div>
      <div>
        <dt>Charging for</dt>
        <dd>{duration(session.chargingMs)}</dd>
      </div>
      <div>
        <dt>Peak</dt>
        <dd>{amps(session.peakCurrentA)}</dd>
      </div>
    </dl>
  );
}
