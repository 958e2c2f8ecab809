import t from "tap";
import type { SettingsCurrent } from "../../shared/contracts/settings.ts";
import { catalogue, settingOf } from "../../shared/settings/catalogue/index.ts";
import { isVisible, menuSettings, NO_DEVICES, selectableOptions, type View } from "../../shared/settings/visibility.ts";
import { MENU_TABLE } from "../fixtures/menu-table.ts";

/** A situation at the charger, in the words of the table. */
interface Situation {
  readonly mode: "Normal" | "Smart" | "Solar";
  readonly role: "Disabled" | "Master" | "Node 1" | "Node 7";
  readonly mainsMet: "Disabled" | "Sensorbox" | "API" | "Eastron3P" | "HmWzrd P1" | "Custom";
  readonly evMeter: "Disabled" | "API" | "Eastron3P" | "Custom";
  readonly config: "Socket" | "Fixed";
  readonly wifi: "Disabled" | "Enabled" | "SetupWifi";
  readonly capacity: 0 | 10;
  readonly sensorbox: "v1" | "v2, with CTs";
}

/** What each entry of the column "Visible when" means. */
const WHEN: Readonly<Record<string, (at: Situation) => boolean>> = {
  Always: () => true,
  "CONFIG = Socket": at => at.config === "Socket",
  "Smart/Solar": at => at.mode === "Smart" || at.mode === "Solar",
  "MAINS MET = Sensorbox (with CTs)": at => at.mainsMet === "Sensorbox" && at.sensorbox === "v2, with CTs",
  "MAINS MET = Sensorbox v2": at => at.mainsMet === "Sensorbox" && at.sensorbox === "v2, with CTs",
  "MAINS MET = Modbus meter": at => at.mainsMet === "Eastron3P" || at.mainsMet === "Custom",
  "EV METER = Modbus meter": at => at.evMeter === "Eastron3P" || at.evMeter === "Custom",
  "Custom meter selected": at => at.mainsMet === "Custom" || at.evMeter === "Custom",
  "MAINS MET configured": at => at.mainsMet !== "Disabled",
  "Master, or (Disabled + Smart/Solar + EV METER)": at =>
    at.role === "Master" || (at.role === "Disabled" && at.mode !== "Normal" && at.evMeter !== "Disabled"),
  Solar: at => at.mode === "Solar",
  "WIFI = Enabled": at => at.wifi === "Enabled",
  "CAPACITY configured": at => at.capacity > 0,
  "PWR SHARE = Master": at => at.role === "Master",
};

const numberFor = (key: string, label: string): number => {
  const option = settingOf(key)?.options?.find(candidate => candidate.label === label);
  if (option === undefined) throw new Error(`${key} has no option ${label}`);
  return option.value;
};

function viewOf(at: Situation): View {
  const site = {
    loadbl: numberFor("loadbl", at.role),
    mains_meter: numberFor("mains_meter", at.mainsMet),
    wifi: numberFor("wifi", at.wifi),
    current_max_sum_mains: at.capacity,
  };
  const left = {
    mode: numberFor("mode", at.mode),
    config: numberFor("config", at.config),
    ev_meter: numberFor("ev_meter", at.evMeter),
  };
  const current: SettingsCurrent = { revision: 1, site, points: { left } };
  const attached = at.sensorbox !== "v1";
  return { current, evseId: "left", devices: { ...NO_DEVICES, sensorboxHasCts: attached, sensorboxV2: attached } };
}

function* situations(): Generator<Situation> {
  for (const mode of ["Normal", "Smart", "Solar"] as const)
    for (const role of ["Disabled", "Master", "Node 1", "Node 7"] as const)
      for (const mainsMet of ["Disabled", "Sensorbox", "API", "Eastron3P", "HmWzrd P1", "Custom"] as const)
        for (const evMeter of ["Disabled", "API", "Eastron3P", "Custom"] as const)
          for (const config of ["Socket", "Fixed"] as const)
            for (const wifi of ["Disabled", "Enabled", "SetupWifi"] as const)
              for (const capacity of [0, 10] as const)
                for (const sensorbox of ["v1", "v2, with CTs"] as const)
                  yield { mode, role, mainsMet, evMeter, config, wifi, capacity, sensorbox };
}

/** The labels of a menu, with the eleven custom meter settings as the one row the table has for them. */
function rowsOf(view: View): readonly string[] {
  return [
    ...new Set(
      menuSettings(view).map(setting => (setting.menuOrder === 11 ? "Custom meter settings" : (setting.label ?? ""))),
    ),
  ];
}

