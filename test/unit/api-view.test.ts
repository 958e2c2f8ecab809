import fc from "fast-check";
import t from "tap";
import { healthOf } from "../../services/api/health.core.ts";
import { historyOf } from "../../services/api/history.core.ts";
import type { Identity } from "../../services/api/identity.ts";
import { type Knowledge, type KnowledgeInput, learn } from "../../services/api/knowledge.core.ts";
import { metricsOf, type ProcessGauges } from "../../services/api/metrics.core.ts";
import { viewOf } from "../../services/api/view.core.ts";
import { historyView, siteView } from "../../services/api/view.ts";
import { balancerAllocation, balancerStatus } from "../../shared/contracts/balancer.ts";
import { evseState, evseStatus } from "../../shared/contracts/evse.ts";
import { evseFault } from "../../shared/contracts/fault.ts";
import { leaseStatus } from "../../shared/contracts/lease.ts";
import { limitsCurrent } from "../../shared/contracts/limits.ts";
import { boardFault } from "../../shared/contracts/pilot.ts";
import { settingsCurrent } from "../../shared/contracts/settings.ts";
import {
  knowing,
  leftPoint,
  meterTold,
  readingTold,
  rightPoint,
  sensedTold,
  statusTold,
  type Told,
} from "../support/knowledge.ts";

const identity: Identity = { site: "demo", name: "Demo", version: "0.1.0", points: [leftPoint, rightPoint] };
const gauges: ProcessGauges = {
  residentBytes: 100,
  heapUsedBytes: 50,
  uptimeS: 3,
  eventLoopLagP99S: 0.001,
  streamClients: 1,
  requests: new Map([["200", 7]]),
};
const noon = Date.UTC(2026, 0, 1, 12);

const balancerTold = (at: number): Told[] => [
  [at, { kind: "balancer.status", fact: balancerStatus.example }],
  [at, { kind: "balancer.allocation", fact: balancerAllocation.example }],
];
const settingsTold = (at: number): Told => [at, { kind: "settings.current", fact: settingsCurrent.example }];

/** The demo site, all well at that moment. */
const allWell = (at: number): Told[] => [
  settingsTold(at),
  ...balancerTold(at),
  statusTold(at),
  sensedTold(at),
  statusTold(at, {
    evseId: "right",
    state: "A",
    carConnected: false,
    offerA: 0,
    phases: 0,
    mayDraw: false,
    drawA: null,
  }),
  sensedTold(at, { evseId: "right" }),
  readingTold(at),
  meterTold(at),
];

const viewAt = (told: readonly Told[], now: number) =>
  viewOf(knowing(told, identity.points), identity, now, noon + now);

t.test("shows what was told, with ages that go on counting", async t => {
  const boards = [sensedTold(2_500), sensedTold(2_500, { evseId: "right" })];
  const view = viewAt([...allWell(1_000), ...boards], 3_000);
  t.equal(siteView.safeParse(view).error, undefined, "keeps its own schema");
  t.equal(view.at, "2026-01-01T12:00:03.000Z");
  const [left, right] = view.points;
  t.match(left, {
    fresh: true,
    ageMs: 2_000,
    limitA: 11.2,
    words: "charging 11.2 A, limited by mains L2",
    name: "Left",
  });
  t.match(left?.status, { choice: "smart", drawAgeMs: 2_600, boundBy: "mains.l2" });
  t.match(right, { name: "right", words: "ready, no car", limitA: null });
  t.match(view.mains, { limitA: 25, ageMs: 2_035, trust: "regulate" });
  t.match(view.meters, [{ id: "mains", state: "ok", ageMs: 2_035, quality: "measured", cadenceMs: 1_000 }]);
  t.match(view.meters[0]?.findings, [{ code: "phases-swapped", text: /^L1 of this meter is L2/ }]);
  t.strictSame(view.warnings, []);
});

