import { join } from "node:path";
import { ServiceBroker } from "moleculer";
import { type BalancerOptions, balancerService } from "../../services/balancer/balancer.service.ts";
import { sessionFile } from "../../services/evse/drivers/session-file.ts";
import { evseService } from "../../services/evse/evse.service.ts";
import { limitsFile } from "../../services/limits/drivers/limits-file.ts";
import { limitsService } from "../../services/limits/limits.service.ts";
import { ModbusLines } from "../../services/meter/drivers/modbus-lines.ts";
import { openMeterDriver } from "../../services/meter/drivers/open.ts";
import { meterConfig } from "../../services/meter/meter.config.ts";
import { meterService } from "../../services/meter/meter.service.ts";
import { firmataBoard } from "../../services/pilot/drivers/firmata-board.ts";
import { pilotService } from "../../services/pilot/pilot.service.ts";
import { openSqliteStore } from "../../services/settings/drivers/sqlite-store.ts";
import { settingsService } from "../../services/settings/settings.service.ts";
import { happenTo, warm } from "../../services/simulator/board/order.ts";
import { VirtualBoard } from "../../services/simulator/board/virtual-board.ts";
import { simulatorConfig } from "../../services/simulator/simulator.config.ts";
import type { MeterShows, SimulatedBoard, SimulatedMeters } from "../../services/simulator/simulator.port.ts";
import { simulatorService } from "../../services/simulator/simulator.service.ts";
import { solarConfig } from "../../services/solar/solar.config.ts";
import { solarService } from "../../services/solar/solar.service.ts";
import { request, subscribe } from "../../shared/bus/bus.ts";
import { type BalancerAllocation, balancerAllocation, balancerStatus } from "../../shared/contracts/balancer.ts";
import type { ParamsOf } from "../../shared/contracts/define.ts";
import { type EvseStatus, evseAcknowledge, evseStatus } from "../../shared/contracts/evse.ts";
import { limitsSet, limitsWithdraw } from "../../shared/contracts/limits.ts";
import { meterFeed } from "../../shared/contracts/meter.ts";
import { settingsUpdate } from "../../shared/contracts/settings.ts";
import { simulatorCommand } from "../../shared/contracts/simulator.ts";
import { type SolarBudget, solarBudget } from "../../shared/contracts/solar.ts";
import { standFor } from "../../shared/lease/leadership.ts";
import { parseSite, type Site } from "../../shared/site/site-file.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { MemoryLease } from "./memory-lease.ts";
import { MemoryCable } from "./memory-link.ts";
import { ALL_FITTED, ALL_PINS } from "./pilot-rig.ts";
import { type Teardown, tempDir } from "./servers.ts";

/** The simulated board of one point and the cable to it. */
interface Bench {
  readonly board: VirtualBoard;
  readonly cable: MemoryCable;
}

/**
 * The whole site in one process on stepped time: simulator, meters, settings, balancer, charge points, and virtual boards
 * at the end of cables in memory. Meters are of the type API and fed through the door that REST uses.
 */
export class SteppedSite {
  readonly clock = new ManualClock();
  readonly broker = new ServiceBroker({ logger: false, nodeID: "stepped" });
  readonly site: Site;
  readonly benches = new Map<string, Bench>();
  readonly statuses = new Map<string, EvseStatus>();
  readonly allocations = new Map<string, BalancerAllocation>();
  budget: SolarBudget | null = null;
  /** Where the active balancer runs, as it says. */
  balancerNode: string | null = null;
  readonly #silentMeters = new Set<number>();

  /** Where several nodes carry balancer and solar: what they agree on. One lease each. */
  readonly leases = { balancer: new MemoryLease(this.clock), solar: new MemoryLease(this.clock) };
  readonly #nodes: readonly string[];
  readonly #keepsLimits: boolean;
  #dataDir = "";

  private constructor(ids: readonly string[], safeCurrentA: number, nodes: readonly string[], keepsLimits: boolean) {
    this.#nodes = nodes;
    this.#keepsLimits = keepsLimits;
    this.site = parseSite(siteText(ids, safeCurrentA), "stepped.yaml");
    ids.forEach((id, index) => {
      const board = new VirtualBoard({ clock: this.clock, seed: index + 1 });
      this.benches.set(id, { board, cable: new MemoryCable(board) });
    });
  }

  /** Starts the site, with a 3-phase 16 A car plugged in everywhere, and runs it until all of them charge. */
  static async charging(
    t: Teardown,
    ids: readonly string[] = ["left"],
    safeCurrentA = 0,
    nodes: readonly string[] = [],
    keepsLimits = false,
  ): Promise<SteppedSite> {
    const site = new SteppedSite(ids, safeCurrentA, nodes, keepsLimits);
    await site.#start(t);
    // After 17 s they charge, after 33 s their ramps are over.
    await site.run(40_000);
    for (const id of ids) {
      if (site.status(id).state !== "C2") throw new Error(`${id} does not charge: ${site.status(id).reason}`);
    }
    return site;
  }

