import { join } from "node:path";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { journalLimits } from "../shared/actor/journal.ts";
import { natsClient } from "../shared/bus/nats-client.ts";
import { natsOptions } from "../shared/bus/nats-options.ts";
import { leadershipOf } from "../shared/lease/placed.ts";
import type { Environment } from "../shared/process/environment.ts";
import { checkSite as checkEntries, createServices, type Entry, entry } from "../shared/site/assemble.ts";
import { circuitPlans } from "../shared/site/circuits.ts";
import { hasFixedMeter, linesOfMeter, problemsOfMeterLine } from "../shared/site/meters.ts";
import { listOfPoints, pointOf, requirePoint } from "../shared/site/points.ts";
import { type ChargePoint, instancesOf, nodesCarrying, type Site, WHOLE_SITE } from "../shared/site/site-file.ts";
import type { Clock } from "../shared/time/clock.ts";
import { apiConfig } from "./api/api.config.ts";
import { apiService } from "./api/api.service.ts";
import { balancerConfig } from "./balancer/balancer.config.ts";
import { balancerService } from "./balancer/balancer.service.ts";
import { sessionFile } from "./evse/drivers/session-file.ts";
import { evseConfig, type PointSettings } from "./evse/evse.config.ts";
import { evseService } from "./evse/evse.service.ts";
import { pointSettingsOf } from "./evse/evse.settings.ts";
import { openHistory } from "./history/drivers/sqlite-history.ts";
import { historyConfig } from "./history/history.config.ts";
import { historyService } from "./history/history.service.ts";
import { limitsFile } from "./limits/drivers/limits-file.ts";
import { limitsConfig } from "./limits/limits.config.ts";
import { limitsService } from "./limits/limits.service.ts";
import { ModbusLines } from "./meter/drivers/modbus-lines.ts";
import type { NatsAccess } from "./meter/drivers/nats.ts";
import { openMeterDriver } from "./meter/drivers/open.ts";
import { meterConfig } from "./meter/meter.config.ts";
import { meterService } from "./meter/meter.service.ts";
import { firmataBoard } from "./pilot/drivers/firmata-board.ts";
import { serialLink } from "./pilot/drivers/link-serial.ts";
import { tcpLink } from "./pilot/drivers/link-tcp.ts";
import { fittedOf, pilotConfig, pinsOf } from "./pilot/pilot.config.ts";
import { pilotService } from "./pilot/pilot.service.ts";
import { cardsService } from "./rfid/cards.service.ts";
import { openRedisCards } from "./rfid/drivers/redis-cards.ts";
import { openSqliteCards } from "./rfid/drivers/sqlite-cards.ts";
import { cardsConfig, rfidConfig } from "./rfid/rfid.config.ts";
import { rfidService } from "./rfid/rfid.service.ts";
import { openRedisStore } from "./settings/drivers/redis-store.ts";
import { openSqliteStore } from "./settings/drivers/sqlite-store.ts";
import { settingsConfig } from "./settings/settings.config.ts";
import { problemsWithInitial } from "./settings/settings.core.ts";
import { settingsService } from "./settings/settings.service.ts";
import { inForce, NO_VALUES, type SettingsSite } from "./settings/values.core.ts";
import { simulatorConfig } from "./simulator/simulator.config.ts";
import { simulatorParts } from "./simulator/simulator.parts.ts";
import { simulatorService } from "./simulator/simulator.service.ts";
import { problemsInSimulator } from "./simulator/site-plan.ts";
import { solarConfig } from "./solar/solar.config.ts";
import { solarService } from "./solar/solar.service.ts";

/** What every service of a process is built with. */
export interface Surroundings {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  readonly site: Site;
  readonly environment: Environment;
  readonly version: string;
  /** One owner per line in this process. */
  readonly lines: ModbusLines;
}

