import t from "tap";
import { currentsPlan, evMeterFeeds, type FeedContext } from "../../services/api/smartevse/feed.core.ts";
import { legacyState } from "../../services/api/smartevse/states.core.ts";
import { treeOf } from "../../services/api/smartevse/tree.core.ts";
import { evseState, evseStatus } from "../../shared/contracts/evse.ts";
import { type EvseFault, evseFault } from "../../shared/contracts/fault.ts";
import type { SettingValue } from "../../shared/contracts/settings.ts";
import { SETTINGS_PATHS } from "../fixtures/smartevse-settings-paths.ts";
import {
  balancerTold,
  knowing,
  leftPoint,
  meterTold,
  readingTold,
  rightPoint,
  sensedTold,
  statusTold,
  type Told,
} from "../support/knowledge.ts";

const civilMs = 1_768_066_349_000;

interface Given {
  readonly told?: readonly Told[];
  readonly site?: Record<string, SettingValue>;
  readonly left?: Record<string, SettingValue>;
  readonly now?: number;
}

type Tree = Record<string, never>;

function tree({ told = [], site = {}, left = {}, now = 1_000 }: Given = {}): Tree {
  const settings = {
    revision: 1,
    site,
    points: { left },
    secretsSet: { site: ["mqtt_password"], points: { left: ["ocpp_auth_key"] } },
  };
  return treeOf({
    known: knowing([[0, { kind: "settings.current", fact: settings }], ...told], [leftPoint, rightPoint]),
    settings,
    point: leftPoint,
    points: [leftPoint, rightPoint],
    version: "0.1.0",
    network: { ip: "192.0.2.7", mac: "aa:bb:cc:dd:ee:ff" },
    now,
    civilMs,
  }) as Tree;
}

/** The value at a path such as `evse.state`. */
function at(from: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], from);
}

const charging: Told[] = [statusTold(500), sensedTold(500), meterTold(500), readingTold(500)];
const metered: Told[] = [
  ...charging,
  meterTold(500, { meterId: "ev-left", role: "ev", evseId: "left", typeLabel: "API", address: null }),
  readingTold(500, {
    meterId: "ev-left",
    role: "ev",
    evseId: "left",
    currentA: { l1: 11.14, l2: 11.05, l3: 11 },
    totalPowerW: 7_650.4,
    importWh: 52_340,
    exportWh: 40,
  }),
  meterTold(500, { meterId: "circuit", role: "circuit", typeLabel: "Eastron3P", address: 13 }),
  readingTold(500, { meterId: "circuit", role: "circuit", totalPowerW: 9_000.6 }),
];

t.test("has every path of the contract, with the type its clients decode", async t => {
  const whole = tree({ told: metered, site: { loadbl: 1 }, left: { rfidreader: 1 } });
  for (const [path, type] of SETTINGS_PATHS) {
    const value = at(whole, path);
    if (type === "int") t.ok(Number.isInteger(value) && !Object.is(value, -0), `${path} is a whole number`);
    else if (type === "array") t.ok(Array.isArray(value), `${path} is a list`);
    else t.equal(typeof value, type, path);
  }
});

t.test("tells of a fresh site that knows nothing yet in the same types", async t => {
  const empty = tree();
  for (const [path, type, conditional] of SETTINGS_PATHS) {
    const value = at(empty, path);
    if (conditional === true && value === undefined) continue;
    t.ok(
      type === "int" ? Number.isInteger(value) : type === "array" ? Array.isArray(value) : typeof value === type,
      path,
    );
  }
  t.match(empty, { car_connected: false, evse: { state_id: 0, error: "Communication Error", error_id: 2 } });
});

t.test("tells the values of a charging point in its clients' units", async t => {
  const whole = tree({ told: metered, left: { mode: 1 } });
  t.match(whole, {
    version: "v0.1.0",
    serialnr: 1001,
    mode: "SMART",
    mode_id: 3,
    car_connected: true,
    eth: { present: true, has_ip: true, ip: "192.0.2.7", mac: "AA:BB:CC:DD:EE:FF" },
    evse: {
      access: 1,
      mode: 1,
      pwm: 191,
      state: "Charging",
      state_id: 2,
      error: "None",
      nrofphases: 3,
      charge_timer: 0,
    },
    settings: { charge_current: 112, mains_meter: "Eastron3P", enable_C2: "Always On", modem: "Not present" },
    ev_meter: {
      description: "API",
      address: 12,
      import_active_power: 7650,
      total_wh: 52_300,
      total_kwh: 52.3,
      charged_wh: 4210,
      charged_kwh: 4.21,
      currents: { TOTAL: 332, L1: 111, L2: 111, L3: 110 },
      import_active_energy: 52_340,
      export_active_energy: 40,
    },
    mains_meter: { import_active_energy: 12_345_500, export_active_energy: 678_250 },
    circuit_meter: { description: "Eastron3P", address: 13, power: 9001 },
    phase_currents: { L1: 142, L2: 218, L3: -31, TOTAL: 329, last_data_update: 1_768_066_348 },
    mqtt: { topic_prefix: "SmartEVSE-1001", password_set: true, port: 1883 },
    ocpp: { auth_key: "", auth_key_set: true, mode: "Disabled" },
    home_battery: { current: 0, last_update: 0 },
    color: { solar: { R: 255, G: 170, B: 0 } },
  });
});

