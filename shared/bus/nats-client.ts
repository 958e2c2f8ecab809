import { createRequire } from "node:module";

/** The NATS client, loaded when first asked for: a node without NATS is spared its memory. */
export function natsClient(): typeof import("nats") {
  return createRequire(import.meta.url)("nats") as typeof import("nats");
}
