import { RCM_TEST_FAILED } from "../../../shared/evse-sysex/codes.ts";
import type { Clock } from "../../../shared/time/clock.ts";
import { Alarm } from "./alarm.ts";

/** The residual-current monitor answers its test input after this. */
const TRIP_MS = 40;
/** Its line falls again this long after the test current ended. */
const RECOVER_MS = 60;
/** The line must have recovered this long after the test. */
const RECOVER_WITHIN_MS = 1000;

export interface RcmEvents {
  readonly lineChanged: (bad: boolean) => void;
  /** Argument of the RCM_TEST event. */
  readonly tested: (arg: number) => void;
  readonly testFailed: () => void;
}

/** The residual-current monitor, its line to the board and the board's self test of it. */
export class Rcm {
  readonly #clock: Clock;
  readonly #events: RcmEvents;
  readonly #pulse: Alarm;
  readonly #monitor: Alarm;
  readonly #recovery: Alarm;
  #fault = false;
  #answersTest = true;
  #tripped = false;
  #testing = false;
  #output = false;

  constructor(clock: Clock, events: RcmEvents) {
    this.#clock = clock;
    this.#events = events;
    this.#pulse = new Alarm(clock);
    this.#monitor = new Alarm(clock);
    this.#recovery = new Alarm(clock);
  }

  /** The line is high: a residual current, a broken wire, or a monitor tripped by the test. */
  get lineBad(): boolean {
    return this.#fault || this.#tripped;
  }

  get testing(): boolean {
    return this.#testing;
  }

  /** The test output is on. */
  get output(): boolean {
    return this.#output;
  }

  /** A residual current flows, or stops. */
  setFault(fault: boolean): void {
    this.#change(() => {
      this.#fault = fault;
    });
  }

  /** Whether the monitor reacts to its test input. */
  setAnswersTest(answers: boolean): void {
    this.#answersTest = answers;
  }

  startTest(pulseMs: number): void {
    const startedAt = this.#clock.now();
    this.#testing = true;
    this.#output = true;
    if (this.#answersTest && pulseMs > TRIP_MS) {
      this.#monitor.at(startedAt + TRIP_MS, () => {
        this.#change(() => {
          this.#tripped = true;
        });
        this.#endPulse();
        this.#events.tested(TRIP_MS);
        this.#recovery.at(startedAt + TRIP_MS + RECOVER_MS, () => {
          this.#recover(startedAt);
        });
      });
      return;
    }
    this.#pulse.at(startedAt + pulseMs, () => {
      this.#endPulse();
      this.#testing = false;
      this.#events.tested(pulseMs | RCM_TEST_FAILED);
      this.#events.testFailed();
    });
  }

  /** The board restarts: its output falls, a running test is forgotten. The monitor itself goes on. */
  abort(): void {
    this.#pulse.clear();
    this.#testing = false;
    this.#output = false;
    if (!this.#tripped) this.#monitor.clear();
  }

  #endPulse(): void {
    this.#pulse.clear();
    this.#output = false;
  }

  #recover(startedAt: number): void {
    this.#change(() => {
      this.#tripped = false;
    });
    if (!this.#testing) return;
    if (!this.#fault) {
      this.#testing = false;
      return;
    }
    this.#recovery.at(startedAt + TRIP_MS + RECOVER_WITHIN_MS, () => {
      this.#testing = false;
      if (this.#fault) this.#events.testFailed();
    });
  }

  #change(change: () => void): void {
    const before = this.lineBad;
    change();
    if (this.lineBad !== before) this.#events.lineChanged(this.lineBad);
  }
}
