import type { Request, Response } from "express";
import type { Cancel, Clock } from "../../../shared/time/clock.ts";
import type { SiteView } from "../view.ts";

/** How often the view goes out; ages move on even when nothing else does. */
const EVERY_MS = 500;
const PING_MS = 15_000;
/** Clients of one gateway at the same time; beyond that the page polls. */
const MAX_CLIENTS = 64;
/** A client that takes nothing while this much waits for it is let go: the page connects again by itself. */
const MAX_WAITING_BYTES = 1_000_000;

export interface LiveStream {
  readonly clients: number;
  /** Takes a client in; false when there is no room. */
  join(request: Request, response: Response): boolean;
  stop(): void;
}

/**
 * Server-sent events: `event: site` with the whole view, at once and then twice a second. Every event is complete, so
 * there is nothing to catch up on: a Last-Event-ID is read over, and the ids only tell a client where it is.
 */
export function liveStream(clock: Clock, view: () => SiteView): LiveStream {
  const clients = new Set<Response>();
  let lastId = 0;
  let lastPingAt = clock.now();
  const cancel: Cancel = clock.every(EVERY_MS, () => {
    if (clients.size === 0) return;
    const pings = clock.now() - lastPingAt >= PING_MS;
    if (pings) lastPingAt = clock.now();
    const text = `${pings ? ": ping\n\n" : ""}${eventOf(++lastId, view())}`;
    for (const client of clients) {
      if (client.writableLength > MAX_WAITING_BYTES) client.destroy();
      else client.write(text);
    }
  });
  return {
    get clients() {
      return clients.size;
    },
    join(request, response) {
      if (clients.size >= MAX_CLIENTS) return false;
      response.set({
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-store",
        // Proxies must not collect events.
        "X-Accel-Buffering": "no",
      });
      response.flushHeaders();
      response.write(`retry: 2000\n${eventOf(++lastId, view())}`);
      clients.add(response);
      request.on("close", () => clients.delete(response));
      return true;
    },
    stop() {
      cancel();
      for (const client of clients) client.end();
      clients.clear();
    },
  };
}

function eventOf(id: number, view: SiteView): string {
  return `id: ${id}\nevent: site\ndata: ${JSON.stringify(view)}\n\n`;
}
