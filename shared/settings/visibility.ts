import type { SettingsCurrent } from "../contracts/settings.ts";
import { catalogue } from "./catalogue/index.ts";
import { FIRST_NODE, MODE } from "./charge-mode.ts";
import type { SettingDefinition, SettingOption, VisibilityRule } from "./definition.ts";
import { numberIn } from "./read.ts";

/** What is attached, as far as it decides what a menu shows. */
export interface DeviceFacts {
  /** A mains meter with a driver of its own in the site file, whatever MAINS MET says. */
  readonly mainsMeterPresent: boolean;
  readonly sensorboxHasCts: boolean;
  readonly sensorboxV2: boolean;
  readonly linkyPresent: boolean;
  readonly modemPresent: boolean;
}

export const NO_DEVICES: DeviceFacts = {
  mainsMeterPresent: false,
  sensorboxHasCts: false,
  sensorboxV2: false,
  linkyPresent: false,
  modemPresent: false,
};

/** Through whose eyes: the settings in force, and the charge point whose menu or page it is. */
export interface View {
  readonly current: SettingsCurrent;
  readonly evseId: string;
  readonly devices: DeviceFacts;
}

/** Meter types as stored. */
const METER = { disabled: 0, sensorbox: 1, api: 9, homeWizard: 13, custom: 19 } as const;
const MASTER = 1;
const WIFI_ENABLED = 1;
const CAP_INTERVAL = 2;
const GRID_RELAY = 5;
const CONTACTOR_2_AUTO = 4;

type Holds = (view: View) => boolean;

const valueOf = (view: View, key: string) => numberIn(view.current, key, view.evseId);
const is =
  (key: string, value: number): Holds =>
  view =>
    valueOf(view, key) === value;
const isNot =
  (key: string, value: number): Holds =>
  view =>
    valueOf(view, key) !== value;
const isSmartOrSolar = isNot("mode", MODE.normal);
const isModbus =
  (key: string): Holds =>
  view =>
    ![METER.disabled, METER.sensorbox, METER.api, METER.homeWizard].some(type => type === valueOf(view, key));

/** When a menu or form shows a setting. Rules that also ask for "Disabled or Master" have it from `nodeAllowed`. */
const RULES: Readonly<Record<VisibilityRule, Holds>> = {
  always: () => true,
  web: () => true,
  never: () => false,
  socket: is("config", 0),
  "smart-or-solar": isSmartOrSolar,
  "smart-or-solar-master": isSmartOrSolar,
  "sensorbox-ct": view => is("mains_meter", METER.sensorbox)(view) && view.devices.sensorboxHasCts,
  "sensorbox-v2": view => is("mains_meter", METER.sensorbox)(view) && view.devices.sensorboxV2,
  "mains-modbus": isModbus("mains_meter"),
  "ev-modbus": isModbus("ev_meter"),
  "circuit-modbus": isModbus("circuit_meter_type"),
  "custom-meter": view => is("mains_meter", METER.custom)(view) || is("ev_meter", METER.custom)(view),
  "mains-configured": view => isNot("mains_meter", METER.disabled)(view) || view.devices.mainsMeterPresent,
  // A master shares CIRCUIT among all; alone it needs an EV meter to tell the car from the rest.
  circuit: view => is("loadbl", MASTER)(view) || (isSmartOrSolar(view) && isNot("ev_meter", METER.disabled)(view)),
  solar: is("mode", MODE.solar),
  wifi: is("wifi", WIFI_ENABLED),
  capacity: isNot("current_max_sum_mains", 0),
  master: is("loadbl", MASTER),
  "cap-interval": is("capacity_mode", CAP_INTERVAL),
  "mains-api": is("mains_meter", METER.api),
  "ev-api": is("ev_meter", METER.api),
  "circuit-api": is("circuit_meter_type", METER.api),
  "mains-homewizard": is("mains_meter", METER.homeWizard),
  "ev-homewizard": is("ev_meter", METER.homeWizard),
  "circuit-homewizard": is("circuit_meter_type", METER.homeWizard),
  contactor2: isNot("enable_C2", 0),
  linky: view => view.devices.linkyPresent,
  modem: view => view.devices.modemPresent,
  rfid: isNot("rfidreader", 0),
  "normal-or-smart": isNot("mode", MODE.solar),
};

/** Whether a face shows this setting now. Values that are not shown stay in force. */
export function isVisible(setting: SettingDefinition, view: View): boolean {
  return (setting.nodeAllowed || !isNode(view)) && RULES[setting.visible](view);
}

/** What the LCD menu of a charge point shows now, in its order. */
export function menuSettings(view: View): readonly SettingDefinition[] {
  return catalogue
    .filter(setting => setting.menuOrder !== null && isVisible(setting, view))
    .sort((a, b) => (a.menuOrder ?? 0) - (b.menuOrder ?? 0));
}

/** The options that can be chosen now: a power-share node has neither Auto nor Grid Relay. */
export function selectableOptions(setting: SettingDefinition, view: View): readonly SettingOption[] {
  const onlyElsewhere = setting.key === "enable_C2" ? CONTACTOR_2_AUTO : setting.key === "switch" ? GRID_RELAY : null;
  return (setting.options ?? []).filter(option => option.value !== onlyElsewhere || !isNode(view));
}

/** The rules in words, for the documentation. */
export const VISIBLE_WHEN: Readonly<Record<VisibilityRule, string>> = {
  always: "always",
  web: "web page and interfaces only",
  never: "never",
  socket: "CONFIG is Socket",
  "smart-or-solar": "MODE is Smart or Solar",
  "smart-or-solar-master": "MODE is Smart or Solar",
  "sensorbox-ct": "MAINS MET is Sensorbox, with CTs",
  "sensorbox-v2": "MAINS MET is Sensorbox, version 2",
  "mains-modbus": "MAINS MET is a Modbus meter",
  "ev-modbus": "EV METER is a Modbus meter",
  "circuit-modbus": "CIRCT MET is a Modbus meter",
  "custom-meter": "MAINS MET or EV METER is Custom",
  "mains-configured": "there is a mains meter",
  circuit: "PWR SHARE is Master, or MODE is Smart or Solar and there is an EV METER",
  solar: "MODE is Solar",
  wifi: "WIFI is Enabled",
  capacity: "CAPACITY is not Disabled",
  master: "PWR SHARE is Master",
  "cap-interval": "CAP MODE is Interval",
  "mains-api": "MAINS MET is API",
  "ev-api": "EV METER is API",
  "circuit-api": "CIRCT MET is API",
  "mains-homewizard": "MAINS MET is HmWzrd P1",
  "ev-homewizard": "EV METER is HmWzrd P1",
  "circuit-homewizard": "CIRCT MET is HmWzrd P1",
  contactor2: "CONTACT 2 is not Not present",
  linky: "there is a Linky meter",
  modem: "there is a modem",
  rfid: "RFID is not Disabled",
  "normal-or-smart": "MODE is Normal or Smart",
};

function isNode(view: View): boolean {
  return valueOf(view, "loadbl") >= FIRST_NODE;
}
