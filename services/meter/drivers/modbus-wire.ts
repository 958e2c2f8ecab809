import { connect } from "node:net";
import { messageOf } from "../../../shared/errors.ts";

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

export interface WireListener {
  up(): void;
  data(bytes: Buffer): void;
  /** The wire is gone, or never came up. Said once; nothing follows. */
  down(reason: string): void;
}

/** Bytes in and out of one line. */
export interface Wire {
  write(bytes: Buffer): void;
  /** Lets go of the line without a word to the listener. */
  close(): Promise<void>;
}

/** "tcp 192.168.1.20:502", "rtu-tcp 192.168.1.20:8899", "serial /dev/ttyUSB0 9600 8N1". */
export function lineInWords(address: LineAddress): string {
  if (address.kind !== "serial") return `${address.kind} ${address.host}:${address.port}`;
  const parity = address.parity.charAt(0).toUpperCase();
  return `serial ${address.path} ${address.baudRate} 8${parity}${address.stopBits}`;
}

/** Begins to open a line; the listener hears how it went. */
export function openWire(address: LineAddress, listener: WireListener): Wire {
  return address.kind === "serial" ? openSerial(address, listener) : openTcp(address, listener);
}

/** The listener for as long as it wants to hear. */
function once(listener: WireListener): WireListener & { mute(): void } {
  let listening = true;
  return {
    up: () => {
      if (listening) listener.up();
    },
    data: bytes => {
      if (listening) listener.data(bytes);
    },
    down: reason => {
      if (!listening) return;
      listening = false;
      listener.down(reason);
    },
    mute: () => {
      listening = false;
    },
  };
}

function openTcp({ host, port }: LineAddress & { kind: "tcp" | "rtu-tcp" }, listener: WireListener): Wire {
  const heard = once(listener);
  const socket = connect({ host, port, noDelay: true, keepAlive: true });
  socket.on("connect", () => heard.up());
  socket.on("data", bytes => heard.data(bytes));
  socket.on("error", error => heard.down(messageOf(error)));
  socket.on("close", () => heard.down("the connection was closed by the other side"));
  return {
    write: bytes => void socket.write(bytes),
    close: async () => {
      heard.mute();
      if (socket.closed) return;
      await new Promise<void>(resolve => {
        socket.once("close", () => resolve());
        socket.destroy();
      });
    },
  };
}

function openSerial(address: LineAddress & { kind: "serial" }, listener: WireListener): Wire {
  const heard = once(listener);
  const opening = openPort(address, heard).catch((error: unknown) => {
    heard.down(messageOf(error));
    return null;
  });
  let write: ((bytes: Buffer) => void) | null = null;
  const ready = opening.then(port => {
    if (port === null) return;
    write = bytes => void port.write(bytes);
    heard.up();
  });
  return {
    write: bytes => write?.(bytes),
    close: async () => {
      heard.mute();
      await ready;
      const port = await opening;
      if (port?.isOpen !== true) return;
      await new Promise<void>(resolve => {
        // A port that cannot be closed is one that is gone already.
        port.close(() => resolve());
      });
    },
  };
}

async function openPort(address: LineAddress & { kind: "serial" }, heard: WireListener) {
  // Loaded when there is a serial line: its native part is of no use elsewhere.
  const { SerialPort } = await import("serialport");
  const { path, baudRate, parity, stopBits } = address;
  const port = new SerialPort({ path, baudRate, parity, stopBits, dataBits: 8, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    port.open(error => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  port.on("data", (bytes: Buffer) => heard.data(bytes));
  port.on("error", error => heard.down(messageOf(error)));
  port.on("close", () => heard.down("the serial port is gone"));
  return port;
}
