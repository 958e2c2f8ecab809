import fc from "fast-check";
import t from "tap";
import {
  ask,
  countersOf,
  freshLine,
  gapOf,
  type Job,
  type LineState,
  lineLost,
  type Outcome,
  pick,
  settle,
  type Urgency,
} from "../../services/meter/modbus/line.core.ts";

const LATE_MS = 1_000;
/** Where it does not matter when a request was sent. */
const SENT = 0;
let nextId = 1;

function job(unit: number, at: number, over: Partial<Job> & { start?: number; quantity?: number } = {}): Job {
  const { start = 6, quantity = 12, ...rest } = over;
  return {
    id: nextId++,
    request: { unit, fn: 4, start, quantity },
    urgency: "other",
    retries: 0,
    askedAt: at,
    giveUpAt: at + 2_000,
    ...rest,
  };
}

function asked(state: LineState, wanted: Job, now: number): LineState {
  const { state: next, refused } = ask(state, wanted, now);
  if (refused !== null) throw new Error(refused);
  return next;
}

/** Lets a unit fail until it is set aside. */
function deadUnit(unit: number, urgency: Urgency, now: number): LineState {
  let state = freshLine(LATE_MS);
  for (let failure = 0; failure < 3; failure += 1) {
    const wanted = job(unit, now, { urgency });
    state = pick(asked(state, wanted, now), now).state;
    state = settle(state, wanted, "timeout", SENT, now).state;
  }
  return state;
}

t.test("serves the mains first, then whoever waited longest", async t => {
  const mains = job(10, 100, { urgency: "mains" });
  const early = job(12, 0);
  const late = job(13, 90);
  const circuit = job(14, 90, { urgency: "circuit" });
  let state = freshLine(LATE_MS);
  for (const each of [late, early, circuit, mains]) state = asked(state, each, 100);
  const order: number[] = [];
  for (let taken = pick(state, 100); taken.job !== null; taken = pick(state, 100)) {
    order.push(taken.job.request.unit);
    state = taken.state;
  }
  t.strictSame(order, [10, 14, 12, 13]);
});

t.test("nobody waits for ever, however often the mains asks", async t => {
  let state = asked(freshLine(LATE_MS), job(12, 0, { giveUpAt: 60_000 }), 0);
  let now = 0;
  for (; now < 5_000; now += 100) {
    state = asked(state, job(10, now, { urgency: "mains" }), now);
    const taken = pick(state, now);
    state = taken.state;
    if (taken.job?.request.unit === 12) break;
  }
  t.equal(now, 500, "its patience of 500 ms was over");
});

t.test("a job whose time ran out while it waited is given back, not sent", async t => {
  const wanted = job(10, 0, { giveUpAt: 500 });
  const { job: taken, expired, state } = pick(asked(freshLine(LATE_MS), wanted, 0), 500);
  t.equal(taken, null);
  t.strictSame(expired, [wanted]);
  t.equal(countersOf(state, 10).requests, 0);
});

t.test("repeats at once what may be repeated, within its time and not for a unit that is set aside", async t => {
  const wanted = job(10, 0, { urgency: "mains", retries: 1 });
  const state = pick(asked(freshLine(LATE_MS), wanted, 0), 0).state;
  const first = settle(state, wanted, "timeout", SENT, 200);
  t.ok(first.again);
  const repeated = pick(first.state, 200);
  t.strictSame(repeated.job, { ...wanted, retries: 0 });
  t.notOk(settle(repeated.state, { ...wanted, retries: 0 }, "refused", SENT, 400).again, "once");
  t.notOk(settle(state, wanted, "timeout", SENT, 2_000).again, "too late to be of use");
  const dead = deadUnit(10, "mains", 0);
  const probe = job(10, 5_000, { urgency: "mains", retries: 1 });
  t.notOk(
    settle(pick(asked(dead, probe, 5_000), 5_000).state, probe, "timeout", SENT, 5_200).again,
    "a probe stays one",
  );
});