t.test("tells mode and access in REST's numbers: OFF wins, then PAUSE", async t => {
  const modes: [number, number, number, string][] = [
    [0, 1, 1, "NORMAL"],
    [2, 1, 2, "SOLAR"],
    [1, 1, 3, "SMART"],
    [1, 0, 0, "OFF"],
    [2, 2, 4, "PAUSE"],
  ];
  for (const [mode, access, id, text] of modes) {
    t.match(tree({ left: { mode, access } }), { mode: text, mode_id: id, evse: { mode, access } });
  }
});

t.test("numbers states and errors as the firmware does [7.1-R1, 7.1-R2]", async t => {
  const ids = evseState.options.map(state => legacyState({ ...evseStatus.example, state }, true).stateId);
  t.strictSame(ids, [0, 9, 1, 10, 2, 8]);
  const error = (...faults: EvseFault[]) => {
    const { error: text, errorId, iec } = legacyState({ ...evseStatus.example, faults }, true);
    return [text, errorId, iec];
  };
  t.strictSame(error(), ["None", 0, "C"]);
  t.strictSame(error("mains-reading-lost"), ["Communication Error", 2, "E"]);
  t.strictSame(error("over-temperature"), ["Temperature High", 3, "E"]);
  t.strictSame(error("ev-meter-lost"), ["EV Meter Comm Error", 4, "E"]);
  t.strictSame(error("rcm-trip"), ["RCM Tripped", 5, "E"]);
  t.strictSame(error("circuit-reading-lost"), ["Circuit Meter Comm Error", 7, "E"]);
  t.strictSame(error("no-current", "rcm-trip"), ["RCM Tripped", 5, "E"], "a real error is not hidden");
  t.strictSame(error("contactor-weld"), ["Multiple Errors", 9, "E"]);
  t.strictSame(error("solar-unavailable"), ["None", 0, "C"]);
  for (const fault of evseFault.options.filter(one => one !== "no-current" && one !== "solar-unavailable")) {
    t.not(error(fault)[0], "None", `${fault} is an error to clients`);
  }
  t.match(legacyState({ ...evseStatus.example, state: "B1", faults: ["no-current"] }, true), {
    state: "Charging Stopped - No Power Available",
    error: "None",
    errorId: 0,
    iec: "B",
  });
});

t.test("a point that fell silent is a communication error, and charges nothing that we know of", async t => {
  const late = tree({ told: charging, now: 6_000 });
  t.match(late, {
    car_connected: true,
    evse: {
      state: "Charging Stopped",
      state_id: 9,
      error: "Communication Error",
      error_id: 2,
      charging_enabled: false,
      nrofphases: 0,
    },
    settings: { charge_current: 0 },
  });
});

t.test("a silent mains meter shows zeros and when it was last heard", async t => {
  t.match(tree({ told: charging, now: 20_000 }), {
    phase_currents: { L1: 0, TOTAL: 0, last_data_update: 1_768_066_329 },
    mains_meter: { import_active_energy: 0 },
  });
});

t.test("takes the home battery out of the shown mains in Solar only, without losing a tenth [5.5-R2]", async t => {
  const lines = { currentA: { l1: -0.1, l2: -0.4, l3: -0.5 } };
  const fed = (currentDeciA: number): Told => [900, { kind: "battery-fed", currentDeciA }];
  const shown = (given: Given) => tree(given)["phase_currents"] as unknown;
  const told: Told[] = [readingTold(500, lines), fed(100)];
  t.match(shown({ told, left: { mode: 1 } }), { L1: -1, L2: -4, L3: -5, TOTAL: -10 });
  const solar = shown({ told, left: { mode: 2 } });
  t.match(solar, { TOTAL: -110, original_data: { TOTAL: -10, L1: -1 } });
  t.match(solar, { L1: -35, L2: -37, L3: -38 });
  t.match(shown({ told: [readingTold(500, lines), fed(-61)], left: { mode: 2 } }), { TOTAL: 51 });
  t.match(shown({ told, left: { mode: 2, enable_C2: 1 } }), { L1: -101, L2: -4, L3: -5 });
  const late = tree({ told, left: { mode: 2 }, now: 12_000 });
  t.match(late, { home_battery: { current: 0, last_update: 1_768_066_337 }, phase_currents: { TOTAL: 0 } });
});

