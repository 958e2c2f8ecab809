import { once } from "node:events";
import { createRequire } from "node:module";
import type { SettingValue } from "../../../shared/contracts/settings.ts";
import { messageOf, StartRefused, StoreUnavailable } from "../../../shared/errors.ts";
import {
  AUDIT_ROWS,
  type AuditRow,
  type SettingsStore,
  type StoreBatch,
  type StoredSettings,
} from "../settings.port.ts";

/** How long a first contact may take before `load` says that Redis is away. */
const CONNECT_MS = 500;

/** Compares the revision, then writes everything: one script, so that nothing comes in between. */
const PUT = `
  local held = tonumber(redis.call('GET', KEYS[1]) or '0')
  if held ~= tonumber(ARGV[1]) then return held end
  local values = tonumber(ARGV[3])
  for i = 1, values do redis.call('HSET', KEYS[2], ARGV[2 + 2 * i], ARGV[3 + 2 * i]) end
  for i = 4 + 2 * values, #ARGV do redis.call('LPUSH', KEYS[3], ARGV[i]) end
  redis.call('LTRIM', KEYS[3], 0, ${AUDIT_ROWS - 1})
  redis.call('SET', KEYS[1], ARGV[2])
  return -1
`;

/**
 * Settings in Redis, under `edge-evse:<site>:`. An answer of Redis is the acknowledgement; how durable that is, the
 * server decides: only with `appendonly yes` and `appendfsync always` is an acknowledged change on disk. Every
 * call fails fast while Redis is away, and works again once it is back.
 */
export function openRedisStore(options: { readonly url: string; readonly site: string }): SettingsStore {
  // Loaded when asked for: a site without Redis is spared its memory.
  const { Redis } = createRequire(import.meta.url)("ioredis") as typeof import("ioredis");
  const redis = new Redis(checkedUrl(options.url), {
    lazyConnect: true,
    // ioredis would otherwise let calls hang for as long as the server is away.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: 300,
    connectTimeout: CONNECT_MS,
    retryStrategy: attempt => Math.min(attempt * 200, 2_000),
  });
  const where = `redis ${redis.options.host ?? "localhost"}:${redis.options.port ?? 6379}`;
  const keys = ["revision", "settings", "audit"].map(name => `edge-evse:${options.site}:${name}`) as [
    string,
    string,
    string,
  ];
  const [revisionKey, settingsKey, auditKey] = keys;
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

  async function load(): Promise<StoredSettings> {
    await connected();
    // One transaction: a revision and the values that belong to it.
    const replies = await redis.multi().get(revisionKey).hgetall(settingsKey).exec();
    const [revision, fields] = (replies ?? []).map(([error, reply]) => {
      if (error !== null) throw error;
      return reply;
    });
    const values = Object.entries((fields ?? {}) as Record<string, string>).map(([field, text]) => {
      const [evseId = "", key = ""] = field.split("/");
      return { key, evseId: evseId === "" ? null : evseId, value: parseValue(where, settingsKey, field, text) };
    });
    return { revision: Number(revision ?? 0), values };
  }

  async function put(batch: StoreBatch): Promise<void> {
    await connected();
    const values = batch.values.flatMap(({ key, evseId, value }) => [`${evseId ?? ""}/${key}`, JSON.stringify(value)]);
    const audit = batch.audit.map(row => JSON.stringify(row));
    const held = await redis.eval(
      PUT,
      keys.length,
      ...keys,
      batch.baseRevision,
      batch.revision,
      batch.values.length,
      ...values,
      ...audit,
    );
    if (held !== -1) {
      throw new StoreUnavailable(
        `${where}: holds revision ${String(held)}, not ${batch.baseRevision}: somebody else wrote; load it again`,
      );
    }
  }

  async function audit(limit: number): Promise<readonly AuditRow[]> {
    await connected();
    return (await redis.lrange(auditKey, 0, limit - 1)).map(row => JSON.parse(row) as AuditRow);
  }

  async function attempt<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof StoreUnavailable || error instanceof StartRefused) throw error;
      const reason = error instanceof Error && error.name === "AbortError" ? lastError : messageOf(error);
      throw new StoreUnavailable(`${where}: ${reason}`, { cause: error });
    }
  }

  return {
    load: () => attempt(load),
    put: batch => attempt(() => put(batch)),
    audit: limit => attempt(() => audit(limit)),
    close() {
      redis.disconnect();
      return Promise.resolve();
    },
  };
}

function parseValue(where: string, hash: string, field: string, text: string): SettingValue {
  try {
    return JSON.parse(text) as SettingValue;
  } catch (error) {
    throw new StartRefused(
      `${where}: field ${field} of ${hash} is damaged (not JSON); restore a copy, or delete the field to begin with its default`,
      { cause: error },
    );
  }
}

/** The URL may hold a password: it is checked, and never repeated. */
function checkedUrl(url: string): string {
  const protocol = URL.canParse(url) ? new URL(url).protocol : "";
  if (protocol === "redis:" || protocol === "rediss:") return url;
  throw new StartRefused("REDIS_URL: expected redis://[user:password@]host[:port][/db] or rediss://...");
}
