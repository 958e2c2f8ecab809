import type { PointView, SiteView } from "../../../view.ts";
import { type PageState, silenceMs } from "../model/page-state.ts";
import { duration } from "../model/words.ts";
import { Icon } from "./icon.tsx";

/** What a person should see before anything else: no connection, faults, silent parts. Nothing on a good day. */
export function Notices({ state }: { readonly state: PageState }) {
  const faulty = state.view?.points.filter(point => point.faults.length > 0) ?? [];
  const warnings = state.view?.warnings ?? [];
  return (
    <div class="notices">
      {state.link === "lost" && <ConnectionLost state={state} />}
      {faulty.length > 0 && <Faults points={faulty} />}
      {warnings.length > 0 && <Warnings warnings={warnings} />}
    </div>
  );
}

/** The alert keeps its words while the age beside it counts, so that it is read out once. */
function ConnectionLost({ state }: { readonly state: PageState }) {
  return (
    <div class="notice notice-lost">
      <Icon name="cut" />
      <div>
        <p role="alert" class="notice-title">
          Connection to the gateway lost
        </p>
        <p>
          {state.view === null
            ? "The page keeps trying."
            : `Values are ${duration(silenceMs(state))} old. Charging goes on without this page, which keeps trying.`}
        </p>
      </div>
    </div>
  );
}

function Faults({ points }: { readonly points: readonly PointView[] }) {
  return (
    <div class="notice notice-fault" role="alert">
      <Icon name="warning" />
      <ul>
        {points.map(point => (
          <li key={point.id}>
            <a href={`#point-${point.id}`}>{point.name}</a>: {point.faults.map(fault => fault.words).join("; ")}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Warnings({ warnings }: Pick<SiteView, "warnings">) {
  return (
    <section class="notice notice-warning" aria-label="Warnings">
      <Icon name="warning" />
      <ul>
        {warnings.map(warning => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </section>
  );
}