t.test("a master shows the points of the site in the places of its nodes", async t => {
  const whole = tree({ told: [...charging, balancerTold(500)], site: { loadbl: 1 } });
  t.match(at(whole, "nodes.0"), { current: 112, state: "Charging", sched: "Active" });
  t.match(at(whole, "nodes.1"), { current: 0, state: "N/A", sched: "Paused" });
  t.strictSame(at(whole, "schedule.state"), ["Active", "Paused", ...new Array<string>(6).fill("Inactive")]);
  t.equal(at(whole, "schedule.rotation_timer"), 1_448, "seconds until the turn goes on");
  t.match(
    at(tree({ told: charging, site: { loadbl: 1 } }), "schedule"),
    { rotation_timer: 0, state: new Array<string>(8).fill("Inactive") },
    "a balancer that is not heard says nothing",
  );
  t.equal(at(tree({ told: charging }), "nodes"), undefined);
});

const feedContext = (change: Partial<FeedContext> = {}): FeedContext => ({
  evseId: "left",
  serial: 1001,
  settings: { revision: 1, site: {}, points: {} },
  civilMs,
  activePhases: 3,
  mainsIsApi: true,
  circuitIsApi: true,
  evIsApi: true,
  batteryDeciA: 0,
  chargedWh: 4210,
  ...change,
});
const params = (query: string) => new Map(new URLSearchParams(query));
const node = { settings: { revision: 1, site: { loadbl: 2 }, points: {} } };

t.test("feeds currents in amperes, whole groups only, and passes over what nobody can believe", async t => {
  const whole = currentsPlan(
    params("L1=-12&L2=30.000000&L3=5&circuit_L1=1&circuit_L2=2&circuit_L3=3&battery_current=-40"),
    feedContext(),
  );
  t.strictSame(
    whole.feeds.map(({ feed }) => [feed.role, feed.currentA]),
    [
      ["mains", { l1: -1.2, l2: 3, l3: 0.5 }],
      ["circuit", { l1: 0.1, l2: 0.2, l3: 0.3 }],
    ],
  );
  t.strictSame(whole.feeds[0]?.reply, { original: { L1: -12, L2: 30, L3: 5 }, L1: -12, L2: 30, L3: 5, TOTAL: 23 });
  t.equal(whole.batteryDeciA, -40);
  for (const query of ["L1=1&L2=2", "L1=1&L2=2&L3=2001", "L1=-2001&L2=0&L3=0", "", "circuit_L1=1"]) {
    t.strictSame(currentsPlan(params(query), feedContext()).feeds, [], query);
  }
  t.equal(currentsPlan(params("battery_current=2001"), feedContext()).batteryDeciA, null);
  t.strictSame(currentsPlan(params("L1=1&L2=2&L3=3"), feedContext({ mainsIsApi: false })).feeds, []);
  const onNode = currentsPlan(params("L1=1&L2=2&L3=3&battery_current=5"), feedContext(node));
  t.strictSame(
    [onNode.feeds, onNode.wishes, onNode.reply],
    [[], [], { battery_current: "not allowed on slave", TOTAL: "not allowed on slave" }],
  );
});

t.test("feeds the EV meter group by group, on a node too", async t => {
  const both = "L1=110&L2=111&L3=112&import_active_power=7650&import_active_energy=52340&export_active_energy=40";
  const feeds = evMeterFeeds(params(both), feedContext(node));
  t.equal(feeds.length, 2);
  t.strictSame(feeds[0]?.feed.currentA, { l1: 11, l2: 11.1, l3: 11.2 });
  t.strictSame(feeds[1]?.reply, {
    ev_meter: {
      import_active_power: 7650,
      import_active_energy: 52_340,
      export_active_energy: 40,
      total_kwh: 52_300,
      charged_kwh: 4210,
    },
  });
  for (const query of [
    "L1=1",
    "import_active_power=1&import_active_energy=2",
    "import_active_power=1&import_active_energy=-2&export_active_energy=0",
    "import_active_power=100001&import_active_energy=2&export_active_energy=0",
  ]) {
    t.strictSame(evMeterFeeds(params(query), feedContext()), [], query);
  }
  t.strictSame(evMeterFeeds(params(both), feedContext({ evIsApi: false })), []);
});