  bench(id = "left"): Bench {
    const bench = this.benches.get(id);
    if (bench === undefined) throw new Error(`no point ${id}`);
    return bench;
  }

  status(id = "left"): EvseStatus {
    const status = this.statuses.get(id);
    if (status === undefined) throw new Error(`${id} has not reported`);
    return status;
  }

  /** Whether any pole really connects the car. */
  closed(id = "left"): boolean {
    const { l1, l23 } = this.bench(id).board.contactors;
    return l1 || l23;
  }

  dutyPct(id = "left"): number {
    return this.bench(id).board.pilot.dutyPct;
  }

  async run(ms: number, stepMs = 50): Promise<this> {
    await this.clock.advanceAsync(ms, stepMs);
    return this;
  }

  /** Milliseconds of simulated time until something holds, to 1 ms; fails after `withinMs`. Steps from timer to timer. */
  async until(what: string, withinMs: number, holds: () => boolean): Promise<number> {
    const from = this.clock.now();
    while (!holds()) {
      const leftMs = from + withinMs - this.clock.now();
      if (leftMs <= 0) throw new Error(`${what}: not within ${withinMs} ms`);
      const idleMs = Math.ceil((this.clock.nextDueAt() ?? Number.POSITIVE_INFINITY) - this.clock.now());
      const stepMs = Math.max(1, Math.min(idleMs, leftMs));
      await this.clock.advanceAsync(stepMs, stepMs);
    }
    return this.clock.now() - from;
  }

  async tell(words: string): Promise<void> {
    await request(this.broker, simulatorCommand, "simulator", { words });
  }

  async set(key: string, value: number, evseId: string | null = null): Promise<void> {
    await request(this.broker, settingsUpdate, "settings", { by: "rest", changes: [{ key, evseId, value }] });
  }

  /** A limit from outside, in A per phase of the site, until it is withdrawn; null withdraws it. */
  async limit(limitId: string, maxA: number | null): Promise<void> {
    const whose = { limitId, owner: "ems" };
    if (maxA === null) await request(this.broker, limitsWithdraw, "limits", whose);
    else
      await request(this.broker, limitsSet, "limits", { ...whose, evseId: null, maxA, maxW: null, expiresInS: null });
  }

  async acknowledge(evseId = "left"): Promise<void> {
    await request(this.broker, evseAcknowledge, `evse-${evseId}`, { evseId });
  }

  /** Ends a service as a crash would: it says nothing more. */
  async kill(name: string): Promise<void> {
    const service = this.broker.services.find(candidate => candidate.name === name);
    if (service === undefined) throw new Error(`no service ${name}`);
    await this.broker.destroyService(service);
  }

  /** Ends a service as SIGKILL would: it neither says goodbye nor gives a lease back. */
  crash(name: "balancer" | "solar", node: string): void {
    this.leases[name].cut(node);
    void this.kill(`${name}-${node}`);
  }

  /** With a node: one of several that stand for the lease. In one process they need names of their own. */
  startBalancer(node?: string): void {
    const { broker, clock, site } = this;
    const schema = balancerService({
      broker,
      clock,
      chargePoints: site.chargePoints,
      mainsMeterFixed: true,
      circuitMeterFixed: false,
      keepsLimits: this.#keepsLimits,
      ...this.#standing("balancer", node),
    });
    broker.createService(node === undefined ? schema : { ...schema, name: `balancer-${node}` });
  }

  startLimits(): void {
    const { broker, clock, site } = this;
    const keeper = limitsFile(this.#dataDir);
    broker.createService(limitsService({ broker, clock, points: site.chargePoints.map(({ id }) => id), keeper }));
  }

  startSolar(node?: string): void {
    const { broker, clock, site } = this;
    const schema = solarService({
      broker,
      clock,
      chargePoints: site.chargePoints,
      config: solarConfig.parse({}),
      ...this.#standing("solar", node),
    });
    broker.createService(node === undefined ? schema : { ...schema, name: `solar-${node}` });
  }

  #standing(service: "balancer" | "solar", node: string | undefined): Pick<BalancerOptions, "node" | "leadership"> {
    if (node === undefined) return {};
    this.leases[service].cut(node, false);
    const me = `${node} ${this.clock.now()}`;
    return { node, leadership: standFor({ clock: this.clock, store: this.leases[service].for(node), me }) };
  }

