import t from "tap";
import type { HistoryView } from "../../services/api/view.ts";
import { inWords, mainsCurves, pointCurves, withPresent } from "../../services/api/web/src/model/curves.ts";
import { exampleView, pointView } from "../support/site-view.ts";

const noon = Date.parse("2026-01-01T12:00:00.000Z");
const empty: HistoryView = { stepMs: 5_000, atMs: [], mainsLimitA: [], mainsA: { l1: [], l2: [], l3: [] }, points: {} };
const at = (ms: number, change: Parameters<typeof exampleView>[0] = {}) =>
  exampleView({ at: new Date(noon + ms).toISOString(), ...change });

t.test("grows by one sample per step, however often views come", async t => {
  let history = empty;
  for (let ms = 0; ms <= 20_000; ms += 1_000) history = withPresent(history, at(ms));
  t.strictSame(
    history.atMs.map(ms => ms - noon),
    [0, 5_000, 10_000, 15_000, 20_000],
  );
  t.strictSame(history.mainsA.l2, [24.8, 24.8, 24.8, 24.8, 24.8]);
  t.strictSame(history.points["left"]?.drawA, [11.1, 11.1, 11.1, 11.1, 11.1]);
});

t.test("forgets what is older than 15 minutes, in every column alike", async t => {
  let history = empty;
  for (let ms = 0; ms <= 20 * 60_000; ms += 5_000) history = withPresent(history, at(ms));
  t.equal(history.atMs.length, 181);
  t.equal(history.atMs[0], noon + 5 * 60_000);
  const columns = [history.mainsLimitA, history.mainsA.l1, history.mainsA.l2, history.mainsA.l3];
  for (const column of [...columns, ...Object.values(history.points).flatMap(point => [point.offerA, point.drawA])]) {
    t.equal(column.length, history.atMs.length);
  }
});

t.test("a point that was not there before begins with a gap, and one that is silent leaves one", async t => {
  const before = withPresent(empty, at(0, { points: [] }));
  const both = withPresent(before, at(5_000));
  const silent = withPresent(both, at(10_000, { points: [pointView({ fresh: false })] }));
  t.strictSame(silent.points["left"]?.offerA, [null, 11.2, null]);
});

t.test("curves differ by dashes as well as by colour, and have words", async t => {
  const history = withPresent(withPresent(empty, at(0)), at(5_000));
  const mains = mainsCurves(history);
  t.equal(new Set(mains.map(curve => curve.dash.join())).size, mains.length);
  t.match(inWords(mains), /^L1: at most 14\.2 A; L2: at most 24\.8 A; L3: at most 9\.1 A; Fuse: at most 25\.0 A$/);
  const points = pointCurves(history, exampleView());
  t.strictSame(
    points.map(curve => curve.label),
    ["Left drawn", "Left offered"],
  );
  t.equal(inWords([{ label: "L1", colour: "l1", dash: [], values: [null, null] }]), "L1: nothing known");
});
