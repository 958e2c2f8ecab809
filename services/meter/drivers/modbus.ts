import { MeterReplyRefused, messageOf } from "../../../shared/errors.ts";
import type { Cancel, Clock, Instant } from "../../../shared/time/clock.ts";
import type { MeterCounters, MeterDriver, MeterListener, MeterSpec } from "../meter.port.ts";
import { decodeBlock, energyBlocks, liveBlocks, type RawValues, type ReadBlock } from "../modbus/blocks.core.ts";
import { freshMemory, judgeEnergy, judgeLive, type MeterMemory } from "../modbus/decode.core.ts";
import type { Urgency } from "../modbus/line.core.ts";
import type { MeterProfile } from "../modbus/profiles.ts";
import type { ModbusLine } from "./modbus-line.ts";

/** Counters change slowly; the line is for the currents. */
const ENERGY_EVERY_MS = 10_000;

/** A meter on a Modbus line: currents and powers at every poll, energy counters now and then. */
export class ModbusMeter implements MeterDriver {
  readonly source: string;
  readonly #profile: MeterProfile;
  readonly #spec: MeterSpec & { kind: "modbus" };
  readonly #line: ModbusLine;
  readonly #clock: Clock;
  readonly #urgency: Urgency;
  #listener: MeterListener | null = null;
  #cancel: Cancel | null = null;
  #memory: MeterMemory = freshMemory;
  #polling = false;
  #energyDueAt: Instant = -Infinity;
  #implausible = 0;

  constructor(profile: MeterProfile, spec: MeterSpec & { kind: "modbus" }, line: ModbusLine, clock: Clock) {
    this.source = `${profile.label}, address ${spec.address}, ${line.words}`;
    this.#profile = profile;
    this.#spec = spec;
    this.#line = line;
    this.#clock = clock;
    this.#urgency = spec.role === "mains" || spec.role === "circuit" ? spec.role : "other";
  }

  start(listener: MeterListener): void {
    this.#listener = listener;
    this.#line.open();
    this.#cancel = this.#clock.every(this.#spec.pollMs, () => void this.#poll());
    void this.#poll();
  }

  async stop(): Promise<void> {
    if (this.#listener === null) return;
    this.#listener = null;
    this.#cancel?.();
    await this.#line.close();
  }

  feed(): boolean {
    return false;
  }

  counters(): MeterCounters {
    const counters = this.#line.countersOf(this.#spec.address);
    return { ...counters, refused: counters.refused + this.#implausible };
  }

  /** One poll at a time: a meter that is slower than its rhythm is asked again when it is done. */
  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      await this.#readLive();
      const now = this.#clock.now();
      if (now >= this.#energyDueAt && this.#listener !== null) {
        this.#energyDueAt = now + ENERGY_EVERY_MS;
        await this.#readEnergy();
      }
    } catch (error) {
      this.#listener?.problem(messageOf(error));
    } finally {
      this.#polling = false;
    }
  }

  async #readLive(): Promise<void> {
    const { raw, since } = await this.#read(liveBlocks(this.#profile));
    const judged = judgeLive(this.#profile, this.#spec.mounting, raw, this.#memory);
    if (!judged.ok) throw this.#refusal(judged.reason);
    this.#memory = judged.memory;
    this.#listener?.sample({ ...judged.value, sampledAt: since });
  }

  async #readEnergy(): Promise<void> {
    const { raw } = await this.#read(energyBlocks(this.#profile));
    const judged = judgeEnergy(this.#profile, this.#spec.mounting, raw, this.#memory);
    this.#memory = judged.memory;
    if (!judged.ok) throw this.#refusal(judged.reason);
  }

  /** All of the blocks or nothing. */
  async #read(blocks: readonly ReadBlock[]): Promise<{ readonly raw: RawValues; readonly since: Instant }> {
    let raw: RawValues = {};
    let oldestAt = Infinity;
    for (const block of blocks) {
      const { data, since } = await this.#line.read(
        { unit: this.#spec.address, ...block },
        // Only the mains is worth the line's time twice.
        { urgency: this.#urgency, retries: this.#urgency === "mains" ? 1 : 0, budgetMs: this.#spec.pollMs },
      );
      const decoded = decodeBlock(this.#profile, block, data);
      if (!decoded.ok) throw this.#refusal(decoded.reason);
      raw = { ...raw, ...decoded.values };
      oldestAt = Math.min(oldestAt, since);
    }
    return { raw, since: oldestAt };
  }

  #refusal(reason: string): MeterReplyRefused {
    this.#implausible += 1;
    return new MeterReplyRefused(`address ${this.#spec.address}: ${reason}`);
  }
}
