import type { SettingsCurrent } from "../../shared/contracts/settings.ts";
import { settingOf } from "../../shared/settings/catalogue/index.ts";
import { numberIn } from "../../shared/settings/read.ts";
import type { MeterConfig } from "./meter.config.ts";
import type { MeterSpec } from "./meter.port.ts";
import { meterProfiles, profileOf } from "./modbus/profiles.ts";

/** What shall be read, as site file and settings say. */
export type Wanted =
  /** The settings have not been heard yet. */
  | { readonly kind: "unknown" }
  | { readonly kind: "off" }
  /** A type that is in the menu but cannot be read by this version. */
  | { readonly kind: "unsupported"; readonly typeLabel: string; readonly reason: string }
  | { readonly kind: "read"; readonly typeLabel: string; readonly address: number | null; readonly spec: MeterSpec };

const DISABLED = 0;
const API = 9;

/** The settings that choose the meter of each role. */
const CHOSEN_BY = {
  mains: { type: "mains_meter", address: "mains_meter_address" },
  circuit: { type: "circuit_meter_type", address: "circuit_meter_address" },
  ev: { type: "ev_meter", address: "ev_meter_address" },
} as const;

/** Reads the wish for a meter from its part of the site file and, where that says so, from the settings. */
export function wantedMeter(config: MeterConfig, settings: SettingsCurrent | null): Wanted {
  const { driver, role, pollMs, reversed, phaseRotation } = config;
  const common = { role, pollMs, mounting: { reversed, phaseRotation } };
  switch (driver.kind) {
    case "api":
      return { kind: "read", typeLabel: "API", address: null, spec: { ...common, kind: "api" } };
    case "simulated": {
      const { baseA, seed } = driver;
      return {
        kind: "read",
        typeLabel: "Simulated",
        address: null,
        spec: { ...common, kind: "simulated", baseA, seed },
      };
    }
    case "modbus": {
      const typeId = meterProfiles.find(profile => profile.label === driver.type)?.typeId;
      if (typeId === undefined) return unsupported(driver.type);
      const { address } = driver;
      const line = driver.line ?? null;
      return {
        kind: "read",
        typeLabel: driver.type,
        address,
        spec: { ...common, kind: "modbus", typeId, address, line },
      };
    }
    case "setting": {
      if (settings === null) return { kind: "unknown" };
      const keys = CHOSEN_BY[role === "circuit" || role === "ev" ? role : "mains"];
      const typeId = numberIn(settings, keys.type, config.evseId ?? null);
      if (typeId === DISABLED) return { kind: "off" };
      if (typeId === API) {
        return { kind: "read", typeLabel: "API", address: null, spec: { ...common, kind: "api" } };
      }
      const profile = profileOf(typeId);
      if (profile === undefined) return unsupported(labelOf(keys.type, typeId));
      const address = numberIn(settings, keys.address, config.evseId ?? null);
      const line = driver.line ?? null;
      return {
        kind: "read",
        typeLabel: profile.label,
        address,
        spec: { ...common, kind: "modbus", typeId, address, line },
      };
    }
  }
}

/** The name of a type in the menu. */
function labelOf(key: string, typeId: number): string {
  return settingOf(key)?.options?.find(option => option.value === typeId)?.label ?? String(typeId);
}

function unsupported(typeLabel: string): Wanted {
  const supported = [...meterProfiles.map(profile => profile.label), "API"].join(", ");
  const reason = `meter type ${typeLabel} is not supported by this version; supported: ${supported}`;
  return { kind: "unsupported", typeLabel, reason };
}
