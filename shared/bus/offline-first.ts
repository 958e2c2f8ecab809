import type { Middleware, ServiceBroker } from "moleculer";
import { messageOf } from "../errors.ts";

interface Transit {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  discoverer: { sendLocalNodeInfo(): Promise<void> };
  tx: { client: { close(): Promise<void> } | null };
}

/** How long a goodbye to the other nodes may take. */
const GOODBYE_MS = 500;

/**
 * Lets a node start its services while NATS is away and join when it appears, and end without waiting for it.
 * Moleculer waits for its transporter before it starts anything; a charger must charge safely after a power cut
 * whether or not the bus is back.
 */
export const offlineFirst: Middleware = {
  name: "OfflineFirst",
  created(broker: ServiceBroker): void {
    // A broker without a transporter has no transit.
    const { transit } = broker as unknown as { transit: Transit | null | undefined };
    if (!transit) return;
    const connect = transit.connect.bind(transit);
    transit.connect = () => {
      connect()
        .then(() => transit.discoverer.sendLocalNodeInfo())
        .catch((error: unknown) => {
          broker.logger.warn({ error: messageOf(error) }, "NATS is away; working alone until it appears");
        });
      return Promise.resolve();
    };
    const disconnect = transit.disconnect.bind(transit);
    transit.disconnect = () => Promise.race([disconnect(), hangUp(transit)]);
  },
};

/** The client's flush never ends while the server is away; closing it does not need the server. */
async function hangUp(transit: Transit): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, GOODBYE_MS).unref());
  await transit.tx.client?.close();
}
