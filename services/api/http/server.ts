import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import express, { type Express, type Request, type RequestHandler } from "express";
import type { ApiConfig } from "../api.config.ts";
import type { Gateway } from "../asks.ts";
import { healthOf } from "../health.core.ts";
import type { PointIdentity } from "../identity.ts";
import { metricsOf } from "../metrics.core.ts";
import { smartEvseRouter } from "../smartevse/router.ts";
import { cardsRouter } from "./cards.ts";
import { errorHandler, HttpRefusal } from "./errors.ts";
import { limitsRouter } from "./limits.ts";
import { listen } from "./listen.ts";
import { nativeRouter, siteViewNow } from "./native.ts";
import { ownHostNames } from "./network.ts";
import { objectionToOrigin, serialOfHost } from "./origin.ts";
import { docsRouter, pageRouter } from "./page.ts";
import { type LiveStream, liveStream } from "./stream.ts";

const MAX_CONNECTIONS = 512;
/** The delay monitor samples this often and counts it in. */
const LAG_RESOLUTION_MS = 20;

/** Swagger UI writes styles inline; nothing is ever loaded from elsewhere, nobody frames the page. */
const HEADERS = {
  "Content-Security-Policy":
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

export interface HttpServer {
  readonly address: AddressInfo;
  stop(): Promise<void>;
}

/** Serves the page and both interfaces. Throws `StartRefused` when the port cannot be had. */
export async function startHttp(gateway: Gateway, config: ApiConfig, port: number): Promise<HttpServer> {
  const stream = liveStream(gateway.clock, () => siteViewNow(gateway));
  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  const requests = new Map<string, number>();
  const app = application(gateway, config, stream);
  const server = createServer((request, response) => {
    response.on("finish", () => {
      const status = String(response.statusCode);
      requests.set(status, (requests.get(status) ?? 0) + 1);
    });
    app(request, response);
  });
  server.maxConnections = MAX_CONNECTIONS;

  app.get("/metrics", (_request, response) => {
    const { rss, heapUsed } = process.memoryUsage();
    const gauges = {
      residentBytes: rss,
      heapUsedBytes: heapUsed,
      uptimeS: process.uptime(),
      eventLoopLagP99S: Math.max(0, lag.percentile(99) / 1e9 - LAG_RESOLUTION_MS / 1_000),
      streamClients: stream.clients,
      requests,
    };
    lag.reset();
    const text = metricsOf(gateway.known(), gauges, gateway.clock.now());
    response.set("Cache-Control", "no-store").type("text/plain; version=0.0.4; charset=utf-8").send(text);
  });
  app.use(pageRouter());
  app.use(request => {
    throw new HttpRefusal(
      404,
      "path.unknown",
      `nothing is at ${request.path}; the page is at /, the interface at /api/docs`,
    );
  });
  app.use(errorHandler(gateway.log));

  try {
    await listen(server, config.host, port);
  } catch (error) {
    stream.stop();
    throw error;
  }
  lag.enable();
  return {
    address: server.address() as AddressInfo,
    async stop() {
      lag.disable();
      stream.stop();
      await new Promise<void>(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function application(gateway: Gateway, config: ApiConfig, stream: LiveStream): Express {
  const { identity, known, clock } = gateway;
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  // Parameters are read by the SmartEVSE rules, never as nested objects.
  app.set("query parser", false);
  app.use(withHeaders, ownPagesOnly(ownHostNames(identity.points, config.hostNames)));
  app.get("/health", (_request, response) => {
    const health = healthOf(known(), clock.now());
    response
      .set("Cache-Control", "no-store")
      .status(health.status === "ok" ? 200 : 503)
      .json(health);
  });
  app.use("/api/v1/cards", cardsRouter(gateway));
  app.use("/api/v1/limits", limitsRouter(gateway));
  app.use("/api/v1", nativeRouter(gateway, stream));
  app.use("/api/docs", docsRouter());
  app.use(
    "/evse/:id",
    smartEvseRouter(gateway, request => pointById(identity.points, request)),
  );
  app.use(smartEvseRouter(gateway, request => pointByHost(identity.points, request)));
  return app;
}

const withHeaders: RequestHandler = (_request, response, next) => {
  response.set(HEADERS);
  next();
};

/** Refuses what another site's page sends; reading stays open, programs without Origin pass. */
function ownPagesOnly(ownNames: ReadonlySet<string>): RequestHandler {
  return (request, _response, next) => {
    const objection = objectionToOrigin(
      {
        method: request.method,
        host: request.headers.host,
        origin: request.headers.origin,
        fetchSite: request.get("Sec-Fetch-Site"),
      },
      ownNames,
    );
    next(objection === null ? undefined : new HttpRefusal(403, "origin.foreign", objection));
  };
}

function pointById(points: readonly PointIdentity[], request: Request): PointIdentity {
  const id = request.params["id"];
  const point = points.find(one => one.id === id);
  if (point !== undefined) return point;
  throw new HttpRefusal(404, "point.unknown", `no charge point is called ${JSON.stringify(id)}`, {
    field: "id",
    permitted: points.map(one => one.id).join(", "),
  });
}

/** Every charge point is a SmartEVSE of its own under its own name; under any other name it is the first one. */
function pointByHost(points: readonly PointIdentity[], request: Request): PointIdentity | null {
  const serial = serialOfHost(request.headers.host);
  if (serial === null) return points[0] ?? null;
  const point = points.find(one => one.serial === serial);
  if (point !== undefined) return point;
  throw new HttpRefusal(404, "point.unknown", `no charge point here has the serial number ${serial}`, {
    field: "Host",
    permitted: points.map(one => `SmartEVSE-${one.serial}.local`).join(", "),
  });
}