/** Every service a site file may name. */
const entries: readonly Entry<Surroundings>[] = [
  entry({
    service: "settings",
    id: "none",
    config: settingsConfig.omit({ service: true, node: true }),
    create: ({ broker, clock, site, environment }: Surroundings) =>
      settingsService({
        broker,
        clock,
        site,
        store:
          environment.redisUrl === undefined
            ? openSqliteStore(environment.dataDir)
            : openRedisStore({ url: environment.redisUrl, site: site.site }),
        mainsMeterPresent: hasFixedMeter(site, "mains"),
      }),
  }),
  entry({
    service: "meter",
    id: "any",
    config: meterConfig,
    linesOf: ({ driver }, site) => linesOfMeter(driver, site),
    problemsIn: ({ driver, evseId }, site) => [
      ...problemsOfMeterLine(driver, site),
      ...(evseId === undefined || pointOf(site, evseId) !== undefined
        ? []
        : [`evseId: there is no charge point "${evseId}"; expected one of: ${listOfPoints(site)}`]),
    ],
    create: ({ broker, clock, lines, site, environment }: Surroundings, config, { id = "" }) =>
      meterService({
        broker,
        clock,
        meterId: id,
        config,
        openDriver: spec => openMeterDriver(spec, { lines, clock, nats: natsFor(`meter-${id}`, site, environment) }),
      }),
  }),
  entry({
    service: "balancer",
    id: "none",
    several: "standby",
    config: balancerConfig,
    create: ({ broker, clock, site, environment }: Surroundings) =>
      balancerService({
        broker,
        clock,
        node: environment.node ?? WHOLE_SITE,
        leadership: leadershipOf("balancer", site, environment, clock),
        chargePoints: site.chargePoints,
        circuits: circuitPlans(site),
        supply: site.supply,
        mainsMeterFixed: hasFixedMeter(site, "mains"),
        circuitMeterFixed: hasFixedMeter(site, "circuit"),
        keepsLimits: site.services.some(({ service }) => service === "limits"),
      }),
  }),
  entry({
    service: "limits",
    id: "none",
    config: limitsConfig,
    create: ({ broker, clock, site, environment }: Surroundings) =>
      limitsService({
        broker,
        clock,
        points: site.chargePoints.map(({ id }) => id),
        keeper: limitsFile(environment.dataDir),
      }),
  }),
  entry({
    service: "solar",
    id: "none",
    several: "standby",
    config: solarConfig,
    create: ({ broker, clock, site, environment }: Surroundings, config) =>
      solarService({
        broker,
        clock,
        chargePoints: site.chargePoints,
        config,
        node: environment.node ?? WHOLE_SITE,
        leadership: leadershipOf("solar", site, environment, clock),
      }),
  }),
  entry({
    service: "evse",
    id: "charge-point",
    config: evseConfig,
    create: ({ broker, clock, site, environment }: Surroundings, _config, { id = "" }) => {
      const point = requirePoint(site, id);
      const keeper = sessionFile(environment.dataDir, id);
      const points = instancesOf(site, environment.node).filter(({ service }) => service === "evse").length;
      return evseService({
        broker,
        clock,
        point,
        provisional: provisionalSettings(site, point),
        keeper,
        journalLimits: journalLimits(points),
      });
    },
  }),
  entry({
    service: "cards",
    id: "none",
    config: cardsConfig,
    create: ({ broker, clock, site, environment }: Surroundings) =>
      cardsService({
        broker,
        clock,
        store:
          environment.redisUrl === undefined
            ? openSqliteCards(join(environment.dataDir, "cards.db"))
            : openRedisCards({ url: environment.redisUrl, site: site.site }),
      }),
  }),
  entry({
    service: "rfid",
    id: "charge-point",
    config: rfidConfig,
    problemsIn: (_config, site) =>
      site.services.some(instance => instance.service === "cards")
        ? []
        : ["service: a card reader needs the card list; add { service: cards } to services"],
    create: ({ broker, clock, environment }: Surroundings, _config, { id = "" }) =>
      // The copy stays beside the point, whatever the site's own list lies in: it is for when that is away.
      rfidService({ broker, clock, evseId: id, copy: openSqliteCards(join(environment.dataDir, `cards-${id}.db`)) }),
  }),
  entry({
    service: "pilot",
    id: "charge-point",
    config: pilotConfig,
    create: ({ broker, clock }: Surroundings, config, { id = "" }) => {
      const { link } = config;
      const openLink = link.kind === "serial" ? serialLink(link) : tcpLink(link);
      const openBoard = firmataBoard({ openLink, ...pinsOf(config) });
      return pilotService({ broker, clock, evseId: id, openBoard, fitted: fittedOf(config) });
    },
  }),
  entry({
    service: "history",
    id: "none",
    config: historyConfig,
    create: ({ broker, clock, environment }: Surroundings) =>
      historyService({ broker, clock, store: openHistory(environment.dataDir) }),
  }),
  entry({
    service: "api",
    id: "none",
    several: "each",
    config: apiConfig,
    create: ({ broker, clock, site, environment, version }: Surroundings, config) =>
      apiService({
        broker,
        clock,
        site,
        config,
        version,
        httpPort: environment.httpPort,
        carriers: environment.node === undefined ? [] : carriersOf(site),
      }),
  }),
  entry({
    service: "simulator",
    id: "none",
    config: simulatorConfig,
    problemsIn: problemsInSimulator,
    create: ({ broker, clock, site }: Surroundings, config) =>
      simulatorService({ broker, clock, site, config, ...simulatorParts(config, clock) }),
  }),
];

