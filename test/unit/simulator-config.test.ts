import t from "tap";
import { simulatorConfig } from "../../services/simulator/simulator.config.ts";
import { planSite, problemsInSimulator } from "../../services/simulator/site-plan.ts";
import { describeIssues } from "../../shared/contracts/define.ts";
import { SiteFileError } from "../../shared/errors.ts";
import { parseSite } from "../../shared/site/site-file.ts";

const site = parseSite(
  `
site: test
chargePoints: [{ id: left, serial: 1 }, { id: right, serial: 2, phaseRotation: [l3, l2, l1] }]
services: [{ service: simulator }]
`,
  "test.yaml",
);
const good = {
  boards: { left: { port: 15101 }, right: { port: 15102 } },
  meters: [{ role: "mains", port: 15020, unit: 10 }],
};

t.test("what is left out has a value: loopback, a household, no roof, real time", async t => {
  t.match(simulatorConfig.parse({}), {
    host: "127.0.0.1",
    boards: {},
    meters: [],
    house: { kind: "household", baseA: 1.2, seed: 1 },
    roofPeakW: 0,
    speed: 1,
  });
  t.strictSame(problemsInSimulator(simulatorConfig.parse(good), site), []);
});

t.test("cars come and go at their times, wired as their points are", async t => {
  const cars = { right: { kind: "ev1p32", plugAfterS: 20, unplugAfterS: 60, energyKWh: 5 } };
  const plan = planSite(simulatorConfig.parse({ ...good, cars }), site);
  t.strictSame(
    plan.appointments.map(({ atS, words }) => [atS, words]),
    [
      [20, "plug right"],
      [60, "unplug right"],
    ],
  );
  t.match(plan.points[1], { evseId: "right", wiring: [2, 1, 0], car: { phases: 1, energyKWh: 5 }, ppOhm: 220 });
});

t.test("a value that cannot be is refused by its key", async t => {
  const cases: [object, RegExp][] = [
    [{ bords: {} }, /bords/],
    [{ boards: { left: { port: 0 } } }, /boards\.left\.port/],
    [{ boards: { left: { port: 70_000 } } }, /boards\.left\.port: .*65535/],
    [{ boards: { left: {} } }, /boards\.left\.port/],
    [{ boards: { "Left!": { port: 1 } } }, /boards\.Left!/],
    [{ meters: [{ role: "pv", port: 1, unit: 1 }] }, /meters\.0\.role/],
    [{ meters: [{ role: "ev", port: 1, unit: 1 }] }, /meters\.0\.evseId/],
    [{ meters: [{ role: "mains", port: 1, unit: 0 }] }, /meters\.0\.unit/],
    [{ meters: [{ role: "mains", port: 1, unit: 248 }] }, /meters\.0\.unit: .*247/],
    [{ meters: [{ role: "mains", evseId: "left", port: 1, unit: 1 }] }, /meters\.0: .*evseId/],
    [{ cars: { left: { kind: "beetle" } } }, /cars\.left\.kind: .*"ev3p16".*"zoe"/],
    [{ cars: { left: { kind: "zoe", plugAfterS: -1 } } }, /cars\.left\.plugAfterS/],
    [
      { cars: { left: { kind: "zoe", plugAfterS: 20, unplugAfterS: 10 } } },
      /unplugAfterS: expected a time after plugAfterS/,
    ],
    [{ cars: { left: { kind: "zoe", energyKWh: 0 } } }, /cars\.left\.energyKWh/],
    [{ cars: { left: { kind: "zoe", socketPpOhm: 10 } } }, /cars\.left\.socketPpOhm/],
    [{ house: { kind: "castle" } }, /house\.kind/],
    [{ house: { baseA: -1 } }, /house\.baseA/],
    [{ house: { seed: 1.5 } }, /house\.seed/],
    [{ roofPeakW: -1 }, /roofPeakW/],
    [{ sky: "rain" }, /sky: .*"clear".*"clouds"/],
    [{ scenario: "plug left" }, /scenario/],
    [{ speed: 0 }, /speed/],
    [{ speed: 61 }, /speed: .*60/],
  ];
  for (const [part, expected] of cases) {
    const parsed = simulatorConfig.safeParse(part);
    t.equal(parsed.success, false, JSON.stringify(part));
    if (!parsed.success) t.match(describeIssues(parsed.error), expected);
  }
});

t.test("what fits nothing on this site is refused by its key", async t => {
  const car = { kind: "zoe" };
  const mains = { role: "mains", port: 15020, unit: 10 };
  const cases: [object, RegExp][] = [
    [{ boards: { middle: { port: 1 } } }, /boards\.middle: there is no such charge point; expected one of left, right/],
    [{ ...good, cars: { middle: car } }, /cars\.middle: middle has no simulated board; expected one of left, right/],
    [
      { cars: { left: car } },
      /cars\.left: left has no simulated board; expected one of none, as boards names no board/,
    ],
    [
      { boards: { left: { port: 1 } }, meters: [{ role: "ev", evseId: "right", port: 2, unit: 1 }] },
      /meters\[0\]\.evseId: right has no simulated board; expected one of left/,
    ],
    [{ ...good, meters: [mains, { ...mains, unit: 11 }] }, /meters\[1\]: there is already a meter mains/],
    [
      { ...good, meters: [mains, { role: "ev", evseId: "left", port: 15020, unit: 10 }] },
      /meters\[1\]\.unit: unit 10 on port 15020 is taken/,
    ],
    [{ boards: { left: { port: 1 }, right: { port: 1 } } }, /boards\.right\.port: 1 is also boards\.left\.port/],
    [{ boards: { left: { port: 15020 } }, meters: [mains] }, /boards\.left\.port: 15020 is also meters\[0\]\.port/],
    [{ ...good, scenario: ["at 5 s plug left", "at 9 s dance"] }, /scenario\[1\]: "dance" is not understood/],
  ];
  for (const [part, expected] of cases) {
    const config = simulatorConfig.parse(part);
    t.match(problemsInSimulator(config, site).join("; "), expected);
    t.throws(() => planSite(config, site), SiteFileError);
  }
});
