import { legacyDigitsOf } from "../../../shared/card-uid.ts";
import type { SchedulePlace } from "../../../shared/contracts/schedule.ts";
import type { SettingsCurrent } from "../../../shared/contracts/settings.ts";
import { restModeOf } from "../../../shared/settings/charge-mode.ts";
import { numberIn, settingIn } from "../../../shared/settings/read.ts";
import { balancerOf, batteryDeciA, limitsOf, readerOf, statusOf } from "../knowledge.core.ts";
import { tenths, whole } from "./currents.core.ts";
import { linksTree } from "./links-tree.core.ts";
import { meterLabel, metersTree } from "./meters-tree.core.ts";
import { type Json, localEpochS, type Reply } from "./parse.core.ts";
import { legacyState } from "./states.core.ts";
import { readerStatusText } from "./swipe.core.ts";
import { labelOf, type Network, type TreeContext } from "./tree-context.core.ts";

const NODE_PLACES = 8;
const MASTER = 1;
const QUARTER_MS = 900_000;
const MODE_WORDS = ["OFF", "NORMAL", "SOLAR", "SMART", "PAUSE"] as const;

/**
 * GET /settings of a SmartEVSE (spec interfaces 1.3), whole, for one charge point: integers where its clients decode
 * strictly, no secrets. What this gateway does not have stands there with its neutral value.
 */
export function treeOf(context: TreeContext): Reply {
  const { point, settings, version } = context;
  const modeId = restModeOf(numberIn(settings, "mode", point.id), numberIn(settings, "access", point.id));
  const battery = batteryOf(context);
  return {
    version: `v${version}`,
    serialnr: point.serial,
    mode: MODE_WORDS[modeId] ?? "N/A",
    mode_id: modeId,
    ...evseTree(context),
    ...networkTree(context.network),
    settings: settingsTree(context),
    ...nodesTree(context),
    ev_state: EV_STATE_UNKNOWN,
    ...linksTree(settings, point),
    home_battery: battery,
    ...metersTree(context, battery.current),
    backlight: backlightTree(settings, point.id),
    color: Object.fromEntries(COLOURS.map(name => [name, colourOf(settings, point.id, name)])),
  };
}

/** The vehicle's own data come by a modem, which is not here: -1 is unknown. */
const EV_STATE_UNKNOWN = {
  initial_soc: -1,
  remaining_soc: -1,
  full_soc: -1,
  computed_soc: -1,
  energy_capacity: -1,
  energy_request: -1,
  evccid: "",
  time_until_full: -1,
} as const;

function evseTree({ known, settings, point, now }: TreeContext): Reply {
  const last = known.points.get(point.id)?.status?.value ?? null;
  const status = statusOf(known, point.id, now);
  const state = legacyState(last, status !== null);
  const lastRead = known.points.get(point.id)?.lastRead ?? null;
  const readerOff = numberIn(settings, "rfidreader", point.id) === 0;
  return {
    car_connected: state.carConnected,
    evse: {
      temp: whole(status?.temperatureC ?? 0),
      temp_max: numberIn(settings, "temp_max", point.id),
      connected: state.carConnected,
      access: numberIn(settings, "access", point.id),
      mode: numberIn(settings, "mode", point.id),
      loadbl: numberIn(settings, "loadbl"),
      // 1024 is 100 %, the steady +12 V of a point that offers nothing.
      pwm: status === null ? 1024 : whole(status.dutyPct * 10.24),
      custombutton: settingIn(settings, "custombutton", point.id) === 1,
      solar_stop_timer: status?.solar?.stopInS ?? 0,
      state: state.state,
      state_id: state.stateId,
      error: state.error,
      error_id: state.errorId,
      rfidreader: labelOf(settings, "rfidreader", point.id),
      nrofphases: status?.phases ?? 0,
      rfid: readerOff || readerOf(known, point.id, now) === null ? "Not Installed" : readerStatusText(lastRead, now),
      ...(readerOff ? {} : { rfid_lastread: legacyDigitsOf(lastRead?.value.uid ?? "") }),
      iec61851_state: state.iec,
      iec61851_substate: state.substate,
      charging_enabled: state.chargingEnabled,
      charge_timer: 0,
    },
  };
}

/** A gateway is on a wire; Home Assistant drops the whole group when one of the four Wi-Fi keys is missing. */
function networkTree({ ip, mac }: Network): Reply {
  return {
    wifi: { status: "WL_DISCONNECTED", ssid: "", rssi: 0, bssid: "" },
    eth: {
      present: mac !== null,
      connected: ip !== null,
      has_ip: ip !== null,
      ...(ip === null ? {} : { ip }),
      ...(mac === null ? {} : { mac: mac.toUpperCase() }),
    },
  };
}

/** Keys that are the setting of the same name, as a number. */
const SITE_NUMBERS = [
  "current_min",
  "current_main",
  "current_max_circuit",
  "current_max_sum_mains",
  "max_sum_mains_time",
  "solar_max_import",
  "solar_start_current",
  "solar_stop_time",
  "capacity_mode",
  "circuit_meter_type",
  "circuit_meter_address",
  "max_circuit_mains",
  "linky_hp_bypass",
  "linky_failsafe",
  "modes_disabled",
  "auth_mode",
  "prio_strategy",
  "rotation_interval",
  "idle_timeout",
  "capacity_limit",
] as const;
const POINT_NUMBERS = ["override_current", "current_max", "repeat", "lcdlock", "cablelock", "lock", "ledmode"] as const;

