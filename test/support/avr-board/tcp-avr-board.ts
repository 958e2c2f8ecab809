import { type AddressInfo, createServer, type Socket } from "node:net";
import type { AvrBoard } from "./avr-board.ts";

const STEP_MS = 4;
/** A machine that stalls slows the board down instead of making it rush: its deadlines count its own time. */
const MOST_AT_ONCE_MS = 20;

export interface ServedAvrBoard {
  readonly port: number;
  /** Board time at which the last byte of a host arrived. */
  lastByteAtMs(): number;
  close(): Promise<void>;
}

/** Serves a simulated processor on a TCP port, paced to the machine's clock. */
export async function serveAvrBoard(board: AvrBoard): Promise<ServedAvrBoard> {
  let socket: Socket | null = null;
  let lastByteAtMs = 0;
  const server = createServer({ noDelay: true }, host => {
    socket?.destroy();
    socket = host;
    const pull = board.connect(bytes => {
      if (host.writable) host.write(bytes);
    });
    host.on("data", bytes => board.write(bytes));
    // A host that is killed is a pulled cable.
    host.on("error", () => host.destroy());
    host.on("close", pull);
  });
  await new Promise<void>(resolve => {
    server.listen(0, "127.0.0.1", resolve);
  });
  let before = performance.now();
  const pace = setInterval(() => {
    const now = performance.now();
    const waiting = board.pendingBytes;
    board.run(Math.min(now - before, MOST_AT_ONCE_MS));
    if (waiting > 0) lastByteAtMs = board.clock.now();
    before = now;
  }, STEP_MS);
  return {
    port: (server.address() as AddressInfo).port,
    lastByteAtMs: () => lastByteAtMs,
    async close() {
      clearInterval(pace);
      socket?.destroy();
      await new Promise<void>(resolve => {
        server.close(() => resolve());
      });
    },
  };
}
