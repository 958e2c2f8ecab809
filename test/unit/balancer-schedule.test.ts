import t, { type Test } from "tap";
import type { BalancerSettings, ScheduleSettings } from "../../services/balancer/balancer.config.ts";
import { BalancerRig, LIMITS } from "../support/balancer-rig.ts";

const HOUR_MS = 3_600_000;
const MIN_MS = 60_000;
const ABC = ["a", "b", "c"] as const;

/** Three points on one 25 A connection, each car up to 16 A, as in the worked examples of the power share. */
function site(
  schedule: Partial<ScheduleSettings> = {},
  ids: readonly string[] = ABC,
  more: Partial<BalancerSettings> = {},
) {
  const rig = new BalancerRig(
    ids,
    { schedule: { ...LIMITS.schedule, ...schedule }, ...more },
    { rotation: [0, 1, 2] },
    2_000,
  );
  return { rig, leave: (availableA: number) => leave(rig, availableA) };
}

/** The house leaves so much per phase for the cars. */
function leave(rig: BalancerRig, availableA: number): BalancerRig {
  const houseA = 25 - availableA;
  rig.houseA = [houseA, houseA, houseA];
  return rig;
}

/** Three cars charge; then so much is left. */
function example(t: Test, availableA: number, shares: readonly (number | "paused")[]): void {
  const { rig } = site();
  leave(rig, 24)
    .plug(...ABC)
    .run(2 * MIN_MS);
  leave(rig, availableA).run(3 * MIN_MS);
  shares.forEach((share, index) => {
    const point = rig.point(ABC[index]!);
    if (share === "paused") {
      t.equal(point.limitA, 0);
      t.equal(point.turn.place, "paused");
      t.equal(point.boundBy, "turn", "waiting for its turn is no error");
    } else {
      t.ok(Math.abs(point.limitA - share) <= 0.15, `${point.id}: ${point.limitA} A of ${share}`);
      t.equal(point.turn.place, "active");
    }
  });
}

t.test("6.7 worked example: 24 A gives 8, 8, 8 [6.7-11, 6.7-01]", async t => {
  example(t, 24, [8, 8, 8]);
});

t.test("6.7 worked example: 18 A gives 6, 6, 6 [6.7-12]", async t => {
  example(t, 18, [6, 6, 6]);
});

t.test("6.7 worked example: 17 A gives 8.5, 8.5, paused [6.7-13]", async t => {
  example(t, 17, [8.5, 8.5, "paused"]);
});

t.test("6.7 worked example: 14 A gives 7, 7, paused [6.7-14, 6.7-02, 6.7-03]", async t => {
  example(t, 14, [7, 7, "paused"]);
});

t.test("6.7 worked example: 12 A gives 6, 6, paused [6.7-15]", async t => {
  example(t, 12, [6, 6, "paused"]);
});

t.test("6.7 worked example: 11 A gives 11, paused, paused [6.7-16]", async t => {
  example(t, 11, [11, "paused", "paused"]);
});

t.test("6.7 worked example: 8 A gives 8, paused, paused [6.7-17]", async t => {
  example(t, 8, [8, "paused", "paused"]);
});

t.test("6.7 worked example: 5 A pauses all, and is a shortage after the shortage time [6.7-18, 6.7-04]", async t => {
  const { rig } = site();
  leave(rig, 24)
    .plug(...ABC)
    .run(2 * MIN_MS);
  leave(rig, 5).run(MIN_MS);
  t.strictSame(rig.places(), ["paused", "paused", "paused"]);
  t.strictSame(rig.limits(), [0, 0, 0]);
  t.match(rig.point("a").boundBy, /^mains/, "NO CURRENT, not a matter of turns");
  leave(rig, 11).run(2 * MIN_MS);
  t.strictSame(rig.places(), ["active", "paused", "paused"], "the first comes back first");
});

t.test("6.7 worked example: First Conn, plugged in B, C, A: 14 A gives B 7, C 7, A paused [6.7-19]", async t => {
  const { rig } = site({ priority: "first-connected" });
  leave(rig, 24);
  for (const id of ["b", "c", "a"]) rig.plug(id).run(MIN_MS);
  leave(rig, 14).run(2 * MIN_MS);
  t.strictSame(rig.places(), ["paused", "active", "active"]);
  t.ok(
    rig
      .limits()
      .slice(1)
      .every(limitA => Math.abs(limitA - 7) <= 0.15),
    rig.limits().join(),
  );
});

