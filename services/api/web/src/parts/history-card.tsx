import type { HistoryView, SiteView } from "../../../view.ts";
import { mainsCurves, pointCurves } from "../model/curves.ts";
import { Chart } from "./chart.tsx";

/** The last 15 minutes: the house against its fuse, and what each point was offered and drew. */
export function HistoryCard({ history, view }: { readonly history: HistoryView | null; readonly view: SiteView }) {
  return (
    <section class="card history" aria-labelledby="history-title">
      <div class="card-head">
        <h2 id="history-title">Last 15 minutes</h2>
      </div>
      {history === null || history.atMs.length < 2 ? (
        <p class="muted">The curves appear after the first few seconds.</p>
      ) : (
        <>
          <Chart title="Mains per phase" atMs={history.atMs} curves={mainsCurves(history)} />
          <Chart title="Charge points" atMs={history.atMs} curves={pointCurves(history, view)} />
        </>
      )}
    </section>
  );
}
