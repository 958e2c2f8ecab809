import { type Actor, startActor } from "../actor/actor.ts";
import { messageOf } from "../errors.ts";
import type { Cancel, Clock } from "../time/clock.ts";
import { campaign, epochOf, type LeaseInput, type LeaseOutput, type LeaseState, newCandidate } from "./lease.core.ts";
import type { LeaseStore } from "./lease.port.ts";

/** How a service that stands on several nodes knows whether it is the one that decides. */
export interface Leadership {
  /** The epoch under which to speak at this moment; null = be silent. Asked for before every word. */
  epoch(): number | null;
  /** It knows enough to take over. */
  ready(): void;
  /** Another one's word was heard under this epoch. */
  heard(epoch: number): void;
  /** Begins to stand for it; `changed` is called after every change of `epoch`. */
  start(changed: () => void): void;
  /** Gives it back, so that another need not wait. The service has fallen silent before. */
  stop(): Promise<void>;
  /** How it stands, for people; null for a service that stands alone. */
  view(): LeadershipView | null;
}

export interface LeadershipView {
  readonly role: "active" | "standby" | "starting" | "cut-off";
  readonly epoch: number;
  readonly problem: string | null;
}

/** For a service that stands on one node: it always decides, under epoch 0. */
export const alone: Leadership = {
  epoch: () => 0,
  ready: () => undefined,
  heard: () => undefined,
  start: () => undefined,
  stop: async () => Promise.resolve(),
  view: () => null,
};

export interface CandidateOptions {
  readonly store: LeaseStore;
  readonly clock: Clock;
  /** Unique to this process: the node and something that no restart repeats. */
  readonly me: string;
}

const TICK_MS = 50;
/** How long giving back may hold up the end of a process. */
const GOODBYE_MS = 500;

/** Stands for a lease: the decisions are `campaign`'s, the store is the driver's. */
export function standFor({ store, clock, me }: CandidateOptions): Leadership {
  let actor: Actor<LeaseState, LeaseInput> | null = null;
  let cancelTick: Cancel | null = null;
  let changed: () => void = () => undefined;
  let told: number | null = null;

  const epoch = (): number | null => (actor === null ? null : epochOf(actor.state, clock.now()));
  const tell = (input: LeaseInput): void => {
    actor?.tell(input);
    const now = epoch();
    if (now === told) return;
    told = now;
    changed();
  };
  const failed = (error: unknown): void => tell({ kind: "failed", problem: messageOf(error) });

  function perform(output: LeaseOutput): void {
    if (output.kind === "read") store.read().then(entry => tell({ kind: "read", entry }), failed);
    else {
      store
        .write(output.record, output.after)
        .then(done => tell({ kind: "written", revision: done?.revision ?? null }), failed);
    }
  }

  return {
    epoch,
    ready: () => tell({ kind: "ready" }),
    heard: heardEpoch => tell({ kind: "heard", epoch: heardEpoch }),
    start(onChange) {
      changed = onChange;
      actor = startActor<LeaseState, LeaseInput, LeaseOutput>({
        initial: newCandidate(me),
        step: campaign,
        perform,
        clock,
      });
      cancelTick = clock.every(TICK_MS, () => tell({ kind: "tick" }));
    },
    async stop() {
      tell({ kind: "leave" });
      for (let waitedMs = 0; waitedMs < GOODBYE_MS && actor !== null && actor.state.asked !== null; waitedMs += 10) {
        await new Promise<void>(resolve => {
          clock.after(10, resolve);
        });
      }
      cancelTick?.();
      actor?.stop();
      await store.close();
    },
    view() {
      if (actor === null) return null;
      const { state } = actor;
      const { problem } = state;
      const active = epoch();
      if (active !== null) return { role: "active", epoch: active, problem };
      const role = problem !== null ? "cut-off" : state.ready ? "standby" : "starting";
      return { role, epoch: Math.max(state.heardEpoch, state.seen?.entry.record.epoch ?? 0), problem };
    },
  };
}
