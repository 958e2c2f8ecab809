import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { OpenLink } from "../../services/pilot/drivers/link.ts";
import { serialLink } from "../../services/pilot/drivers/link-serial.ts";
import { tcpLink } from "../../services/pilot/drivers/link-tcp.ts";
import { type OptionsOf, type OptionTable, WrongUse } from "../options.ts";

/** How every board command names the board it means. */
export const TARGET_OPTIONS = {
  port: { value: "PATH", help: "serial port of the board; /dev/serial/by-id/... stays the same after a replug" },
  baud: { value: "RATE", help: "57600 or 115200 baud on that port (57600)" },
  tcp: { value: "HOST:PORT", help: "board behind a serial server, or a simulated one" },
  json: { help: "prints the result as JSON on standard output" },
  help: { help: "this text" },
} as const satisfies OptionTable;

export type TargetOptions = Pick<OptionsOf<typeof TARGET_OPTIONS>, "port" | "baud" | "tcp">;

const BAUD_RATES = [57_600, 115_200];

/** A way to one board. */
export interface Target {
  /** As the person named it. */
  readonly name: string;
  readonly open: OpenLink;
  /** null over TCP: such a board cannot be flashed. */
  readonly serial: { readonly path: string; readonly baudRate: number } | null;
}

export function targetOf(options: TargetOptions): Target {
  const { port, tcp } = options;
  if ((port === undefined) === (tcp === undefined)) {
    const wrong = port === undefined ? "which board? Expected" : "--port and --tcp exclude each other; expected";
    throw new WrongUse(`${wrong} --port PATH or --tcp HOST:PORT${port === undefined ? candidates() : ""}`);
  }
  if (port !== undefined) {
    const baudRate = baudOf(options.baud);
    return { name: port, open: serialLink({ path: port, baudRate }), serial: { path: port, baudRate } };
  }
  if (options.baud !== undefined) throw new WrongUse("--baud belongs to --port; a TCP connection has no baud rate");
  const address = addressOf(tcp ?? "");
  return { name: tcp ?? "", open: tcpLink(address), serial: null };
}

function baudOf(text: string | undefined): number {
  if (text === undefined) return 57_600;
  const rate = BAUD_RATES.find(known => String(known) === text);
  if (rate === undefined) throw new WrongUse(`--baud ${text}: expected ${BAUD_RATES.join(" or ")}`);
  return rate;
}

function addressOf(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || !(port >= 1 && port <= 65_535)) {
    throw new WrongUse(`--tcp ${text}: expected HOST:PORT with a port 1..65535, for example 192.168.1.20:3030`);
  }
  return { host, port };
}

/** What is plugged in and could be meant. */
function candidates(): string {
  const byId = "/dev/serial/by-id";
  const named = existsSync(byId) ? readdirSync(byId).map(name => join(byId, name)) : [];
  const plain = existsSync("/dev") ? readdirSync("/dev").filter(name => /^tty(ACM|USB)\d+$/.test(name)) : [];
  const found = named.length > 0 ? named : plain.map(name => join("/dev", name));
  return found.length === 0 ? "; no serial adapter is plugged in" : `; plugged in: ${found.join(", ")}`;
}

/** What to do about the ways in which a port refuses to open. */
export function adviceOn(reason: string): string {
  if (/cannot lock|resource temporarily|resource busy|EBUSY/i.test(reason)) {
    return "; another program uses this port: stop the edge-evse service of this board first";
  }
  if (/permission denied|EACCES/i.test(reason)) {
    return "; this user may not open the port: add it to the group dialout and log in again";
  }
  if (/no such file|ENOENT/i.test(reason)) return candidates();
  if (/inappropriate ioctl|is a directory|ENOTTY|EISDIR/i.test(reason))
    return `; that is no serial port${candidates()}`;
  if (/ECONNREFUSED/.test(reason)) return "; nothing listens there";
  return "";
}
