import t from "tap";
import type { SiteView } from "../../services/api/view.ts";
import { limitRows, quarterLines, stopWarning } from "../../services/api/web/src/model/limits.ts";
import { exampleView } from "../support/site-view.ts";

type LimitsView = NonNullable<SiteView["limits"]>;
type SetLimit = LimitsView["set"][number];

const limit = (more: Partial<SetLimit>): SetLimit => ({
  ...{ limitId: "dim-1", owner: "ems", evseId: null, maxA: null, maxW: 4_200, expiresInMs: 720_000 },
  ...more,
});
const quarter: LimitsView["quarter"] = {
  ...{ nowW: 3_200, predictedW: 5_120, limitW: 5_000, endsInMs: 412_000, month: "2026-11", monthPeakW: 4_870 },
};

t.test("each limit from outside: what it leaves, for whom, whose it is, and for how long", async t => {
  const view = exampleView({
    limits: {
      set: [
        limit({}),
        limit({ limitId: "left-1", evseId: "left", maxA: 10, maxW: null, expiresInMs: null }),
        limit({ limitId: "old", evseId: "elsewhere", maxA: 6.5, maxW: null }),
      ],
      quarter: null,
    },
  });
  t.match(limitRows(view), [
    { limitId: "dim-1", owner: "ems", value: "4.2 kW for the charge point", until: "12 min left" },
    { value: "10 A per phase for Left", until: "until withdrawn" },
    { value: "6.5 A per phase for elsewhere" },
  ]);
  t.strictSame(quarterLines(view), []);
  t.strictSame(limitRows(exampleView()), [], "nobody keeps limits");
});

t.test("the quarter hour beside its limit, and the month's highest", async t => {
  const view = exampleView({ limits: { set: [], quarter } });
  t.strictSame(
    quarterLines(view).map(({ label, value, over }) => [label, value, over]),
    [
      ["From the grid now", "3.2 kW", false],
      ["Average of the quarter hour, as it goes (6 min left)", "5.1 kW", true],
      ["Its limit", "5.0 kW", false],
      ["Highest quarter hour of November", "4.9 kW", false],
    ],
  );
  const free = exampleView({
    limits: { set: [], quarter: { ...quarter, nowW: null, predictedW: null, limitW: null } },
  });
  t.strictSame(
    quarterLines(free).map(({ value }) => value),
    ["– kW", "– kW", "4.9 kW"],
    "without a limit there is no line for it",
  );
});

t.test("CAP STOP is counted down", async t => {
  t.equal(stopWarning(exampleView()), null);
  t.match(stopWarning(exampleView({ capStopInMs: 540_000 })), /Charging stops in 9 min/);
});