t.test("shows the rows of the product's table, in its order, in every mode, role and wiring", async t => {
  const wrong: string[] = [];
  let count = 0;
  for (const at of situations()) {
    count++;
    const isNode = at.role.startsWith("Node");
    const expected = MENU_TABLE.filter(([, when, notOnNodes]) => WHEN[when]!(at) && !(isNode && notOnNodes === "D/M"));
    const labels = expected.map(([label]) => label).join();
    const shown = rowsOf(viewOf(at)).join();
    if (shown !== labels) wrong.push(`${JSON.stringify(at)}: ${shown} instead of ${labels}`);
  }
  t.strictSame(wrong.slice(0, 3), []);
  t.equal(count, 3 * 4 * 6 * 4 * 2 * 3 * 2 * 2);
});

t.test("a node sees exactly the settings the product document lists for it", async t => {
  const everything = {
    mode: "Solar",
    mainsMet: "Custom",
    evMeter: "Custom",
    config: "Socket",
    wifi: "Enabled",
  } as const;
  const node = viewOf({ ...everything, role: "Node 1", capacity: 10, sensorbox: "v2, with CTs" });
  t.strictSame(
    rowsOf(node).join(", "),
    "MODE, CONFIG, LOCK, PWR SHARE, EV METER, EV ADR, MAX, CONTACT 2, SWITCH, RCMON, RFID, WIFI, AUTOUPDAT, APP PIN, APP SERVR, MAX TEMP, LCD PIN",
  );
});

t.test("ranges and defaults are those of the table", async t => {
  for (const [label, , , range, initial] of MENU_TABLE) {
    const setting = catalogue.find(candidate => candidate.label === label);
    if (setting === undefined) {
      t.equal(label, "Custom meter settings");
      continue;
    }
    const bounds = /(\d+)-(\d+)/.exec(range);
    if (setting.type === "integer") t.same([bounds?.[1], bounds?.[2]].map(Number), [setting.min, setting.max], label);
    t.equal(setting.zeroIsOff, /Disabled|^0,/.test(range) && setting.type === "integer", `${label} off`);
    const named = setting.options?.find(option => option.value === setting.default)?.label;
    const wanted = initial.replace(/ ?(A|C|min|s)$/, "");
    t.ok([named, String(setting.default ?? "")].includes(wanted), `${label} begins with ${wanted}`);
  }
});

t.test("a node can choose neither Auto nor Grid Relay", async t => {
  const base = {
    mode: "Smart",
    mainsMet: "API",
    evMeter: "API",
    config: "Socket",
    wifi: "Enabled",
    capacity: 0,
    sensorbox: "v1",
  } as const;
  const labels = (key: string, role: Situation["role"]) =>
    selectableOptions(settingOf(key)!, viewOf({ ...base, role })).map(option => option.label);
  t.ok(labels("enable_C2", "Master").includes("Auto"));
  t.notOk(labels("enable_C2", "Node 1").includes("Auto"));
  t.ok(labels("switch", "Disabled").includes("Grid Relay"));
  t.notOk(labels("switch", "Node 7").includes("Grid Relay"));
  t.equal(labels("enable_C2", "Node 1").length, 4);
});

t.test("settings beside the table appear with what they belong to", async t => {
  const view = (site: Record<string, number>, point: Record<string, number> = {}, devices = {}): View => ({
    current: { revision: 1, site, points: { left: point } },
    evseId: "left",
    devices: { ...NO_DEVICES, ...devices },
  });
  const shows = (key: string, at: View) => isVisible(settingOf(key)!, at);
  const pairs: readonly (readonly [key: string, hidden: View, shown: View])[] = [
    ["current_main", view({}), view({}, {}, { mainsMeterPresent: true })],
    ["intervals", view({ capacity_mode: 1 }), view({ capacity_mode: 2 })],
    ["circuit_meter_address", view({ circuit_meter_type: 9 }), view({ circuit_meter_type: 4 })],
    ["circuit_currents", view({ circuit_meter_type: 4 }), view({ circuit_meter_type: 9 })],
    ["mains_currents", view({ mains_meter: 4 }), view({ mains_meter: 9 })],
    ["ev_currents", view({}), view({}, { ev_meter: 9 })],
    ["mains_meter_host", view({ mains_meter: 4 }), view({ mains_meter: 13 })],
    ["ev_meter_host", view({}), view({}, { ev_meter: 13 })],
    ["circuit_meter_host", view({}), view({ circuit_meter_type: 13 })],
    ["phases", view({}, { enable_C2: 0 }), view({}, { enable_C2: 3 })],
    ["override_current", view({}, { mode: 2 }), view({}, { mode: 1 })],
    ["rfid_swipe", view({}), view({}, { rfidreader: 1 })],
    ["linky_failsafe", view({}), view({}, {}, { linkyPresent: true })],
    ["full_soc", view({}), view({}, {}, { modemPresent: true })],
  ];
  for (const [key, hidden, shown] of pairs) {
    t.equal(shows(key, hidden), false, `${key} hidden`);
    t.equal(shows(key, shown), true, `${key} shown`);
  }
  t.equal(shows("emcustom_read_max", view({ mains_meter: 19 })), false);
});
