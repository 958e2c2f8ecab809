import type { ConnectionOptions } from "nats";

/** How this project connects to NATS, from `nats://user:password@host:port`, several with commas between. */
export function natsOptions(natsUrl: string): ConnectionOptions {
  const urls = natsUrl.split(",").map(url => new URL(url.trim()));
  const named = urls.find(url => url.username !== "");
  return {
    servers: urls.map(url => url.host),
    // Percent-encoded in a URL, plain on the wire; Moleculer's own reading of its `url` option skips that.
    ...(named === undefined
      ? {}
      : { user: decodeURIComponent(named.username), pass: decodeURIComponent(named.password) }),
    // The client ignores the scheme of a URL; TLS is an option of its own.
    ...(urls.some(url => url.protocol === "tls:") ? { tls: {} } : {}),
    reconnectTimeWait: 250,
    reconnectJitter: 100,
    maxReconnectAttempts: -1,
    // A server that comes back with its accounts not yet loaded refuses twice; giving up for ever would strand the node.
    ignoreAuthErrorAbort: true,
    // A cut cable closes no socket: unanswered pings do.
    pingInterval: 2_000,
    maxPingOut: 3,
    timeout: 2_000,
  };
}
