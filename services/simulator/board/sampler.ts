import { CP_STATES, type CpClass } from "../../../shared/evse-sysex/codes.ts";
import type { HalfWave } from "../../../shared/evse-sysex/message.ts";
import type { Clock, Instant } from "../../../shared/time/clock.ts";
import { Alarm } from "./alarm.ts";
import { Half, SAMPLE_EVERY_MS } from "./half.ts";

/** No sample of the high half for this long: the state is not known any more. */
const PILOT_LOST_MS = 51;
const HYSTERESIS_V = 0.2;

export interface SamplerConfig {
  readonly debounceMs: number;
  readonly allowD: boolean;
  /** Between A and B, B and C, C and D, D and E. */
  readonly thresholdsV: readonly number[];
  readonly diodeV: number;
}

export interface SamplerEvents {
  readonly stateChanged: (state: CpClass, before: CpClass) => void;
  /** N samples in a row that are not C (or D), whatever they are; or no sample at all. */
  readonly notCharging: () => void;
  readonly diodeChanged: (missing: boolean) => void;
}

/** Voltages of the two halves as long as nothing changes; null = the pilot has no such half. */
export interface PilotLevels {
  readonly highV: number | null;
  readonly lowV: number | null;
}

/** Debounced pilot state, fast opening path and diode check, planned from one change of the line to the next. */
export class Sampler {
  readonly #clock: Clock;
  readonly #events: SamplerEvents;
  readonly #next: Alarm;
  readonly #high: Half;
  readonly #low: Half;
  #config: SamplerConfig;
  #state: CpClass = "invalid";
  #raw: CpClass = "invalid";
  #run = { of: "invalid" as CpClass, samples: 0 };
  #notCharging = 0;
  #diode = { missing: false, samples: 0 };
  #diodeMissing = false;
  #lastHighAt: Instant;
  #dueAt: Instant | null = null;

  constructor(clock: Clock, config: SamplerConfig, phaseMs: number, events: SamplerEvents) {
    const now = clock.now();
    this.#clock = clock;
    this.#config = config;
    this.#events = events;
    this.#next = new Alarm(clock);
    this.#high = new Half(now + phaseMs, now);
    this.#low = new Half(now + phaseMs + 1, now);
    this.#lastHighAt = now;
  }

  get state(): CpClass {
    return this.#state;
  }

  get diodeMissing(): boolean {
    return this.#diodeMissing;
  }

  /** The high half was sampled within the last 50 ms. */
  get fresh(): boolean {
    this.#settle();
    return this.#clock.now() - this.#lastHighAt < PILOT_LOST_MS;
  }

  /** The last sample of the high half asked for current. */
  get asksForCurrent(): boolean {
    this.#settle();
    return this.#notCharging === 0 && this.#charging();
  }

  configure(config: SamplerConfig): void {
    this.#settle();
    this.#config = config;
    this.#classify();
    this.#plan();
  }

  /** The line changed. */
  feed(levels: PilotLevels): void {
    this.#settle();
    this.#high.volts = levels.highV;
    this.#low.volts = levels.lowV;
    this.#classify();
    this.#plan();
  }

  /** Mean, least and largest of both halves since the last call. */
  take(noiseV: number): { readonly high: HalfWave | null; readonly low: HalfWave | null } {
    this.#settle();
    return { high: this.#high.take(noiseV), low: this.#low.take(noiseV) };
  }

  stop(): void {
    this.#dueAt = null;
    this.#next.clear();
  }

  /** Brings the counts up to now. A machine's timer may be late: what was due before is decided before. */
  #settle(): void {
    const now = this.#clock.now();
    while (this.#dueAt !== null && this.#dueAt < now) this.#evaluate(this.#dueAt);
    this.#account(now, false);
  }

  get #needed(): number {
    return Math.max(1, Math.floor(this.#config.debounceMs / SAMPLE_EVERY_MS));
  }

  #classify(): void {
    const volts = this.#high.volts;
    if (volts === null) return;
    this.#raw = classOf(volts, this.#raw, this.#config.thresholdsV);
  }

  #charging(): boolean {
    return this.#raw === "C" || (this.#raw === "D" && this.#config.allowD);
  }

