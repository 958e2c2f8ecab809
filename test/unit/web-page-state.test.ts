import t from "tap";
import {
  advancePage,
  ageNow,
  type PageEvent,
  type PageState,
  startingPage,
} from "../../services/api/web/src/model/page-state.ts";
import { exampleView, pointView, statusView } from "../support/site-view.ts";

const view = exampleView();
const inPause = exampleView({ points: [pointView({ status: statusView({ access: "pause", choice: "pause" }) })] });

/** Runs events at their times and gives the state after the last. */
function after(events: readonly (readonly [atMs: number, event: PageEvent])[]): PageState {
  return events.reduce((state, [atMs, event]) => advancePage(state, event, atMs), startingPage(0));
}

t.test("is live from the first view, and lost when the stream breaks, with the last view kept", async t => {
  t.equal(startingPage(0).link, "starting");
  t.equal(after([[10, { kind: "view", view }]]).link, "live");
  const lost = after([
    [10, { kind: "view", view }],
    [20, { kind: "stream-broken" }],
  ]);
  t.equal(lost.link, "lost");
  t.equal(lost.view, view);
});

t.test("a stream that falls silent is lost after five seconds, though nobody closed it", async t => {
  const heard = [0, { kind: "view", view }] as const;
  t.equal(after([heard, [5_000, { kind: "tick" }]]).link, "live");
  t.equal(after([heard, [5_001, { kind: "tick" }]]).link, "lost");
  t.equal(after([heard, [9_000, { kind: "tick" }], [9_100, { kind: "view", view }]]).link, "live");
});

t.test("a page that never heard anything is lost only when its stream fails", async t => {
  t.equal(after([[60_000, { kind: "tick" }]]).link, "starting");
  t.equal(after([[60_000, { kind: "stream-broken" }]]).link, "lost");
});

t.test("ages grow while nothing comes", async t => {
  const later = after([
    [1_000, { kind: "view", view }],
    [4_000, { kind: "tick" }],
  ]);
  t.equal(ageNow(300, later), 3_300);
  t.equal(ageNow(null, later), null);
});

t.test("a mode asked for is open until the charge point itself shows it", async t => {
  const asked = [1_000, { kind: "asked", pointId: "left", choice: "pause" }] as const;
  const accepted = [1_100, { kind: "accepted", pointId: "left" }] as const;
  t.equal(after([asked]).wishes["left"]?.step, "asking");
  t.equal(after([asked, accepted, [1_200, { kind: "view", view }]]).wishes["left"]?.step, "accepted");
  t.strictSame(after([asked, accepted, [1_200, { kind: "view", view: inPause }]]).wishes, {});
});

t.test("says so when an accepted mode is not shown within six seconds", async t => {
  const asked = [0, { kind: "asked", pointId: "left", choice: "pause" }] as const;
  const accepted = [100, { kind: "accepted", pointId: "left" }] as const;
  t.equal(after([asked, accepted, [6_000, { kind: "tick" }]]).wishes["left"]?.problem, null);
  t.match(after([asked, accepted, [6_001, { kind: "tick" }]]).wishes["left"]?.problem, /does not show it yet/);
});

t.test("a refusal stays readable whatever the charge point shows, until the next wish", async t => {
  const refused = after([
    [0, { kind: "asked", pointId: "left", choice: "smart" }],
    [50, { kind: "refused", pointId: "left", problem: "no mains meter" }],
    [1_000, { kind: "view", view }],
    [9_000, { kind: "tick" }],
  ]);
  t.match(refused.wishes["left"], { step: "refused", problem: "no mains meter" });
  const next = advancePage(refused, { kind: "asked", pointId: "left", choice: "normal" }, 9_500);
  t.match(next.wishes["left"], { choice: "normal", step: "asking", problem: null });
});

t.test("an answer to a wish that is done changes nothing", async t => {
  t.strictSame(after([[0, { kind: "accepted", pointId: "left" }]]).wishes, {});
});
