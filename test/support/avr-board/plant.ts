import { Alarm } from "../../../services/simulator/board/alarm.ts";
import { Contactor } from "../../../services/simulator/board/contactor.ts";
import { type CarOnLine, lineV } from "../../../services/simulator/board/electrics.ts";
import type { Clock } from "../../../shared/time/clock.ts";

const LOCK_TRAVEL_MS = 150;
const RCM_TRIP_MS = 40;
const RCM_RECOVER_MS = 60;
/** 1 kohm and the capacity of line and connector: 2.5 us until 1 V short of a 12 V step. */
const LINE_TAU_US = 1;

/** What hangs on the board: car, contactors, residual-current monitor and plug lock, with the virtual board's numbers. */
export class Plant {
  readonly k1: Contactor;
  readonly k2: Contactor;
  readonly lock: LockMotor;
  readonly rcm: RcmMonitor;
  car: CarOnLine = { state: "A", diode: true, ppOhm: null };
  cpOverrideV: number | null = null;
  /** At A5; what is usual there at room temperature. */
  sensorV = 0.71;
  /** The relay on D5 cuts the pilot line. */
  cut = false;
  #driven = { high: true, since: 0 };

  constructor(clock: Clock, changed: () => void) {
    this.k1 = new Contactor(clock, changed);
    this.k2 = new Contactor(clock, changed);
    this.lock = new LockMotor(clock, changed);
    this.rcm = new RcmMonitor(clock, changed);
  }

  /** The pilot pin changed at this instant. */
  drive(high: boolean, nowUs: number): void {
    if (high !== this.#driven.high) this.#driven = { high, since: nowUs };
  }

  /** Voltage on the pilot line, which follows the pin with its time constant. */
  cpV(nowUs: number): number {
    if (this.cpOverrideV !== null) return this.cpOverrideV;
    const car: CarOnLine = this.cut ? { ...this.car, state: "A" } : this.car;
    const target = lineV(car, this.#driven.high);
    const before = lineV(car, !this.#driven.high);
    return target + (before - target) * Math.exp(-(nowUs - this.#driven.since) / LINE_TAU_US);
  }
}

/** A motor with end feedback. */
export class LockMotor {
  locked = false;
  stuck = false;
  readonly #changed: () => void;
  readonly #travel: Alarm;
  readonly #clock: Clock;
  #towards: "lock" | "unlock" | null = null;

  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
    this.#travel = new Alarm(clock);
  }

  drive(lock: boolean, unlock: boolean): void {
    const towards = lock === unlock ? null : lock ? "lock" : "unlock";
    if (towards === this.#towards) return;
    this.#towards = towards;
    this.#travel.clear();
    if (towards === null) return;
    this.#travel.at(this.#clock.now() + LOCK_TRAVEL_MS, () => {
      if (this.stuck) return;
      this.locked = towards === "lock";
      this.#changed();
    });
  }
}

/** The monitor: its line is high while a residual current flows, and for a while after its test input tripped it. */
export class RcmMonitor {
  answersTest = true;
  readonly #changed: () => void;
  readonly #trip: Alarm;
  readonly #recovery: Alarm;
  readonly #clock: Clock;
  #fault = false;
  #tripped = false;
  #tested = false;

  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
    this.#trip = new Alarm(clock);
    this.#recovery = new Alarm(clock);
  }

  get bad(): boolean {
    return this.#fault || this.#tripped;
  }

  setFault(fault: boolean): void {
    this.#fault = fault;
    this.#changed();
  }

  test(on: boolean): void {
    if (on === this.#tested) return;
    this.#tested = on;
    if (!on) {
      this.#trip.clear();
      return;
    }
    if (!this.answersTest) return;
    this.#trip.at(this.#clock.now() + RCM_TRIP_MS, () => {
      this.#tripped = true;
      this.#changed();
      this.#recovery.at(this.#clock.now() + RCM_RECOVER_MS, () => {
        this.#tripped = false;
        this.#changed();
      });
    });
  }
}
