import { useEffect } from "preact/hooks";
import { HistoryCard } from "./parts/history-card.tsx";
import { LimitsCard } from "./parts/limits-card.tsx";
import { LinksCard } from "./parts/links-card.tsx";
import { MainsCard } from "./parts/mains-card.tsx";
import { Notices } from "./parts/notices.tsx";
import { PointCard } from "./parts/point-card.tsx";
import { SessionsCard } from "./parts/sessions-card.tsx";
import { SimulationCard } from "./parts/simulation-card.tsx";
import { SiteFooter } from "./parts/site-footer.tsx";
import { TopBar } from "./parts/top-bar.tsx";
import { usePage } from "./use-page.ts";

/** The whole page: how the house is doing, each charge point, the last minutes, and what hangs on which wire. */
export function App() {
  const { state, history, choose } = usePage();
  const { view } = state;
  const name = view?.name;
  useEffect(() => {
    if (name !== undefined) document.title = `${name} · edge-evse`;
  }, [name]);
  return (
    <div class={state.link === "lost" ? "page stale" : "page"}>
      <TopBar state={state} />
      <Notices state={state} />
      {view === null ? (
        <main class="waiting">Connecting to the gateway …</main>
      ) : (
        <main class="columns">
          <MainsCard view={view} state={state} />
          <div class="main-column">
            <div class="points">
              {view.points.map(point => (
                <PointCard
                  key={point.id}
                  point={point}
                  view={view}
                  state={state}
                  onChoose={choice => choose(point.id, choice)}
                />
              ))}
            </div>
            <HistoryCard history={history} view={view} />
          </div>
          <div class="side-column">
            <SessionsCard view={view} />
            {view.limits !== null && <LimitsCard view={view} disabled={state.link !== "live"} />}
            <LinksCard view={view} state={state} />
            {view.simulated && <SimulationCard view={view} disabled={state.link !== "live"} />}
          </div>
        </main>
      )}
      {view !== null && <SiteFooter view={view} />}
    </div>
  );
}
