import type { Redis } from "ioredis";
import type { SettingValue } from "../../../shared/contracts/settings.ts";
import { StartRefused, StoreUnavailable } from "../../../shared/errors.ts";
import { openRedisLink, type RedisOptions, repliesOf } from "../../../shared/store/redis-link.ts";
import {
  AUDIT_ROWS,
  type AuditRow,
  type SettingsStore,
  type StoreBatch,
  type StoredSettings,
} from "../settings.port.ts";

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
export function openRedisStore(options: RedisOptions): SettingsStore {
  const link = openRedisLink({ answerMs: 300, ...options });
  const keys = ["revision", "settings", "audit"].map(name => `edge-evse:${options.site}:${name}`) as [
    string,
    string,
    string,
  ];
  const [revisionKey, settingsKey, auditKey] = keys;

  async function load(redis: Redis): Promise<StoredSettings> {
    // One transaction: a revision and the values that belong to it.
    const [revision, fields] = repliesOf(await redis.multi().get(revisionKey).hgetall(settingsKey).exec());
    const values = Object.entries((fields ?? {}) as Record<string, string>).map(([field, text]) => {
      const [evseId = "", key = ""] = field.split("/");
      return { key, evseId: evseId === "" ? null : evseId, value: parseValue(link.where, settingsKey, field, text) };
    });
    return { revision: Number(revision ?? 0), values };
  }

  async function put(redis: Redis, batch: StoreBatch): Promise<void> {
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
        `${link.where}: holds revision ${String(held)}, not ${batch.baseRevision}: somebody else wrote; load it again`,
      );
    }
  }

  async function audit(redis: Redis, limit: number): Promise<readonly AuditRow[]> {
    return (await redis.lrange(auditKey, 0, limit - 1)).map(row => JSON.parse(row) as AuditRow);
  }

  return {
    load: () => link.attempt(load),
    put: batch => link.attempt(redis => put(redis, batch)),
    audit: limit => link.attempt(redis => audit(redis, limit)),
    close: () => link.close(),
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
