import type { ServiceBroker } from "moleculer";
import { leaseStatus } from "../contracts/lease.ts";
import type { Leadership } from "../lease/leadership.ts";
import type { Cancel, Clock, Instant } from "../time/clock.ts";
import { publish } from "./bus.ts";

export interface StandingOptions {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  /** What several nodes carry: `balancer`. */
  readonly service: string;
  readonly node: string;
  readonly leadership: Leadership;
  readonly log: ServiceBroker["logger"];
}

/** How a service stands among its like on other nodes. */
export interface Standing {
  /** Stands for the lease, tells how it stands, and is told when it begins or ends to decide. */
  begin(role: (epoch: number | null) => void): void;
  end(): Promise<void>;
  /** The settings are known: without them nothing can be decided. */
  informed(): void;
  /** Somebody's word under this epoch was heard. */
  heard(epoch: number): void;
}

const TELL_EVERY_MS = 1_000;
/** Every charge point repeats its status within a second, and over NATS nodes first have to find each other. */
const LISTEN_MS = 3_000;

/** Ties a service to its leadership: who has listened for long enough stands for it. */
export function standOn({ broker, clock, service, node, leadership, log }: StandingOptions): Standing {
  const cancels: Cancel[] = [];
  let since: Instant | null = null;
  let settingsKnown = false;
  let lastProblem: string | null = null;

  function tell(): void {
    if (settingsKnown && since !== null && clock.now() - since >= LISTEN_MS) leadership.ready();
    const view = leadership.view();
    if (view === null) return;
    publish(broker, leaseStatus, { service, node, ...view });
    if (view.problem !== null && view.problem !== lastProblem)
      log.warn({ problem: view.problem }, `the lease of the ${service} cannot be reached`);
    lastProblem = view.problem;
  }

  return {
    begin(role) {
      since = clock.now();
      leadership.start(() => {
        const epoch = leadership.epoch();
        role(epoch);
        if (leadership.view() === null) return;
        if (epoch === null) log.warn(`this ${service} no longer decides`);
        else log.info({ epoch }, `this ${service} decides`);
        tell();
      });
      if (leadership.view() !== null) cancels.push(clock.every(TELL_EVERY_MS, tell));
    },
    async end() {
      for (const cancel of cancels) cancel();
      await leadership.stop();
    },
    informed() {
      settingsKnown = true;
    },
    heard: epoch => leadership.heard(epoch),
  };
}
