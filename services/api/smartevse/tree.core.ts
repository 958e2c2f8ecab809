import type { MeterReading, MeterRole } from "../../../shared/contracts/meter.ts";
import type { SettingsCurrent } from "../../../shared/contracts/settings.ts";
import { settingOf } from "../../../shared/settings/catalogue/index.ts";
import { restModeOf } from "../../../shared/settings/charge-mode.ts";
import { numberIn, settingIn } from "../../../shared/settings/read.ts";
import type { ChargePoint } from "../../../shared/site/site-file.ts";
import type { Instant } from "../../../shared/time/clock.ts";
import { freshReading, type Knowledge, meterFor, meterStatusOf, sampleAgeMs, statusOf } from "../knowledge.core.ts";
import { batteryCorrected, type DeciAmperes, deciAmperesOf, tenths, totalOf, whole } from "./currents.core.ts";
import { linksTree } from "./links-tree.core.ts";
import { type Json, localEpochS, type Reply } from "./parse.core.ts";
import { legacyState } from "./states.core.ts";

/** The gateway's network address, as GET /settings tells it. */
export interface Network {
  readonly ip: string | null;
  readonly mac: string | null;
}

export interface TreeContext {
  readonly known: Knowledge;
  readonly settings: SettingsCurrent;
  readonly point: ChargePoint;
  readonly points: readonly ChargePoint[];
  readonly version: string;
  readonly network: Network;
  readonly now: Instant;
  readonly civilMs: number;
}

/** A home battery's current counts for this long after its feed (spec interfaces 0.5). */
const BATTERY_LIFETIME_MS = 11_000;
const NOMINAL_V = 230;
const NODE_PLACES = 8;
const MASTER = 1;
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
      solar_stop_timer: 0,
      state: state.state,
      state_id: state.stateId,
      error: state.error,
      error_id: state.errorId,
      rfidreader: labelOf(settings, "rfidreader", point.id),
      nrofphases: status?.phases ?? 0,
      rfid: "Not Installed",
      ...(readerOff ? {} : { rfid_lastread: "" }),
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
    capacity_window_avg: 0,
    capacity_monthly_peak: 0,
    capacity_headroom: 0,
    required_evccid: textOf(settings, "required_evccid", point.id),
    modem: "Not present",
  };
}

/** On a master: who charges. The points of this site stand in the places of the power-share nodes. */
function nodesTree({ known, settings, points, now }: TreeContext): Reply {
  if (numberIn(settings, "loadbl") !== MASTER) return {};
  const nodes = Array.from({ length: NODE_PLACES }, (_, place) => {
    const point = points[place];
    const status = point === undefined ? null : statusOf(known, point.id, now);
    const state =
      status === null ? "N/A" : status.state === "C2" ? "Charging" : status.wantsCurrent ? "Request" : "Idle";
    return { current: tenths(status?.offerA ?? 0), state, sched: state === "Charging" ? "Active" : "Inactive" };
  });
  return { schedule: { state: nodes.map(node => node.sched), rotation_timer: 0 }, nodes };
}

function batteryOf({ known, now, civilMs }: TreeContext): { readonly current: number; readonly last_update: number } {
  if (known.battery === null) return { current: 0, last_update: 0 };
  const ageMs = now - known.battery.at;
  return {
    current: ageMs <= BATTERY_LIFETIME_MS ? known.battery.value : 0,
    last_update: Math.floor((civilMs - ageMs) / 1000),
  };
}

function metersTree(context: TreeContext, batteryDeciA: number): Reply {
  const { settings, point } = context;
  const raw = linesOf(context, "mains", null);
  const lines = batteryCorrected(raw, batteryDeciA, settings, point.id);
  return {
    ev_meter: evMeterTree(context),
    mains_meter: {
      ...energies(readingOf(context, "mains", null)),
      phases: 3,
      apparent_power_va: whole((NOMINAL_V * Math.abs(raw.L1)) / 10),
    },
    ...circuitTree(context),
    phase_currents: {
      ...currentsTree(lines),
      last_data_update: lastUpdateS(context, "mains"),
      original_data: currentsTree(raw),
    },
  };
}

function evMeterTree(context: TreeContext): Reply {
  const { known, settings, point, now } = context;
  const reading = readingOf(context, "ev", point.id);
  const chargedWh = whole(statusOf(known, point.id, now)?.session?.energyWh ?? 0);
  const totalWh = whole((reading?.importWh ?? 0) - (reading?.exportWh ?? 0));
  return {
    description: meterLabel(context, "ev"),
    address: meterAddress(context, "ev") ?? numberIn(settings, "ev_meter_address", point.id),
    import_active_power: whole(reading?.totalPowerW ?? 0),
    total_wh: totalWh,
    charged_wh: chargedWh,
    total_kwh: totalWh / 1000,
    charged_kwh: chargedWh / 1000,
    currents: currentsTree(linesOf(context, "ev", point.id)),
    ...energies(reading),
  };
}

function circuitTree(context: TreeContext): Reply {
  const description = meterLabel(context, "circuit");
  if (description === "Disabled") return {};
  const reading = readingOf(context, "circuit", null);
  const address = meterAddress(context, "circuit") ?? numberIn(context.settings, "circuit_meter_address");
  const currents = currentsTree(linesOf(context, "circuit", null));
  const power = whole(reading?.totalPowerW ?? 0);
  return { circuit_meter: { description, address, currents, power, ...energies(reading) } };
}

function readingOf({ known, now }: TreeContext, role: MeterRole, evseId: string | null): MeterReading | null {
  return freshReading(meterFor(known, role, evseId), now);
}

function linesOf(context: TreeContext, role: MeterRole, evseId: string | null): DeciAmperes {
  return deciAmperesOf(readingOf(context, role, evseId)?.currentA ?? null);
}

function currentsTree(lines: DeciAmperes): Reply {
  return { TOTAL: totalOf(lines), ...lines };
}

function energies(reading: MeterReading | null): Reply {
  return {
    import_active_energy: whole(reading?.importWh ?? 0),
    export_active_energy: whole(reading?.exportWh ?? 0),
  };
}

/** When the last sample was taken, believed or not; 0 = never. */
function lastUpdateS({ known, now, civilMs }: TreeContext, role: MeterRole): number {
  const reading = meterFor(known, role, null)?.reading ?? null;
  return reading === null ? 0 : Math.floor((civilMs - sampleAgeMs(reading, now)) / 1000);
}

const METER_SETTING = { mains: "mains_meter", ev: "ev_meter", circuit: "circuit_meter_type" } as const;

/** The meter that is there, whatever the setting says: one that the site file fixes leaves the setting Disabled. */
export function meterLabel(
  { known, settings, point, now }: Pick<TreeContext, "known" | "settings" | "point" | "now">,
  role: keyof typeof METER_SETTING,
): string {
  const evseId = role === "ev" ? point.id : null;
  const meter = meterFor(known, role, evseId);
  const status = meter === null ? null : meterStatusOf(meter, now);
  return status?.typeLabel ?? labelOf(settings, METER_SETTING[role], evseId);
}

function meterAddress({ known, point, now }: TreeContext, role: MeterRole): number | null {
  const meter = meterFor(known, role, role === "ev" ? point.id : null);
  return meter === null ? null : (meterStatusOf(meter, now)?.address ?? null);
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

/** The option's text of an enumerated setting. */
function labelOf(settings: SettingsCurrent, key: string, evseId: string | null): string {
  const value = numberIn(settings, key, evseId);
  return settingOf(key)?.options?.find(option => option.value === value)?.label ?? "N/A";
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
