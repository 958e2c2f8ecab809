import type { AddressInfo } from "node:net";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { startActor } from "../../shared/actor/actor.ts";
import { unpackJournal } from "../../shared/actor/journal-text.ts";
import { request, subscribe } from "../../shared/bus/bus.ts";
import { balancerAllocation, balancerStatus } from "../../shared/contracts/balancer.ts";
import { evseAcknowledge, evseStatus } from "../../shared/contracts/evse.ts";
import { historyDay, historySessions } from "../../shared/contracts/history.ts";
import { balancerExplain, balancerJournal, evseExplain, evseJournal } from "../../shared/contracts/insight.ts";
import { leaseStatus } from "../../shared/contracts/lease.ts";
import { limitsCurrent, limitsSet, limitsWithdraw } from "../../shared/contracts/limits.ts";
import { meterFeed, meterReading, meterStatus } from "../../shared/contracts/meter.ts";
import { pilotSensed } from "../../shared/contracts/pilot.ts";
import { accessPresent, cardsChange, cardsPage, rfidRead, rfidStatus } from "../../shared/contracts/rfid.ts";
import { settingsCurrent, settingsUpdate } from "../../shared/contracts/settings.ts";
import { simulatorCommand, simulatorTruth } from "../../shared/contracts/simulator.ts";
import type { Site } from "../../shared/site/site-file.ts";
import type { Clock } from "../../shared/time/clock.ts";
import type { ApiConfig } from "./api.config.ts";
import type { Gateway } from "./asks.ts";
import { HISTORY_STEP_MS } from "./history.core.ts";
import { type HttpServer, startHttp } from "./http/server.ts";
import { type Carrier, type Knowledge, type KnowledgeInput, knowNothing, learn } from "./knowledge.core.ts";

export interface ApiOptions {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  readonly site: Pick<Site, "site" | "name" | "chargePoints">;
  readonly config: ApiConfig;
  readonly version: string;
  /** Services that the site file puts on several nodes, and those nodes. */
  readonly carriers?: readonly Carrier[];
  /** Replaces the port of the site file; 0 takes any free one. */
  readonly httpPort?: number | undefined;
  readonly onListening?: (address: AddressInfo) => void;
}

/** The door for people and programs: looks on at facts, asks owners, decides nothing. */
export function apiService(options: ApiOptions): ServiceSchema {
  const { broker, clock, site, config } = options;
  const log = broker.getLogger("api");
  const knowledge = startActor<Knowledge, KnowledgeInput, never>({
    initial: knowNothing(
      site.chargePoints.map(point => point.id),
      options.carriers,
    ),
    step: learn,
    perform: () => undefined,
    clock,
  });
  /** The node whose balancer decides: the others know what it decided, but not why. */
  let balancerNode: string | undefined;
  const tell = (input: KnowledgeInput): void => knowledge.tell(input);
  const gateway: Gateway = {
    identity: { site: site.site, name: site.name ?? site.site, version: options.version, points: site.chargePoints },
    clock,
    log,
    known: () => knowledge.state,
    learn: tell,
    asks: {
      updateSettings: (by, changes) => request(broker, settingsUpdate, "settings", { by, changes }),
      feedMeter: (meterId, feed) => request(broker, meterFeed, `meter-${meterId}`, feed),
      sessions: query => request(broker, historySessions, "history", query),
      powerDay: () => request(broker, historyDay, "history", {}),
      presentCard: (evseId, uid) => request(broker, accessPresent, `rfid-${evseId}`, { evseId, uid }),
      cardPage: after => request(broker, cardsPage, "cards", { after }),
      changeCards: change => request(broker, cardsChange, "cards", { by: "web", change }),
      setLimit: limit => request(broker, limitsSet, "limits", limit),
      withdrawLimit: which => request(broker, limitsWithdraw, "limits", which),
      explainPoint: evseId => request(broker, evseExplain, `evse-${evseId}`, { evseId }),
      explainAllocation: evseId => request(broker, balancerExplain, "balancer", { evseId }, balancerNode),
      journal: async evseId => {
        const { packed } = await (evseId === null
          ? request(broker, balancerJournal, "balancer", {}, balancerNode)
          : request(broker, evseJournal, `evse-${evseId}`, { evseId }));
        return unpackJournal(packed);
      },
      acknowledge: evseId => request(broker, evseAcknowledge, `evse-${evseId}`, { evseId }),
      simulate: words => request(broker, simulatorCommand, "simulator", { words }),
    },
  };
  let server: HttpServer | null = null;
  let stopSampling: (() => void) | null = null;

  return {
    name: "api",
    events: {
      ...subscribe(evseStatus, fact => tell({ kind: "evse.status", fact })),
      ...subscribe(pilotSensed, fact => tell({ kind: "pilot.sensed", fact })),
      ...subscribe(balancerAllocation, fact => tell({ kind: "balancer.allocation", fact })),
      ...subscribe(balancerStatus, (fact, { nodeId }) => {
        balancerNode = nodeId;
        tell({ kind: "balancer.status", fact });
      }),
      ...subscribe(leaseStatus, fact => tell({ kind: "lease.status", fact })),
      ...subscribe(meterReading, fact => tell({ kind: "meter.reading", fact })),
      ...subscribe(meterStatus, fact => tell({ kind: "meter.status", fact })),
      ...subscribe(limitsCurrent, fact => tell({ kind: "limits.current", fact })),
      ...subscribe(settingsCurrent, fact => tell({ kind: "settings.current", fact })),
      ...subscribe(rfidStatus, fact => tell({ kind: "rfid.status", fact })),
      ...subscribe(rfidRead, fact => tell({ kind: "rfid.read", fact })),
      ...subscribe(simulatorTruth, () => tell({ kind: "simulator.truth" })),
    },
    async started() {
      server = await startHttp(gateway, config, options.httpPort ?? config.port);
      stopSampling = clock.every(HISTORY_STEP_MS, () => tell({ kind: "sample", civilMs: clock.civilMs() }));
      const { address, port } = server.address;
      log.info({ address, port }, "page and interfaces are served");
      options.onListening?.(server.address);
    },
    async stopped() {
      stopSampling?.();
      knowledge.stop();
      await server?.stop();
    },
  };
}
