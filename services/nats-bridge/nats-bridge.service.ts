import type { ServiceBroker, ServiceSchema } from "moleculer";
import type { NatsConnection } from "nats";
import { natsClient } from "../../shared/bus/nats-client.ts";
import { natsOptions } from "../../shared/bus/nats-options.ts";
import { tapPublished } from "../../shared/bus/taps.ts";
import type { Fact } from "../../shared/contracts/define.ts";
import { subjectOf } from "../../shared/contracts/subject.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Cancel, Clock } from "../../shared/time/clock.ts";
import { keepForLater, type Message, type Outbox } from "./outbox.core.ts";

export interface NatsBridgeOptions {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  readonly site: string;
  readonly natsUrl: string;
}

const RETRY_MS = 500;
/** What is told within this time goes out at once: fifty points tell four hundred facts a second, a system call each. */
const TOGETHER_MS = 20;
/** After a restart of NATS its other clients come back in their own time; what is told once is told when they have. */
const OTHERS_BACK_MS = 3_000;

/**
 * Tells plain NATS clients what this node publishes: the contract's payload as JSON on
 * `edge.<site>.<service>.<id>.<fact>`. It has a connection of its own, starts whether or not NATS is there, and
 * nothing on the control path waits for it.
 */
export function natsBridgeService({ broker, clock, site, natsUrl }: NatsBridgeOptions): ServiceSchema {
  const log = broker.getLogger("nats-bridge");
  const { connect, Events } = natsClient();
  let connection: NatsConnection | null = null;
  /** True between the server's welcome and the loss of the line; while false nothing is handed to the client. */
  let online = false;
  let stopped = false;
  let outbox: Outbox = [];
  let lastProblem = "";
  let untap: Cancel | null = null;
  let cancelRetry: Cancel | null = null;
  let cancelOutbox: Cancel | null = null;
  let together: { readonly message: Message; readonly once: boolean }[] = [];
  let cancelTogether: Cancel | null = null;

  function dial(): void {
    connect({ ...natsOptions(natsUrl), name: `${broker.nodeID} bridge` }).then(joined, (error: unknown) => {
      const text = messageOf(error);
      left(/authorization/i.test(text) ? `${text}: it does not take the user and password of NATS_URL` : text);
      retry();
    });
  }

  function retry(): void {
    if (!stopped) cancelRetry = clock.after(RETRY_MS, dial);
  }

  function joined(fresh: NatsConnection): void {
    if (stopped) {
      void fresh.close();
      return;
    }
    connection = fresh;
    setOnline();
    void fresh.closed().then(error => {
      connection = null;
      left(error === undefined ? "closed" : messageOf(error));
      retry();
    });
    void followStatus(fresh);
  }

  async function followStatus(fresh: NatsConnection): Promise<void> {
    for await (const status of fresh.status()) {
      if (status.type === Events.Disconnect) left("connection lost");
      if (status.type === Events.Reconnect) setOnline();
    }
  }

  function setOnline(): void {
    online = true;
    lastProblem = "";
    log.info({ server: connection?.getServer() }, "joined NATS");
    if (outbox.length > 0) cancelOutbox = clock.after(OTHERS_BACK_MS, emptyOutbox);
  }

  function emptyOutbox(): void {
    const waiting = outbox;
    outbox = [];
    for (const message of waiting) connection?.publish(message.subject, message.payload);
  }

  function tell(fact: Fact, payload: unknown): void {
    const told = JSON.stringify(fact.outside?.(payload) ?? payload);
    together.push({ message: { subject: subjectOf(site, fact, payload), payload: told }, once: fact.everyMs === null });
    cancelTogether ??= clock.after(TOGETHER_MS, sendTogether);
  }

  function sendTogether(): void {
    cancelTogether?.();
    cancelTogether = null;
    const waiting = together;
    together = [];
    for (const { message, once } of waiting) {
      if (online && connection !== null) connection.publish(message.subject, message.payload);
      else if (once) outbox = keepForLater(outbox, message);
    }
  }

  function left(problem: string): void {
    online = false;
    cancelOutbox?.();
    if (stopped || problem === lastProblem) return;
    lastProblem = problem;
    log.warn({ problem }, "NATS is away; working alone until it is back");
  }

  return {
    name: "nats-bridge",
    started() {
      untap = tapPublished(broker, tell);
      dial();
    },
    async stopped() {
      stopped = true;
      untap?.();
      cancelRetry?.();
      cancelOutbox?.();
      sendTogether();
      // What was handed over shall arrive, but a server that is away must not hold up the end.
      if (online) await connection?.drain();
      else await connection?.close();
    },
  };
}
