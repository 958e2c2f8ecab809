import { ServiceBroker } from "moleculer";
import { firmataBoard } from "../../services/pilot/drivers/firmata-board.ts";
import { pilotService } from "../../services/pilot/pilot.service.ts";
import { publish, subscribe } from "../../shared/bus/bus.ts";
import { type EvseGrant, evseGrant, type PilotSensed, pilotSensed } from "../../shared/contracts/pilot.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { AvrBoard } from "./avr-board/avr-board.ts";
import { releasedFirmware } from "./avr-board/released.ts";
import { obeyAvr } from "./avr-board/words.ts";
import { MemoryCable } from "./memory-link.ts";
import { ALL_FITTED, ALL_PINS } from "./pilot-rig.ts";
import type { Teardown } from "./servers.ts";

export const FULL_OFFER: Omit<EvseGrant, "evseId" | "sequence"> = {
  pilot: "offer",
  offerA: 16,
  contactorL1: true,
  contactorL23: true,
  acknowledge: false,
  acknowledgeRcm: false,
  lock: null,
  rcmTest: null,
  led: { rgb: [0, 0, 0], pattern: "steady" },
  lifetimeMs: 1_000,
};
export const NO_CONTACTORS = { contactorL1: false, contactorL23: false } as const;

/** One board with the real firmware, the product's pilot service at the other end, and a control loop that grants. */
export class FirmwarePoint {
  readonly evseId: string;
  readonly board = new AvrBoard({ program: releasedFirmware() });
  readonly cable = new MemoryCable(this.board);
  readonly heard: PilotSensed[] = [];
  granted: Partial<EvseGrant> | null = null;
  #sequence = 0;

  constructor(evseId: string) {
    this.evseId = evseId;
  }

  say(words: string): void {
    obeyAvr(this.board, words);
  }

  next(): EvseGrant | null {
    if (this.granted === null) return null;
    this.#sequence++;
    return { ...FULL_OFFER, evseId: this.evseId, sequence: this.#sequence, ...this.granted };
  }

  get sensed(): PilotSensed {
    const last = this.heard.at(-1);
    if (last === undefined) throw new Error("the pilot published nothing");
    return last;
  }

  get charging(): boolean {
    return this.board.contactors.l1 && this.board.contactors.l23;
  }
}

/** Host and firmware in one process, on one stepped time: a millisecond of the host, then one of the boards. */
export class FirmwareSite {
  readonly clock = new ManualClock();
  readonly broker = new ServiceBroker({ logger: false, nodeID: "firmware-site" });
  readonly points: readonly FirmwarePoint[];

  private constructor(ids: readonly string[], equipped: boolean) {
    const pins = equipped ? ALL_PINS : { cpDisconnectPin: 5 };
    const hangs = equipped ? { fitted: ALL_FITTED } : {};
    this.points = ids.map(id => new FirmwarePoint(id));
    for (const { evseId, cable } of this.points) {
      const openBoard = firmataBoard({ openLink: cable.open, ...pins });
      this.broker.createService(pilotService({ broker: this.broker, clock: this.clock, evseId, openBoard, ...hangs }));
    }
    this.broker.createService({
      name: "ear",
      events: subscribe(pilotSensed, sensed => {
        this.points.find(({ evseId }) => evseId === sensed.evseId)?.heard.push(sensed);
      }),
    });
    this.clock.every(250, () => {
      for (const point of this.points) this.grant(point, point.granted);
    });
  }

  /** `equipped`: LED, switch, temperature sensor and contact feedback hang on the boards. */
  static async start(t: Teardown, ids: readonly string[] = ["left"], equipped = false): Promise<FirmwareSite> {
    const site = new FirmwareSite(ids, equipped);
    await site.broker.start();
    t.teardown(() => site.broker.stop());
    await site.pass(800);
    return site;
  }

  get point(): FirmwarePoint {
    const [first] = this.points;
    if (first === undefined) throw new Error("a site without points");
    return first;
  }

  /** At once, and every 250 ms from now on; null = the control loop is dead. */
  grant(point: FirmwarePoint, change: Partial<EvseGrant> | null): void {
    point.granted = change;
    const grant = point.next();
    if (grant !== null) publish(this.broker, evseGrant, grant);
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed++) {
      this.clock.advance(1);
      for (const { board } of this.points) board.run(1);
      await new Promise<void>(resolve => {
        setImmediate(resolve);
      });
    }
  }

  /** A car in C, granted and closed. */
  async charge(point: FirmwarePoint = this.point): Promise<void> {
    this.grant(point, {});
    point.say("pp 220");
    point.say("ev C");
    await this.pass(600);
  }

  /** Withdraws the permission and gives it again, as an evse does after its board opened. */
  async grantAnew(point: FirmwarePoint = this.point): Promise<void> {
    this.grant(point, NO_CONTACTORS);
    await this.pass(500);
    this.grant(point, {});
    await this.pass(500);
  }

  /** How long until the coils of a point are off, on the board's own clock; null = not within the limit. */
  async msUntilOpen(point: FirmwarePoint, limitMs: number): Promise<number | null> {
    const from = point.board.clock.now();
    const opened: number[] = [];
    const stop = point.board.onChange(() => {
      if (!point.board.coils.l1 && !point.board.coils.l23) opened.push(point.board.clock.now() - from);
    });
    await this.pass(limitMs);
    stop();
    return opened[0] ?? null;
  }
}
