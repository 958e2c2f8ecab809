import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBroker } from "moleculer";
import { apiConfig } from "../../services/api/api.config.ts";
import { apiService } from "../../services/api/api.service.ts";
import { ModbusLines } from "../../services/meter/drivers/modbus-lines.ts";
import { openMeterDriver } from "../../services/meter/drivers/open.ts";
import { meterConfig } from "../../services/meter/meter.config.ts";
import { meterService } from "../../services/meter/meter.service.ts";
import { openSqliteStore } from "../../services/settings/drivers/sqlite-store.ts";
import { settingsService } from "../../services/settings/settings.service.ts";
import { publish } from "../../shared/bus/bus.ts";
import { balancerAllocation, balancerStatus } from "../../shared/contracts/balancer.ts";
import { type EvseStatus, evseStatus } from "../../shared/contracts/evse.ts";
import { type PilotSensed, pilotSensed } from "../../shared/contracts/pilot.ts";
import { parseSite } from "../../shared/site/site-file.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON. */
  readonly json: unknown;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ApiSite {
  readonly broker: ServiceBroker;
  readonly clock: ManualClock;
  readonly port: number;
  readonly dataDir: string;
  ask(path: string, options?: AskOptions): Promise<Answer>;
  /** A charge point, its board and the balancer tell how they are: the contracts' examples, with these changes. */
  tellPoint(evseId: string, status?: Partial<EvseStatus>, sensed?: Partial<PilotSensed>): void;
  stop(): Promise<void>;
}

const SITE = `
site: demo
name: Demo house
chargePoints:
  - { id: left, serial: 1001, name: Left }
  - { id: right, serial: 1002, phaseRotation: [l2, l3, l1] }
services: [{ service: api }]
`;

/** The api service with real settings and real meters on a broker of its own; charge points are told by the test. */
export async function startApiSite(settings = "{}", withSettings = true): Promise<ApiSite> {
  const clock = new ManualClock(0, Date.UTC(2026, 0, 1, 12));
  const broker = new ServiceBroker({ logger: false });
  const site = parseSite(`${SITE}settings: ${settings}\n`, "test.yaml");
  const dataDir = mkdtempSync(join(tmpdir(), "evse-api-"));
  const lines = new ModbusLines({}, { clock });
  let address: AddressInfo | null = null;
  if (withSettings) {
    const store = openSqliteStore(dataDir);
    broker.createService(settingsService({ broker, clock, site, store, mainsMeterPresent: false }));
  }
  const meter = (meterId: string, config: object): void => {
    broker.createService(
      meterService({
        broker,
        clock,
        meterId,
        config: meterConfig.parse(config),
        openDriver: spec => openMeterDriver(spec, { lines, clock }),
      }),
    );
  };
  meter("mains", { role: "mains" });
  meter("circuit", { role: "circuit" });
  meter("ev-left", { role: "ev", evseId: "left" });
  broker.createService(
    apiService({
      broker,
      clock,
      site,
      config: apiConfig.parse({ hostNames: ["charger.example.org"] }),
      version: "0.1.0",
      httpPort: 0,
      onListening: heard => {
        address = heard;
      },
    }),
  );
  await broker.start();
  // Meters tell how they are within their rhythm.
  await clock.advanceAsync(2_500, 250);
  const { port } = address as unknown as AddressInfo;
  return {
    broker,
    clock,
    port,
    dataDir,
    ask: (path, options = {}) => ask(port, path, options),
    tellPoint(evseId, status = {}, sensed = {}) {
      publish(broker, evseStatus, { ...evseStatus.example, evseId, ...status });
      publish(broker, pilotSensed, { ...pilotSensed.example, evseId, ...sensed });
      publish(broker, balancerAllocation, { ...balancerAllocation.example, evseId });
      publish(broker, balancerStatus, balancerStatus.example);
    },
    async stop() {
      await broker.stop();
      rmSync(dataDir, { recursive: true });
    },
  };
}

/** One HTTP exchange on a connection of its own; any header may be set, Host too. */
function ask(port: number, path: string, { method = "GET", headers = {}, body }: AskOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: "127.0.0.1", port, path, method, headers, agent: false }, incoming => {
      const parts: Buffer[] = [];
      incoming.on("data", (part: Buffer) => parts.push(part));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const text = Buffer.concat(parts).toString("utf8");
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text,
          get json() {
            return JSON.parse(text) as unknown;
          },
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
