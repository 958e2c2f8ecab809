import t from "tap";
import type { MeterView, PointStatusView, PointView } from "../../services/api/view.ts";
import { headlineOf } from "../../services/api/web/src/model/headline.ts";
import { linksOf } from "../../services/api/web/src/model/links.ts";
import { noticesOf } from "../../services/api/web/src/model/notices.ts";
import { powerFlowOf } from "../../services/api/web/src/model/power.ts";
import { suggestionsFor } from "../../services/api/web/src/model/simulation.ts";
import { parseCommand } from "../../services/simulator/scenario.core.ts";
import { exampleView, pointView, statusView } from "../support/site-view.ts";

type Case = readonly [change: Partial<PointStatusView>, tone: string, title: string];

const CASES: readonly Case[] = [
  [{ state: "C2" }, "charging", "Charging"],
  [{ state: "C1" }, "waiting", "Stopping"],
  [{ state: "A", carConnected: false }, "idle", "Free, no car"],
  [{ state: "A", carConnected: false, access: "off" }, "idle", "Off"],
  [{ state: "B1", access: "off" }, "idle", "Off, car connected"],
  [{ state: "B1", access: "pause" }, "idle", "Paused, car connected"],
  [{ state: "A", carConnected: false, access: "pause" }, "idle", "Paused"],
  [{ state: "activate" }, "waiting", "Waking the car"],
  [{ state: "B1", chargeDelayS: 42 }, "waiting", "Waiting 42 s"],
  [{ state: "B1" }, "waiting", "Waiting for current"],
  [{ state: "B1", asksPower: false }, "waiting", "Waiting for current"],
  [{ state: "B2" }, "waiting", "Starting"],
  [{ state: "B2", asksPower: false }, "idle", "Ready, car does not ask"],
];

t.test("each state of a charge point has its words", async t => {
  for (const [change, tone, title] of CASES) {
    t.strictSame(headlineOf(pointView({ status: statusView(change) })), { tone, title }, title);
  }
});

const rcmTrip: PointView["faults"][number] = { code: "rcm-trip", words: "residual current" };
const noCurrent: PointView["faults"][number] = { code: "no-current", words: "not enough current is left" };

t.test("a silent point says how long it has been silent, before anything it said", async t => {
  t.equal(headlineOf(pointView({ status: null, fresh: false, ageMs: null })).title, "Not heard of yet");
  t.strictSame(headlineOf(pointView({ fresh: false, ageMs: 12_000, faults: [rcmTrip] })), {
    tone: "unknown",
    title: "Last heard of 12 s ago",
  });
});

t.test("a fault stops a point in words; a shortage of current only makes it wait", async t => {
  const waiting = statusView({ state: "B1" });
  t.equal(headlineOf(pointView({ status: waiting, faults: [rcmTrip] })).tone, "fault");
  t.equal(headlineOf(pointView({ status: waiting, faults: [noCurrent] })).tone, "waiting");
});

t.test("the head of the page says each thing once, and shortage not at all", async t => {
  const view = exampleView({
    points: [pointView({ faults: [rcmTrip, noCurrent] })],
    warnings: ["Left: residual current", "Left: not enough current is left", "meter mains: silent"],
  });
  const { faulty, warnings } = noticesOf(view);
  t.strictSame(
    faulty.map(({ point, words }) => [point.id, words]),
    [["left", "residual current"]],
  );
  t.strictSame(warnings, ["Meter mains: silent"]);
});

t.test("power from the grid is the house's and the cars'; without meters it is reckoned from currents", async t => {
  const flow = powerFlowOf(exampleView());
  t.equal(Math.round(flow.gridW ?? 0), Math.round(48.1 * 230));
  t.equal(Math.round(flow.carsW ?? 0), Math.round(33.2 * 230));
  t.equal(Math.round(flow.houseW ?? 0), Math.round((48.1 - 33.2) * 230));
});

t.test("a car whose draw nobody measures leaves house and cars unknown, unless its contactor is open", async t => {
  const unmeasured = (activePhases: 0 | 3) =>
    powerFlowOf(exampleView({ points: [pointView({ status: statusView({ drawA: null, activePhases }) })] }));
  t.match(unmeasured(3), { carsW: null, houseW: null });
  t.equal(unmeasured(0).carsW, 0);
});

const mainsMeter: MeterView = {
  id: "mains",
  role: "mains",
  evseId: null,
  state: "ok",
  source: "Eastron3P, address 10",
  typeLabel: "Eastron3P",
  currentA: null,
  totalPowerW: null,
  importWh: null,
  exportWh: null,
  quality: "measured",
  ageMs: 70_000,
  cadenceMs: 1_000,
  lastError: "a reply was late",
  findings: [],
  counters: null,
};

t.test("boards and meters say whether they answer, and what is wrong where they do not", async t => {
  const meter = {
    ...mainsMeter,
    id: "ev-left",
    role: "ev",
    evseId: "left",
    state: "silent",
    lastError: "no answer within 500 ms",
  } as const;
  const lost = pointView({ board: { ...pointView().board, link: "down", lastError: "connection refused" } });
  const crossed: MeterView = {
    ...mainsMeter,
    findings: [
      { code: "phases-swapped", text: "L1 of this meter is L2 of the mains meter" },
      { code: "frozen", text: "every value has been the same for 2 min" },
    ],
  };
  const [board, silent, well, doubted, derived] = linksOf(
    exampleView({
      points: [lost],
      meters: [meter, mainsMeter, crossed, { ...mainsMeter, quality: "derived" }],
    }),
  );
  t.match(board, { name: "Board of Left", word: "away", health: "bad", detail: "connection refused" });
  t.match(silent, { name: "EV meter of Left", word: "silent", health: "bad", detail: "no answer within 500 ms" });
  t.match(well, { name: "Mains meter", word: "answers", health: "good", detail: "Eastron3P, address 10" });
  t.match(doubted, {
    word: "check wiring",
    health: "waiting",
    detail: "L1 of this meter is L2 of the mains meter; every value has been the same for 2 min",
  });
  t.match(derived, { health: "good", detail: "Eastron3P, address 10 (currents worked out from power)" });
});

t.test("what the page suggests on a simulated site is what its simulator understands, and fits the moment", async t => {
  const meter = { ...mainsMeter, state: "silent" } as const;
  const free = pointView({ id: "right", name: "Right", status: statusView({ carConnected: false }) });
  const suggestions = suggestionsFor(exampleView({ points: [pointView(), free], meters: [meter] }));
  const words = suggestions.map(suggestion => suggestion.words);
  t.match(words, ["house l2 18", "house auto", "unplug left", "plug right", "meter mains answers"]);
  for (const said of words) t.ok(parseCommand(said, { points: ["left", "right"], meters: ["mains"] }).ok, said);
});
