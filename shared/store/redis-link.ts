import { once } from "node:events";
import { createRequire } from "node:module";
import type { Redis as Client } from "ioredis";
import { messageOf, StartRefused, StoreUnavailable } from "../errors.ts";

/** Which Redis, for which site, and for how long it is waited. */
export interface RedisOptions {
  readonly url: string;
  readonly site: string;
  /** How long a first contact may take before a call says that Redis is away; 500 when left out. */
  readonly connectMs?: number;
  /** How long one command may take. */
  readonly answerMs?: number;
}

/** A connection that fails fast while Redis is away, and works again once it is back. */
export interface RedisLink {
  /** "redis HOST:PORT", for messages. */
  readonly where: string;
  /** Runs on a connection that stands. Throws `StoreUnavailable`, or the `StartRefused` of `run`. */
  attempt<T>(run: (redis: Client) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Throws `StartRefused` for a URL that is none of Redis. */
export function openRedisLink(options: Omit<RedisOptions, "site"> & { readonly answerMs: number }): RedisLink {
  const { connectMs = 500 } = options;
  // Loaded when asked for: a site without Redis is spared its memory.
  const { Redis } = createRequire(import.meta.url)("ioredis") as typeof import("ioredis");
  const redis = new Redis(checkedUrl(options.url), {
    lazyConnect: true,
    // ioredis would otherwise let calls hang for as long as the server is away.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: options.answerMs,
    connectTimeout: connectMs,
    retryStrategy: attempt => Math.min(attempt * 200, 2_000),
  });
  const where = `redis ${redis.options.host ?? "localhost"}:${redis.options.port ?? 6379}`;
  let lastError = "no connection yet";
  // The reason for a later StoreUnavailable; without a listener ioredis would print it.
  redis.on("error", (error: Error) => {
    lastError = error.message;
  });

  async function connected(): Promise<void> {
    if (redis.status === "ready") return;
    // Only the first contact is ours to begin; later ones are those of retryStrategy.
    if (redis.status === "wait") void redis.connect().catch((error: unknown) => (lastError = messageOf(error)));
    await once(redis, "ready", { signal: AbortSignal.timeout(connectMs) });
  }

  return {
    where,
    async attempt(run) {
      try {
        await connected();
        return await run(redis);
      } catch (error) {
        if (error instanceof StoreUnavailable || error instanceof StartRefused) throw error;
        const reason = error instanceof Error && error.name === "AbortError" ? lastError : messageOf(error);
        throw new StoreUnavailable(`${where}: ${reason}`, { cause: error });
      }
    },
    close() {
      redis.disconnect();
      return Promise.resolve();
    },
  };
}

/** Replies of a transaction; throws the first error among them. */
export function repliesOf(replies: readonly [Error | null, unknown][] | null): readonly unknown[] {
  return (replies ?? []).map(([error, reply]) => {
    if (error !== null) throw error;
    return reply;
  });
}

/** The URL may hold a password: it is checked, and never repeated. */
function checkedUrl(url: string): string {
  const protocol = URL.canParse(url) ? new URL(url).protocol : "";
  if (protocol === "redis:" || protocol === "rediss:") return url;
  throw new StartRefused("REDIS_URL: expected redis://[user:password@]host[:port][/db] or rediss://...");
}
