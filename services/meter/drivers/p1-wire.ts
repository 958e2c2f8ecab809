import { connect } from "node:net";
import { messageOf } from "../../../shared/errors.ts";
import type { P1Link } from "../sources/source.port.ts";

export interface P1WireListener {
  data(bytes: Buffer): void;
  /** The wire is gone, or never came up. Said once, and never after closing. */
  down(reason: string): void;
}

/** "/dev/ttyUSB0", "tcp 192.168.1.30:23". */
export function p1InWords(link: P1Link): string {
  return link.kind === "serial" ? link.path : `tcp ${link.host}:${link.port}`;
}

/** How a smart meter speaks: DSMR 4 and 5 fast with eight bits, 2 and 3 slowly with seven and even parity. */
function settingsOf(dsmr: number) {
  return dsmr >= 4
    ? ({ baudRate: 115_200, dataBits: 8, parity: "none" } as const)
    : ({ baudRate: 9_600, dataBits: 7, parity: "even" } as const);
}

/** Begins to open a P1 port. Gives the function that closes it. */
export function openP1Wire(link: P1Link, dsmr: number, listener: P1WireListener): () => Promise<void> {
  let listening = true;
  const heard: P1WireListener = {
    data: bytes => {
      if (listening) listener.data(bytes);
    },
    down: reason => {
      if (!listening) return;
      listening = false;
      listener.down(reason);
    },
  };
  const close = link.kind === "tcp" ? openTcp(link, heard) : openSerial(link.path, dsmr, heard);
  return async () => {
    listening = false;
    await close();
  };
}

function openTcp({ host, port }: P1Link & { kind: "tcp" }, heard: P1WireListener): () => Promise<void> {
  const socket = connect({ host, port, keepAlive: true });
  socket.on("data", bytes => heard.data(bytes));
  socket.on("error", error => heard.down(messageOf(error)));
  socket.on("close", () => heard.down("the connection was closed by the other side"));
  return async () => {
    if (socket.closed) return;
    await new Promise<void>(resolve => {
      socket.once("close", () => resolve());
      socket.destroy();
    });
  };
}

function openSerial(path: string, dsmr: number, heard: P1WireListener): () => Promise<void> {
  const opening = openPort(path, dsmr, heard).catch((error: unknown) => {
    heard.down(messageOf(error));
    return null;
  });
  return async () => {
    const port = await opening;
    if (port?.isOpen !== true) return;
    await new Promise<void>(resolve => {
      // A port that cannot be closed is one that is gone already.
      port.close(() => resolve());
    });
  };
}

async function openPort(path: string, dsmr: number, heard: P1WireListener) {
  // Loaded when there is a serial line: its native part is of no use elsewhere.
  const { SerialPort } = await import("serialport");
  const port = new SerialPort({ path, ...settingsOf(dsmr), stopBits: 1, autoOpen: false });
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
