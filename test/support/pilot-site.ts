import { ServiceBroker } from "moleculer";
import { firmataBoard } from "../../services/pilot/drivers/firmata-board.ts";
import { pilotService } from "../../services/pilot/pilot.service.ts";
import { VirtualBoard, type VirtualBoardOptions } from "../../services/simulator/board/virtual-board.ts";
import { obey } from "../../services/simulator/board/words.ts";
import { publish, subscribe } from "../../shared/bus/bus.ts";
import { type EvseGrant, evseGrant, type PilotSensed, pilotSensed } from "../../shared/contracts/pilot.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { MemoryCable } from "./memory-link.ts";
import { ALL_FITTED, ALL_PINS } from "./pilot-rig.ts";
import type { Teardown } from "./servers.ts";

const OFFER: EvseGrant = {
  evseId: "left",
  sequence: 0,
  pilot: "offer",
  offerA: 16,
  contactorL1: true,
  contactorL23: true,
  acknowledge: false,
  acknowledgeRcm: false,
  lock: null,
  rcmTest: null,
  led: { rgb: [0, 255, 0], pattern: "steady" },
  lifetimeMs: 1_000,
};

type SiteOptions = Partial<VirtualBoardOptions> & { readonly fitted?: boolean };

/** A pilot service on a broker of its own, a virtual board on a cable in memory, and a control loop that grants. */
export class PilotSite {
  readonly evseId: string;
  readonly clock: ManualClock;
  readonly broker: ServiceBroker;
  readonly board: VirtualBoard;
  readonly cable: MemoryCable;
  readonly heard: PilotSensed[] = [];
  #granted: Partial<EvseGrant> | null = null;
  #sequence = 0;

  /** `fitted`: LED, switch, temperature sensor and contact feedback hang on the board. */
  constructor(evseId = "left", clock = new ManualClock(), options: SiteOptions = {}) {
    this.evseId = evseId;
    this.clock = clock;
    const { fitted = false, ...ofBoard } = options;
    this.board = new VirtualBoard({ clock, samplePhaseMs: 0, ...ofBoard });
    this.cable = new MemoryCable(this.board);
    this.broker = new ServiceBroker({ logger: false, nodeID: `pilot-${evseId}` });
    const pins = fitted ? ALL_PINS : { cpDisconnectPin: 5 };
    const openBoard = firmataBoard({ openLink: this.cable.open, ...pins });
    const hangs = fitted ? { fitted: ALL_FITTED } : {};
    this.broker.createService(pilotService({ broker: this.broker, clock, evseId, openBoard, ...hangs }));
    this.broker.createService({
      name: "ear",
      events: subscribe(pilotSensed, sensed => this.heard.push(sensed)),
    });
    clock.every(250, () => this.#grant());
  }

  async start(t: Teardown): Promise<this> {
    await this.broker.start();
    t.teardown(async () => {
      await this.broker.stop();
      this.board.powerOff();
    });
    await this.pass(500);
    return this;
  }

  /** From now on the control loop grants this; null = it is dead. */
  grant(change: Partial<EvseGrant> | null): void {
    this.#granted = change;
    this.#grant();
  }

  say(words: string): void {
    obey(this.board, words);
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms, 1);
  }

  /** A car in C, granted and closed. */
  async charge(): Promise<this> {
    this.grant({});
    this.say("pp 220");
    this.say("ev C");
    await this.pass(500);
    return this;
  }

  /** Withdraws the permission and gives it again, as an evse does after its board opened. */
  async grantAnew(): Promise<void> {
    this.grant({ contactorL1: false, contactorL23: false });
    await this.pass(500);
    this.grant({});
    await this.pass(500);
  }

  /** Runs until the coils fall; how long it took, or null. */
  async msUntilOpen(limitMs: number): Promise<number | null> {
    const from = this.clock.now();
    let openAt: number | null = this.board.coils.l1 ? null : from;
    const stop = this.board.onChange(() => {
      if (!this.board.coils.l1 && !this.board.coils.l23) openAt ??= this.clock.now();
    });
    await this.pass(limitMs);
    stop();
    return openAt === null ? null : openAt - from;
  }

  get sensed(): PilotSensed {
    const last = this.heard.at(-1);
    if (last === undefined) throw new Error("the pilot published nothing");
    return last;
  }

  get charging(): boolean {
    return this.board.contactors.l1 && this.board.contactors.l23;
  }

  #grant(): void {
    if (this.#granted === null) return;
    this.#sequence++;
    publish(this.broker, evseGrant, {
      ...OFFER,
      evseId: this.evseId,
      sequence: this.#sequence,
      ...this.#granted,
    });
  }
}
