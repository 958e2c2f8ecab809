import type { Rng } from "../rng.ts";
import type { LifeFigures } from "./life-figures.ts";
import type { LifePoint } from "./life-point.ts";
import type { LifeSite } from "./life-site.ts";
import { happens } from "./life-story.ts";

/** What fails: each thing so many times a day on average, at any time, whatever else fails. */
export class Troubles {
  readonly #site: LifeSite;
  readonly #figures: LifeFigures;
  readonly #rng: Rng;
  readonly #acknowledgeAt = new Map<LifePoint, number>();

  constructor(site: LifeSite, figures: LifeFigures, rng: Rng) {
    this.#site = site;
    this.#figures = figures;
    this.#rng = rng;
  }

  second(): void {
    const { now, gateways, points } = this.#site;
    this.#trouble(4, () => {
      this.#site.mainsSilentUntil = now + this.#lastsMs();
    });
    this.#trouble(2, () => {
      this.#site.networkBackAt = now + this.#lastsMs();
    });
    this.#trouble(2, () => {
      this.#site.limitsSilentUntil = now + this.#lastsMs();
    });
    for (const gateway of gateways) {
      this.#trouble(2, () => {
        gateway.backAt = now + this.#lastsMs();
      });
      this.#trouble(2, () => {
        gateway.pausedUntil = now + this.#lastsMs();
      });
      this.#trouble(1, () => {
        gateway.cutUntil = now + this.#lastsMs();
      });
    }
    for (const point of points) this.#pointFails(point);
  }

  #pointFails(point: LifePoint): void {
    const { now } = this.#site;
    this.#trouble(2, () => {
      point.meterSilentUntil = now + this.#lastsMs();
    });
    this.#trouble(2, () => {
      if (point.isUp(now)) point.crash(now, this.#lastsMs());
    });
    this.#trouble(2, () => {
      point.board.reset(now, 1_000 * (1 + this.#rng.below(10)));
    });
    this.#trouble(1, () => {
      point.board.residual = true;
      this.#acknowledgeAt.set(point, now + 60_000 + 1_000 * this.#rng.below(600));
    });
    if (point.board.residual && this.#rng.next() < 0.2) {
      this.#site.touch();
      point.board.residual = false;
    }
    const dueAt = this.#acknowledgeAt.get(point);
    if (dueAt === undefined || now < dueAt || !point.isUp(now) || now < point.board.backAt) return;
    this.#site.touch();
    point.tell({ kind: "acknowledge" }, now);
    if (!point.board.latched) this.#acknowledgeAt.delete(point);
    else this.#acknowledgeAt.set(point, now + 60_000);
  }

  #trouble(timesPerDay: number, begins: () => void): void {
    if (!happens(this.#site, this.#rng, timesPerDay)) return;
    this.#figures.troubles += 1;
    begins();
  }

  /** Half of them are over before anything expires. */
  #lastsMs(): number {
    return 1_000 * (1 + this.#rng.below(this.#rng.next() < 0.5 ? 8 : 240));
  }
}
