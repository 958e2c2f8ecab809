import { LOCK_REACHED } from "../../../shared/evse-sysex/codes.ts";
import type { Clock, Instant } from "../../../shared/time/clock.ts";
import { Alarm } from "./alarm.ts";

/** The motor needs this long to reach the other end. */
const TRAVEL_MS = 150;
/** After a pulse the drive rests (the board answers BUSY). */
const PAUSE_MS = 500;

/** 0 stop, 1 lock, 2 unlock: as on the wire. */
export type LockDrive = 0 | 1 | 2;

/** The plug lock: a motor with end feedback, driven in pulses, never in both directions. */
export class Lock {
  readonly #clock: Clock;
  readonly #onDone: (arg: number) => void;
  readonly #pulse: Alarm;
  readonly #travel: Alarm;
  #drive: LockDrive = 0;
  #restUntil: Instant = -Infinity;
  #locked = false;
  #stuck = false;

  constructor(clock: Clock, onDone: (arg: number) => void) {
    this.#clock = clock;
    this.#onDone = onDone;
    this.#pulse = new Alarm(clock);
    this.#travel = new Alarm(clock);
  }

  get drive(): LockDrive {
    return this.#drive;
  }

  get locked(): boolean {
    return this.#locked;
  }

  get busy(): boolean {
    return this.#drive !== 0 || this.#clock.now() < this.#restUntil;
  }

  setStuck(stuck: boolean): void {
    this.#stuck = stuck;
  }

  start(drive: 1 | 2, pulseMs: number): void {
    const now = this.#clock.now();
    this.#drive = drive;
    this.#travel.at(now + TRAVEL_MS, () => {
      if (!this.#stuck) this.#locked = drive === 1;
    });
    this.#pulse.at(now + pulseMs, () => {
      this.stop();
    });
  }

  stop(): void {
    if (this.#drive === 0) return;
    const drive = this.#drive;
    this.abort();
    this.#restUntil = this.#clock.now() + PAUSE_MS;
    this.#onDone(drive | (this.#locked ? LOCK_REACHED : 0));
  }

  /** The board restarts: the drive falls without a word. */
  abort(): void {
    this.#pulse.clear();
    this.#travel.clear();
    this.#drive = 0;
  }
}
