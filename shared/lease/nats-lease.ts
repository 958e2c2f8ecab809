import type { JetStreamClient, KV, NatsConnection, NatsError } from "nats";
import { z } from "zod";
import { natsClient } from "../bus/nats-client.ts";
import { natsOptions } from "../bus/nats-options.ts";
import { messageOf } from "../errors.ts";
import { type LeaseEntry, type LeaseStore, NO_ENTRY } from "./lease.port.ts";

export interface NatsLeaseOptions {
  readonly natsUrl: string;
  readonly site: string;
  /** What the lease is for: `balancer`. */
  readonly service: string;
  /** As NATS shall name the connection. */
  readonly name: string;
}

/** A question that takes longer is worthless: the lease would have lapsed. */
const ANSWER_WITHIN_MS = 700;
const WRONG_LAST_SEQUENCE = 10_071;
const JETSTREAM_NOT_ENABLED = [10_039, 10_076];

const storedRecord = z.object({ epoch: z.number().int().min(0), holder: z.string().nullable() });

/** The bucket that holds the leases of a site. Names of buckets are words. */
export function leaseBucket(site: string): string {
  return `edge-${site}-leases`;
}

/**
 * A lease as a key in a JetStream bucket, written with the server's compare-and-set. The bucket is made when it is missing. It
 * lies on disk, so that after a restart of NATS the active one simply goes on.
 */
export function natsLease({ natsUrl, site, service, name }: NatsLeaseOptions): LeaseStore {
  let connection: NatsConnection | null = null;
  let dialling: Promise<NatsConnection> | null = null;
  let bucket: KV | null = null;
  let closed = false;

  async function online(): Promise<NatsConnection> {
    if (connection !== null && !connection.isClosed()) return connection;
    dialling ??= natsClient()
      .connect({ ...natsOptions(natsUrl), name, timeout: ANSWER_WITHIN_MS })
      .finally(() => {
        dialling = null;
      });
    connection = await dialling;
    if (closed) await connection.close();
    return connection;
  }

  async function open(): Promise<KV> {
    if (bucket !== null) return bucket;
    const jetStream: JetStreamClient = (await online()).jetstream({ timeout: ANSWER_WITHIN_MS });
    bucket = await jetStream.views.kv(leaseBucket(site), {
      history: 1,
      storage: natsClient().StorageType.File,
      timeout: ANSWER_WITHIN_MS,
      description: "Who is active among the nodes that carry the same service",
    });
    return bucket;
  }

  /** Whatever went wrong, the next question begins with looking for the bucket. */
  async function within<T>(ask: (kv: KV) => Promise<T>): Promise<T> {
    try {
      return await ask(await open());
    } catch (error) {
      bucket = null;
      throw new Error(inWords(error), { cause: error });
    }
  }

  return {
    read: () =>
      within(async kv => {
        const entry = await kv.get(service);
        return entry === null ? NO_ENTRY : entryOf(entry.revision, entry.string());
      }),
    write: (record, after) =>
      within(async kv => {
        try {
          const text = JSON.stringify(record);
          const revision = await kv.put(service, new TextEncoder().encode(text), { previousSeq: after });
          return { revision };
        } catch (error) {
          if (isRefusal(error)) return null;
          throw error;
        }
      }),
    async close() {
      closed = true;
      await connection?.close();
    },
  };
}

/** A record that somebody else put there and nobody understands belongs to nobody; its revision still counts. */
function entryOf(revision: number, text: string): LeaseEntry {
  try {
    return { revision, record: storedRecord.parse(JSON.parse(text)) };
  } catch {
    return { revision, record: { epoch: 0, holder: text } };
  }
}

function isNatsError(error: unknown): error is NatsError {
  return error instanceof natsClient().NatsError;
}

function isRefusal(error: unknown): boolean {
  return isNatsError(error) && error.api_error?.err_code === WRONG_LAST_SEQUENCE;
}

function inWords(error: unknown): string {
  if (!isNatsError(error)) return messageOf(error);
  const code = error.api_error?.err_code;
  // Without JetStream nobody answers at all on its subjects.
  if (error.code === "503" || (code !== undefined && JETSTREAM_NOT_ENABLED.includes(code))) {
    return "NATS has no JetStream; a service that stands on several nodes needs it (jetstream: enabled)";
  }
  return error.code === "TIMEOUT" || error.code === "CONNECTION_REFUSED" ? "NATS does not answer" : error.message;
}
