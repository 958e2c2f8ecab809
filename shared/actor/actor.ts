import type { Cancel, Clock, Instant } from "../time/clock.ts";

/** What a core returns: its next state and what shall happen outside. */
export interface Step<State, Output> {
  readonly state: State;
  readonly outputs: readonly Output[];
}

/** A core: pure, synchronous, total. Time comes in as an argument. */
export type StepFunction<State, Input, Output> = (state: State, input: Input, now: Instant) => Step<State, Output>;

export interface ActorOptions<State, Input, Output> {
  readonly initial: State;
  readonly step: StepFunction<State, Input, Output>;
  /** Carries out one output. It may tell the actor; that input waits its turn. */
  readonly perform: (output: Output, state: State) => void;
  readonly clock: Clock;
  /** Feeds this input at that rhythm. */
  readonly tick?: { readonly everyMs: number; readonly input: Input };
  /** A step or perform that throws is a bug. The default rethrows into the process, which ends: silence is safe. */
  readonly onBug?: (error: unknown) => void;
}

export interface Actor<State, Input> {
  /** Puts an input into the mailbox; inputs are handled one at a time, to completion, in order. */
  tell(input: Input): void;
  readonly state: State;
  stop(): void;
}

/** Runs a core: one mailbox, one input at a time, effects after the step that asked for them. */
export function startActor<State, Input, Output>(options: ActorOptions<State, Input, Output>): Actor<State, Input> {
  const { step, perform, clock, tick } = options;
  const onBug = options.onBug ?? endProcess;
  const mailbox: Input[] = [];
  let state = options.initial;
  let busy = false;
  let stopped = false;
  let cancelTick: Cancel | null = null;

  function drain(): void {
    if (busy) return;
    busy = true;
    try {
      for (let input = mailbox.shift(); input !== undefined && !stopped; input = mailbox.shift()) {
        const next = step(state, input, clock.now());
        state = next.state;
        for (const output of next.outputs) perform(output, state);
      }
    } catch (error) {
      stopped = true;
      cancelTick?.();
      onBug(error);
    } finally {
      busy = false;
    }
  }

  const actor: Actor<State, Input> = {
    tell(input) {
      if (stopped) return;
      mailbox.push(input);
      drain();
    },
    get state() {
      return state;
    },
    stop() {
      stopped = true;
      cancelTick?.();
      mailbox.length = 0;
    },
  };
  if (tick !== undefined) {
    cancelTick = clock.every(tick.everyMs, () => {
      actor.tell(tick.input);
    });
  }
  return actor;
}

function endProcess(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
