import { useCallback, useEffect, useReducer, useState } from "preact/hooks";
import type { ChargeChoice, HistoryView } from "../../view.ts";
import { withPresent } from "./model/curves.ts";
import { advancePage, type PageEvent, type PageState, startingPage } from "./model/page-state.ts";
import { askForMode, fetchHistory } from "./requests.ts";
import { followSite } from "./stream.ts";

export interface Page {
  readonly state: PageState;
  readonly history: HistoryView | null;
  readonly choose: (pointId: string, choice: ChargeChoice) => void;
}

/** Connects the page's state to the gateway and to the clock. */
export function usePage(): Page {
  const [state, tell] = useReducer(
    (state: PageState, event: PageEvent) => advancePage(state, event, performance.now()),
    performance.now(),
    startingPage,
  );
  const [history, setHistory] = useState<HistoryView | null>(null);

  useEffect(() => {
    const tick = setInterval(() => tell({ kind: "tick" }), 1_000);
    const stop = followSite({
      onView(view) {
        tell({ kind: "view", view });
        setHistory(history => (history === null ? null : withPresent(history, view)));
      },
      onBroken: () => tell({ kind: "stream-broken" }),
      onOpen: () => void fetchHistory().then(history => setHistory(known => history ?? known)),
    });
    return () => {
      clearInterval(tick);
      stop();
    };
  }, []);

  const choose = useCallback((pointId: string, choice: ChargeChoice) => {
    tell({ kind: "asked", pointId, choice });
    void askForMode(pointId, choice).then(problem =>
      tell(problem === null ? { kind: "accepted", pointId } : { kind: "refused", pointId, problem }),
    );
  }, []);

  return { state, history, choose };
}
