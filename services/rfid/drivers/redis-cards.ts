import { once } from "node:events";
import { createRequire } from "node:module";
import { messageOf, StartRefused, StoreUnavailable } from "../../../shared/errors.ts";
import type { CardBatch, CardStore, StoredCards } from "../cards.port.ts";

/** How long a first contact may take before `load` says that Redis is away. */
const CONNECT_MS = 500;

/** Compares the version, then writes everything: one script, so that nothing comes in between. "" stands for null. */
const PUT = `
  local held = redis.call('GET', KEYS[1]) or ''
  if held ~= ARGV[1] then return held end
  local removed = tonumber(ARGV[3])
  for i = 1, removed do redis.call('HDEL', KEYS[2], ARGV[3 + i]) end
  for i = 4 + removed, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
  redis.call('SET', KEYS[1], ARGV[2])
  return false
`;

/**
 * Cards in Redis, under `edge-evse:<site>:cards`. Redis acknowledges what its own settings make durable: only with
 * `appendonly yes` and `appendfsync always` is an acknowledged change on disk. Every call fails fast while Redis is
 * away, and works again once it is back.
 */
export function openRedisCards(options: { readonly url: string; readonly site: string }): CardStore {
  // Loaded when asked for: a site without Redis is spared its memory.
  const { Redis } = createRequire(import.meta.url)("ioredis") as typeof import("ioredis");
  const redis = new Redis(checkedUrl(options.url), {
    lazyConnect: true,
    // ioredis would otherwise let calls hang for as long as the server is away.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: 1_000,
    connectTimeout: CONNECT_MS,
    retryStrategy: attempt => Math.min(attempt * 200, 2_000),
  });
  const where = `redis ${redis.options.host ?? "localhost"}:${redis.options.port ?? 6379}`;
  const base = `edge-evse:${options.site}:cards`;
  const versionKey = `${base}:version`;
  const noteKey = `${base}:note`;
  let lastError = "no connection yet";
  // The reason for a later StoreUnavailable; without a listener ioredis would print it.
  redis.on("error", (error: Error) => {
    lastError = error.message;
  });

  async function connected(): Promise<void> {
    if (redis.status === "ready") return;
    // Only the first contact is ours to begin; later ones are those of retryStrategy.
    if (redis.status === "wait") void redis.connect().catch((error: unknown) => (lastError = messageOf(error)));
    await once(redis, "ready", { signal: AbortSignal.timeout(CONNECT_MS) });
  }

  async function load(): Promise<StoredCards> {
    await connected();
    // One transaction: a version and the cards that belong to it.
    const replies = await redis.multi().get(versionKey).get(noteKey).hgetall(base).exec();
    const [version, note, fields] = (replies ?? []).map(([error, reply]) => {
      if (error !== null) throw error;
      return reply;
    });
    const cards = Object.entries((fields ?? {}) as Record<string, string>)
      .map(([uid, user]) => ({ uid, user: user === "" ? null : user }))
      .sort((a, b) => (a.uid < b.uid ? -1 : 1));
    return { version: textOf(version), note: textOf(note), cards };
  }

  async function put(batch: CardBatch): Promise<void> {
    await connected();
    const cards = batch.put.flatMap(({ uid, user }) => [uid, user ?? ""]);
    const head = [batch.baseVersion ?? "", batch.version ?? "", batch.remove.length];
    const held = await redis.eval(PUT, 2, versionKey, base, ...head, ...batch.remove, ...cards);
    if (held !== null) {
      throw new StoreUnavailable(
        `${where}: does not hold version ${String(batch.baseVersion)} any more: somebody else wrote; load it again`,
      );
    }
  }

  async function putNote(note: string): Promise<void> {
    await connected();
    await redis.set(noteKey, note);
  }

  async function attempt<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      const reason = error instanceof Error && error.name === "AbortError" ? lastError : messageOf(error);
      throw new StoreUnavailable(`${where}: ${reason}`, { cause: error });
    }
  }

  return {
    load: () => attempt(load),
    put: batch => attempt(() => put(batch)),
    putNote: note => attempt(() => putNote(note)),
    close() {
      redis.disconnect();
      return Promise.resolve();
    },
  };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** The URL may hold a password: it is checked, and never repeated. */
function checkedUrl(url: string): string {
  const protocol = URL.canParse(url) ? new URL(url).protocol : "";
  if (protocol === "redis:" || protocol === "rediss:") return url;
  throw new StartRefused("REDIS_URL: expected redis://[user:password@]host[:port][/db] or rediss://...");
}
