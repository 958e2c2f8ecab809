import type { Redis } from "ioredis";
import { StoreUnavailable } from "../../../shared/errors.ts";
import { openRedisLink, type RedisOptions, repliesOf } from "../../../shared/store/redis-link.ts";
import type { CardBatch, CardStore, StoredCards } from "../cards.port.ts";

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
export function openRedisCards(options: RedisOptions): CardStore {
  const link = openRedisLink({ answerMs: 1_000, ...options });
  const base = `edge-evse:${options.site}:cards`;
  const versionKey = `${base}:version`;
  const noteKey = `${base}:note`;

  async function load(redis: Redis): Promise<StoredCards> {
    // One transaction: a version and the cards that belong to it.
    const [version, note, fields] = repliesOf(await redis.multi().get(versionKey).get(noteKey).hgetall(base).exec());
    const cards = Object.entries((fields ?? {}) as Record<string, string>)
      .map(([uid, user]) => ({ uid, user: user === "" ? null : user }))
      .sort((a, b) => (a.uid < b.uid ? -1 : 1));
    return { version: textOf(version), note: textOf(note), cards };
  }

  async function put(redis: Redis, batch: CardBatch): Promise<void> {
    const cards = batch.put.flatMap(({ uid, user }) => [uid, user ?? ""]);
    const head = [batch.baseVersion ?? "", batch.version ?? "", batch.remove.length];
    const held = await redis.eval(PUT, 2, versionKey, base, ...head, ...batch.remove, ...cards);
    if (held !== null) {
      throw new StoreUnavailable(
        `${link.where}: does not hold version ${String(batch.baseVersion)} any more: somebody else wrote; load it again`,
      );
    }
  }

  async function putNote(redis: Redis, note: string): Promise<void> {
    await redis.set(noteKey, note);
  }

  return {
    load: () => link.attempt(load),
    put: batch => link.attempt(redis => put(redis, batch)),
    putNote: note => link.attempt(redis => putNote(redis, note)),
    close: () => link.close(),
  };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
