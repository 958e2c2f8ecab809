import type { SettingsCurrent } from "../../shared/contracts/settings.ts";
import { settingOf } from "../../shared/settings/catalogue/index.ts";
import { numberIn } from "../../shared/settings/read.ts";
import { customMeterOf } from "./custom-wish.core.ts";
import { isSource, type MeterConfig } from "./meter.config.ts";
import type { MeterSpec } from "./meter.port.ts";
import { type MeterProfile, meterProfiles, profileNamed, profileOf } from "./modbus/profiles.ts";
import { SUNSPEC } from "./modbus/sunspec.core.ts";
import { CHOSEN_SOURCES, chosenSource, wishOf } from "./sources/source-wish.core.ts";

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
const CUSTOM = 19;

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
  if (isSource(driver)) {
    const wish = wishOf(driver, { role, evseId: config.evseId ?? null });
    return { ...wish, kind: "read", spec: { ...common, ...wish.spec } };
  }
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
      const { address, type, line = null } = driver;
      if (type === SUNSPEC.key) {
        const spec = { ...common, kind: "modbus", meter: type, custom: null, address, line } as const;
        return { kind: "read", typeLabel: SUNSPEC.label, address, spec };
      }
      const profile = profileNamed(type);
      if (profile === undefined) return unsupported(type);
      const lacking = whatLacks(profile, role);
      if (lacking !== null) return { kind: "unsupported", typeLabel: profile.label, reason: lacking };
      const spec = { ...common, kind: "modbus", meter: profile.key, custom: null, address, line } as const;
      return { kind: "read", typeLabel: profile.label, address, spec };
    }
    case "setting": {
      if (settings === null) return { kind: "unknown" };
      const keys = CHOSEN_BY[role === "circuit" || role === "ev" ? role : "mains"];
      const typeId = numberIn(settings, keys.type, config.evseId ?? null);
      if (typeId === DISABLED) return { kind: "off" };
      if (typeId === API) {
        return { kind: "read", typeLabel: "API", address: null, spec: { ...common, kind: "api" } };
      }
      const address = numberIn(settings, keys.address, config.evseId ?? null);
      const line = driver.line ?? null;
      const chosen = chosenSource(typeId, { address, line, homewizardUrl: driver.homewizardUrl ?? null, settings });
      if (typeof chosen === "string") {
        return { kind: "unsupported", typeLabel: labelOf(keys.type, typeId), reason: chosen };
      }
      if (chosen !== null) return { ...chosen, kind: "read", spec: { ...common, ...chosen.spec } };
      if (typeId === CUSTOM) {
        const wish = customMeterOf(settings);
        if (!wish.ok) return { kind: "unsupported", typeLabel: "Custom", reason: `custom meter: ${wish.reason}` };
        const spec = { ...common, kind: "modbus", meter: "custom", custom: wish.custom, address, line } as const;
        return { kind: "read", typeLabel: "Custom", address, spec };
      }
      const profile = profileOf(typeId);
      if (profile === undefined) return unsupported(labelOf(keys.type, typeId));
      const spec = { ...common, kind: "modbus", meter: profile.key, custom: null, address, line } as const;
      return { kind: "read", typeLabel: profile.label, address, spec };
    }
  }
}

/** Why a meter cannot serve a role; null: it can. A fuse is not guarded with currents that are worked out from a power. */
function whatLacks({ key, registers }: MeterProfile, role: MeterConfig["role"]): string | null {
  if (role !== "mains" && role !== "circuit") return null;
  if (registers.some(({ quantity }) => quantity === "currentL1")) return null;
  return `meter type ${key} has no currents per phase; a meter of role ${role} needs them`;
}

/** The name of a type in the menu. */
function labelOf(key: string, typeId: number): string {
  return settingOf(key)?.options?.find(option => option.value === typeId)?.label ?? String(typeId);
}

function unsupported(typeLabel: string): Wanted {
  const menu = meterProfiles.filter(profile => profile.typeId !== null);
  const supported = [
    ...menu.sort((a, b) => (a.typeId ?? 0) - (b.typeId ?? 0)).map(({ label }) => label),
    ...CHOSEN_SOURCES,
    "Custom",
    "API",
  ].join(", ");
  const reason = `meter type ${typeLabel} is not supported by this version; supported: ${supported}`;
  return { kind: "unsupported", typeLabel, reason };
}