/** Checks every part of a site file before anything starts. Throws `SiteFileError` naming all that is wrong. */
export function checkSite(site: Site, environment: Pick<Environment, "node">): void {
  checkEntries(site, entries, problemsWithInitial(settingsSiteOf(site)));
  instancesOf(site, environment.node);
}

/** The services of this process. Opens the settings store where this process keeps it: throws when it is in use. */
export function buildServices(around: Omit<Surroundings, "lines">): readonly ServiceSchema[] {
  const { site, environment, clock } = around;
  const lines = new ModbusLines(site.lines, { clock });
  const schemas = createServices(site, environment.node, entries, { ...around, lines });
  if (!schemas.some(schema => schema.name === "simulator")) return schemas;
  // In one process the simulated devices are there before those who look for them, so that nobody reports them lost.
  return schemas.map(schema =>
    /^(pilot|meter)-/.test(schema.name) ? { ...schema, dependencies: ["simulator"] } : schema,
  );
}

/** Where this process serves the page; null when it does not. */
export function pageAddress(site: Site, environment: Environment): string | null {
  const api = instancesOf(site, environment.node).find(instance => instance.service === "api");
  if (api === undefined) return null;
  const { host, port } = apiConfig.parse({ host: api["host"], port: api["port"] });
  const shown = ["0.0.0.0", "::"].includes(host) ? "localhost" : host;
  return `http://${shown}:${environment.httpPort ?? port}/`;
}

/** NATS as a meter that is a program of its own publishes there; null: this process has none. */
function natsFor(name: string, site: Site, { natsUrl }: Environment): NatsAccess | null {
  if (natsUrl === undefined) return null;
  return { site: site.site, connect: () => natsClient().connect({ ...natsOptions(natsUrl), name }) };
}

/** Each node of each service that may stand by for its like, and does. */
function carriersOf(site: Site): readonly { readonly service: string; readonly node: string }[] {
  return entries
    .filter(({ several }) => several === "standby")
    .flatMap(({ service }) => {
      const nodes = nodesCarrying(site, service);
      return nodes.length < 2 ? [] : nodes.map(node => ({ service, node }));
    });
}

/**
 * What a point charges with until it hears the settings: nothing, unless the installer gave it a safe current, which
 * is for exactly this case. Then the site file's settings hold.
 */
function provisionalSettings(site: Site, point: ChargePoint): PointSettings | null {
  if (point.safeCurrentA === 0) return null;
  return pointSettingsOf({ revision: 0, ...inForce(settingsSiteOf(site), NO_VALUES) }, point.id);
}

function settingsSiteOf(site: Site): SettingsSite {
  return {
    points: site.chargePoints,
    mainsMeterPresent: hasFixedMeter(site, "mains"),
    initial: site.settings,
  };
}
