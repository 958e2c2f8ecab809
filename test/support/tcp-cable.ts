import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Teardown } from "./servers.ts";

/** A network cable between two programs that talk TCP over loopback. */
export interface TcpCable {
  readonly port: number;
  /** Nothing passes any more, either way, and nobody is told: as when a switch dies. */
  cut(): void;
  /** Everything passes again, what was on its way when it was cut included. */
  mend(): void;
}

/** A cable to a server on this machine: who connects to its port reaches the server while it is not cut. */
export async function tcpCable(t: Teardown, toPort: number): Promise<TcpCable> {
  const ends = new Set<Socket>();
  let isCut = false;
  const hold = (end: Socket): void => {
    if (isCut) end.pause();
  };
  const server = createServer(near => {
    const far = connect(toPort, "127.0.0.1");
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(end);
      end.on("data", bytes => {
        other.write(bytes);
      });
      end.on("error", () => other.destroy());
      end.on("close", () => {
        ends.delete(end);
        other.destroy();
      });
      hold(end);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    for (const end of ends) end.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true;
      for (const end of ends) hold(end);
    },
    mend() {
      isCut = false;
      for (const end of ends) end.resume();
    },
  };
}
