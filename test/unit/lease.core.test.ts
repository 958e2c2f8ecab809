import fc from "fast-check";
import t from "tap";
import { mayBelieve } from "../../shared/lease/fence.core.ts";
import {
  ABANDONED_MS,
  campaign,
  epochOf,
  GIVEN_BACK_MS,
  HELD_MS,
  type LeaseInput,
  type LeaseOutput,
  type LeaseState,
  LOOK_MS,
  newCandidate,
} from "../../shared/lease/lease.core.ts";
import { type LeaseEntry, NO_ENTRY } from "../../shared/lease/lease.port.ts";

/** What is on its way to a candidate. */
interface Arriving {
  readonly at: number;
  readonly input: LeaseInput;
}

const STEP_MS = 10;

/** Candidates and a store between which questions and answers take time, are lost, or come late; processes that are paused. */
class World {
  now = 0;
  entry: LeaseEntry = NO_ENTRY;
  #revision = 0;
  readonly states: LeaseState[];
  readonly #arriving: Arriving[][];
  readonly pausedUntil: number[];
  readonly cutUntil: number[];
  readonly #travelMs: () => number;

  constructor(candidates: number, travelMs: () => number = () => STEP_MS) {
    this.#travelMs = travelMs;
    this.states = Array.from({ length: candidates }, (_none, index) => ({ ...newCandidate(`n${index}`), ready: true }));
    this.#arriving = this.states.map(() => []);
    this.pausedUntil = this.states.map(() => 0);
    this.cutUntil = this.states.map(() => 0);
  }

  run(ms: number, look: () => void = () => undefined): this {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += STEP_MS;
      this.states.forEach((_state, index) => this.#wake(index));
      look();
    }
    return this;
  }

  /** Who would speak if asked now; a paused process asks nobody. */
  get speaking(): readonly number[] {
    return this.states.flatMap((state, index) => (epochOf(state, this.now) === null ? [] : [index]));
  }

  epoch(index: number): number | null {
    const state = this.states[index];
    return state === undefined ? null : epochOf(state, this.now);
  }

  tell(index: number, input: LeaseInput): void {
    const before = this.states[index];
    if (before === undefined) return;
    const { state, outputs } = campaign(before, input, this.now);
    this.states[index] = state;
    for (const output of outputs) this.#ask(index, output);
  }

  wipe(): void {
    this.entry = NO_ENTRY;
    this.#revision = 0;
  }

  #wake(index: number): void {
    if (this.now < (this.pausedUntil[index] ?? 0)) return;
    const arriving = this.#arriving[index] ?? [];
    for (const { input } of arriving.filter(({ at }) => at <= this.now)) this.tell(index, input);
    this.#arriving[index] = arriving.filter(({ at }) => at > this.now);
    if (this.now % 50 === 0) this.tell(index, { kind: "tick" });
  }

  #ask(index: number, output: LeaseOutput): void {
    const lost = this.now < (this.cutUntil[index] ?? 0);
    // A question is carried out when it is asked and its answer is late: the worst order for who asks.
    const done: LeaseInput =
      output.kind === "read" ? { kind: "read", entry: this.entry } : { kind: "written", revision: this.#write(output) };
    const answerLost = this.#travelMs() > 700;
    this.#arriving[index]?.push(
      lost || answerLost
        ? { at: this.now + 700, input: { kind: "failed", problem: "no answer" } }
        : { at: this.now + this.#travelMs(), input: done },
    );
  }

  #write({ record, after }: Extract<LeaseOutput, { kind: "write" }>): number | null {
    if (after !== this.entry.revision) return null;
    this.#revision += 1;
    this.entry = { revision: this.#revision, record };
    return this.#revision;
  }
}

t.test("of several that start at once exactly one becomes active", async t => {
  const world = new World(3).run(1_000 + ABANDONED_MS + 2 * LOOK_MS);
  t.equal(world.speaking.length, 1);
  t.equal(world.epoch(world.speaking[0] ?? 0), 1);
});

t.test("it stays so for as long as it renews", async t => {
  const world = new World(3).run(4_000);
  const [first] = world.speaking;
  let always = true;
  world.run(60_000, () => {
    always &&= world.speaking.length === 1 && world.speaking[0] === first;
  });
  t.ok(always);
  t.equal(world.epoch(first ?? 0), 1, "under the same epoch");
});

t.test("who dies is followed within two seconds, under a higher epoch", async t => {
  const world = new World(2).run(4_000);
  const [first = 0] = world.speaking;
  world.pausedUntil[first] = Infinity;
  const from = world.now;
  world.run(ABANDONED_MS + 2 * LOOK_MS);
  t.strictSame(world.speaking, [1 - first]);
  t.equal(world.epoch(1 - first), 2);
  t.ok(world.now - from <= 2_000);
});

t.test("who was paused finds itself displaced before it says a word", async t => {
  const world = new World(2).run(4_000);
  const [first = 0] = world.speaking;
  world.pausedUntil[first] = world.now + 10_000;
  world.run(9_900);
  t.equal(world.epoch(first), null, "its own clock tells");
  world.run(2_000);
  t.strictSame(world.speaking, [1 - first]);
  t.equal(world.states[first]?.held, null, "and it has seen whose turn it is");
});