t.test(
  "three failures in a row set a unit aside; it says when it is asked again, and comes back at its first answer",
  async t => {
    const dead = deadUnit(12, "other", 0);
    t.match(ask(dead, job(12, 0), 0).refused, /^no answer to 3 requests in a row; next attempt in 2\.0 s$/);
    t.equal(ask(dead, job(13, 0), 0).refused, null, "others are asked as ever");
    const probe = job(12, 2_000);
    const back = settle(pick(asked(dead, probe, 2_000), 2_000).state, probe, "reply", SENT, 2_050).state;
    t.equal(ask(back, job(12, 1_051), 1_051).refused, null);
    t.strictSame(countersOf(back, 12), { requests: 4, replies: 1, timeouts: 3, refused: 0, exceptions: 0 });
  },
);

t.test("pauses grow to 30 s, for the mains to 2 s", async t => {
  for (const [urgency, expected] of [
    ["other", [2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]],
    ["circuit", [2_000, 4_000, 8_000, 10_000, 10_000, 10_000, 10_000]],
    ["mains", [1_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000]],
  ] as const) {
    let state = deadUnit(12, urgency, 0);
    let now = 0;
    const pauses: number[] = [];
    for (let probe = 0; probe < expected.length; probe += 1) {
      const since = now;
      while (ask(state, job(12, now, { urgency }), now).refused !== null) now += 500;
      pauses.push(now - since);
      const wanted = job(12, now, { urgency });
      state = settle(pick(asked(state, wanted, now), now).state, wanted, "timeout", SENT, now).state;
    }
    t.strictSame(pauses, expected, urgency);
  }
});

t.test("a dead meter of three costs the line next to nothing", async t => {
  // Ten minutes: three meters are polled every 2 s; one of them never answers and costs 300 ms each time.
  let state = freshLine(LATE_MS);
  let busyMs = 0;
  for (let now = 0; now < 600_000; now += 2_000) {
    for (const unit of [12, 13, 14]) {
      const outcome: Outcome = unit === 13 ? "timeout" : "reply";
      const wanted = job(unit, now);
      const answer = ask(state, wanted, now);
      if (answer.refused !== null) continue;
      state = pick(answer.state, now).state;
      state = settle(state, wanted, outcome, SENT, now).state;
      if (outcome === "timeout") busyMs += 300;
    }
  }
  t.equal(countersOf(state, 12).replies, 300);
  t.equal(countersOf(state, 14).replies, 300);
  t.ok(countersOf(state, 13).requests <= 27, `${countersOf(state, 13).requests} requests to the dead one`);
  t.ok(busyMs <= 0.015 * 600_000, `${busyMs} ms of 600 s`);
});

t.test("an answer that may still come is given to nobody else", async t => {
  const power = job(10, 0, { start: 0x28, quantity: 2 });
  const energy = job(10, 0, { start: 0x3e, quantity: 2 });
  const currents = job(10, 0, { start: 0x0c, quantity: 6 });
  const elsewhere = job(11, 0, { start: 0x3e, quantity: 2 });
  let state = pick(asked(freshLine(LATE_MS), power, 0), 0).state;
  state = settle(state, power, "timeout", SENT, 200).state;
  state = asked(state, energy, 200);
  const held = pick(state, 200);
  t.equal(held.job, null, "same shape, other registers: not yet");
  t.equal(held.wakeAt, 1_200);
  t.equal(pick(asked(state, currents, 200), 200).job, currents, "another length cannot be confused");
  t.equal(pick(asked(state, elsewhere, 200), 200).job, elsewhere, "nor another unit");
  t.equal(pick(state, 1_200).job, energy, "later nothing can come any more");

  // The repeated request took the late answer; its own is still on its way.
  const again = { ...power, askedAt: 210, giveUpAt: 2_500 };
  let repeated = pick(asked(settle(state, power, "timeout", SENT, 200).state, again, 210), 210).state;
  repeated = settle(repeated, again, "reply", SENT, 300).state;
  const next = job(10, 300, { start: 0x3e, quantity: 2, giveUpAt: 3_000 });
  t.equal(pick(asked(repeated, next, 300), 300).wakeAt, 1_300);

  const tcp = freshLine(0);
  const late = settle(pick(asked(tcp, power, 0), 0).state, power, "timeout", SENT, 500).state;
  t.equal(pick(asked(late, energy, 500), 500).job, energy, "on TCP answers name their request");
});

