import t from "tap";
import { type NarratorState, narrate } from "../../services/narrator/narrator.core.ts";
import { type EvseStatus, evseStatus } from "../../shared/contracts/evse.ts";

const charging: EvseStatus = { ...evseStatus.example, chargingState: "Charging", drawA: null };
const idle: EvseStatus = { ...charging, chargingState: "Idle", boundBy: "not-charging", reason: "no car", offerA: 0 };

function tell(moments: readonly (readonly [atMs: number, status: EvseStatus])[]): string[] {
  let state: NarratorState = {};
  return moments.flatMap(([at, status]) => {
    // The first word of a point is no news yet.
    if (state[status.evseId] === undefined) state = narrate(state, status, at - 1_000).state;
    const step = narrate(state, status, at);
    state = step.state;
    return [...step.outputs];
  });
}

t.test("says what a charge point does and why", async t => {
  t.strictSame(
    tell([
      [0, idle],
      [1_000, charging],
    ]),
    ["left: no car", "left: charging 11.2 A, limited by mains L2"],
  );
});

t.test("the moment before the board has answered is not told, unless it lasts", async t => {
  const starting: EvseStatus = { ...idle, faults: ["board-lost"], reason: "the pilot board does not answer" };
  const first = narrate({}, starting, 0);
  t.strictSame(first.outputs, []);
  t.strictSame(narrate(first.state, idle, 300).outputs, ["left: no car"]);
  t.strictSame(narrate(first.state, starting, 999).outputs, []);
  t.strictSame(narrate(first.state, starting, 1_000).outputs, ["left: no car; the pilot board does not answer"]);
});

t.test("names what the car draws where a meter tells", async t => {
  t.strictSame(tell([[0, { ...charging, drawA: { l1: 9.96, l2: 9.5, l3: 0 } }]]), [
    "left: charging 10.0 A, limited by mains L2",
  ]);
});

t.test("says nothing while nothing changes, nor at every small step of the current", async t => {
  const wander = [0, 1, 2, 3, 4].map(n => [n * 1_000, { ...charging, offerA: 11.2 + n * 0.1 }] as const);
  t.equal(tell(wander).length, 1);
});

t.test("says a moved current again, but not more often than every five seconds", async t => {
  const lines = tell([
    [0, charging],
    [1_000, { ...charging, offerA: 8 }],
    [4_999, { ...charging, offerA: 7 }],
    [5_000, { ...charging, offerA: 6.5 }],
  ]);
  t.strictSame(
    lines.map(line => line.slice(0, 21)),
    ["left: charging 11.2 A", "left: charging 6.5 A,"],
  );
});

t.test("another limiting phase is no news, another reason not to charge is", async t => {
  t.equal(
    tell([
      [0, charging],
      [100, { ...charging, boundBy: "mains.l1" }],
    ]).length,
    1,
  );
  const waiting: EvseStatus = {
    ...charging,
    chargingState: "SuspendedEVSE",
    boundBy: "mains-silent",
    reason: "mains meter silent",
    offerA: 0,
  };
  t.strictSame(
    tell([
      [0, waiting],
      [100, { ...waiting, boundBy: "retry-wait", reason: "waits 60 s" }],
    ]),
    ["left: not charging, mains meter silent", "left: not charging, waits 60 s"],
  );
});

t.test("a sentence is not said twice in a row, though the situation behind it changed", async t => {
  t.equal(
    tell([
      [0, idle],
      [100, { ...idle, boundBy: "settings-missing" }],
    ]).length,
    1,
  );
});

t.test("each charge point has its own story", async t => {
  t.strictSame(
    tell([
      [0, idle],
      [0, { ...idle, evseId: "right" }],
      [100, idle],
    ]),
    ["left: no car", "right: no car"],
  );
});

t.test("has words for every charging state", async t => {
  for (const chargingState of ["Idle", "EVConnected", "Charging", "SuspendedEV", "SuspendedEVSE"] as const) {
    t.match(tell([[0, { ...charging, chargingState }]])[0], /^left: \w+/);
  }
  t.strictSame(tell([[0, { ...idle, faults: ["board-lost"], reason: "the pilot board does not answer" }]]), [
    "left: no car; the pilot board does not answer",
  ]);
});
