import type { SettingsCurrent } from "../../shared/contracts/settings.ts";
import { numberIn } from "../../shared/settings/read.ts";
import type { ChargePoint } from "../../shared/site/site-file.ts";
import type { Contactor2, SolarConfig, SolarSettings } from "./solar.config.ts";

/** CONTACT 2 as stored. */
const CONTACTOR_2: readonly Contactor2[] = ["not-present", "always-off", "solar-off", "always-on", "auto"];

/** START, STOP, IMPORT, MIN and each point's CONTACT 2, out of all settings in force. */
export function solarSettingsOf(
  current: SettingsCurrent,
  chargePoints: readonly ChargePoint[],
  { phaseSwitchesPerDay }: SolarConfig,
): SolarSettings {
  const stopMin = numberIn(current, "solar_stop_time");
  return {
    startA: numberIn(current, "solar_start_current"),
    stopAfterMs: stopMin === 0 ? null : stopMin * 60_000,
    importA: numberIn(current, "solar_max_import"),
    minA: numberIn(current, "current_min"),
    contactor2: Object.fromEntries(
      chargePoints.map(({ id }) => [id, CONTACTOR_2[numberIn(current, "enable_C2", id)] ?? "always-on"]),
    ),
    phaseSwitchesPerDay,
  };
}