t.test("an answer to the same registers may be that of an earlier request, and counts as that old", async t => {
  const first = job(10, 0, { urgency: "mains", retries: 1 });
  let state = pick(asked(freshLine(LATE_MS), first, 0), 0).state;
  const failed = settle(state, first, "timeout", 10, 200);
  t.equal(failed.since, 10);
  state = pick(failed.state, 310).state;
  const repeated = settle(state, first, "reply", 310, 400);
  t.equal(repeated.since, 10, "perhaps the late one");
  const second = settle(repeated.state, job(10, 1_000), "reply", 1_000, 1_050);
  t.equal(second.since, 310, "perhaps that of the repetition");
  const third = settle(second.state, job(10, 1_300), "reply", 1_300, 1_350);
  t.equal(third.since, 1_300, "the doubt does not go on for ever");
  const later = settle(failed.state, job(10, 1_200), "reply", 1_200, 1_250);
  t.equal(later.since, 1_200, "nothing comes that late");
});

t.test("a lost line gives all jobs back and is owed nothing", async t => {
  const power = job(10, 0, { start: 0x28, quantity: 2 });
  const energy = job(10, 0, { start: 0x3e, quantity: 2 });
  let state = settle(pick(asked(freshLine(LATE_MS), power, 0), 0).state, power, "timeout", SENT, 200).state;
  state = asked(state, energy, 200);
  const { state: lost, dropped } = lineLost(state);
  t.strictSame(dropped, [energy]);
  t.equal(lost.queue.length, 0);
  t.equal(pick(asked(lost, energy, 300), 300).job, energy);
});

t.test("whatever happens, every job ends and counters add up", async () => {
  const step = fc.record({
    unit: fc.constantFrom(10, 11, 12),
    urgency: fc.constantFrom<Urgency>("mains", "circuit", "other"),
    retries: fc.nat(1),
    outcome: fc.constantFrom<Outcome>("reply", "exception", "timeout", "refused"),
    waitMs: fc.nat(400),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), steps => {
      let state = freshLine(LATE_MS);
      let now = 0;
      let open = 0;
      let sent = 0;
      for (const { unit, urgency, retries, outcome, waitMs } of steps) {
        now += waitMs;
        const answer = ask(state, job(unit, now, { urgency, retries }), now);
        state = answer.state;
        if (answer.refused === null) open += 1;
        const taken = pick(state, now);
        state = taken.state;
        open -= taken.expired.length;
        if (taken.job === null) continue;
        sent += 1;
        const settled = settle(state, taken.job, outcome, SENT, now + 100);
        now += 100;
        state = settled.state;
        if (!settled.again) open -= 1;
      }
      if (state.queue.length !== open) return false;
      const counters = [10, 11, 12].map(unit => countersOf(state, unit));
      const requests = counters.reduce((sum, each) => sum + each.requests, 0);
      const ended = counters.reduce(
        (sum, each) => sum + each.replies + each.timeouts + each.refused + each.exceptions,
        0,
      );
      if (requests !== sent || ended !== sent) return false;
      // Left alone, the queue runs empty.
      for (let turn = 0; turn < 1_000 && state.queue.length > 0; turn += 1) {
        now += 100;
        const taken = pick(state, now);
        state = taken.state;
        if (taken.job !== null) state = settle(state, taken.job, "reply", SENT, now).state;
      }
      return state.queue.length === 0;
    }),
    { seed: 3 },
  );
});

t.test("a unit that fails is given more time before a request, its neighbours are not", async t => {
  let state = freshLine(LATE_MS);
  const once = (unit: number, outcome: Outcome, at: number): void => {
    const wanted = job(unit, at);
    state = asked(state, wanted, at);
    const picked = pick(state, at);
    if (picked.job === null) throw new Error("nothing to do");
    state = settle(picked.state, picked.job, outcome, at, at + 50).state;
  };
  t.equal(gapOf(state, 10), 0);
  const gaps = ["timeout", "refused", "reply"].map((outcome, index) => {
    once(10, outcome as Outcome, index * 5_000);
    return gapOf(state, 10);
  });
  t.strictSame(gaps, [10, 20, 20], "kept when it answers: it has shown what it needs");
  for (let at = 20_000; at < 80_000; at += 10_000) {
    once(10, "timeout", at);
    once(10, "reply", at + 5_000);
  }
  t.equal(gapOf(state, 10), 40, "bounded");
  once(11, "reply", 90_000);
  t.equal(gapOf(state, 11), 0);
});
