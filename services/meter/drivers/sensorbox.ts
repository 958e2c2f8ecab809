import { messageOf } from "../../../shared/errors.ts";
import type { Cancel, Clock } from "../../../shared/time/clock.ts";
import type { MeterCounters, MeterDriver, MeterListener, MeterSpec } from "../meter.port.ts";
import { WRITE_ONE } from "../modbus/frame.core.ts";
import type { Urgency } from "../modbus/line.core.ts";
import { readSensorbox, SENSORBOX, type SensorboxReply, wiringToWrite } from "../sources/sensorbox.core.ts";
import { Intake } from "./intake.ts";
import type { ModbusLine } from "./modbus-line.ts";

/** The box measures about every 2 s; this long without anything new is worth a word. */
const SILENT_AFTER_MS = 5_000;

/**
 * A Sensorbox on a Modbus line. Every read empties it, so nobody else may poll it, and a lost answer is a lost sample:
 * it is not asked again before its turn.
 */
export class SensorboxMeter implements MeterDriver {
  readonly source: string;
  readonly #spec: MeterSpec & { kind: "sensorbox" };
  readonly #line: ModbusLine;
  readonly #clock: Clock;
  readonly #urgency: Urgency;
  readonly #intake: Intake;
  #cancel: Cancel | null = null;
  #polling = false;
  /** Of the box's software; 0 until it said otherwise, and again when it was away. */
  #generation = 0;

  constructor(spec: MeterSpec & { kind: "sensorbox" }, line: ModbusLine, clock: Clock) {
    this.source = `Sensorbox, address ${spec.address}, ${line.words}`;
    this.#spec = spec;
    this.#line = line;
    this.#clock = clock;
    const { role, mounting } = spec;
    this.#urgency = role === "mains" || role === "circuit" ? role : "other";
    this.#intake = new Intake({ role, mounting, direction: "own", phases: null, clock });
  }

  start(listener: MeterListener): void {
    this.#intake.open(listener);
    this.#line.open();
    this.#cancel = this.#clock.every(this.#spec.pollMs, () => void this.#poll());
    void this.#poll();
  }

  async stop(): Promise<void> {
    if (!this.#intake.isOpen) return;
    this.#intake.close();
    this.#cancel?.();
    await this.#line.close();
  }

  feed(): boolean {
    return false;
  }

  counters(): MeterCounters {
    const line = this.#line.countersOf(this.#spec.address);
    return { ...line, refused: line.refused + this.#intake.counters().refused };
  }

  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      const reply = await this.#read();
      if (reply !== null) await this.#setWiring(reply);
    } catch (error) {
      this.#generation = 0;
      this.#intake.trouble(messageOf(error));
    } finally {
      this.#polling = false;
    }
  }

  async #read(): Promise<SensorboxReply | null> {
    const quantity = this.#generation >= 1 ? SENSORBOX.extendedRegisters : SENSORBOX.basicRegisters;
    const { data, since } = await this.#ask({ fn: SENSORBOX.fn, start: 0, quantity });
    const read = readSensorbox(data, this.#spec.ctFactor);
    if (!read.ok) {
      this.#intake.refuse(`Sensorbox: ${read.reason}`);
      return null;
    }
    this.#generation = read.reply.generation;
    if (read.reply.measured !== null) this.#intake.accept(read.reply.measured.observation, since);
    else if (this.#intake.silentMs() >= SILENT_AFTER_MS) {
      const s = Math.round(this.#intake.silentMs() / 1_000);
      this.#intake.trouble(`Sensorbox answers, but has measured nothing new for ${s} s; is another master reading it?`);
    }
    return read.reply;
  }

  /** The box turns its mathematics by the wiring it believes in; the site's word counts. */
  async #setWiring(reply: SensorboxReply): Promise<void> {
    const value = wiringToWrite(reply, this.#spec.wiring);
    if (value === null || !this.#intake.isOpen) return;
    await this.#ask({ fn: WRITE_ONE, start: SENSORBOX.wiringRegister, quantity: value });
  }

  #ask(request: { readonly fn: number; readonly start: number; readonly quantity: number }) {
    return this.#line.read(
      { unit: this.#spec.address, ...request },
      { urgency: this.#urgency, retries: 0, budgetMs: this.#spec.pollMs },
    );
  }
}
