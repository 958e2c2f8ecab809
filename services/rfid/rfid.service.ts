import type { ServiceBroker, ServiceSchema } from "moleculer";
import { z } from "zod";
import { type Actor, startActor } from "../../shared/actor/actor.ts";
import { answer, publish, request, subscribe } from "../../shared/bus/bus.ts";
import { parseUid } from "../../shared/card-uid.ts";
import { evseStatus } from "../../shared/contracts/evse.ts";
import {
  type AccessPresentResult,
  accessPresent,
  type Card,
  type CardsChange,
  type CardsDirectory,
  card,
  cardsChange,
  cardsDirectory,
  cardsPage,
  READER_MODES,
  type ReadOutcome,
  readerMode,
  rfidRead,
  rfidStatus,
} from "../../shared/contracts/rfid.ts";
import { type SettingsCurrent, settingsCurrent, settingsUpdate } from "../../shared/contracts/settings.ts";
import { type AccessStatus, accessStatus } from "../../shared/contracts/units.ts";
import { CardRefused, messageOf } from "../../shared/errors.ts";
import { ACCESS } from "../../shared/settings/charge-mode.ts";
import { numberIn } from "../../shared/settings/read.ts";
import type { Cancel, Clock } from "../../shared/time/clock.ts";
import { batchBetween, listOf } from "./cards.core.ts";
import type { CardStore } from "./cards.port.ts";
import { beginRfid, type Memory, type RfidInput, type RfidOutput, type RfidState, readCards } from "./rfid.core.ts";

const TICK_MS = 1_000;
const ACCESS_BY_NUMBER: readonly AccessStatus[] = ["off", "on", "pause"];

const memorySchema = z.object({ reader: readerMode, access: accessStatus, holder: card.nullable() });

export interface RfidServiceOptions {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  readonly evseId: string;
  /** The copy of the card list that this point works with while its owner is away. */
  readonly copy: CardStore;
}

