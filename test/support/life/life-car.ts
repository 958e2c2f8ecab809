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
  /** What it is offered, since when; only as far back as it still follows. */
  #offers: { readonly at: number; readonly offerA: number }[] = [];
  #offeredAt = -Infinity;

  arrive(rng: Rng): void {
    this.plugged = true;
    this.phases = rng.next() < 0.3 ? 1 : 3;
    this.maxA = 8 + rng.below(25);
    this.lagS = 1 + rng.below(5);
    this.wantsWh = 1_000 + rng.below(30_000);
    this.takenWh = 0;
    this.#offers = [];
    this.#offeredAt = -Infinity;
  }

  leave(): void {
    this.plugged = false;
    this.drawA = 0;
  }

  get hungry(): boolean {
    return this.plugged && this.takenWh < this.wantsWh;
  }

  /** What it shows on the pilot. */
  shows(pilot: EvseGrant["pilot"], offerA: number, now: number): CpState {
    if (!this.plugged) return "A";
    const offeredA = pilot === "offer" ? offerA : 0;
    if (this.#offers.at(-1)?.offerA !== offeredA) this.#offers.push({ at: now, offerA: offeredA });
    while ((this.#offers[1]?.at ?? Infinity) <= now - 1_000 * this.lagS) this.#offers.shift();
    // Without PWM it stops within its reaction time; with it, it asks as long as it is hungry.
    if (pilot === "offer") this.#offeredAt = now;
    return this.hungry && now - this.#offeredAt <= 1_000 * this.lagS && this.#followedA(now) > 0 ? "C" : "B";
  }

  /** Draws for so many seconds through closed contactors on so many phases. */
  draw(contactors: 0 | 1 | 3, now: number, seconds: number): void {
    const usedA = Math.min(this.maxA, this.#followedA(now));
    this.drawA = contactors === 0 || !this.hungry ? 0 : Math.min(usedA, this.drawA + 8 * seconds);
    this.takenWh += (this.drawA * Math.min(contactors, this.phases) * NOMINAL_V * seconds) / 3_600;
  }

  /** The offer that it has had the time to follow. */
  #followedA(now: number): number {
    const oldest = this.#offers[0];
    return oldest !== undefined && oldest.at <= now - 1_000 * this.lagS ? oldest.offerA : 0;
  }
}
