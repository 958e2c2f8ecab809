import { useState } from "preact/hooks";
import type { SiteView } from "../../../view.ts";
import { type LimitRow, limitRows, quarterLines, stopWarning } from "../model/limits.ts";
import { withdrawLimit } from "../requests.ts";

/** The quarter hour, and the limits that somebody outside has set: whose they are, what they leave, and for how long. */
export function LimitsCard({ view, disabled }: { readonly view: SiteView; readonly disabled: boolean }) {
  const [problem, setProblem] = useState("");
  const rows = limitRows(view);
  const warning = stopWarning(view);
  return (
    <section class="card limits" aria-labelledby="limits-title">
      <div class="card-head">
        <h2 id="limits-title">Limits from outside</h2>
      </div>
      {warning !== null && (
        <p class="limits-stop" role="status">
          {warning}
        </p>
      )}
      {rows.length === 0 ? (
        <p class="muted">Nobody has set one.</p>
      ) : (
        <ul>
          {rows.map(row => (
            <LimitItem key={row.limitId} row={row} disabled={disabled} onProblem={setProblem} />
          ))}
        </ul>
      )}
      <p class="limits-problem" role="status">
        {problem}
      </p>
      <Quarter view={view} />
    </section>
  );
}

interface LimitItemProps {
  readonly row: LimitRow;
  readonly disabled: boolean;
  readonly onProblem: (words: string) => void;
}

/** Removing a limit takes a second press: somebody else has set it, and may rely on it. */
function LimitItem({ row, disabled, onProblem }: LimitItemProps) {
  const [asked, setAsked] = useState(false);
  const remove = async () => {
    setAsked(false);
    onProblem((await withdrawLimit(row.limitId, row.owner)) ?? "");
  };
  return (
    <li class="limit-row">
      <div>
        <p class="limit-row-what">{row.value}</p>
        <p class="muted">
          {row.owner} ({row.limitId}), {row.until}
        </p>
      </div>
      {asked ? (
        <div class="limit-row-ask">
          <button type="button" class="button" disabled={disabled} onClick={() => void remove()}>
            Remove it for {row.owner}
          </button>
          <button type="button" class="button" onClick={() => setAsked(false)}>
            Keep
          </button>
        </div>
      ) : (
        <button
          type="button"
          class="button"
          disabled={disabled}
          aria-label={`Remove limit ${row.limitId} of ${row.owner}`}
          onClick={() => setAsked(true)}
        >
          Remove
        </button>
      )}
    </li>
  );
}

function Quarter({ view }: { readonly view: SiteView }) {
  const lines = quarterLines(view);
  if (lines.length === 0) return null;
  return (
    <>
      <h3 id="quarter-title">Quarter hour</h3>
      <dl class="quarter" aria-labelledby="quarter-title">
        {lines.map(({ label, value, over }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd class={over ? "over" : ""}>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
