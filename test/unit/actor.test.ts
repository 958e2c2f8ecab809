import t from "tap";
import { type Step, startActor } from "../../shared/actor/actor.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";

type Input = { kind: "add"; by: number } | { kind: "tick" };

function sum(state: number, input: Input): Step<number, number> {
  const next = input.kind === "add" ? state + input.by : state;
  return { state: next, outputs: input.kind === "add" ? [next] : [] };
}

t.test("handles inputs one at a time, to completion, in order, even when an effect tells the actor", async t => {
  const clock = new ManualClock();
  const heard: number[] = [];
  const actor = startActor<number, Input, number>({
    initial: 0,
    step: sum,
    clock,
    perform(total) {
      heard.push(total);
      if (total === 1) actor.tell({ kind: "add", by: 10 });
    },
  });
  actor.tell({ kind: "add", by: 1 });
  actor.tell({ kind: "add", by: 100 });
  t.strictSame(heard, [1, 11, 111]);
});

t.test("ticks in its rhythm until stopped", async t => {
  const clock = new ManualClock();
  const seenAt: number[] = [];
  const actor = startActor<null, Input, number>({
    initial: null,
    step: (_state, _input, now) => ({ state: null, outputs: [now] }),
    perform: now => seenAt.push(now),
    clock,
    tick: { everyMs: 250, input: { kind: "tick" } },
  });
  clock.advance(1_000);
  actor.stop();
  clock.advance(1_000);
  t.strictSame(seenAt, [250, 500, 750, 1_000]);
});

t.test("a step that throws is reported as a bug and ends the actor", async t => {
  const clock = new ManualClock();
  const bugs: unknown[] = [];
  const actor = startActor<null, Input, number>({
    initial: null,
    step() {
      throw new Error("broken core");
    },
    perform: () => undefined,
    clock,
    onBug: error => bugs.push(error),
  });
  actor.tell({ kind: "tick" });
  actor.tell({ kind: "tick" });
  t.equal(bugs.length, 1);
});
