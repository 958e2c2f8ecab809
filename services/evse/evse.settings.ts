import { type Rgb, rgb } from "../../shared/contracts/pilot.ts";
import { READER_MODES } from "../../shared/contracts/rfid.ts";
import type { SettingsCurrent } from "../../shared/contracts/settings.ts";
import type { AccessStatus, ChargeMode } from "../../shared/contracts/units.ts";
import { FIRST_NODE } from "../../shared/settings/charge-mode.ts";
import { numberIn, settingIn } from "../../shared/settings/read.ts";
import { type PointSettings, SWITCH_FUNCTIONS, type SwitchFunction } from "./evse.config.ts";

const MODES: readonly ChargeMode[] = ["normal", "smart", "solar"];
const ACCESS: readonly AccessStatus[] = ["off", "on", "pause"];
const LOCKS = [null, "solenoid", "motor"] as const;
const FIXED = 1;
/** LED MODE as stored. */
const PUBLIC = 1;
/** CONTACT 2 as stored: 1 Always Off, 2 Solar Off. */
const ALWAYS_OFF = 1;
const SOLAR_OFF = 2;

/** The settings of one charge point, out of all settings in force. */
export function pointSettingsOf(current: SettingsCurrent, evseId: string): PointSettings {
  const mode = MODES[numberIn(current, "mode", evseId)] ?? "normal";
  const overrideDeciA = numberIn(current, "override_current", evseId);
  const startsAt = settingIn(current, "starttime", evseId);
  const contactor2 = numberIn(current, "enable_C2", evseId);
  return {
    mode,
    access: ACCESS[numberIn(current, "access", evseId)] ?? "off",
    startsAt: typeof startsAt === "string" ? startsAt : "",
    outlet: numberIn(current, "config", evseId) === FIXED ? "fixed" : "socket",
    maxA: numberIn(current, "current_max", evseId),
    overrideA: overrideDeciA === 0 ? null : overrideDeciA / 10,
    maxTemperatureC: numberIn(current, "temp_max", evseId),
    threePhase: contactor2 !== ALWAYS_OFF && !(contactor2 === SOLAR_OFF && mode === "solar"),
    evMeter: numberIn(current, "ev_meter", evseId) !== 0,
    switchFunction: switchFunctionOf(current, evseId),
    customFlag: numberIn(current, "custombutton", evseId) === 1,
    lock: LOCKS[numberIn(current, "lock", evseId)] ?? null,
    cableLock: numberIn(current, "cablelock", evseId) === 1,
    cardHoldsPlug: READER_MODES[numberIn(current, "rfidreader", evseId)] === "enable-one",
    rcmMonitor: numberIn(current, "rcmon", evseId) === 1,
    ledScheme: numberIn(current, "ledmode", evseId) === PUBLIC ? "public" : "standard",
    colours: {
      off: colourIn(current, "color_off", evseId),
      normal: colourIn(current, "color_normal", evseId),
      smart: colourIn(current, "color_smart", evseId),
      solar: colourIn(current, "color_solar", evseId),
      custom: colourIn(current, "color_custom", evseId),
    },
  };
}

function colourIn(current: SettingsCurrent, key: string, evseId: string): Rgb {
  const parsed = rgb.safeParse(settingIn(current, key, evseId));
  return parsed.success ? parsed.data : [0, 0, 0];
}

/** What the switch wants, as the catalogue counts it. */
export function settingValueOf(value: AccessStatus | ChargeMode | boolean): number {
  switch (value) {
    case "off":
    case "on":
    case "pause":
      return ACCESS.indexOf(value);
    case "normal":
    case "smart":
    case "solar":
      return MODES.indexOf(value);
    case true:
    case false:
      return value ? 1 : 0;
  }
}

/** A power-share node follows its master's relay. */
function switchFunctionOf(current: SettingsCurrent, evseId: string): SwitchFunction {
  const chosen = SWITCH_FUNCTIONS[numberIn(current, "switch", evseId)] ?? "disabled";
  return chosen === "grid-relay" && numberIn(current, "loadbl") >= FIRST_NODE ? "disabled" : chosen;
}
