import type { CpState, EvseGrant, PilotSensed } from "../../../shared/contracts/pilot.ts";
import { UNPLUGGED } from "../evse-rig.ts";
import type { LifeCar } from "./life-car.ts";

/** The rules of the board (docs/board.md) in steps of a second: permission with a deadline, local opening, a latched monitor. */
export class LifeBoard {
  closed: 0 | 1 | 3 = 0;
  cp: CpState = "A";
  residual = false;
  latched = false;
  /** Not there before this instant: it was reset, or its cable pulled. */
  backAt = -Infinity;
  #granted: { readonly grant: EvseGrant; readonly at: number } | null = null;
  #openedLocally = false;
  readonly #evseId: string;

  constructor(evseId: string) {
    this.#evseId = evseId;
  }

  obey(grant: EvseGrant, now: number): void {
    if (now < this.backAt) return;
    this.#granted = { grant, at: now };
    if (grant.acknowledge && !this.residual) this.latched = false;
    if (!grant.contactorL1) this.#openedLocally = false;
  }

  reset(now: number, awayMs: number): void {
    this.backAt = now + awayMs;
    this.#granted = null;
    this.#openedLocally = false;
    this.closed = 0;
  }

  /** Lets the car answer the pilot, and makes the AND of everything that must hold for a closed contactor. */
  settle(car: LifeCar, now: number, seconds = 1): void {
    // In seconds that were passed over the host went on granting as before.
    const sinceMs = now - (this.#granted?.at ?? -Infinity) - 1_000 * (seconds - 1);
    const fresh = this.#granted !== null && sinceMs <= this.#granted.grant.lifetimeMs;
    const grant = fresh ? (this.#granted?.grant ?? null) : null;
    const pilot = grant?.pilot ?? "idle";
    const shown = car.shows(pilot, grant?.offerA ?? 0, now);
    this.cp = pilot === "disconnected" ? "A" : shown;
    if (this.residual) this.latched = true;
    const permitted = grant?.contactorL1 === true;
    const may = permitted && this.cp === "C" && !this.latched && !this.#openedLocally;
    if (this.closed !== 0 && !may && permitted) this.#openedLocally = true;
    this.closed = may ? (grant.contactorL23 ? 3 : 1) : 0;
    car.draw(this.closed, now, seconds);
  }

  sensed(now: number): PilotSensed {
    return {
      ...UNPLUGGED,
      evseId: this.#evseId,
      link: now < this.backAt ? "down" : "up",
      cp: this.cp,
      diodeSeen: this.cp === "B" || this.cp === "C",
      contactorL1: this.closed !== 0,
      contactorL23: this.closed === 3,
      openedLocally: this.#openedLocally,
      faults: this.latched ? [...(this.residual ? (["rcm-line"] as const) : []), "rcm-trip"] : [],
    };
  }
}