  async #start(t: Teardown): Promise<void> {
    const { broker, clock, site } = this;
    const dataDir = join(tempDir(t, "stepped"), "data");
    this.#dataDir = dataDir;
    const store = openSqliteStore(dataDir);
    broker.createService(settingsService({ broker, clock, site, store, mainsMeterPresent: true }));
    for (const node of this.#nodes.length === 0 ? [undefined] : this.#nodes) {
      this.startBalancer(node);
      this.startSolar(node);
    }
    if (this.#keepsLimits) this.startLimits();
    for (const point of site.chargePoints) {
      broker.createService(
        evseService({ broker, clock, point, provisional: null, keeper: sessionFile(dataDir, point.id) }),
      );
      const openBoard = firmataBoard({ openLink: this.bench(point.id).cable.open, ...ALL_PINS });
      broker.createService(pilotService({ broker, clock, evseId: point.id, openBoard, fitted: ALL_FITTED }));
    }
    const meters = ["mains", ...site.chargePoints.map(point => `ev-${point.id}`)];
    for (const meterId of meters) {
      const evseId = meterId.startsWith("ev-") ? meterId.slice(3) : undefined;
      const config = meterConfig.parse({
        role: evseId === undefined ? "mains" : "ev",
        evseId,
        driver: { kind: "api" },
      });
      const lines = new ModbusLines({}, { clock });
      broker.createService(
        meterService({ broker, clock, meterId, config, openDriver: spec => openMeterDriver(spec, { lines, clock }) }),
      );
    }
    const config = simulatorConfig.parse({
      house: { kind: "quiet", baseA: 1 },
      meters: meters.map((id, index) =>
        id === "mains"
          ? { role: "mains", port: 1000, unit: 10 }
          : { role: "ev", evseId: id.slice(3), port: 1000, unit: 11 + index },
      ),
      boards: Object.fromEntries(site.chargePoints.map((point, index) => [point.id, { port: 2000 + index }])),
      cars: Object.fromEntries(site.chargePoints.map(point => [point.id, { kind: "ev3p16", plugAfterS: 1 }])),
    });
    const boards = new Map(
      site.chargePoints.map(point => [point.id, boardInMemory(this.bench(point.id).board)] as const),
    );
    broker.createService(
      simulatorService({ broker, clock, config, site, boards, meters: this.#feedingMeters(meters) }),
    );
    broker.createService({
      name: "onlooker",
      events: {
        ...subscribe(evseStatus, status => {
          this.statuses.set(status.evseId, status);
        }),
        ...subscribe(balancerAllocation, allocation => {
          this.allocations.set(allocation.evseId, allocation);
        }),
        ...subscribe(balancerStatus, ({ node }) => {
          this.balancerNode = node;
        }),
        ...subscribe(solarBudget, budget => {
          this.budget = budget;
        }),
      },
    });
    t.teardown(async () => {
      // Giving a lease back takes a moment of the stepped time.
      const stopped: true[] = [];
      const stopping = broker.stop().then(() => stopped.push(true));
      for (const from = this.clock.now(); stopped.length === 0 && this.clock.now() - from < 60_000; )
        await this.clock.advanceAsync(10);
      await stopping;
      for (const { board } of this.benches.values()) board.powerOff();
    });
    await broker.start();
  }

  /** Meters that tell what the plant shows, once a second, through the feed. */
  #feedingMeters(ids: readonly string[]): SimulatedMeters {
    const shown = new Map<number, MeterShows>();
    const feed = (): void => {
      for (const [index, values] of shown) {
        const meterId = ids[index];
        if (meterId === undefined || this.#silentMeters.has(index)) continue;
        const params: ParamsOf<typeof meterFeed> = {
          role: meterId === "mains" ? "mains" : "ev",
          evseId: meterId === "mains" ? null : meterId.slice(3),
          currentA: values.currentA,
          totalPowerW: null,
          importWh: values.importWh,
          exportWh: values.exportWh,
        };
        request(this.broker, meterFeed, `meter-${meterId}`, params).catch((error: unknown) => {
          throw error;
        });
      }
    };
    return {
      show: (meter, values) => {
        shown.set(meter, values);
      },
      answers: (meter, whether) => {
        if (whether) this.#silentMeters.delete(meter);
        else this.#silentMeters.add(meter);
      },
      open: async () => {
        this.clock.every(1_000, feed);
        return Promise.resolve();
      },
      close: async () => Promise.resolve(),
    };
  }
}

/** The car's side of a board that hangs on a cable in memory. */
function boardInMemory(board: VirtualBoard): SimulatedBoard {
  return {
    get drives() {
      const { pilot, contactors } = board;
      return {
        dutyPct: pilot.dutyPct,
        pilotLine: pilot.connected,
        contactorL1: contactors.l1,
        contactorL23: contactors.l23,
      };
    },
    present: ({ pilot, ppOhm }) => {
      board.present({ state: pilot, ppOhm });
    },
    disturb: order => {
      happenTo(board, order);
    },
    warm: temperatureC => {
      warm(board, temperatureC);
    },
    weld: welded => {
      board.wiring.k1.weld(welded);
    },
    open: async () => Promise.resolve(),
    close: async () => Promise.resolve(),
  };
}

function siteText(ids: readonly string[], safeCurrentA: number): string {
  const points = ids.map((id, index) => `  - { id: ${id}, serial: ${index + 1}, safeCurrentA: ${safeCurrentA} }`);
  const settings = ids.map(id => `    ${id}: { mode: 1, current_max: 16, ev_meter: 9 }`);
  return `site: stepped
chargePoints:
${points.join("\n")}
services: [{ service: settings }]
settings:
  site: { current_main: 25, mains_meter: 9, current_max_circuit: 50 }
  points:
${settings.join("\n")}
`;
}
