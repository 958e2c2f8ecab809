import { writeFileSync } from "node:fs";
import { join } from "node:path";
import modbus from "modbus-serial";
import { connect, type NatsConnection } from "nats";
import { natsOptions } from "../../shared/bus/nats-options.ts";
import { freePorts, natsUrl, type Teardown, tempDir, until } from "./servers.ts";
import { type SiteProcess, startSite } from "./site-process.ts";

const ModbusRTU = modbus.default;

export type PointId = "left" | "right";
export type NodeName = PointId | "settings" | "balancer" | "balancer-b" | "limits" | "api" | "meters" | "sim";

export const NODES: readonly NodeName[] = ["sim", "settings", "meters", "balancer", "left", "right", "api"];

/** A site as on several gateways: one process per charge point, one per other service, meeting on NATS. */
export interface SpreadSite {
  readonly url: string;
  start(node: NodeName): SiteProcess;
  startAll(nodes?: readonly NodeName[]): void;
  process(node: NodeName): SiteProcess;
  /** What really flows into a car, from the simulated meter itself: no service, no NATS in between. */
  carA(point: PointId): Promise<number>;
  /** Says something to the simulated site over the page's own interface. */
  tell(words: string): Promise<void>;
}

export interface SpreadSiteOptions {
  readonly natsPort: number;
  /** More settings of a point: ", lock: 1". */
  readonly points?: Readonly<Partial<Record<PointId, string>>>;
  /** A second balancer on a node of its own, `balancer-b`, and the service `limits` on another. */
  readonly standby?: boolean;
  /** Where single nodes reach NATS, when not at `natsPort`: through a cable that can be cut. */
  readonly natsPortOf?: Readonly<Partial<Record<NodeName, number>>>;
}

const EV_UNIT: Readonly<Record<PointId, number>> = { left: 12, right: 13 };
/** Eastron: current of L1, IEEE 754 single precision. */
const CURRENT_L1 = 0x0006;

export async function spreadSite(
  t: Teardown,
  { natsPort, points = {}, standby = false, natsPortOf = {} }: SpreadSiteOptions,
): Promise<SpreadSite> {
  const dir = tempDir(t, "spread");
  const [httpPort = 0, metersPort = 0, leftPort = 0, rightPort = 0] = await freePorts(4);
  const siteFile = join(dir, "site.yaml");
  writeFileSync(siteFile, siteText({ httpPort, metersPort, leftPort, rightPort }, points, standby));
  const processes = new Map<NodeName, SiteProcess>();
  const url = `http://127.0.0.1:${httpPort}`;

  const site: SpreadSite = {
    url,
    start(node) {
      const env = { NODE_ID: node, NATS_URL: natsUrl(natsPortOf[node] ?? natsPort), DATA_DIR: join(dir, "data") };
      const started = startSite(t, { siteFile, env });
      processes.set(node, started);
      return started;
    },
    startAll(nodes = NODES) {
      for (const node of nodes) site.start(node);
    },
    process(node) {
      const found = processes.get(node);
      if (found === undefined) throw new Error(`${node} was not started`);
      return found;
    },
    async carA(point) {
      const client = new ModbusRTU();
      try {
        await client.connectTCP("127.0.0.1", { port: metersPort });
        client.setTimeout(2_000);
        client.setID(EV_UNIT[point]);
        const { buffer } = await client.readInputRegisters(CURRENT_L1, 2);
        return buffer.readFloatBE(0);
      } finally {
        client.close(() => undefined);
      }
    },
    async tell(words) {
      const response = await fetch(`${url}/api/v1/simulator/command`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ words }),
      });
      if (!response.ok) throw new Error(`${words}: ${response.status} ${await response.text()}`);
    },
  };
  return site;
}

/** A plain NATS client that keeps the last payload of every subject. */
export interface Onlooker {
  readonly nats: NatsConnection;
  last(subject: string): unknown;
  readonly subjects: ReadonlySet<string>;
  /** Forgets everything, so that what is seen next is new. */
  forget(): void;
}

export async function lookOn(t: Teardown, port: number): Promise<Onlooker> {
  const nats = await connect(natsOptions(natsUrl(port)));
  t.teardown(() => nats.close());
  const last = new Map<string, unknown>();
  const subjects = new Set<string>();
  nats.subscribe("edge.>", {
    callback: (error, message) => {
      if (error !== null) return;
      last.set(message.subject, message.json());
      subjects.add(message.subject);
    },
  });
  await nats.flush();
  return {
    nats,
    last: subject => last.get(subject),
    subjects,
    forget: () => last.clear(),
  };
}

/** Waits until the current of a car satisfies a condition. */
export async function untilCar(
  site: SpreadSite,
  point: PointId,
  what: string,
  is: (currentA: number) => boolean,
  withinMs = 60_000,
): Promise<void> {
  await until(
    `car ${point} ${what}`,
    async () => {
      try {
        return is(await site.carA(point));
      } catch {
        // The simulated site is not up yet; asked again until the patience of `until` ends.
        return false;
      }
    },
    withinMs,
  );
}

interface Ports {
  readonly httpPort: number;
  readonly metersPort: number;
  readonly leftPort: number;
  readonly rightPort: number;
}

function siteText(ports: Ports, points: SpreadSiteOptions["points"] & object, standby: boolean): string {
  return `
site: spread
chargePoints:
  - { id: left, serial: 20001 }
  - { id: right, serial: 20002 }
lines:
  meters: { kind: tcp, host: 127.0.0.1, port: ${ports.metersPort} }
services:
  - { service: settings, node: settings }
  - { service: balancer, node: balancer }
${standby ? "  - { service: balancer, node: balancer-b }\n  - { service: limits, node: limits }" : ""}
  - { service: api, node: api, port: ${ports.httpPort} }
  - { service: meter, id: mains, node: meters, role: mains, driver: { kind: setting, line: meters } }
  - { service: meter, id: ev-left, node: meters, role: ev, evseId: left, driver: { kind: setting, line: meters } }
  - { service: meter, id: ev-right, node: meters, role: ev, evseId: right, driver: { kind: setting, line: meters } }
  - { service: evse, id: left, node: left }
  - { service: pilot, id: left, node: left, link: { kind: tcp, port: ${ports.leftPort} } }
  - { service: evse, id: right, node: right }
  - { service: pilot, id: right, node: right, link: { kind: tcp, port: ${ports.rightPort} } }
  - service: simulator
    node: sim
    boards: { left: { port: ${ports.leftPort} }, right: { port: ${ports.rightPort} } }
    meters:
      - { role: mains, port: ${ports.metersPort}, unit: 10 }
      - { role: ev, evseId: left, port: ${ports.metersPort}, unit: 12 }
      - { role: ev, evseId: right, port: ${ports.metersPort}, unit: 13 }
    house: { kind: quiet, baseA: 1 }
    cars:
      left: { kind: ev3p16, plugAfterS: 0 }
      right: { kind: ev3p16, plugAfterS: 0 }
settings:
  site: { current_main: 40, current_max_circuit: 40, mains_meter: 4, mains_meter_address: 10 }
  points:
    left: { mode: 1, current_max: 16, ev_meter: 4, ev_meter_address: 12${points.left ?? ""} }
    right: { mode: 1, current_max: 16, ev_meter: 4, ev_meter_address: 13${points.right ?? ""} }
`;
}
