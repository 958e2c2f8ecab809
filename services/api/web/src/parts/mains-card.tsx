import type { SiteView } from "../../../view.ts";
import { gaugeOf, PHASES, TRUST_WORDS } from "../model/fuse.ts";
import { ageNow, type PageState } from "../model/page-state.ts";
import { age, limitAmps } from "../model/words.ts";
import { FlowStrip } from "./flow-strip.tsx";
import { PhaseBar } from "./phase-bar.tsx";

/** The house: where the power goes, and how each phase stands against its fuse. */
export function MainsCard({ view, state }: { readonly view: SiteView; readonly state: PageState }) {
  const { mains } = view;
  const doubt = TRUST_WORDS[mains.trust];
  return (
    <section class="card mains" aria-labelledby="mains-title">
      <div class="card-head">
        <h2 id="mains-title">House connection</h2>
        <p class="aside">{mains.ageMs === null ? "not measured" : `measured ${age(ageNow(mains.ageMs, state))}`}</p>
      </div>
      <FlowStrip view={view} />
      <div class="fuse-head">
        <h3>
          Fuse {limitAmps(mains.limitA)} <span class="muted">per phase</span>
        </h3>
        <p class="key" aria-hidden="true">
          <span class="swatch swatch-house" /> House
          <span class="swatch swatch-cars" /> Cars
        </p>
      </div>
      {PHASES.map(phase => (
        <PhaseBar key={phase} gauge={gaugeOf(phase, mains)} limitA={mains.limitA} />
      ))}
      {view.circuit !== null && <CircuitLine circuit={view.circuit} />}
      {doubt !== null && <p class="doubt">{doubt}</p>}
    </section>
  );
}

function CircuitLine({ circuit }: { readonly circuit: NonNullable<SiteView["circuit"]> }) {
  if (circuit.currentA === null)
    return <p class="circuit">Circuit of the charge points: {limitAmps(circuit.limitA)} per phase, not measured</p>;
  const currents = PHASES.map(phase => `${phase.toUpperCase()} ${circuit.currentA?.[phase].toFixed(1) ?? "–"}`);
  return (
    <p class="circuit">
      Circuit of the charge points: {currents.join(", ")} of {limitAmps(circuit.limitA)}
    </p>
  );
}
