import type { CpState, EvseGrant } from "../../../shared/contracts/pilot.ts";
import type { Rng } from "../rng.ts";

const NOMINAL_V = 230;

/** A car that comes with an appetite, follows its offer after its own while, and leaves when its story says so. */
export class LifeCar {
  plugged = false;
  phases: 1 | 3 = 3;
  maxA = 16;
  /** Reacts to an offer, and to its end, after so many seconds. */
  lagS = 2;
  wantsWh = 0;
  takenWh = 0;
  drawA = 0;
  #offers: number[] = [];
  #quietS = 0;

  arrive(rng: Rng): void {
    this.plugged = true;
    this.phases = rng.next() < 0.3 ? 1 : 3;
    this.maxA = 8 + rng.below(25);
    this.lagS = 1 + rng.below(5);
    this.wantsWh = 1_000 + rng.below(30_000);
    this.takenWh = 0;
    this.#offers = [];
    this.#quietS = 0;
  }

  leave(): void {
    this.plugged = false;
    this.drawA = 0;
  }

  get hungry(): boolean {
    return this.plugged && this.takenWh < this.wantsWh;
  }

  /** What it shows on the pilot, a second on. */
  shows(pilot: EvseGrant["pilot"], offerA: number): CpState {
    if (!this.plugged) return "A";
    this.#offers = [...this.#offers, pilot === "offer" ? offerA : 0].slice(-this.lagS - 1);
    // Without PWM it stops within its reaction time; with it, it asks as long as it is hungry.
    this.#quietS = pilot === "offer" ? 0 : this.#quietS + 1;
    return this.hungry && this.#quietS <= this.lagS && (this.#offers[0] ?? 0) > 0 ? "C" : "B";
  }

  /** Draws for a second through closed contactors on so many phases. */
  draw(contactors: 0 | 1 | 3): void {
    const usedA = Math.min(this.maxA, this.#offers[0] ?? 0);
    this.drawA = contactors === 0 || !this.hungry ? 0 : Math.min(usedA, this.drawA + 8);
    this.takenWh += (this.drawA * Math.min(contactors, this.phases) * NOMINAL_V) / 3_600;
  }
}