t.test("6.7 worked example: Last Conn, plugged in B, C, A: 14 A gives A 7, C 7, B paused", async t => {
  const { rig } = site({ priority: "last-connected" });
  leave(rig, 24);
  for (const id of ["b", "c", "a"]) rig.plug(id).run(MIN_MS);
  leave(rig, 14).run(2 * MIN_MS);
  t.strictSame(rig.places(), ["active", "paused", "active"]);
});

t.test("6.7 worked example: rotation 30 min, IDLE TMO 60 s, 8 A: A, B, C, and A again [6.7-20, 6.7-07]", async t => {
  const { rig } = site({ rotationMs: 30 * MIN_MS });
  leave(rig, 8).plug(...ABC);
  const turns: { id: string; atS: number }[] = [];
  let mostActive = 0;
  for (let s = 0; s < 5_700; s += 1) {
    rig.run(1_000);
    const active = rig.state.points.filter(point => point.turn.place === "active").map(({ id }) => id);
    mostActive = Math.max(mostActive, active.length);
    if (active.length === 1 && turns.at(-1)?.id !== active[0]) turns.push({ id: active[0]!, atS: s });
  }
  t.equal(mostActive, 1);
  t.strictSame(
    turns.map(({ id }) => id),
    ["a", "b", "c", "a"],
  );
  const lengths = turns.slice(1).map(({ atS }, index) => atS - turns[index]!.atS);
  t.ok(
    lengths.every(s => Math.abs(s - 1_860) <= 6),
    `turns of ${lengths.join(", ")} s`,
  );
});

t.test(
  "6.7 worked example: idle: a full car draws 0.2 A: after IDLE TMO it is paused, the next is active [6.7-21, 6.7-22, 6.7-06]",
  async t => {
    const { rig } = site();
    leave(rig, 8)
      .plug(...ABC)
      .run(10 * MIN_MS);
    t.strictSame(rig.places(), ["active", "paused", "paused"]);
    rig.car("a").maxA = 0.2;
    rig.run(50_000);
    t.strictSame(rig.places(), ["active", "paused", "paused"], "not before IDLE TMO");
    rig.run(30_000);
    t.strictSame(rig.places(), ["paused", "active", "paused"]);
    rig.run(HOUR_MS);
    t.ok(rig.limits()[1]! >= 7.5, "without rotation it keeps its turn while it draws");
    // A wants energy again: it gets it when power suffices.
    rig.car("a").maxA = 32;
    leave(rig, 14).run(2 * MIN_MS);
    t.strictSame(rig.places(), ["paused", "active", "active"], "the ring goes on from B");
    leave(rig, 20).run(2 * MIN_MS);
    t.strictSame(rig.places(), ["active", "active", "active"]);
  },
);

t.test("6.7 worked example: caps: A up to 10 A, 24 A for two: A 10, B 14 [6.7-23]", async t => {
  const { rig } = site({}, ["a", "b"]);
  rig.car("a").ceilingA = 10;
  leave(rig, 24)
    .plug("a", "b")
    .run(3 * MIN_MS);
  t.equal(rig.limits()[0], 10);
  t.ok(Math.abs(rig.limits()[1]! - 14) <= 0.15, rig.limits().join());
});

t.test(
  "a car that shows 9 V leaves the ring, with an EV meter or without; when it asks again it waits for its turn",
  async t => {
    for (const metered of [true, false]) {
      const { rig } = site();
      for (const id of ABC) rig.car(id).metered = metered;
      leave(rig, 8)
        .plug(...ABC)
        .run(5 * MIN_MS);
      t.strictSame(rig.places(), ["active", "paused", "paused"]);
      rig.car("a").full = true;
      rig.run(MIN_MS);
      t.strictSame(rig.places(), ["inactive", "active", "paused"]);
      rig.car("a").full = false;
      rig.run(MIN_MS);
      t.strictSame(rig.places(), ["paused", "active", "paused"]);
      t.equal(rig.limits()[0], 0);
    }
  },
);

t.test("without an EV meter a car in state C counts as drawing, however little it does", async t => {
  const { rig } = site();
  for (const id of ABC) rig.car(id).metered = false;
  leave(rig, 8)
    .plug(...ABC)
    .run(5 * MIN_MS);
  rig.car("a").maxA = 0.2;
  rig.run(10 * MIN_MS);
  t.equal(rig.places()[0], "active");
});

t.test("without EV meters the turn goes round just as well", async t => {
  const { rig } = site({ rotationMs: 30 * MIN_MS });
  for (const id of ABC) rig.car(id).metered = false;
  leave(rig, 8)
    .plug(...ABC)
    .run(32 * MIN_MS);
  t.strictSame(rig.places(), ["paused", "active", "paused"]);
  t.ok(rig.limits()[1]! >= 6);
});

