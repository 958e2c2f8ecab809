import type { SettingsCurrent } from "../../shared/contracts/settings.ts";
import { CAP_MODE, intervalsIn } from "../../shared/settings/capacity.ts";
import { numberIn } from "../../shared/settings/read.ts";
import type { LimitsSettings } from "./limits.config.ts";

/** CAP PEAK, CAP MODE and its table. */
export function limitsSettingsOf(current: SettingsCurrent): LimitsSettings {
  const mode = numberIn(current, "capacity_mode");
  const peakW = numberIn(current, "capacity_limit");
  return {
    peakW: peakW === 0 ? null : peakW,
    flanders: mode === CAP_MODE.flanders,
    intervals: mode === CAP_MODE.interval ? intervalsIn(current) : null,
  };
}
