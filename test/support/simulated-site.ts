import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import type { HostCommand } from "../../shared/evse-sysex/command.ts";
import type { BoardMessage } from "../../shared/evse-sysex/message.ts";
import { BoardEar, wire } from "./board-host.ts";
import type { Teardown } from "./servers.ts";

/** A broker of its own, without a transporter; it is stopped after the test. */
export async function startServices(
  t: Teardown,
  build: (broker: ServiceBroker) => readonly ServiceSchema[],
): Promise<ServiceBroker> {
  const broker = new ServiceBroker({ logger: false, nodeID: "test" });
  for (const schema of build(broker)) broker.createService(schema);
  t.teardown(() => broker.stop());
  await broker.start();
  return broker;
}

/** A host at the other end of a board's TCP port: it sends commands and waits until the board has worked them off. */
export class BoardHost {
  readonly ear: BoardEar;
  readonly #socket: Socket;

  private constructor(socket: Socket, now: () => number) {
    this.#socket = socket;
    this.ear = new BoardEar(now);
    socket.on("data", bytes => this.ear.feed(bytes));
  }

  static async connect(t: Teardown, port: number, now: () => number): Promise<BoardHost> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    t.teardown(() => socket.destroy());
    await once(socket, "connect");
    return new BoardHost(socket, now);
  }

  /** Sends and waits for the answer to a query that follows: then everything before it has been heard. */
  async send(...commands: readonly HostCommand[]): Promise<void> {
    for (const command of commands) this.#socket.write(wire(command));
    const before = this.ear.messages("info").length;
    this.#socket.write(wire({ kind: "info" }));
    while (this.ear.messages("info").length === before) await once(this.#socket, "data");
  }

  /** The board's present view of itself. */
  async status(): Promise<Extract<BoardMessage, { kind: "status" }>> {
    await this.send({ kind: "status" });
    return this.ear.last("status");
  }
}
