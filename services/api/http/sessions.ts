import type { Request, Response } from "express";
import type { ParamsOf } from "../../../shared/contracts/define.ts";
import { type historySessions, SESSIONS_PER_ANSWER } from "../../../shared/contracts/history.ts";
import type { Gateway } from "../asks.ts";
import { csvHead, csvOf } from "../sessions-csv.core.ts";
import { HttpRefusal } from "./errors.ts";
import { queryOf } from "./route.ts";
import { sessionsQuery } from "./schemas.ts";

/** GET /api/v1/sessions: a page as JSON, or everything that was asked for as a table. */
export async function answerSessions(gateway: Gateway, request: Request, response: Response): Promise<void> {
  const { format, point, ...asked } = queryOf(sessionsQuery, request);
  const points = gateway.identity.points;
  if (point !== undefined && !points.some(({ id }) => id === point)) {
    throw new HttpRefusal(404, "point.unknown", `no charge point is called ${JSON.stringify(point)}`, {
      field: "point",
      permitted: points.map(({ id }) => id).join(", "),
    });
  }
  const query = {
    evseId: point ?? null,
    from: asked.from === undefined ? null : momentOf(asked.from, 0),
    to: asked.to === undefined ? null : momentOf(asked.to, 1),
    order: asked.order,
    limit: asked.limit,
    after: asked.after ?? null,
  };
  if (query.from !== null && query.to !== null && query.to <= query.from) {
    throw new HttpRefusal(400, "query.invalid", "to: expected a date or moment after from", {
      field: "to",
      permitted: `after ${query.from}`,
    });
  }
  if (format === "json") response.json(await gateway.asks.sessions(query));
  else await sendTable(gateway, response, { ...query, order: "oldest-first", limit: SESSIONS_PER_ANSWER, after: null });
}

async function sendTable(gateway: Gateway, response: Response, query: ParamsOf<typeof historySessions>): Promise<void> {
  const serials = new Map(gateway.identity.points.map(({ id, serial }) => [id, serial] as const));
  // The first page comes before the status: an owner who is away is told as such.
  let page = await gateway.asks.sessions(query);
  response.set("Content-Disposition", 'attachment; filename="sessions.csv"').type("text/csv; charset=utf-8");
  response.write(csvHead());
  for (;;) {
    response.write(csvOf(page.sessions, serials));
    if (page.next === null || response.destroyed) break;
    page = await gateway.asks.sessions({ ...query, after: page.next });
  }
  response.end();
}

/** A moment, or a day in the gateway's time zone, `days` later. */
function momentOf(text: string, days: number): string {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  const moment = year === undefined ? new Date(text) : new Date(Number(year), Number(month) - 1, Number(day) + days);
  return moment.toISOString();
}
