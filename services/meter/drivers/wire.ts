import { connect } from "node:net";
import { messageOf } from "../../../shared/errors.ts";

/** Where bytes come and go: a serial port with its settings, or a TCP connection. */
export type WireEnd =
  | {
      readonly kind: "serial";
      readonly path: string;
      readonly baudRate: number;
      readonly dataBits: 7 | 8;
      readonly parity: "none" | "even" | "odd";
      readonly stopBits: 1 | 2;
    }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

export interface WireListener {
  /** It is open. */
  up?(): void;
  data(bytes: Buffer): void;
  /** The wire is gone, or never came up. Said once; nothing follows. */
  down(reason: string): void;
}

/** Bytes in and out of one line. */
export interface Wire {
  /** Before the wire is up nothing is sent. */
  write(bytes: Buffer): void;
  /** Lets go of the line without a word to the listener. */
  close(): Promise<void>;
}

/** Begins to open a wire; the listener hears how it went. */
export function openWire(end: WireEnd, listener: WireListener): Wire {
  const heard = once(listener);
  return end.kind === "serial" ? openSerial(end, heard) : openTcp(end, heard);
}

type Heard = Required<WireListener> & { mute(): void };

/** The listener for as long as it wants to hear. */
function once(listener: WireListener): Heard {
  let listening = true;
  return {
    up: () => {
      if (listening) listener.up?.();
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

function openTcp({ host, port }: WireEnd & { kind: "tcp" }, heard: Heard): Wire {
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

function openSerial(end: WireEnd & { kind: "serial" }, heard: Heard): Wire {
  const opening = openPort(end, heard).catch((error: unknown) => {
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

async function openPort(end: WireEnd & { kind: "serial" }, heard: Heard) {
  // Loaded when there is a serial line: its native part is of no use elsewhere.
  const { SerialPort } = await import("serialport");
  const { path, baudRate, dataBits, parity, stopBits } = end;
  const port = new SerialPort({ path, baudRate, dataBits, parity, stopBits, autoOpen: false });
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