/** Access by card at one charge point. It stands in the process of the point and works without the rest of the site. */
export function rfidService({ broker, clock, evseId, copy }: RfidServiceOptions): ServiceSchema {
  const name = `rfid-${evseId}`;
  const log = broker.getLogger(name);
  let actor: Actor<RfidState, RfidInput> | null = null;
  let cancelTick: Cancel | null = null;
  let fetching = false;
  let problem = "";
  /** Who waits for what becomes of a card. */
  const waiting = new Map<string, ((result: AccessPresentResult) => void)[]>();
  let writing: Promise<unknown> = Promise.resolve();

  /** Says a trouble once, until it is another one or over. */
  function trouble(text: string): void {
    if (text !== problem && text !== "") log.warn({ evseId, problem: text }, "card reader is on its own");
    problem = text;
  }

  function perform(output: RfidOutput): void {
    switch (output.kind) {
      case "ask-access":
        void askAccess(output.access);
        return;
      case "change-list":
        void changeList(output.uid, output.change);
        return;
      case "clear-list":
        void clearList();
        return;
      case "read": {
        const { uid, outcome, card: label } = output;
        log.info({ evseId, outcome, card: label }, "card read");
        publish(broker, rfidRead, {
          evseId,
          readAt: new Date(clock.civilMs()).toISOString(),
          outcome,
          uid,
          card: label,
        });
        const resolves = waiting.get(uid) ?? [];
        waiting.delete(uid);
        for (const resolve of resolves) resolve({ outcome, card: label });
        return;
      }
      case "status":
        publish(broker, rfidStatus, output.status);
        return;
      case "remember":
        write(() => copy.putNote(JSON.stringify(output.memory)));
    }
  }

  /** What is written is a copy or a memory: when that fails the point goes on with what it has in hand. */
  function write(run: () => Promise<void>): void {
    writing = writing.then(run).catch((error: unknown) => {
      log.warn({ evseId, error: messageOf(error) }, "card memory cannot be written");
    });
  }

  async function askAccess(access: AccessStatus): Promise<void> {
    try {
      const changes = [{ key: "access", evseId, value: ACCESS[access] }];
      const { outcomes } = await request(broker, settingsUpdate, "settings", { by: "rfid", changes });
      const refused = outcomes.find(outcome => !outcome.ok);
      trouble(refused?.error ?? "");
      actor?.tell({ kind: "asked", result: refused === undefined ? "done" : "refused" });
    } catch (error) {
      trouble(messageOf(error));
      actor?.tell({ kind: "asked", result: "away" });
    }
  }

  async function changeList(uid: string, change: CardsChange): Promise<void> {
    actor?.tell({ kind: "list-changed", uid, outcome: await outcomeOf(change) });
  }

  async function outcomeOf(change: CardsChange): Promise<ReadOutcome> {
    try {
      const { outcome } = await request(broker, cardsChange, "cards", { by: name, change });
      trouble("");
      return outcome === "stored" || outcome === "already-stored" || outcome === "deleted" || outcome === "full"
        ? outcome
        : "not-stored";
    } catch (error) {
      trouble(messageOf(error));
      return "directory-away";
    }
  }

  async function clearList(): Promise<void> {
    try {
      await request(broker, cardsChange, "cards", { by: name, change: { kind: "clear" } });
      const changes = [{ key: "rfidreader", evseId, value: READER_MODES.indexOf("disabled") }];
      await request(broker, settingsUpdate, "settings", { by: "rfid", changes });
      trouble("");
    } catch (error) {
      trouble(messageOf(error));
    }
    actor?.tell({ kind: "cleared" });
  }

  function hearDirectory({ version }: CardsDirectory): void {
    actor?.tell({ kind: "directory", version });
    if (actor === null || fetching || version === actor.state.version) return;
    fetching = true;
    fetchList()
      .catch((error: unknown) => trouble(messageOf(error)))
      .finally(() => {
        fetching = false;
      });
  }

  /** The whole list, page by page. When it changes meanwhile, the next telling of its version begins anew. */
  async function fetchList(): Promise<void> {
    const cards: Card[] = [];
    let page = await request(broker, cardsPage, "cards", { after: null });
    const { version } = page;
    cards.push(...page.cards);
    while (page.next !== null) {
      page = await request(broker, cardsPage, "cards", { after: page.next });
      if (page.version !== version) return;
      cards.push(...page.cards);
    }
    const fetched = listOf({ version, cards });
    write(async () => copy.put(batchBetween(listOf(await copy.load()), fetched)));
    actor?.tell({ kind: "copied", version, cards: fetched.cards });
    log.info({ evseId, cards: cards.length }, "card list copied");
  }

  function hearSettings(current: SettingsCurrent): void {
    const reader = READER_MODES[numberIn(current, "rfidreader", evseId)] ?? "disabled";
    const access = ACCESS_BY_NUMBER[numberIn(current, "access", evseId)] ?? "off";
    actor?.tell({ kind: "settings", reader, access });
  }

  function memoryOf(note: string | null): Memory | null {
    if (note === null) return null;
    try {
      return memorySchema.parse(JSON.parse(note));
    } catch (error) {
      log.warn({ evseId, error: messageOf(error) }, "what the card reader remembered cannot be read; left out");
      return null;
    }
  }

  return {
    name,
    events: {
      ...subscribe(settingsCurrent, hearSettings),
      ...subscribe(cardsDirectory, hearDirectory),
      ...subscribe(
        evseStatus,
        status => {
          if (status.evseId === evseId) actor?.tell({ kind: "point", carConnected: status.carConnected });
        },
        evseId,
      ),
    },
    actions: answer(accessPresent, ({ uid: text }) => {
      const parsed = parseUid(text);
      if (!parsed.ok) throw new CardRefused(`uid: ${parsed.error}`);
      return new Promise<AccessPresentResult>(resolve => {
        waiting.set(parsed.uid, [...(waiting.get(parsed.uid) ?? []), resolve]);
        actor?.tell({ kind: "swiped", uid: parsed.uid });
      });
    }),
    async started() {
      const { version, cards, note } = await copy.load();
      const initial = beginRfid(evseId, { version, cards, memory: memoryOf(note) });
      const started = startActor<RfidState, RfidInput, RfidOutput>({ initial, step: readCards, perform, clock });
      actor = started;
      started.tell({ kind: "tick" });
      cancelTick = clock.every(TICK_MS, () => started.tell({ kind: "tick" }));
    },
    async stopped() {
      cancelTick?.();
      actor?.stop();
      await writing;
      await copy.close();
    },
  };
}
