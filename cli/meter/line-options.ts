import type { LineAddress } from "../../services/meter/drivers/modbus-wire.ts";
import {
  type MeterProfile,
  meterProfiles,
  meterRows,
  profileNamed,
  profileOf,
} from "../../services/meter/modbus/profiles.ts";
import { didYouMean } from "../../shared/nearest.ts";
import { type OptionsOf, type OptionTable, WrongUse } from "../options.ts";

/** How a tool is told which line it works on. */
export const LINE_OPTIONS = {
  serial: { value: "PATH", help: "a serial line, /dev/ttyUSB0" },
  baud: { value: "RATE", help: "its speed; 9600 where nothing is said" },
  parity: { value: "none|even|odd", help: "its parity; none where nothing is said" },
  stop: { value: "1|2", help: "its stop bits; 1 where nothing is said" },
  tcp: { value: "HOST:PORT", help: "a Modbus TCP device or gateway; port 502 where nothing is said" },
  "rtu-tcp": { value: "HOST:PORT", help: "a gateway that passes serial frames on as they are" },
} as const satisfies OptionTable;

const RATES = [1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200];
const MODBUS_PORT = 502;

/** The line the options name. */
export function lineOf(options: OptionsOf<typeof LINE_OPTIONS>): LineAddress {
  const { serial, tcp, "rtu-tcp": rtuTcp } = options;
  const named = [serial, tcp, rtuTcp].filter(value => value !== undefined);
  if (named.length !== 1)
    throw new WrongUse("which line? expected one of --serial PATH, --tcp HOST:PORT, --rtu-tcp HOST:PORT");
  const baudRate = wholeNumber("--baud", options.baud ?? "9600", 1_200, 115_200);
  if (!RATES.includes(baudRate)) throw new WrongUse(`--baud ${baudRate}: expected one of ${RATES.join(", ")}`);
  if (tcp !== undefined) return { kind: "tcp", ...hostAndPort("--tcp", tcp, MODBUS_PORT) };
  if (rtuTcp !== undefined) return { kind: "rtu-tcp", ...hostAndPort("--rtu-tcp", rtuTcp, null), baudRate };
  return {
    kind: "serial",
    path: serial ?? "",
    baudRate,
    parity: oneOf("--parity", options.parity ?? "none", ["none", "even", "odd"]),
    stopBits: oneOf("--stop", options.stop ?? "1", ["1", "2"]) === "2" ? 2 : 1,
  };
}

/** `leastPort` 0: where it is listened on, any that is free. */
export function hostAndPort(
  option: string,
  text: string,
  usual: number | null,
  leastPort: 0 | 1 = 1,
): { host: string; port: number } {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(text);
  const port = match?.[2] === undefined ? usual : Number(match[2]);
  if (match === null || port === null || port < leastPort || port > 65_535) {
    throw new WrongUse(`${option} ${text}: expected HOST:PORT, such as 192.168.1.20:502`);
  }
  return { host: (match[1] ?? "").replace(/^\[|\]$/g, ""), port };
}

export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new WrongUse(`${option} ${text}: expected a whole number ${least}..${most}`);
}

function oneOf<const T extends string>(option: string, text: string, permitted: readonly T[]): T {
  const found = permitted.find(value => value === text);
  if (found === undefined) throw new WrongUse(`${option} ${text}: expected one of ${permitted.join(", ")}`);
  return found;
}

/** A make of meter by its key, the text of the menu, its number there, or SmartEVSE's key. */
export function profileCalled(name: string): MeterProfile | undefined {
  return profileNamed(name) ?? (/^\d+$/.test(name) ? profileOf(Number(name)) : undefined) ?? profileOfSmartevse(name);
}

/** A make of meter by the key it has in SmartEVSE's table: the same word may mean another row here. */
export function profileOfSmartevse(name: string): MeterProfile | undefined {
  const row = meterRows.find(({ smartevse }) => smartevse?.key === name);
  return row === undefined ? undefined : profileNamed(row.key);
}

/** In words why there is no meter of that name. */
export function unknownMeter(name: string, also: readonly string[] = []): string {
  const known = [...also, ...meterProfiles.map(({ key }) => key)];
  const hint = didYouMean(name, [...known, ...meterRows.flatMap(({ smartevse }) => smartevse?.key ?? [])]);
  return `no meter is called ${name}${hint === "" ? `; known: ${known.join(", ")}` : hint}`;
}
