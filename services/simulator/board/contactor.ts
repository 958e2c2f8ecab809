import type { Clock } from "../../../shared/time/clock.ts";
import { Alarm } from "./alarm.ts";

const CLOSE_MS = 18;
const OPEN_MS = 12;

/** A contactor: the coil follows at once, the poles after their time. */
export class Contactor {
  readonly #clock: Clock;
  readonly #onMoved: () => void;
  readonly #poles: Alarm;
  #coil = false;
  #closed = false;
  #welded = false;
  #stuckOpen = false;

  constructor(clock: Clock, onMoved: () => void) {
    this.#clock = clock;
    this.#onMoved = onMoved;
    this.#poles = new Alarm(clock);
  }

  /** Whether current can flow. */
  get closed(): boolean {
    return this.#closed;
  }

  get coil(): boolean {
    return this.#coil;
  }

  drive(on: boolean): void {
    if (on === this.#coil) return;
    this.#coil = on;
    this.#settle();
  }

  /** Fused poles: closed whatever the coil does. */
  weld(welded: boolean): void {
    this.#welded = welded;
    this.#settle();
  }

  /** The poles stay open whatever the coil does. */
  stick(stuck: boolean): void {
    this.#stuckOpen = stuck;
    this.#settle();
  }

  #settle(): void {
    const target = this.#welded || (this.#coil && !this.#stuckOpen);
    if (target === this.#closed) {
      this.#poles.clear();
      return;
    }
    const afterMs = this.#welded ? 0 : target ? CLOSE_MS : OPEN_MS;
    this.#poles.at(this.#clock.now() + afterMs, () => {
      this.#closed = target;
      this.#onMoved();
    });
  }
}
