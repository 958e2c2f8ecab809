import { randomUUID } from "node:crypto";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { answer, publish } from "../../shared/bus/bus.ts";
import type { ParamsOf } from "../../shared/contracts/define.ts";
import { type CardsChangeResult, cardsChange, cardsDirectory, cardsPage } from "../../shared/contracts/rfid.ts";
import { messageOf, StoreUnavailable } from "../../shared/errors.ts";
import { oneAtATime } from "../../shared/in-turn.ts";
import type { Cancel, Clock } from "../../shared/time/clock.ts";
import { type CardList, changeCards, listOf, pageOf } from "./cards.core.ts";
import type { CardStore } from "./cards.port.ts";

/** How often a store that failed is asked again. */
const RETRY_MS = 1_000;

export interface CardsServiceOptions {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  readonly store: CardStore;
}

/** Owns the card list of the site. Tells which version it is; those who keep a copy fetch it. */
export function cardsService({ broker, clock, store }: CardsServiceOptions): ServiceSchema {
  const log = broker.getLogger("cards");
  /** Null until the store was read, and after a write of which nobody knows whether it came through. */
  let list: CardList | null = null;
  let storeAway = false;
  let cancels: Cancel[] = [];

  /** What is judged next must see what was stored last. */
  const queue = oneAtATime();

  function tell(): void {
    if (list !== null) publish(broker, cardsDirectory, { version: list.version, cards: list.cards.size });
  }

  async function withStore<T>(run: () => Promise<T>): Promise<T> {
    try {
      const result = await run();
      if (storeAway) log.info({}, "card store is back");
      storeAway = false;
      return result;
    } catch (error) {
      list = null;
      if (!storeAway) log.warn({ error: messageOf(error) }, "card store failed; it is asked again");
      storeAway = true;
      throw error;
    }
  }

  async function settled(): Promise<CardList> {
    if (list !== null) return list;
    list = listOf(await store.load());
    tell();
    return list;
  }

  async function change({ by, change: wish }: ParamsOf<typeof cardsChange>): Promise<CardsChangeResult> {
    const before = await settled();
    const step = changeCards(before, { change: wish, nextVersion: randomUUID() });
    // Durable first, in force and acknowledged after.
    for (const output of step.outputs) if (output.kind === "store") await store.put(output.batch);
    list = step.state;
    const outcome = step.outputs.find(output => output.kind === "outcome")?.outcome ?? "more";
    if (list.version !== before.version) {
      log.info({ by, kind: wish.kind, outcome, cards: list.cards.size }, "card list changed");
      tell();
    }
    return { outcome, version: list.version, cards: list.cards.size };
  }

  function retry(): void {
    if (list !== null) return;
    queue
      .run(() => withStore(settled))
      .catch((error: unknown) => {
        if (!(error instanceof StoreUnavailable)) log.error({ error: messageOf(error) }, "card store cannot be read");
      });
  }

  return {
    name: "cards",
    // A copy that has just come up, or a node that has just joined, need not wait for the next repetition.
    events: { "$broker.started": tell, "$node.connected": tell },
    actions: {
      ...answer(cardsChange, params => queue.run(() => withStore(() => change(params)))),
      ...answer(cardsPage, ({ after }) =>
        queue.run(() =>
          withStore(async () => {
            const { version, ...all } = await settled();
            return { version, ...pageOf({ version, ...all }, after) };
          }),
        ),
      ),
    },
    async started() {
      try {
        await queue.run(() => withStore(settled));
      } catch (error) {
        // Away is not broken: it may come back. Anything else has to be put right by a person first.
        if (!(error instanceof StoreUnavailable)) throw error;
      }
      cancels = [clock.every(cardsDirectory.everyMs ?? RETRY_MS, tell), clock.every(RETRY_MS, retry)];
    },
    async stopped() {
      for (const cancel of cancels) cancel();
      await queue.idle();
      await store.close();
    },
  };
}