t.test("reckons the house as mains less the cars, each on the house phase its terminal sits on", async t => {
  const drawA = { l1: 10, l2: 8, l3: 6 };
  const told: Told[] = [
    ...allWell(0),
    statusTold(0, { evseId: "left", drawA: { l1: 1, l2: 1, l3: 1 } }),
    statusTold(0, { evseId: "right", drawA }),
    readingTold(0, { currentA: { l1: 20, l2: 20, l3: 20 } }),
  ];
  // right: its L1 sits on l2, its L2 on l3, its L3 on l1.
  t.strictSame(viewAt(told, 0).mains.houseA, { l1: 20 - 1 - 6, l2: 20 - 1 - 10, l3: 20 - 1 - 8 });
  const unmetered: Told[] = [...told, statusTold(0, { evseId: "right", drawA: null, phases: 3 })];
  t.equal(viewAt(unmetered, 0).mains.houseA, null, "a draw nobody measures makes it unknown");
});

t.test("rounds away the tail of a meter's float, and ages to whole milliseconds", async t => {
  const currentA = { l1: 9.029999732971191, l2: -0.0004, l3: 8.979999542236328 };
  const { mains, meters } = viewAt(
    [...allWell(0), readingTold(0, { currentA, totalPowerW: 6212.2998046875 })],
    908.387,
  );
  t.strictSame(mains.currentA, { l1: 9.03, l2: 0, l3: 8.98 });
  t.match(meters, [{ totalPowerW: 6212.3, ageMs: 943 }]);
});

t.test(
  "stops believing after the contract's lifetime, keeps what was last known standing, and says so [8-R2]",
  async t => {
    const told = allWell(0);
    t.equal(viewAt(told, 5_000).points[0]?.fresh, true);
    const late = viewAt(told, 5_001);
    t.equal(late.points[0]?.fresh, false);
    t.equal(late.points[0]?.status?.state, "C2");
    t.equal(late.points[0]?.limitA, null);
    t.equal(late.points[0]?.board.link, "unheard");
    t.match(late.points[0]?.words, /^silent for 5 s/);
    t.equal(late.mains.trust, "unheard");
    t.ok(late.warnings.some(line => line.includes("balancer is not heard")));
    t.equal(viewAt(told, 10_966).mains.currentA === null, true, "a mains sample of more than 11 s is no reading");
    t.not(viewAt(told, 10_965).mains.currentA, null);
  },
);

t.test("has words for every state and every fault", async t => {
  const words = evseState.options.map(
    state => viewAt([...allWell(0), statusTold(0, { state })], 0).points[0]?.words ?? "",
  );
  t.equal(new Set(words).size, evseState.options.length, "states read differently");
  const faults = viewAt(
    [...allWell(0), statusTold(0, { faults: evseFault.options }), sensedTold(0, { faults: boardFault.options })],
    0,
  ).points[0]?.faults;
  t.ok(faults?.every(fault => fault.words.length > 10));
  t.equal(new Set(faults?.map(fault => fault.code)).size, faults?.length, "a fault both tell of stands there once");
  t.match(viewAt([...allWell(0), statusTold(0, { state: "B1", access: "off" })], 0).points[0]?.words, /^off, car/);
  t.match(
    viewAt([...allWell(0), statusTold(0, { state: "A", access: "pause" })], 0).points[0]?.words,
    /^paused, no car/,
  );
  t.match(viewAt([...allWell(0), sensedTold(0, { link: "down" })], 0).points[0]?.words, /board is not connected/);
  t.equal(viewAt([], 0).points[0]?.words, "not heard yet");
});

t.test("takes no notice of charge points the site file does not have", async t => {
  const known = knowing([statusTold(0, { evseId: "stranger" }), sensedTold(0, { evseId: "constructor" })]);
  t.strictSame([...known.points.keys()], ["left"]);
});

