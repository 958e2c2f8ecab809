import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { messageOf, StartRefused } from "../../../shared/errors.ts";
import type { VirtualBoard } from "./virtual-board.ts";

/** What a cable needs of a board. */
type CabledBoard = Pick<VirtualBoard, "connect" | "write" | "reset">;

export interface TcpBoardOptions {
  readonly board: CabledBoard;
  /** 0 takes any free port. */
  readonly port: number;
  readonly host?: string;
  /** Opening the port resets the board, as the serial adapter of an Uno does. */
  readonly resetOnOpen?: boolean;
}

export interface TcpBoard {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves one simulated board like a serial cable: one host at a time, and a new one replaces the old. */
export async function serveBoard(options: TcpBoardOptions): Promise<TcpBoard> {
  const { board, host = "127.0.0.1", resetOnOpen = false } = options;
  let pull: (() => void) | null = null;
  const server = createServer({ noDelay: true }, socket => {
    pull?.();
    pull = plugIn(board, socket);
    if (resetOnOpen) board.reset();
  });
  await listen(server, options.port, host);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async close() {
      pull?.();
      await new Promise<void>(resolve => {
        server.close(() => resolve());
      });
    },
  };
}

function plugIn(board: CabledBoard, socket: Socket): () => void {
  const disconnect = board.connect(bytes => {
    if (socket.writable) socket.write(bytes);
  });
  socket.on("data", bytes => board.write(bytes));
  // A host that vanishes is a pulled cable: nothing to report, the board falls to safe by itself.
  socket.on("error", () => socket.destroy());
  socket.on("close", disconnect);
  return () => {
    disconnect();
    socket.destroy();
  };
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", error => {
      const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      const why = taken ? "the port is taken, perhaps by another edge-evse on this site file" : messageOf(error);
      reject(new StartRefused(`virtual board cannot listen on ${host}:${port}: ${why}`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}