t.test("who is cut off falls silent before another may speak", async t => {
  const world = new World(2).run(4_000);
  const [first = 0] = world.speaking;
  world.cutUntil[first] = world.now + 20_000;
  let silentAt = 0;
  let followedAt = 0;
  world.run(5_000, () => {
    if (silentAt === 0 && world.epoch(first) === null) silentAt = world.now;
    if (followedAt === 0 && world.epoch(1 - first) !== null) followedAt = world.now;
  });
  t.ok(silentAt > 0 && silentAt < followedAt, `silent at ${silentAt}, followed at ${followedAt}`);
});

t.test("with the store away nobody decides; the same one goes on when it is back in time for nobody else", async t => {
  const world = new World(2).run(4_000);
  const [first = 0] = world.speaking;
  world.cutUntil.fill(world.now + 8_000);
  world.run(HELD_MS + LOOK_MS);
  t.strictSame(world.speaking, []);
  world.run(10_000);
  t.equal(world.speaking.length, 1);
  t.ok((world.epoch(world.speaking[0] ?? 0) ?? 0) >= 1);
  t.ok(first >= 0);
});

t.test("who leaves gives it back, and the next one takes it once every point has spoken again", async t => {
  const world = new World(2).run(4_000);
  const [first = 0] = world.speaking;
  world.tell(first, { kind: "leave" });
  t.strictSame(world.speaking, [], "it is silent at once");
  world.run(GIVEN_BACK_MS - STEP_MS);
  t.strictSame(world.speaking, []);
  world.run(2 * LOOK_MS);
  t.strictSame(world.speaking, [1 - first]);
});

t.test("who knows too little does not stand for it", async t => {
  const world = new World(1);
  world.states[0] = newCandidate("n0");
  world.run(10_000);
  t.strictSame(world.speaking, []);
  world.tell(0, { kind: "ready" });
  world.run(2 * LOOK_MS);
  t.strictSame(world.speaking, [0]);
});

t.test("a store that has lost its memory does not make an epoch that the points have left behind", async t => {
  const world = new World(2).run(4_000);
  const [first = 0] = world.speaking;
  world.tell(1 - first, { kind: "heard", epoch: 41 });
  world.wipe();
  world.pausedUntil[first] = Infinity;
  world.run(5_000);
  t.equal(world.epoch(1 - first), 42);
});

t.test("who hears a newer epoch falls silent", async t => {
  const world = new World(1).run(4_000);
  world.tell(0, { kind: "heard", epoch: 2 });
  t.equal(world.epoch(0), null);
});

t.test("whatever is lost, late, paused or wiped: never two at once, and each epoch has one speaker", async () => {
  const trouble = fc.record({
    atMs: fc.integer({ min: 0, max: 20_000 }),
    who: fc.integer({ min: 0, max: 2 }),
    what: fc.constantFrom("pause", "cut", "wipe", "leave"),
    forMs: fc.integer({ min: 50, max: 6_000 }),
  });
  fc.assert(
    fc.property(
      fc.array(trouble, { maxLength: 12 }),
      fc.infiniteStream(fc.integer({ min: 10, max: 760 })),
      (all, travel) => {
        const world = new World(3, () => (travel.next() as IteratorResult<number, undefined>).value ?? STEP_MS);
        const speakerOf = new Map<number, number>();
        let highest = 0;
        let believed = { epoch: 0, at: -Infinity };
        let wiped = false;
        world.run(25_000, () => {
          for (const { who, what, forMs } of all.filter(
            ({ atMs }) => Math.ceil(atMs / STEP_MS) * STEP_MS === world.now,
          )) {
            if (what === "pause") world.pausedUntil[who] = world.now + forMs;
            else if (what === "cut") world.cutUntil[who] = world.now + forMs;
            else if (what === "wipe") {
              world.wipe();
              wiped = true;
            } else world.tell(who, { kind: "leave" });
          }
          const speaking = world.speaking.filter(index => world.now >= (world.pausedUntil[index] ?? 0));
          if (speaking.length > 1) throw new Error(`${speaking.join()} speak at ${world.now}`);
          for (const index of speaking) {
            const epoch = world.epoch(index) ?? 0;
            const owner = speakerOf.get(epoch) ?? index;
            speakerOf.set(epoch, owner);
            if (owner !== index)
              throw new Error(`epoch ${epoch} has been ${owner}'s and is ${index}'s at ${world.now}`);
            if (epoch < highest) throw new Error(`epoch ${epoch} after ${highest} at ${world.now}`);
            // The store remembers again.
            if (epoch > highest) wiped = false;
            highest = epoch;
            believed = { epoch, at: world.now };
          }
          // The points tell what they believe, for as long as they do.
          if (world.now - believed.at > 5_000) {
            // Neither the store nor a point remembers: nobody's word is in force, and numbers may come again.
            if (wiped) {
              highest = 0;
              speakerOf.clear();
            }
            return;
          }
          world.states.forEach((_state, index) => {
            const hears = world.now >= (world.cutUntil[index] ?? 0) && world.now >= (world.pausedUntil[index] ?? 0);
            if (hears) world.tell(index, { kind: "heard", epoch: believed.epoch });
          });
        });
      },
    ),
    { numRuns: 100 },
  );
});

t.test("a word of an older epoch counts only when the newer one has been silent for its lifetime", async t => {
  t.ok(mayBelieve(null, 0, 5_000, 0));
  t.ok(mayBelieve({ epoch: 3, at: 0 }, 3, 5_000, 1_000));
  t.ok(mayBelieve({ epoch: 3, at: 0 }, 4, 5_000, 1));
  t.notOk(mayBelieve({ epoch: 3, at: 0 }, 2, 5_000, 5_000));
  t.ok(mayBelieve({ epoch: 3, at: 0 }, 2, 5_000, 5_001));
});