  /** The low half says something about the diode only while a car hangs on an oscillating pilot. */
  #diodeNow(): boolean | null {
    const { volts } = this.#low;
    if (this.#high.volts === null) return null;
    if (this.#raw === "A") return false;
    if (volts === null || !["B", "C", "D"].includes(this.#raw)) return null;
    return volts > this.#config.diodeV;
  }

  #account(until: Instant, inclusive: boolean): void {
    const highs = this.#high.account(until, inclusive);
    const lows = this.#low.account(until, inclusive);
    if (highs > 0) {
      this.#lastHighAt = this.#high.dueAt(0);
      if (this.#run.of === this.#raw) this.#run.samples += highs;
      else this.#run = { of: this.#raw, samples: highs };
      this.#notCharging = this.#charging() ? 0 : this.#notCharging + highs;
    }
    const missing = this.#diodeNow();
    const seen = missing === false && this.#low.volts === null ? highs : lows;
    if (missing !== null && seen > 0) {
      if (this.#diode.missing === missing) this.#diode.samples += seen;
      else this.#diode = { missing, samples: seen };
    }
  }

  #plan(): void {
    const needed = this.#needed;
    const due: Instant[] = [];
    if (this.#high.volts === null) {
      if (this.#state !== "F" && this.#state !== "invalid") due.push(this.#lastHighAt + PILOT_LOST_MS);
    } else {
      if (this.#raw !== this.#state) {
        const have = this.#run.of === this.#raw ? this.#run.samples : 0;
        due.push(this.#high.dueAt(Math.max(1, needed - have)));
      }
      if (!this.#charging() && this.#notCharging < needed) due.push(this.#high.dueAt(needed - this.#notCharging));
    }
    const missing = this.#diodeNow();
    if (missing !== null && missing !== this.#diodeMissing) {
      const have = this.#diode.missing === missing ? this.#diode.samples : 0;
      const half = this.#low.volts === null ? this.#high : this.#low;
      due.push(half.dueAt(Math.max(1, needed - have)));
    }
    this.#dueAt = due.length === 0 ? null : Math.min(...due);
    if (this.#dueAt === null) this.#next.clear();
    else {
      this.#next.at(this.#dueAt, until => {
        while (this.#dueAt !== null && this.#dueAt <= until) this.#evaluate(this.#dueAt);
      });
    }
  }

  #evaluate(at: Instant): void {
    const toldBefore = this.#notCharging >= this.#needed;
    this.#account(at, true);
    const needed = this.#needed;
    const before = this.#state;
    const lost = this.#high.volts === null && at - this.#lastHighAt >= PILOT_LOST_MS - 1e-6;
    if (lost) {
      this.#state = this.#low.volts === null ? "invalid" : "F";
      this.#run = { of: this.#state, samples: 0 };
    } else if (this.#run.of === this.#raw && this.#run.samples >= needed) this.#state = this.#raw;
    const diodeBefore = this.#diodeMissing;
    if (this.#diode.samples >= needed) this.#diodeMissing = this.#diode.missing;
    this.#plan();
    // The contactors first: what follows only tells.
    if (lost || (this.#notCharging >= needed && !toldBefore)) this.#events.notCharging();
    if (this.#diodeMissing !== diodeBefore) this.#events.diodeChanged(this.#diodeMissing);
    if (this.#state !== before) this.#events.stateChanged(this.#state, before);
  }
}

/** A class is left only when the voltage is beyond its threshold by the hysteresis. */
function classOf(volts: number, before: CpClass, thresholdsV: readonly number[]): CpClass {
  const index = CP_STATES.indexOf(before);
  for (const [lower, thresholdV] of thresholdsV.entries()) {
    const isAbove = index <= lower;
    if (volts >= thresholdV + (isAbove ? -HYSTERESIS_V : HYSTERESIS_V)) return CP_STATES[lower] ?? "invalid";
  }
  return volts >= -(thresholdsV.at(-1) ?? 0) ? "E" : "invalid";
}
