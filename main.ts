import { readFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { type Service, ServiceBroker } from "moleculer";
import { brokerOptions } from "./moleculer.config.ts";
import { narratorService } from "./services/narrator/narrator.service.ts";
import { natsBridgeService } from "./services/nats-bridge/nats-bridge.service.ts";
import { buildServices, checkSite, pageAddress } from "./services/registry.ts";
import { EvseError, messageOf } from "./shared/errors.ts";
import { holdDataDir } from "./shared/process/data-dir.ts";
import { type Environment, readEnvironment, withoutPassword } from "./shared/process/environment.ts";
import { fitHeapTo } from "./shared/process/fit-heap.ts";
import { nodesOf, readSiteFile, type Site, WHOLE_SITE } from "./shared/site/site-file.ts";
import { systemClock } from "./shared/time/clock.ts";

/** A stop that takes longer than this is ended: what has not opened by then, the board opens by itself. */
const STOP_WITHIN_MS = 2_500;
/** Charge points go first, so that contactors open while the rest still works; faces and the bus follow. */
const STOP_FIRST = ["evse", "pilot"];

const projectDir = import.meta.dirname;

function say(words: string): void {
  process.stdout.write(`${words}\n`);
}

/** What a person can act on is told in words; anything else is a bug and shows where it is. */
function refuseToStart(error: unknown): never {
  const text =
    error instanceof EvseError || !(error instanceof Error) ? messageOf(error) : (error.stack ?? error.message);
  process.stderr.write(`edge-evse did not start.\n${text}\n`);
  process.exit(1);
}

async function run(): Promise<void> {
  const environment = readEnvironment(process.argv.slice(2), process.env, projectDir);
  const site = readSiteFile(environment.siteFile);
  checkSite(site, environment);
  fitHeapTo(site.chargePoints.length);
  const nodeName = `${site.site}-${environment.node ?? WHOLE_SITE}`;
  const releaseDataDir = holdDataDir(environment.dataDir, nodeName);

  const broker = new ServiceBroker(brokerOptions(site, environment));
  endOnBugs(broker);
  const { version } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8")) as { version: string };
  const services = buildServices({ broker, clock: systemClock, site, environment, version });
  for (const schema of services) broker.createService(schema);
  if (environment.natsUrl !== undefined) {
    broker.createService(
      natsBridgeService({ broker, clock: systemClock, site: site.site, natsUrl: environment.natsUrl }),
    );
  }
  if (!environment.quiet && environment.logFormat === "short") {
    broker.createService(narratorService({ broker, clock: systemClock, say }));
  }

  announce(site, environment, version);
  stopOnSignals(broker, releaseDataDir);
  await broker.start();
  // Now, and not at the end: a gateway's power is cut more often than it is shut down.
  flushCompileCache();
  const page = pageAddress(site, environment);
  if (page !== null) say(`The page is at ${page} (Ctrl-C stops)`);
}

function announce(site: Site, environment: Environment, version: string): void {
  const part =
    environment.node === undefined ? "in one process" : `node ${environment.node} of ${nodesOf(site).join(", ")}`;
  say(`edge-evse ${version}: ${site.name ?? site.site}, ${part}, from ${environment.siteFile}`);
  if (environment.natsUrl !== undefined) say(`NATS: ${withoutPassword(environment.natsUrl)}`);
}

/** An error nobody caught leaves the process in a state nobody knows. It ends; the boards open within their watchdog. */
function endOnBugs(broker: ServiceBroker): void {
  const end = (error: unknown): void => {
    broker.logger.fatal(
      { error: error instanceof Error ? error.stack : String(error) },
      "unexpected error, the process ends",
    );
    process.exit(1);
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}

function stopOnSignals(broker: ServiceBroker, close: () => void): void {
  let stopping = false;
  const stop = (): void => {
    // A terminal's Ctrl-C may arrive twice: from the terminal and from npm.
    if (stopping) return;
    stopping = true;
    setTimeout(() => {
      say("stopped; some parts did not answer in time");
      process.exit(0);
    }, STOP_WITHIN_MS);
    void stopInOrder(broker)
      .then(close)
      .catch((error: unknown) => {
        say(`stopping: ${messageOf(error)}`);
      })
      .finally(() => {
        say("stopped");
        process.exit(0);
      });
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  // Started by `npm run site` or by a test: without the parent there is nobody left to stop this process.
  process.on("disconnect", stop);
}

async function stopInOrder(broker: ServiceBroker): Promise<void> {
  for (const first of STOP_FIRST) {
    const services = broker.services.filter(service => belongsTo(service, first));
    if (services.length === 0) continue;
    if (first === "pilot") say("stopping: contactors open");
    await Promise.all(services.map(service => broker.destroyService(service)));
  }
  await broker.stop();
}

function belongsTo(service: Service, name: string): boolean {
  return service.name === name || service.name.startsWith(`${name}-`);
}

run().catch(refuseToStart);
