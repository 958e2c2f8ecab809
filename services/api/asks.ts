import type { ParamsOf, ResultOf } from "../../shared/contracts/define.ts";
import type { evseAcknowledge } from "../../shared/contracts/evse.ts";
import type { HistoryDay, historySessions, SessionsPage } from "../../shared/contracts/history.ts";
import type { BalancerInsight, EvseInsight } from "../../shared/contracts/insight.ts";
import type { LimitsAnswer, limitsSet, limitsWithdraw } from "../../shared/contracts/limits.ts";
import type { meterFeed } from "../../shared/contracts/meter.ts";
import type { AccessPresentResult, CardsChange, CardsChangeResult, cardsPage } from "../../shared/contracts/rfid.ts";
import type { settingsUpdate } from "../../shared/contracts/settings.ts";
import type { simulatorCommand } from "../../shared/contracts/simulator.ts";
import type { Clock } from "../../shared/time/clock.ts";
import type { Identity } from "./identity.ts";
import type { Knowledge, KnowledgeInput } from "./knowledge.core.ts";

/** What HTTP may ask of the owners. The shell carries it over the bus. */
export interface Asks {
  updateSettings(
    by: "rest" | "web",
    changes: ParamsOf<typeof settingsUpdate>["changes"],
  ): Promise<ResultOf<typeof settingsUpdate>>;
  /** `meterId` is the meter that was heard for the role. */
  feedMeter(meterId: string, feed: ParamsOf<typeof meterFeed>): Promise<ResultOf<typeof meterFeed>>;
  sessions(query: ParamsOf<typeof historySessions>): Promise<SessionsPage>;
  /** The peaks of the last 96 quarter hours. */
  powerDay(): Promise<HistoryDay>;
  /** Holds a card before the reader of a point. */
  presentCard(evseId: string, uid: string): Promise<AccessPresentResult>;
  cardPage(after: string | null): Promise<ResultOf<typeof cardsPage>>;
  changeCards(change: CardsChange): Promise<CardsChangeResult>;
  setLimit(limit: ParamsOf<typeof limitsSet>): Promise<LimitsAnswer>;
  withdrawLimit(which: ParamsOf<typeof limitsWithdraw>): Promise<LimitsAnswer>;
  explainPoint(evseId: string): Promise<EvseInsight>;
  explainAllocation(evseId: string): Promise<BalancerInsight>;
  /** The last decisions of a charge point, or null: of the balancer; lines of JSON. */
  journal(evseId: string | null): Promise<string>;
  acknowledge(evseId: string): Promise<ResultOf<typeof evseAcknowledge>>;
  simulate(words: string): Promise<ResultOf<typeof simulatorCommand>>;
}

/** What the HTTP side works with. */
export interface Gateway {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly asks: Asks;
  readonly known: () => Knowledge;
  readonly learn: (input: KnowledgeInput) => void;
  readonly log: { warn(object: object, message: string): void };
}
