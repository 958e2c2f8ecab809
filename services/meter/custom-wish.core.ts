import type { SettingsCurrent } from "../../shared/contracts/settings.ts";
import { numberIn } from "../../shared/settings/read.ts";
import { CUSTOM_BYTE_ORDERS, CUSTOM_TYPES, type CustomMeter, type CustomValue } from "./modbus/custom.core.ts";

export type CustomWish =
  | { readonly ok: true; readonly custom: CustomMeter }
  | { readonly ok: false; readonly reason: string };

/**
 * The custom meter as the settings describe it. A register of 0 is one that nobody has entered, but for the currents:
 * those are read in any case. READ MAX is not evaluated: the three currents are one read on every firmware.
 */
export function customMeterOf(settings: SettingsCurrent): CustomWish {
  const setting = (name: string): number => numberIn(settings, `emcustom_${name}`);
  const value = (name: string): CustomValue => ({
    register: setting(`${name}_register`),
    divisor: setting(`${name}_divisor`),
  });
  const entered = (name: string): CustomValue | null => {
    const found = value(name);
    return found.register === 0 ? null : found;
  };
  const byteOrder = CUSTOM_BYTE_ORDERS[setting("endianness")];
  const type = CUSTOM_TYPES[setting("datatype")];
  if (byteOrder === undefined) return { ok: false, reason: `BYTE ORD ${setting("endianness")}; expected 0..3` };
  if (type === undefined) {
    return { ok: false, reason: `DATA TYPE ${setting("datatype")}; expected 0 INT32, 1 FLOAT32 or 2 INT16` };
  }
  return {
    ok: true,
    custom: {
      byteOrder,
      type,
      // Whatever is not 3 has always meant 4.
      fn: setting("function") === 3 ? 3 : 4,
      voltage: entered("voltage"),
      current: value("current"),
      totalPower: entered("power"),
      importEnergy: entered("energy"),
    },
  };
}
