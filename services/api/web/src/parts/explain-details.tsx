import { useEffect, useState } from "preact/hooks";
import type { ExplainedLimit, ExplainView } from "../../../view.ts";
import { age, capitalised, limitAmps } from "../model/words.ts";
import { fetchExplanation } from "../requests.ts";

const ASK_EVERY_MS = 2_000;

/** Every limit of a charge point, the one that holds first, and when it is decided again. Asked for while it is open. */
export function ExplainDetails({ pointId }: { readonly pointId: string }) {
  const [open, setOpen] = useState(false);
  const [explained, setExplained] = useState<ExplainView | null>(null);
  useEffect(() => {
    if (!open) return;
    let gone = false;
    const ask = (): void => {
      void fetchExplanation(pointId).then(found => {
        if (!gone) setExplained(found);
      });
    };
    ask();
    const timer = setInterval(ask, ASK_EVERY_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [open, pointId]);
  return (
    <details class="explain" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>All limits</summary>
      {explained === null ? <p class="muted">The charge point does not answer now.</p> : <Limits view={explained} />}
    </details>
  );
}

function Limits({ view }: { readonly view: ExplainView }) {
  return (
    <>
      <ul>
        <Limit limit={view.active} holds />
        {view.others.map(limit => (
          <Limit key={limit.boundBy} limit={limit} holds={false} />
        ))}
      </ul>
      <p class="explain-next">
        <span class="reason-label">Next</span> {capitalised(view.reconsider.words)}
      </p>
    </>
  );
}

function Limit({ limit, holds }: { readonly limit: ExplainedLimit; readonly holds: boolean }) {
  const word = holds ? "holds" : limit.near ? "near" : "";
  return (
    <li class={holds ? "limit limit-holds" : "limit"}>
      <div>
        <p class="limit-name">
          {capitalised(limit.words)}
          {limit.ofA !== null && ` (${limitAmps(limit.ofA)})`}
          {word !== "" && <span class={`limit-word limit-${word}`}>{word}</span>}
        </p>
        <p class="muted">
          {limit.owner}
          {limit.ageMs !== null && `, measured ${age(limit.ageMs)}`}
        </p>
      </div>
      <p class="limit-much">{limit.allowsA === null ? "not known" : limitAmps(limit.allowsA)}</p>
    </li>
  );
}
