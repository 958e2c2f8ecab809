import { connect } from "node:net";
import { messageOf } from "../../../shared/errors.ts";
import type { TelegramLink } from "../sources/source.port.ts";
import type { SerialSettings } from "../sources/telegram.port.ts";

export interface TelegramWireListener {
  data(bytes: Buffer): void;
  /** The wire is gone, or never came up. Said once, and never after closing. */
  down(reason: string): void;
}

/** "/dev/ttyUSB0", "tcp 192.168.1.30:23". */
export function linkInWords(link: TelegramLink): string {
  return link.kind === "serial" ? link.path : `tcp ${link.host}:${link.port}`;
}

/** Begins to open a line that a meter speaks on by itself. Gives the function that closes it. */
export function openTelegramWire(
  link: TelegramLink,
  serial: SerialSettings,
  listener: TelegramWireListener,
): () => Promise<void> {
  let listening = true;
  const heard: TelegramWireListener = {
    data: bytes => {
      if (listening) listener.data(bytes);
    },
    down: reason => {
      if (!listening) return;
      listening = false;
      listener.down(reason);
    },
  };
  const close = link.kind === "tcp" ? openTcp(link, heard) : openSerial(link.path, serial, heard);
  return async () => {
    listening = false;
    await close();
  };
}

function openTcp({ host, port }: TelegramLink & { kind: "tcp" }, heard: TelegramWireListener): () => Promise<void> {
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

function openSerial(path: string, serial: SerialSettings, heard: TelegramWireListener): () => Promise<void> {
  const opening = openPort(path, serial, heard).catch((error: unknown) => {
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

async function openPort(path: string, serial: SerialSettings, heard: TelegramWireListener) {
  // Loaded when there is a serial line: its native part is of no use elsewhere.
  const { SerialPort } = await import("serialport");
  const port = new SerialPort({ path, ...serial, stopBits: 1, autoOpen: false });
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
