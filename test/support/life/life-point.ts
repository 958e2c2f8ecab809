import type { PointSettings } from "../../../services/evse/evse.config.ts";
import { charge, type EvseInput } from "../../../services/evse/evse.core.ts";
import type { SessionSnapshot } from "../../../services/evse/evse.port.ts";
import { type EvseCoreState, type EvsePoint, idleEvse } from "../../../services/evse/state.core.ts";
import { beginRfid, type Memory, type RfidInput, type RfidState, readCards } from "../../../services/rfid/rfid.core.ts";
import type { ChargingSession, EvseStatus } from "../../../shared/contracts/evse.ts";
import { meterReading } from "../../../shared/contracts/meter.ts";
import { SMART } from "../evse-rig.ts";
import { LifeBoard } from "./life-board.ts";
import { LifeCar } from "./life-car.ts";

const CARD = { uid: "04A1B2C3D4E5F6", user: "Anna" };

/** One charge point: the product's cores of evse and card reader, a board, a car, and what outlives a restart. */
export class LifePoint {
  readonly id: string;
  readonly car = new LifeCar();
  readonly board: LifeBoard;
  readonly ended: ChargingSession[] = [];
  settings: PointSettings;
  evse: EvseCoreState;
  rfid: RfidState | null;
  status: EvseStatus | null = null;
  /** Its process is away until then. */
  backAt = -Infinity;
  meterSilentUntil = -Infinity;
  registerWh = 100_000;
  /** When closing was last permitted, with everything there that it needs. */
  permittedAt = -Infinity;
  readonly #civilMs: (now: number) => number;
  readonly #identity: EvsePoint;
  #snapshot: SessionSnapshot | null = null;
  #memory: Memory | null = null;
  #sequence = 0;
  #settingsToldAt = -Infinity;

  constructor(id: string, change: Partial<PointSettings>, cards: boolean, civilMs: (now: number) => number) {
    this.id = id;
    this.#civilMs = civilMs;
    this.#identity = { evseId: id, phases: 3, safeCurrentA: 0, provisional: null };
    this.board = new LifeBoard(id);
    this.settings = { ...SMART, evMeter: true, maxA: 32, ...change };
    this.evse = idleEvse(this.#identity, 0);
    this.rfid = cards ? beginRfid(id, { version: "v1", cards: [CARD], memory: null }) : null;
    this.tellSettings(0);
  }

  isUp(now: number): boolean {
    return now >= this.backAt;
  }

  tell(input: EvseInput, now: number): void {
    const step = charge(this.evse, input, now);
    this.evse = step.state;
    for (const output of step.outputs) {
      if (output.kind === "grant") {
        this.board.obey(output.grant, now);
        if (output.grant.contactorL1 && this.evse.state === "C2" && this.isAllowed(now)) this.permittedAt = now;
      }
      if (output.kind === "status") this.status = output.status;
      else if (output.kind === "session-ended") this.ended.push(output.session);
      else if (output.kind === "keep-session") this.#snapshot = output.snapshot;
    }
  }

  /** The balancer lets it charge, and so do its own settings. */
  isAllowed(now: number): boolean {
    const { allocation, settings } = this.evse;
    const limitA = allocation !== null && now - allocation.at <= 6_000 ? allocation.value.limitA : 0;
    return this.isUp(now) && settings?.access === "on" && limitA >= 6;
  }

  tellSettings(now: number): void {
    this.#settingsToldAt = now;
    this.tell({ kind: "settings", settings: this.settings }, now);
    if (this.rfid !== null)
      this.tellReader({ kind: "settings", reader: "enable-all", access: this.settings.access }, now);
  }

  tellReader(input: RfidInput, now: number): void {
    if (this.rfid === null) return;
    const step = readCards(this.rfid, input, now);
    this.rfid = step.state;
    for (const output of step.outputs) {
      if (output.kind === "status") this.tell({ kind: "reader", status: output.status }, now);
      else if (output.kind === "remember") this.#memory = output.memory;
      else if (output.kind === "ask-access") {
        this.settings = { ...this.settings, access: output.access };
        this.tellSettings(now);
        this.tellReader({ kind: "asked", result: "done" }, now);
      }
    }
  }

  swipe(now: number): void {
    this.tellReader({ kind: "swiped", uid: CARD.uid }, now);
  }

  /** The process dies; what it had written down is what the next one begins with. */
  crash(now: number, awayMs: number): void {
    this.backAt = now + awayMs;
    this.evse = idleEvse(this.#identity, this.backAt, this.#snapshot);
    if (this.rfid !== null) this.rfid = beginRfid(this.id, { version: "v1", cards: [CARD], memory: this.#memory });
  }

  /** Its process hears its board. */
  sense(now: number): void {
    if (this.isUp(now)) this.tell({ kind: "sensed", sensed: this.board.sensed(now) }, now);
  }

  /** A second of the point's process. */
  run(now: number): void {
    if (!this.isUp(now)) return;
    if (now === this.backAt || now - this.#settingsToldAt >= 10_000) this.tellSettings(now);
    if (this.rfid !== null && this.status !== null) {
      this.tellReader({ kind: "point", carConnected: this.status.carConnected }, now);
      this.tellReader({ kind: "directory", version: "v1" }, now);
      this.tellReader({ kind: "tick" }, now);
    }
    this.tell({ kind: "tick", civilMs: this.#civilMs(now) }, now);
  }

  /** Its EV meter's sample: whole watt-hours, as a register has them. */
  reading(now: number): typeof meterReading.example {
    this.#sequence += 1;
    const { drawA } = this.car;
    const three = this.board.closed === 3 && this.car.phases === 3 ? drawA : 0;
    return {
      ...meterReading.example,
      meterId: `ev-${this.id}`,
      role: "ev",
      evseId: this.id,
      sequence: this.#sequence,
      measuredAt: new Date(this.#civilMs(now)).toISOString(),
      ageMs: 0,
      currentA: { l1: drawA, l2: three, l3: three },
      importWh: Math.floor(this.registerWh),
      exportWh: 0,
    };
  }

  /** What its car draws of the house's phases. */
  houseA(rotation: readonly [number, number, number]): readonly [number, number, number] {
    const drawn: [number, number, number] = [0, 0, 0];
    const phases = Math.min(this.board.closed, this.car.phases);
    for (let terminal = 0; terminal < phases; terminal += 1) drawn[rotation[terminal] ?? 0] = this.car.drawA;
    return drawn;
  }
}
