import type { BrokerOptions } from "moleculer";
import { type DestinationStream, destination, type pino } from "pino";
import { natsOptions } from "./shared/bus/nats-options.ts";
import { offlineFirst } from "./shared/bus/offline-first.ts";
import type { Environment } from "./shared/process/environment.ts";
import { shortLine } from "./shared/process/log-lines.ts";
import { type Site, WHOLE_SITE } from "./shared/site/site-file.ts";

/** How a node meets the others. Namespace per site: two sites on one NATS never hear each other. */
export function brokerOptions(site: Site, environment: Environment): BrokerOptions {
  return {
    namespace: site.site,
    nodeID: `${site.site}-${environment.node ?? WHOLE_SITE}`,
    transporter: transporter(environment.natsUrl),
    middlewares: [offlineFirst],
    logger: { type: "Pino", options: { pino: pinoOptions(environment) } },
    // What the framework has to say about itself matters to nobody at a charger unless it went wrong.
    logLevel: {
      BROKER: "warn",
      REGISTRY: "warn",
      TRANSIT: "warn",
      TRANSPORTER: "warn",
      DISCOVERY: "warn",
      DISCOVERER: "warn",
      CACHER: "warn",
      // Where the narrator says it in words, the same as a log line is once too often.
      ...(environment.quiet || environment.logFormat === "json" ? {} : { "EVSE-*": "warn", "METER-*": "warn" }),
      "**": "info",
    },
    // A lost node is noticed by these only; the control path has its own, shorter, lifetimes.
    heartbeatInterval: 2,
    heartbeatTimeout: 6,
    requestTimeout: 2_000,
    dependencyInterval: 25,
    registry: { preferLocal: true, stopDelay: 0 },
    contextParamsCloning: false,
    // main.ts stops services in an order that opens contactors first.
    skipProcessEventRegistration: true,
  };
}

function transporter(natsUrl: string | undefined): NonNullable<BrokerOptions["transporter"]> | null {
  if (natsUrl === undefined) return null;
  // An absent server is waited for by the client itself; offlineFirst lets the services start meanwhile.
  return { type: "NATS", options: { ...natsOptions(natsUrl), waitOnFirstConnect: true } };
}

function pinoOptions({ logFormat }: Environment): { options: object; destination: DestinationStream } {
  const options = { level: "info", base: null, hooks: { logMethod: withoutLifecycle } };
  if (logFormat === "json") return { options, destination: destination({ fd: 1, sync: true }) };
  return { options, destination: { write: line => void process.stdout.write(shortLine(line)) } };
}

/** What the framework tells through other loggers: each service's comings and goings, and what main.ts says in words. */
const LIFECYCLE =
  /^((Service|Waiting for service)(\(s\))? '.*' ?(\.\.\.|started\.|stopped\.|are available\.)|Unable to start all services\.)$/;

function withoutLifecycle(this: pino.Logger, args: Parameters<pino.LogFn>, log: pino.LogFn): void {
  if (typeof args[0] !== "string" || !LIFECYCLE.test(args[0])) log.apply(this, args);
}