t.test(
  "regulation does not move the ring: after the turn was B's, plenty for a while, then little: it is B's again [6.7-R]",
  async t => {
    const { rig } = site({ rotationMs: 30 * MIN_MS });
    leave(rig, 8)
      .plug(...ABC)
      .run(35 * MIN_MS);
    t.strictSame(rig.places(), ["paused", "active", "paused"]);
    leave(rig, 24).run(10 * MIN_MS);
    t.strictSame(rig.places(), ["active", "active", "active"]);
    leave(rig, 8).run(2 * MIN_MS);
    t.strictSame(rig.places(), ["paused", "active", "paused"]);
    leave(rig, 14).run(2 * MIN_MS);
    t.strictSame(rig.places(), ["paused", "active", "active"], "then the one after B");
  },
);

t.test(
  "without rotation, enough for all ends the ring: the next shortage begins with the strategy's first",
  async t => {
    const { rig } = site();
    leave(rig, 8)
      .plug(...ABC)
      .run(5 * MIN_MS);
    rig.car("a").full = true;
    rig.run(2 * MIN_MS);
    t.strictSame(rig.places(), ["inactive", "active", "paused"]);
    rig.car("a").full = false;
    leave(rig, 24).run(3 * MIN_MS);
    leave(rig, 8).run(2 * MIN_MS);
    t.strictSame(rig.places(), ["active", "paused", "paused"]);
  },
);

t.test("more power: the paused are activated at once, in order [6.7-05]", async t => {
  const { rig } = site();
  leave(rig, 8)
    .plug(...ABC)
    .run(5 * MIN_MS);
  leave(rig, 13).run(30_000);
  t.strictSame(rig.places(), ["active", "active", "paused"]);
  leave(rig, 19).run(30_000);
  t.strictSame(rig.places(), ["active", "active", "active"]);
});

t.test(
  "anti-flap: who was paused for want of power comes back after IDLE TMO at the earliest; nobody is rotated before [6.7-06]",
  async t => {
    const { rig } = site({ rotationMs: 30 * MIN_MS, idleMs: 5 * MIN_MS }, ["a", "b"]);
    leave(rig, 14)
      .plug("a", "b")
      .run(10 * MIN_MS);
    leave(rig, 8).run(30_000);
    t.strictSame(rig.places(), ["active", "paused"]);
    leave(rig, 14).run(4 * MIN_MS);
    t.strictSame(rig.places(), ["active", "paused"], "room has come back, but it has just been paused");
    rig.run(2 * MIN_MS);
    t.strictSame(rig.places(), ["active", "active"]);
  },
);

t.test("a change of strategy takes effect with the next choice, without interrupting anybody [6.7-08]", async t => {
  const { rig } = site();
  leave(rig, 8)
    .plug("a")
    .run(MIN_MS)
    .plug("b")
    .run(MIN_MS)
    .plug("c")
    .run(5 * MIN_MS);
  t.strictSame(rig.places(), ["active", "paused", "paused"]);
  rig.tell({ kind: "settings", settings: { ...LIMITS, schedule: { ...LIMITS.schedule, priority: "last-connected" } } });
  rig.run(10 * MIN_MS);
  t.strictSame(rig.places(), ["active", "paused", "paused"]);
  leave(rig, 13).run(MIN_MS);
  t.strictSame(rig.places(), ["active", "paused", "active"], "the next to be let in is the last that came");
});

t.test(
  "without rotation a newcomer that goes before takes its turn; with rotation it takes its place in the ring",
  async t => {
    const still = site({ priority: "last-connected" }, ["a", "b"]).rig;
    leave(still, 8)
      .plug("a")
      .run(5 * MIN_MS)
      .plug("b")
      .run(MIN_MS);
    t.strictSame(still.places(), ["paused", "active"]);
    still.run(HOUR_MS);
    t.strictSame(still.places(), ["paused", "active"], "and keeps it");
    const turning = site({ priority: "last-connected", rotationMs: 30 * MIN_MS }, ["a", "b"]).rig;
    leave(turning, 8)
      .plug("a")
      .run(5 * MIN_MS)
      .plug("b")
      .run(5 * MIN_MS);
    t.strictSame(turning.places(), ["active", "paused"]);
    turning.run(30 * MIN_MS);
    t.strictSame(turning.places(), ["paused", "active"]);
  },
);

