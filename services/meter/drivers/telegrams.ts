import { messageOf } from "../../../shared/errors.ts";
import type { Cancel, Clock, Instant } from "../../../shared/time/clock.ts";
import type { MeterCounters, MeterDriver, MeterListener, MeterSpec } from "../meter.port.ts";
import type { Observation } from "../sources/observation.core.ts";
import type { TelegramLink } from "../sources/source.port.ts";
import type { TelegramForm } from "../sources/telegram.port.ts";
import { Intake } from "./intake.ts";
import { openWire, type Wire } from "./wire.ts";

/** A cable that was pulled is looked for again in this rhythm. */
const REOPEN_MS = 1_000;
/** A connection, or a port that was opened while its adapter came back, that brings nothing is dead though nobody said so. */
const DEAD_AFTER_MS = 30_000;

export interface TelegramSpec {
  readonly link: TelegramLink;
  readonly phases: 1 | 3 | null;
}

/** A smart meter that sends telegrams by itself, over a serial cable or through a network adapter. */
export class TelegramMeter implements MeterDriver {
  readonly source: string;
  readonly #link: TelegramLink;
  readonly #form: TelegramForm;
  readonly #clock: Clock;
  readonly #intake: Intake;
  #wire: Wire | null = null;
  #cancels: Cancel[] = [];
  #received = "";
  /** When the first byte of what waits in `#received` came. */
  #beganAt: Instant = 0;
  #byteAt: Instant = 0;
  #stamp: string | null = null;

  constructor(spec: MeterSpec & TelegramSpec, form: TelegramForm, clock: Clock) {
    const { role, mounting, phases, link } = spec;
    this.source = `${form.label}, ${linkInWords(link)}`;
    this.#link = link;
    this.#form = form;
    this.#clock = clock;
    this.#intake = new Intake({ role, mounting, direction: form.direction, phases, clock });
  }

  start(listener: MeterListener): void {
    this.#intake.open(listener);
    this.#byteAt = this.#clock.now();
    this.#cancels.push(this.#clock.every(this.#form.silentAfterMs, () => this.#watch()));
    this.#open();
  }

  async stop(): Promise<void> {
    this.#intake.close();
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
    const wire = this.#wire;
    this.#wire = null;
    await wire?.close();
  }

  feed(): boolean {
    return false;
  }

  counters(): MeterCounters {
    return this.#intake.counters();
  }

  #open(): void {
    this.#received = "";
    const end =
      this.#link.kind === "serial" ? ({ ...this.#form.serial, ...this.#link, stopBits: 1 } as const) : this.#link;
    this.#wire = openWire(end, {
      data: bytes => this.#take(bytes),
      down: reason => {
        this.#wire = null;
        if (!this.#intake.isOpen) return;
        this.#intake.trouble(`${linkInWords(this.#link)}: ${reason}`);
        this.#cancels.push(this.#clock.after(REOPEN_MS, () => this.#open()));
      },
    });
  }

  #take(bytes: Buffer): void {
    const now = this.#clock.now();
    this.#byteAt = now;
    if (this.#received === "") this.#beganAt = now;
    const { telegrams, rest, lost } = this.#form.take(this.#received + bytes.toString("latin1"));
    this.#received = rest;
    if (telegrams.length === 0 && lost > 0 && rest === "") this.#beganAt = now;
    const readings = telegrams.map(telegram => this.#read(telegram));
    // Several at once were held up on the way: the last one that can be believed is the news.
    const newest = readings.findLast(reading => reading !== null);
    if (newest !== undefined) this.#intake.accept(newest, this.#beganAt);
    // What follows a telegram began with these bytes.
    if (telegrams.length > 0) this.#beganAt = now;
  }

  #read(telegram: string): Observation | null {
    this.#intake.count("requests");
    const read = this.#form.read(telegram);
    if (!read.ok) {
      this.#intake.refuse(read.reason);
      return null;
    }
    if (read.stamp !== null && read.stamp === this.#stamp) {
      this.#intake.refuse(`the telegram of ${read.stamp} once more: the meter's clock or its adapter stands still`);
      return null;
    }
    this.#stamp = read.stamp;
    return read.observation;
  }

  #watch(): void {
    if (this.#intake.silentMs() >= this.#form.silentAfterMs) {
      this.#intake.miss(`${linkInWords(this.#link)}: no telegram for ${Math.round(this.#intake.silentMs() / 1_000)} s`);
    }
    const isDead = this.#clock.now() - this.#byteAt >= DEAD_AFTER_MS;
    if (!isDead || this.#wire === null) return;
    this.#byteAt = this.#clock.now();
    const wire = this.#wire;
    this.#wire = null;
    wire.close().then(
      () => {
        if (this.#intake.isOpen && this.#wire === null) this.#open();
      },
      (error: unknown) => this.#intake.trouble(messageOf(error)),
    );
  }
}

/** "/dev/ttyUSB0", "tcp 192.168.1.30:23". */
function linkInWords(link: TelegramLink): string {
  return link.kind === "serial" ? link.path : `tcp ${link.host}:${link.port}`;
}
