import {
  CUSTOM_BYTE_ORDERS,
  CUSTOM_TYPES,
  type CustomValue,
  customProfile,
} from "../../services/meter/modbus/custom.core.ts";
import { decodeExchanges, type Exchange } from "../../services/meter/modbus/exchanges.core.ts";
import { crc16, readRequestOf } from "../../services/meter/modbus/frame.core.ts";
import type { Quantity } from "../../services/meter/modbus/meter-row.ts";
import type { MeterProfile } from "../../services/meter/modbus/profiles.ts";
import type { RawValues } from "../../services/meter/modbus/registers.core.ts";
import { sensorboxLine } from "./decode-sensorbox.core.ts";
import { type DecodedLine, rejected, STRAIGHT } from "./decoded-line.ts";
import { profileCalled, profileOfSmartevse, unknownMeter } from "./line-options.ts";

/** One line of `meter decode --json`: which meter, and what was asked of it and answered. */
export function decodeLine(line: string): DecodedLine {
  let wanted: unknown;
  try {
    wanted = JSON.parse(line);
  } catch {
    return rejected("the line is no JSON");
  }
  if (typeof wanted !== "object" || wanted === null || Array.isArray(wanted)) {
    return rejected('expected an object such as {"meter": "eastron_3p", "address": 10, "exchanges": []}');
  }
  const { meter, profile, address, config, settings, exchanges } = wanted as Readonly<Record<string, unknown>>;
  const name = meter ?? profile;
  if (typeof name !== "string" && typeof name !== "number") return rejected("meter or profile: expected a name");
  const read = exchangesOf(exchanges, address);
  if (typeof read === "string") return rejected(read);
  if (String(name) === "sensorbox") return sensorboxLine(read, settings);
  // "meter" speaks SmartEVSE's language first, "profile" the one of our own table.
  const called = (meter === undefined ? undefined : profileOfSmartevse(String(name))) ?? profileCalled(String(name));
  const found = ["custom", "19"].includes(String(name)) ? customOf(config) : called;
  if (found === undefined) return rejected(unknownMeter(String(name), ["custom", "sensorbox"]));
  return typeof found === "string" ? rejected(found) : decodeFrames(found, read);
}

/** Frames of a meter of the table. */
export function decodeFrames(profile: MeterProfile, exchanges: readonly Exchange[]): DecodedLine {
  const decoded = decodeExchanges(profile, exchanges, STRAIGHT);
  if (!decoded.ok) return rejected(decoded.reason);
  const { raw, measured, counters } = decoded;
  const has = (pattern: RegExp): boolean => Object.keys(raw).some(quantity => pattern.test(quantity));
  const { l1, l2, l3 } = measured.currentA;
  const watts = measured.powerW;
  const isRead = (at: number): boolean => raw[`currentL${at + 1}` as Quantity] !== undefined;
  // Without L1 the currents are worked out from the power; a phase that was not read is not one without current.
  const currents = isRead(0) ? [l1, l2, l3].filter((_, at) => isRead(at)) : [];
  const isWhole = profile.registers.every(({ quantity }) => !/^currentL/.test(quantity) || raw[quantity] !== undefined);
  return {
    ...(currents.length > 0 && isWhole ? { current_A: [l1, l2, l3], phases: profile.phases } : {}),
    ...(watts !== null && has(/^powerL/) ? { phase_power_W: [watts.l1, watts.l2, watts.l3] } : {}),
    ...(measured.totalPowerW !== null && has(/[pP]ower/) ? { power_W: measured.totalPowerW } : {}),
    ...(counters.importWh === null ? {} : { energy_import_Wh: counters.importWh }),
    ...(counters.exportWh === null ? {} : { energy_export_Wh: counters.exportWh }),
    ...(currents.length > 0 ? { current_A_signed: currents } : {}),
    registers: registersOf(raw),
  };
}

/** `currentL1` as the tables of others call it: `current_l1`; `importEnergyL2`: `energy_import_l2`. */
function registersOf(raw: RawValues): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(raw).map(([quantity, value]) => [registerName(quantity), value]));
}

function registerName(quantity: string): string {
  const [, base = "", phase] = /^(.*?)(?:L([123]))?$/.exec(quantity) ?? [];
  const [, kind, of] = /^(total|import|export)(Power|Energy)$/.exec(base) ?? [];
  const name = kind === undefined || of === undefined ? base : `${of.toLowerCase()}_${kind}`;
  return phase === undefined ? name : `${name}_l${phase}`;
}

function exchangesOf(list: unknown, address: unknown): readonly Exchange[] | string {
  if (!Array.isArray(list) || list.length === 0) return "exchanges: expected a list of {request, response}";
  const exchanges: Exchange[] = [];
  for (const [index, entry] of (list as readonly unknown[]).entries()) {
    const { request, response } = (entry ?? {}) as { readonly request?: unknown; readonly response?: unknown };
    const [asked, answered] = [bytesOf(request), bytesOf(response)];
    if (asked === null) return `exchanges[${index}].request: expected bytes in hex`;
    if (answered === null) return `exchanges[${index}].response: expected bytes in hex`;
    const wrong = wrongRequest(asked, address);
    if (wrong !== null) return `exchanges[${index}].request: ${wrong}`;
    exchanges.push({ request: asked, response: answered });
  }
  return exchanges;
}

function wrongRequest(request: Buffer, address: unknown): string | null {
  const asked = readRequestOf(request);
  if (asked === null) return "expected a read of registers, 8 bytes with their checksum";
  if (request.length !== 8 || request.readUInt16LE(6) !== crc16(request.subarray(0, 6))) return "a wrong checksum";
  if (address === undefined || address === asked.unit) return null;
  return `is for address ${asked.unit}; expected ${JSON.stringify(address)}`;
}

/** Bytes in hex, with or without spaces. */
export function bytesOf(text: unknown): Buffer | null {
  if (typeof text !== "string") return null;
  const digits = text.replaceAll(/[\s:]/g, "");
  return /^([0-9a-fA-F]{2})+$/.test(digits) ? Buffer.from(digits, "hex") : null;
}

/** The meter that the settings of a custom meter describe, as its menu names them. */
function customOf(config: unknown): MeterProfile | string {
  if (typeof config !== "object" || config === null) return "config: expected the settings of the custom meter";
  const settings = config as Readonly<Record<string, unknown>>;
  const problems: string[] = [];
  const number = (name: string, least: number, most: number, otherwise?: number): number => {
    const value = settings[name] ?? otherwise;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    problems.push(`config.${name}: expected a whole number ${least}..${most}`);
    return least;
  };
  const value = (name: string): CustomValue => ({
    register: number(`${name}_regi`, 0, 65_534),
    divisor: number(`${name}_divi`, -9, 9, 0),
  });
  const optional = (name: string): CustomValue | null => (settings[`${name}_regi`] === undefined ? null : value(name));
  const custom = {
    byteOrder: CUSTOM_BYTE_ORDERS[number("byte_order", 0, 3)] ?? "abcd",
    type: CUSTOM_TYPES[number("data_type", 0, 2)] ?? "int32",
    fn: number("function", 3, 4, 4) === 3 ? 3 : 4,
    voltage: optional("vol"),
    current: value("cur"),
    totalPower: optional("pow"),
    importEnergy: optional("ene"),
  } as const;
  return problems.length > 0 ? problems.join("; ") : customProfile(custom);
}
