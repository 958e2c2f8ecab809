import type { ServiceBroker, ServiceSchema } from "moleculer";
import type { Environment } from "../shared/process/environment.ts";
import { checkSite as checkEntries, createServices, type Entry, entry } from "../shared/site/assemble.ts";
import { instancesOf, type Site } from "../shared/site/site-file.ts";
import type { Clock } from "../shared/time/clock.ts";
import { apiConfig } from "./api/api.config.ts";
import { openRedisStore } from "./settings/drivers/redis-store.ts";
import { openSqliteStore } from "./settings/drivers/sqlite-store.ts";
import { settingsConfig } from "./settings/settings.config.ts";
import { settingsService } from "./settings/settings.service.ts";

/** What every service of a process is built with. */
export interface Surroundings {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  readonly site: Site;
  readonly environment: Environment;
  readonly version: string;
}

/** Every service a site file may name. */
const entries: readonly Entry<Surroundings>[] = [
  entry({
    service: "settings",
    id: "none",
    config: settingsConfig.omit({ service: true, node: true }),
    create: ({ broker, clock, site, environment }) =>
      settingsService({
        broker,
        clock,
        site,
        store:
          environment.redisUrl === undefined
            ? openSqliteStore(environment.dataDir)
            : openRedisStore({ url: environment.redisUrl, site: site.site }),
        mainsMeterPresent: false,
      }),
  }),
];

/** Checks every part of a site file before anything starts. Throws `SiteFileError` naming all that is wrong. */
export function checkSite(site: Site, environment: Environment): void {
  instancesOf(site, environment.node);
  checkEntries(site, entries);
}

export interface Built {
  readonly schemas: readonly ServiceSchema[];
  close(): Promise<void>;
}

export function buildServices(around: Surroundings): Built {
  return { schemas: createServices(around.site, around.environment.node, entries, around), close: async () => {} };
}

/** Where this process serves the page; null when it does not. */
export function pageAddress(site: Site, environment: Environment): string | null {
  const api = instancesOf(site, environment.node).find(instance => instance.service === "api");
  if (api === undefined) return null;
  const { host, port } = apiConfig.parse({ host: api["host"], port: api["port"] });
  const shown = ["0.0.0.0", "::"].includes(host) ? "localhost" : host;
  return `http://${shown}:${environment.httpPort ?? port}/`;
}
