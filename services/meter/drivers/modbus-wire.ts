import { openWire, type Wire, type WireListener } from "./wire.ts";

/** Where a Modbus line is, as the site file says it. */
export type LineAddress =
  | {
      readonly kind: "serial";
      readonly path: string;
      readonly baudRate: number;
      readonly parity: "none" | "even" | "odd";
      readonly stopBits: 1 | 2;
    }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  /** A gateway that passes serial frames on as they are. */
  | { readonly kind: "rtu-tcp"; readonly host: string; readonly port: number; readonly baudRate: number };

/** "tcp 192.168.1.20:502", "rtu-tcp 192.168.1.20:8899", "serial /dev/ttyUSB0 9600 8N1". */
export function lineInWords(address: LineAddress): string {
  if (address.kind !== "serial") return `${address.kind} ${address.host}:${address.port}`;
  const parity = address.parity.charAt(0).toUpperCase();
  return `serial ${address.path} ${address.baudRate} 8${parity}${address.stopBits}`;
}

/** Begins to open a line; the listener hears how it went. */
export function openLineWire(address: LineAddress, listener: WireListener): Wire {
  if (address.kind === "serial") return openWire({ ...address, dataBits: 8 }, listener);
  const { host, port } = address;
  return openWire({ kind: "tcp", host, port }, listener);
}
