import { RCM_TEST_FAILED } from "../../../shared/evse-sysex/codes.ts";
import type { Clock, Instant } from "../../../shared/time/clock.ts";
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
  /** End of the test pulse, then of the time in which the line must recover. */
  readonly #deadline: Alarm;
  readonly #monitor: Alarm;
  readonly #recovery: Alarm;
  #phase: "quiet" | "pulse" | "recover" = "quiet";
  #startedAt: Instant = 0;
  #fault = false;
  #answersTest = true;
  #tripped = false;

  constructor(clock: Clock, events: RcmEvents) {
    this.#clock = clock;
    this.#events = events;
    this.#deadline = new Alarm(clock);
    this.#monitor = new Alarm(clock);
    this.#recovery = new Alarm(clock);
  }

  /** The line is high: a residual current, a broken wire, or a monitor tripped by the test. */
  get lineBad(): boolean {
    return this.#fault || this.#tripped;
  }

  get testing(): boolean {
    return this.#phase !== "quiet";
  }

  /** The test output is on. */
  get output(): boolean {
    return this.#phase === "pulse";
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
    this.#phase = "pulse";
    this.#startedAt = this.#clock.now();
    if (this.#answersTest) {
      this.#monitor.at(this.#startedAt + TRIP_MS, () => {
        this.#trip();
      });
    }
    this.#deadline.at(this.#startedAt + pulseMs, () => {
      this.#monitor.clear();
      this.#phase = "quiet";
      this.#events.tested(pulseMs | RCM_TEST_FAILED);
      this.#events.testFailed();
    });
  }

  /** The board restarts: its output falls, a running test is forgotten. The monitor itself goes on. */
  abort(): void {
    this.#deadline.clear();
    this.#monitor.clear();
    this.#phase = "quiet";
  }

  #trip(): void {
    this.#change(() => {
      this.#tripped = true;
    });
    this.#recovery.at(this.#clock.now() + RECOVER_MS, () => {
      this.#change(() => {
        this.#tripped = false;
      });
    });
  }

  #change(change: () => void): void {
    const before = this.lineBad;
    change();
    if (this.lineBad === before) return;
    this.#events.lineChanged(this.lineBad);
    if (this.lineBad && this.#phase === "pulse") this.#answered();
    else if (!this.lineBad && this.#phase === "recover") {
      this.#deadline.clear();
      this.#phase = "quiet";
    }
  }

  /** Whatever raised the line during the pulse counts as the answer; then the line must recover. */
  #answered(): void {
    const now = this.#clock.now();
    this.#monitor.clear();
    this.#phase = "recover";
    this.#events.tested(Math.floor(now - this.#startedAt));
    this.#deadline.at(now + RECOVER_WITHIN_MS, () => {
      this.#phase = "quiet";
      this.#events.testFailed();
    });
  }
}
