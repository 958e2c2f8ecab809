import { MeterException, MeterReplyRefused, messageOf } from "../../../shared/errors.ts";
import type { Cancel, Clock, Instant } from "../../../shared/time/clock.ts";
import type { MeterCounters, MeterDriver, MeterListener, MeterSpec } from "../meter.port.ts";
import { counterBlocks, liveBlocks, partsOf, type ReadBlock, voltageBlocks } from "../modbus/blocks.core.ts";
import {
  freshMemory,
  type Judged,
  judgeEnergy,
  judgeLive,
  judgeVoltages,
  type MeterMemory,
} from "../modbus/decode.core.ts";
import type { Urgency } from "../modbus/line.core.ts";
import type { MeterProfile } from "../modbus/profiles.ts";
import { decodeWords, type RawValues, type Words, wordsOf } from "../modbus/registers.core.ts";
import type { ModbusLine } from "./modbus-line.ts";
import type { ReadHolding } from "./sunspec.ts";

/** A meter whose registers are known only when the device has been asked for them. */
export interface SoughtMeter {
  readonly label: string;
  readonly find: (read: ReadHolding) => Promise<MeterProfile>;
}

/** Counters and voltages change slowly; the line is for the currents. */
const SLOW_EVERY_MS = 10_000;
/** A block that the device refuses, as one without an export counter does, is asked for ever more rarely. */
const LONGEST_SLOW_MS = 600_000;

interface SlowBlock extends ReadBlock {
  readonly dueAt: Instant;
  readonly everyMs: number;
}

/** A meter on a Modbus line: currents and powers at every poll, counters and voltages now and then. */
export class ModbusMeter implements MeterDriver {
  readonly source: string;
  readonly #sought: SoughtMeter | null;
  readonly #spec: MeterSpec & { kind: "modbus" };
  readonly #line: ModbusLine;
  readonly #clock: Clock;
  readonly #urgency: Urgency;
  #profile: MeterProfile | null = null;
  #live: readonly ReadBlock[] = [];
  #slow: readonly SlowBlock[] = [];
  /** Words of the slow blocks, as last read. */
  readonly #slowWords = new Map<number, number>();
  #listener: MeterListener | null = null;
  #cancel: Cancel | null = null;
  #memory: MeterMemory = freshMemory;
  #polling = false;
  #implausible = 0;

  constructor(
    wanted: MeterProfile | SoughtMeter,
    spec: MeterSpec & { kind: "modbus" },
    line: ModbusLine,
    clock: Clock,
  ) {
    this.source = `${wanted.label}, address ${spec.address}, ${line.words}`;
    this.#spec = spec;
    this.#line = line;
    this.#clock = clock;
    this.#urgency = spec.role === "mains" || spec.role === "circuit" ? spec.role : "other";
    this.#sought = "find" in wanted ? wanted : null;
    if (!("find" in wanted)) this.#adopt(wanted);
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

  #adopt(profile: MeterProfile): void {
    this.#profile = profile;
    this.#live = liveBlocks(profile);
    this.#slow = [...counterBlocks(profile), ...voltageBlocks(profile)].map(block => ({
      ...block,
      dueAt: -Infinity,
      everyMs: SLOW_EVERY_MS,
    }));
  }

  /** One poll at a time: a meter that is slower than its rhythm is asked again when it is done. */
  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      const profile = this.#profile ?? (await this.#find());
      await this.#readLive(profile);
      await this.#readSlow(profile);
    } catch (error) {
      // What was found may have moved: it is looked for again.
      if (this.#sought !== null && error instanceof MeterReplyRefused) this.#profile = null;
      this.#listener?.problem(messageOf(error));
    } finally {
      this.#polling = false;
    }
  }

  async #find(): Promise<MeterProfile> {
    if (this.#sought === null) throw new MeterReplyRefused(`${this.source}: no registers are known`);
    const profile = await this.#sought.find(async (start, quantity) => {
      const { words } = await this.#read({ fn: 3, start, quantity });
      return words;
    });
    this.#adopt(profile);
    return profile;
  }

  async #readLive(profile: MeterProfile): Promise<void> {
    const words = new Map<number, number>();
    let oldestAt = Infinity;
    // All of the blocks or nothing.
    for (const block of this.#live) {
      const read = await this.#read(block);
      for (const [address, word] of read.words) words.set(address, word);
      oldestAt = Math.min(oldestAt, read.since);
    }
    const raw = this.#decoded(profile, words);
    this.#take(judgeVoltages(profile, raw, this.#memory));
    const measured = this.#take(judgeLive(profile, this.#spec.mounting, raw, this.#memory));
    this.#listener?.sample({ ...measured, sampledAt: oldestAt });
  }

  /** At most one slow block per poll, so that the currents of others do not wait long. */
  async #readSlow(profile: MeterProfile): Promise<void> {
    const now = this.#clock.now();
    const block = this.#slow.find(({ dueAt }) => dueAt <= now);
    if (block === undefined || this.#listener === null) return;
    const reschedule = (everyMs: number): void => {
      this.#slow = this.#slow.map(other =>
        other.start === block.start ? { ...other, everyMs, dueAt: now + everyMs } : other,
      );
    };
    try {
      const { words } = await this.#read(block);
      reschedule(SLOW_EVERY_MS);
      for (const [address, word] of words) this.#slowWords.set(address, word);
    } catch (error) {
      const parts = error instanceof MeterException ? partsOf(profile, block) : [];
      if (parts.length > 1) {
        // One of its registers may be there without the other, as on meters that count one direction only.
        const others = this.#slow.filter(({ start }) => start !== block.start);
        this.#slow = [...others, ...parts.map(part => ({ ...part, dueAt: now, everyMs: SLOW_EVERY_MS }))];
        return;
      }
      reschedule(error instanceof MeterReplyRefused ? Math.min(LONGEST_SLOW_MS, block.everyMs * 2) : SLOW_EVERY_MS);
      throw error;
    }
    const raw = this.#decoded(profile, this.#slowWords);
    this.#take(judgeVoltages(profile, raw, this.#memory));
    this.#take(judgeEnergy(profile, this.#spec.mounting, raw, this.#memory));
  }

  async #read(block: ReadBlock): Promise<{ readonly words: Words; readonly since: Instant }> {
    const { data, since } = await this.#line.read(
      { unit: this.#spec.address, fn: block.fn, start: block.start, quantity: block.quantity },
      // Only the mains is worth the line's time twice.
      { urgency: this.#urgency, retries: this.#urgency === "mains" ? 1 : 0, budgetMs: this.#spec.pollMs },
    );
    const words = wordsOf(block, data);
    if (!words.ok) throw this.#refusal(words.reason);
    return { words: words.values, since };
  }

  #decoded(profile: MeterProfile, words: Words): RawValues {
    const decoded = decodeWords(profile, words);
    if (!decoded.ok) throw this.#refusal(decoded.reason);
    return decoded.values;
  }

  /** Keeps what is to be remembered, also of what is refused. */
  #take<T>(judged: Judged<T>): T {
    this.#memory = judged.memory;
    if (!judged.ok) throw this.#refusal(judged.reason);
    return judged.value;
  }

  #refusal(reason: string): MeterReplyRefused {
    this.#implausible += 1;
    return new MeterReplyRefused(`address ${this.#spec.address}: ${reason}`);
  }
}
