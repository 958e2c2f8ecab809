import type { ChargeChoice, PointView, SiteView } from "../../../view.ts";
import { faultsForPeople, headlineOf, type Tone } from "../model/headline.ts";
import { ageNow, type PageState } from "../model/page-state.ts";
import { drawnW } from "../model/power.ts";
import { age, capitalised, power } from "../model/words.ts";
import { BoxLine } from "./box-line.tsx";
import { CurrentGauge } from "./current-gauge.tsx";
import { ExplainDetails } from "./explain-details.tsx";
import { FaultBox } from "./fault-box.tsx";
import { Icon, type IconName } from "./icon.tsx";
import { ModeButtons } from "./mode-buttons.tsx";
import { ReaderLine } from "./reader-line.tsx";
import { SessionLine } from "./session-line.tsx";

const ICON_OF: Readonly<Record<Tone, IconName>> = {
  charging: "bolt",
  waiting: "clock",
  idle: "idle",
  fault: "warning",
  unknown: "unknown",
};

interface PointCardProps {
  readonly point: PointView;
  readonly view: SiteView;
  readonly state: PageState;
  readonly onChoose: (choice: ChargeChoice) => void;
}

/** One charge point: what it does, how much, why not more, and the way to change that. */
export function PointCard({ point, view, state, onChoose }: PointCardProps) {
  const headline = headlineOf(point);
  const faults = faultsForPeople(point);
  const titleId = `point-${point.id}-title`;
  return (
    <article
      id={`point-${point.id}`}
      class={`card point tone-${headline.tone} ${point.fresh ? "" : "point-stale"}`}
      aria-labelledby={titleId}
    >
      <div class="card-head">
        <h2 id={titleId}>{point.name}</h2>
        <p class="aside">No. {point.serial}</p>
      </div>
      <div class="point-now">
        <p class="headline">
          <span class="headline-icon">
            <Icon name={ICON_OF[headline.tone]} />
          </span>
          {headline.title}
        </p>
        <p class="point-power">{power(drawnW(point, view))}</p>
      </div>
      {point.status !== null && <CurrentGauge status={point.status} limitA={point.limitA} />}
      {point.status !== null && headline.tone !== "fault" && (
        <p class="reason">
          <span class="reason-label">Why</span>
          <span>{capitalised(point.status.reason)}</span>
        </p>
      )}
      {point.fresh && <ExplainDetails pointId={point.id} />}
      {faults.length > 0 && <FaultBox point={point} faults={faults} />}
      <ReaderLine point={point} />
      <BoxLine status={point.fresh ? point.status : null} />
      <SessionLine status={point.status} />
      <ModeButtons point={point} wish={state.wishes[point.id]} disabled={state.link !== "live"} onChoose={onChoose} />
      {!point.fresh && point.status !== null && (
        <p class="doubt">These values are from {age(ageNow(point.ageMs, state))}.</p>
      )}
    </article>
  );
}
