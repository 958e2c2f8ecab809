import type { ServiceBroker, ServiceSchema } from "moleculer";
import { type Actor, startActor } from "../../shared/actor/actor.ts";
import { answer, subscribe } from "../../shared/bus/bus.ts";
import { evseStatus } from "../../shared/contracts/evse.ts";
import { historyDay, historyKeep, historySessions } from "../../shared/contracts/history.ts";
import { meterReading } from "../../shared/contracts/meter.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Cancel, Clock } from "../../shared/time/clock.ts";
import {
  type HistoryInput,
  type HistoryState,
  type KeepRunning,
  lastDay,
  quarterStart,
  record,
  splitOf,
  startHistory,
  wholeOf,
} from "./history.core.ts";
import type { HistoryStore } from "./history.port.ts";

const TICK_MS = 1_000;
const DAY_MS = 86_400_000;

export interface HistoryOptions {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  readonly store: HistoryStore;
}

/** Keeps ended sessions and quarter-hour peaks; charge points hand sessions over, and are answered once they are durable. */
export function historyService({ broker, clock, store }: HistoryOptions): ServiceSchema {
  const log = broker.getLogger("history");
  let actor: Actor<HistoryState, HistoryInput> | null = null;
  let cancelTick: Cancel | null = null;
  let storeAway = false;

  function keepRunning({ splits, quarters }: KeepRunning): void {
    try {
      store.keepRunning(splits, quarters);
      if (storeAway) log.info({}, "history is written down again");
      storeAway = false;
    } catch (error) {
      // A split that is not written down becomes unknown if the power goes now; nothing else depends on it.
      if (!storeAway) log.warn({ error: messageOf(error) }, "history cannot be written down");
      storeAway = true;
    }
  }

  function running(): Actor<HistoryState, HistoryInput> {
    if (actor === null) throw new Error("history was asked before it started");
    return actor;
  }

  return {
    name: "history",
    events: {
      ...subscribe(evseStatus, status => actor?.tell({ kind: "status", status })),
      ...subscribe(meterReading, reading => actor?.tell({ kind: "reading", reading })),
    },
    actions: {
      ...answer(historyKeep, ({ evseId, session }) => {
        const history = running();
        const number = store.add({ evseId, session, split: splitOf(history.state, session) });
        history.tell({ kind: "stored", sessionId: session.sessionId });
        log.info({ number, evseId, sessionId: session.sessionId, energyWh: session.energyWh }, "session stored");
        return { number };
      }),
      ...answer(historySessions, query => store.sessions(query)),
      ...answer(historyDay, () => {
        const civilMs = clock.civilMs();
        const kept = store.quartersFrom(quarterStart(civilMs) - DAY_MS);
        return { quarters: [...lastDay([...kept, ...running().state.quarters], civilMs)] };
      }),
    },
    started() {
      const civilMs = clock.civilMs();
      const present = store.quartersFrom(quarterStart(civilMs)).find(one => one.startMs === quarterStart(civilMs));
      const started = startActor<HistoryState, HistoryInput, KeepRunning>({
        initial: startHistory(store.runningSplits(), present ?? null, civilMs, clock.now()),
        step: record,
        perform: keepRunning,
        clock,
      });
      actor = started;
      cancelTick = clock.every(TICK_MS, () => started.tell({ kind: "tick", civilMs: clock.civilMs() }));
    },
    stopped() {
      cancelTick?.();
      if (actor !== null) keepRunning(wholeOf(actor.state));
      actor?.stop();
      store.close();
    },
  };
}
