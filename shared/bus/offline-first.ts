import type { Middleware, ServiceBroker } from "moleculer";
import { messageOf } from "../errors.ts";

interface Transit {
  connect(): Promise<void>;
  discoverer: { sendLocalNodeInfo(): Promise<void> };
}

/**
 * Lets a node start its services while NATS is away and join when it appears. Moleculer waits for its transporter
 * before it starts anything; a charger must charge safely after a power cut whether or not the bus is back.
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
  },
};
