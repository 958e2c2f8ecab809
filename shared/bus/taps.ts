import type { ServiceBroker } from "moleculer";
import type { Fact } from "../contracts/define.ts";

/** Hears a fact that this node publishes. */
export type Tap = (fact: Fact, payload: unknown) => void;

const taps = new WeakMap<ServiceBroker, Set<Tap>>();

/**
 * Listens to what this node itself publishes. Unlike a subscription it announces nothing to other nodes, so that
 * looking on does not make every fact of the site travel to every node.
 */
export function tapPublished(broker: ServiceBroker, tap: Tap): () => void {
  const own = taps.get(broker) ?? new Set();
  taps.set(broker, own.add(tap));
  return () => {
    own.delete(tap);
  };
}

/** Called by `publish` only. */
export function tellTaps(broker: ServiceBroker, fact: Fact, payload: unknown): void {
  for (const tap of taps.get(broker) ?? []) tap(fact, payload);
}