function settingsTree(context: TreeContext): Reply {
  const { known, settings, point, now } = context;
  return {
    ...Object.fromEntries(SITE_NUMBERS.map(key => [key, numberIn(settings, key)])),
    ...Object.fromEntries(POINT_NUMBERS.map(key => [key, numberIn(settings, key, point.id)])),
    charge_current: tenths(statusOf(known, point.id, now)?.offerA ?? 0),
    enable_C2: labelOf(settings, "enable_C2", point.id),
    mains_meter: meterLabel(context, "mains"),
    starttime: epochOf(settings, "starttime", point.id),
    stoptime: epochOf(settings, "stoptime", point.id),
    intervals: intervalsOf(settings),
    linky_available: 0,
    linky_is_hp: 0,
    linky_is_hc: 0,
    auth_required: false,
    ...quarterTree(context),
    required_evccid: textOf(settings, "required_evccid", point.id),
    modem: "Not present",
  };
}

/** Average of the quarter hour so far, the month's highest, and what may be drawn beyond what is drawn now; W. */
function quarterTree({ known, now }: TreeContext): Reply {
  const quarter = limitsOf(known, now)?.quarter ?? null;
  if (quarter === null) return { capacity_window_avg: 0, capacity_monthly_peak: 0, capacity_headroom: 0 };
  const passedH = (QUARTER_MS - quarter.endsInMs) / 3_600_000;
  const mains = [...known.meters.values()].find(({ reading }) => reading?.value.role === "mains")?.reading?.value;
  const currentA = mains?.currentA ?? { l1: 0, l2: 0, l3: 0 };
  const drawnW = mains?.totalPowerW ?? (currentA.l1 + currentA.l2 + currentA.l3) * 230;
  return {
    capacity_window_avg: passedH > 0 ? Math.round(quarter.usedWh / passedH) : 0,
    capacity_monthly_peak: Math.round(quarter.monthPeakW),
    capacity_headroom: quarter.allowedW === null ? 0 : Math.round(quarter.allowedW - drawnW),
  };
}

const SCHEDULE_WORDS: Readonly<Record<SchedulePlace, string>> = {
  inactive: "Inactive",
  active: "Active",
  paused: "Paused",
};

/** On a master: who charges, and who waits for its turn. The points of this site stand in the places of the power-share nodes. */
function nodesTree({ known, settings, points, now }: TreeContext): Reply {
  if (numberIn(settings, "loadbl") !== MASTER) return {};
  const schedule = balancerOf(known, now)?.schedule ?? null;
  const nodes = Array.from({ length: NODE_PLACES }, (_, place) => {
    const point = points[place];
    const status = point === undefined ? null : statusOf(known, point.id, now);
    const state =
      status === null ? "N/A" : status.state === "C2" ? "Charging" : status.wantsCurrent ? "Request" : "Idle";
    const turn = schedule?.points.find(({ evseId }) => evseId === point?.id)?.place ?? "inactive";
    return { current: tenths(status?.offerA ?? 0), state, sched: SCHEDULE_WORDS[turn] };
  });
  const rotation_timer = Math.ceil((schedule?.rotatesInMs ?? 0) / 1_000);
  return { schedule: { state: nodes.map(node => node.sched), rotation_timer }, nodes };
}

function batteryOf({ known, now, civilMs }: TreeContext): { readonly current: number; readonly last_update: number } {
  if (known.battery === null) return { current: 0, last_update: 0 };
  const last_update = Math.floor((civilMs - (now - known.battery.at)) / 1000);
  return { current: batteryDeciA(known, now), last_update };
}

/** The display is dark until its service lights it; the setting is what a client asked for last. */
function backlightTree(settings: SettingsCurrent, evseId: string): Reply {
  const on = settingIn(settings, "backlight", evseId) === 1;
  return { timer: on ? 120 : 0, status: on ? "ON" : "OFF" };
}

const COLOURS = ["off", "normal", "smart", "solar", "custom"] as const;

function colourOf(settings: SettingsCurrent, evseId: string, name: (typeof COLOURS)[number]): Reply {
  const value = settingIn(settings, `color_${name}`, evseId);
  const [r, g, b] = Array.isArray(value) ? (value as readonly number[]) : [];
  return { R: r ?? 0, G: g ?? 0, B: b ?? 0 };
}

function epochOf(settings: SettingsCurrent, key: string, evseId: string): number {
  return localEpochS(textOf(settings, key, evseId));
}

function textOf(settings: SettingsCurrent, key: string, evseId: string | null): string {
  const value = settingIn(settings, key, evseId);
  return typeof value === "string" ? value : "";
}

function intervalsOf(settings: SettingsCurrent): Json {
  const value = settingIn(settings, "intervals", null);
  return Array.isArray(value) ? (value as Json) : [];
}
