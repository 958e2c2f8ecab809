import { noticesOf, type SiteNotices } from "../model/notices.ts";
import { type PageState, silenceMs } from "../model/page-state.ts";
import { duration } from "../model/words.ts";
import { Icon } from "./icon.tsx";

const NONE: SiteNotices = { faulty: [], warnings: [] };

/** What a person should see before anything else: no connection, faults, silent parts. Nothing on a good day. */
export function Notices({ state }: { readonly state: PageState }) {
  const { faulty, warnings } = state.view === null ? NONE : noticesOf(state.view);
  return (
    <div class="notices">
      {state.link === "lost" && <ConnectionLost state={state} />}
      {faulty.length > 0 && <Faults faulty={faulty} />}
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

function Faults({ faulty }: Pick<SiteNotices, "faulty">) {
  return (
    <div class="notice notice-fault" role="alert">
      <Icon name="warning" />
      <ul>
        {faulty.map(({ point, words }) => (
          <li key={point.id}>
            <a href={`#point-${point.id}`}>{point.name}</a>: {words}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Warnings({ warnings }: Pick<SiteNotices, "warnings">) {
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
