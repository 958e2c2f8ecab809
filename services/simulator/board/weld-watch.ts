import type { Clock } from "../../../shared/time/clock.ts";
import { Alarm } from "./alarm.ts";
import type { Contactor } from "./contactor.ts";

/** A main contact that still answers "closed" this long after its coil fell is welded. */
const WELD_AFTER_MS = 100;

/** Compares the main contactor's feedback with its coil. */
export class WeldWatch {
  readonly #clock: Clock;
  readonly #contactor: Contactor;
  readonly #onWeld: () => void;
  readonly #verdict: Alarm;

  constructor(clock: Clock, contactor: Contactor, onWeld: () => void) {
    this.#clock = clock;
    this.#contactor = contactor;
    this.#onWeld = onWeld;
    this.#verdict = new Alarm(clock);
  }

  /** Coil or poles moved. */
  look(): void {
    if (this.#contactor.coil || !this.#contactor.closed) this.#verdict.clear();
    else if (!this.#verdict.pending) this.#verdict.at(this.#clock.now() + WELD_AFTER_MS, this.#onWeld);
  }

  stop(): void {
    this.#verdict.clear();
  }
}