t.test("joining: the others are lowered first; leaving: the next takes over", async t => {
  const { rig } = site();
  leave(rig, 14)
    .plug("a")
    .run(2 * MIN_MS);
  t.ok(rig.limits()[0]! >= 13.8);
  rig.worstA = -Infinity;
  rig.plug("b").run(MIN_MS);
  t.strictSame(rig.places().slice(0, 2), ["active", "active"]);
  t.ok(rig.worstA <= 0.3, `${rig.worstA.toFixed(1)} A over the fuse at most`);
  rig.plug("c").run(MIN_MS);
  t.equal(rig.places()[2], "paused");
  rig.unplug("a").run(MIN_MS);
  t.strictSame(rig.places(), ["inactive", "active", "active"]);
});

t.test(
  "a balancer that starts over mid-rotation goes on with the turn, its time and the ring as the points remember them",
  async t => {
    const { rig } = site({ rotationMs: 30 * MIN_MS });
    leave(rig, 8)
      .plug(...ABC)
      .run(31 * MIN_MS + 20 * MIN_MS);
    t.strictSame(rig.places(), ["paused", "active", "paused"]);
    rig.restart();
    t.strictSame(rig.places(), ["paused", "active", "paused"]);
    rig.run(8 * MIN_MS);
    t.strictSame(rig.places(), ["paused", "active", "paused"], "20 min of B's turn had passed, 28 now");
    t.ok(rig.limits()[1]! >= 7);
    rig.run(5 * MIN_MS);
    t.strictSame(rig.places(), ["paused", "paused", "active"], "the time ran on, and C is the one after B");
  },
);

t.test(
  "an unreachable point keeps its last grant and its place until it has surely stopped, then the next takes over",
  async t => {
    const { rig } = site({}, ABC, { circuitA: 10, mainsMeter: true });
    leave(rig, 24)
      .plug(...ABC)
      .run(2 * MIN_MS);
    t.strictSame(rig.places(), ["active", "paused", "paused"]);
    rig.unreachable.add("a");
    rig.run(10_000);
    t.strictSame(rig.places(), ["active", "paused", "paused"]);
    t.equal(rig.limits()[1], 0, "what it was granted is reserved");
    rig.car("a").wants = false;
    rig.run(30_000);
    t.strictSame(rig.places(), ["inactive", "active", "paused"]);
  },
);

t.test(
  "a point's own minimum and part: it gets at least the one or waits, and more than the others by the other",
  async t => {
    const wide = new BalancerRig(["a", "b"], {}, { rotation: [0, 1, 2], part: 2 }, 2_000);
    const weighted = { ...wide.state, points: wide.state.points.map(p => (p.id === "b" ? { ...p, part: 1 } : p)) };
    wide.state = weighted;
    leave(wide, 21)
      .plug("a", "b")
      .run(3 * MIN_MS);
    t.ok(Math.abs(wide.limits()[0]! - 14) <= 0.3 && Math.abs(wide.limits()[1]! - 7) <= 0.3, wide.limits().join());
    const needy = new BalancerRig(["a", "b"], {}, { rotation: [0, 1, 2], minimumA: 10 }, 2_000);
    leave(needy, 19)
      .plug("a", "b")
      .run(3 * MIN_MS);
    t.strictSame(needy.places(), ["active", "paused"], "9.5 A would be of no use to either");
    leave(needy, 20.5).run(2 * MIN_MS);
    t.strictSame(needy.places(), ["active", "active"]);
  },
);

t.test("told to the points: whose turn it is, and when the next one begins", async t => {
  const { rig } = site({ rotationMs: 30 * MIN_MS });
  leave(rig, 8)
    .plug(...ABC)
    .run(11 * MIN_MS);
  const [first, second] = [rig.turnOf("b")!, rig.turnOf("c")!];
  t.strictSame(first.turnOf, ["a"]);
  t.ok(Math.abs(first.nextInMs! - 20 * MIN_MS) <= 15_000, `${first.nextInMs} ms`);
  t.equal(second.nextInMs! - first.nextInMs!, 31 * MIN_MS);
  const still = site().rig;
  leave(still, 8)
    .plug(...ABC)
    .run(5 * MIN_MS);
  t.equal(still.turnOf("b")!.nextInMs, null);
});

t.test("a point that stands alone has no turn to wait for, whatever is set [6.7-10]", async t => {
  const { rig, leave } = site({ rotationMs: 30 * MIN_MS }, ["a"]);
  leave(8)
    .plug("a")
    .run(3 * MIN_MS);
  t.ok(rig.point("a").admitted);
  let paused = 0;
  for (let minute = 0; minute < 120; minute += 1) {
    rig.run(MIN_MS);
    if (rig.point("a").limitA === 0) paused += 1;
  }
  t.equal(paused, 0);
});