t.test("keeps a quarter of an hour in steps of 5 s, holes where nothing was known", async t => {
  const told: Told[] = [];
  for (let step = 0; step < 200; step++) {
    const at = step * 5_000;
    // From step 150 on the point is silent, from 190 on the meter too.
    if (step < 150) told.push(...balancerTold(at), statusTold(at, { offerA: 10, drawA: { l1: 1, l2: 9, l3: 3 } }));
    if (step < 190) told.push(readingTold(at, { ageMs: 0 }));
    told.push([at, { kind: "sample", civilMs: noon + at }]);
  }
  const history = historyOf(knowing(told).history, ["left"]);
  t.equal(historyView.safeParse(history).error, undefined);
  t.equal(history.atMs.length, 180);
  t.equal(history.atMs[0], noon + 20 * 5_000);
  t.equal(history.atMs[179], noon + 199 * 5_000);
  t.equal(history.points["left"]?.drawA[0], 9, "the most loaded phase");
  t.equal(history.points["left"]?.offerA[129], 10);
  t.equal(history.points["left"]?.offerA[179], null);
  t.equal(history.mainsLimitA[179], null);
  t.equal(history.mainsA.l2[100], 21.8);
  t.equal(history.mainsA.l2[179], null);
  t.equal(history.mainsA.l1.length, 180);
});

t.test("tells who decides and who stands by, and names a standby that is silent or cut off", async t => {
  const carriers = ["a", "b"].map(node => ({ service: "balancer", node }));
  const hear = (change: Partial<typeof leaseStatus.example>): KnowledgeInput => ({
    kind: "lease.status",
    fact: { ...leaseStatus.example, ...change },
  });
  const told = (more: readonly KnowledgeInput[]): Knowledge =>
    [hear({ node: "a", role: "active", epoch: 4 }), ...more].reduce<Knowledge>(
      (known, input) => learn(known, input, 0).state,
      { ...knowing(allWell(0), identity.points), carriers: carriers.map(carrier => ({ ...carrier, lease: null })) },
    );
  const both = told([hear({ node: "b", role: "standby", epoch: 4 })]);
  t.strictSame(healthOf(both, 900).reasons, []);
  const balancer = { value: { ...balancerStatus.example, node: "a", epoch: 4 }, at: 0 };
  t.strictSame(viewOf({ ...both, balancer }, identity, 900, 0).balancer, { node: "a", epoch: 4, standby: ["b"] });
  t.match(metricsOf(both, gauges, 900), /edge_lease_active\{service="balancer",node="a"\} 1\n.*node="b"\} 0\n/);
  t.match(healthOf(told([]), 900).reasons, ["balancer on b is silent"]);
  const cut = told([hear({ node: "b", role: "cut-off", problem: "NATS does not answer" })]);
  t.match(healthOf(cut, 900).reasons, ["balancer on b cannot reach the lease: NATS does not answer"]);
});

t.test("is healthy when everyone needed is heard, and names who is not", async t => {
  const health = (told: readonly Told[], now: number) => healthOf(knowing(told, identity.points), now);
  t.strictSame(health(allWell(0), 900).reasons, []);
  t.equal(health(allWell(0), 900).status, "ok");
  t.strictSame(health([], 0).reasons, [
    "settings have not arrived",
    "balancer is silent",
    "evse-left is silent",
    "pilot-left is silent",
    "evse-right is silent",
    "pilot-right is silent",
  ]);
  t.strictSame(health([...allWell(0), sensedTold(0, { link: "handshake" })], 0).reasons, [
    "board of left is handshake",
  ]);
  const silent = health([...allWell(0), meterTold(0, { state: "silent", lastError: "no answer within 200 ms" })], 0);
  t.strictSame(silent.reasons, ["meter mains gives no readings: no answer within 200 ms"]);
  t.equal(silent.status, "degraded");
  t.strictSame(
    health([...allWell(0), meterTold(0, { state: "off" })], 0).reasons,
    [],
    "a meter that is switched off is none",
  );
});

t.test("gives Prometheus what is known, and leaves out what is not", async t => {
  const text = metricsOf(knowing(allWell(0), identity.points), gauges, 500);
  for (const line of [
    'edge_point_offered_amperes{point="left"} 11.2',
    'edge_point_drawn_amperes{point="left",phase="l2"} 11',
    'edge_point_limit_amperes{point="left"} 11.2',
    'edge_point_bound_by{point="left",by="mains.l2"} 1',
    'edge_mains_amperes{phase="l2"} 24.8',
    'edge_meter_sample_age_seconds{meter="mains"} 0.535',
    'edge_meter_timeouts_total{meter="mains"} 0',
    'edge_meter_finding{meter="mains",code="phases-swapped"} 1',
    'edge_point_max_amperes{point="left"} 16',
    'edge_facts_heard_total{fact="evse.status"} 2',
    'edge_http_requests_total{status="200"} 7',
    "process_resident_memory_bytes 100",
  ]) {
    t.ok(text.split("\n").includes(line), line);
  }
  t.notMatch(text, /edge_point_drawn_amperes\{point="right"/);
  t.notMatch(metricsOf(knowing([]), gauges, 0), /edge_mains_amperes\{/);
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(match => match[1]);
  t.equal(new Set(names).size, names.length, "each metric is declared once");
  for (const line of text.trimEnd().split("\n")) {
    t.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?[\d.e+-]+)$/, line);
  }
});

t.test("keeps its schema whatever is told, in whatever order", async () => {
  const at = fc.integer({ min: 0, max: 30_000 });
  const told = fc.oneof(
    at.map(time => statusTold(time)),
    fc
      .tuple(at, fc.constantFrom(...evseState.options))
      .map(([time, state]) => statusTold(time, { state, drawA: null })),
    at.map(time => statusTold(time, { ...evseStatus.example, evseId: "right", offerA: 0, session: null })),
    at.map(time => sensedTold(time)),
    at.map(time => readingTold(time)),
    at.map(time => meterTold(time, { state: "silent" })),
    at.map(time => settingsTold(time)),
    at.map(time => balancerTold(time)[0] ?? settingsTold(time)),
    at.map((time): Told => [time, { kind: "sample", civilMs: noon + time }]),
  );
  fc.assert(
    fc.property(fc.array(told, { maxLength: 30 }), facts => {
      const inOrder = [...facts].sort(([a], [b]) => a - b);
      return siteView.safeParse(viewAt(inOrder, 30_000)).success;
    }),
  );
});

t.test("limits from outside and the quarter hour: what flows now, and what it comes to", async t => {
  const at = 10_000;
  const told: Told[] = [
    ...allWell(at),
    readingTold(at, { role: "mains", evseId: null, totalPowerW: 6_000, ageMs: 0 }),
    [at, { kind: "limits.current", fact: limitsCurrent.example }],
  ];
  const known = knowing(told, identity.points);
  const view = siteView.parse(viewOf(known, identity, at + 2_000, noon));
  t.match(view.limits?.set, [{ limitId: "dim-1", owner: "ems", maxW: 4_200 }]);
  const endsInMs = 410_000;
  t.match(view.limits?.quarter, {
    ...{ nowW: 6_000, limitW: 5_000, endsInMs, month: "2026-01", monthPeakW: 4_870 },
    predictedW: Math.round((610.5 * 3_600 + 6_000 * 410) / 900),
  });
  t.equal(viewOf(known, identity, at + 6_000, noon).limits, null, "nobody keeps them any more");
});

t.test("limits that the balancer has not heard: told by page and health", async t => {
  const at = 10_000;
  const known = knowing([...allWell(at), statusTold(at, { boundBy: "limits-unheard" })], identity.points);
  t.match(viewOf(known, identity, at, noon).warnings.join(), /the limits service is not heard/);
  t.match(healthOf(known, at).reasons.join(), /the limits service is not heard/);
  t.notMatch(healthOf(knowing(allWell(at), identity.points), at).reasons.join(), /limits/);
});
