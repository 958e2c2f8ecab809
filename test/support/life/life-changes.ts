import { setLimit } from "../../../services/limits/standing.core.ts";
import type { Rng } from "../rng.ts";
import type { LifeFigures } from "./life-figures.ts";
import type { LifePoint } from "./life-point.ts";
import type { LifeSite } from "./life-site.ts";
import { happens, oneOf } from "./life-story.ts";

const OWNERS = ["ems", "grid", "app"] as const;

/** What people and programs change: settings of the site and of its points, limits from outside. */
export class Changes {
  readonly #site: LifeSite;
  readonly #figures: LifeFigures;
  readonly #rng: Rng;

  constructor(site: LifeSite, figures: LifeFigures, rng: Rng) {
    this.#site = site;
    this.#figures = figures;
    this.#rng = rng;
  }

  second(): void {
    this.#change(2, () => this.#siteSettings());
    this.#change(4, () => this.#limit());
    for (const point of this.#site.points) {
      this.#change(1, () => {
        this.#set(point, { maxA: 8 + this.#rng.below(25) });
      });
      if (point.id === "smart")
        this.#change(1, () => {
          this.#set(point, { mode: point.settings.mode === "smart" ? "solar" : "smart" });
        });
    }
  }

  #siteSettings(): void {
    const rng = this.#rng;
    this.#site.settings = {
      ...this.#site.settings,
      capacityA: oneOf(rng, [null, null, 35, 50]),
      capStopMs: oneOf(rng, [0, 60_000, 300_000]),
      circuitA: oneOf(rng, [null, 16, 32]),
      schedule: {
        priority: oneOf(rng, ["address", "first-connected", "last-connected"]),
        rotationMs: oneOf(rng, [null, 300_000, 1_800_000]),
        idleMs: oneOf(rng, [30_000, 60_000, 120_000]),
      },
    };
  }

  /** One owner has one limit, which the next replaces. It ends by itself. */
  #limit(): void {
    const rng = this.#rng;
    const owner = oneOf(rng, [...OWNERS]);
    const evseId = rng.next() < 0.5 ? null : oneOf(rng, ["smart", "cards", "roof"]);
    const inPower = rng.next() < 0.5;
    const request = {
      limitId: `of-${owner}`,
      owner,
      evseId,
      maxA: inPower ? null : rng.below(25),
      maxW: inPower ? rng.below(16_000) : null,
      expiresInS: 30 + rng.below(5_400),
    };
    const ids = this.#site.points.map(({ id }) => id);
    this.#site.limits = setLimit(this.#site.standing(), request, ids, this.#site.civilMs);
  }

  #set(point: LifePoint, change: Partial<LifePoint["settings"]>): void {
    point.settings = { ...point.settings, ...change };
    if (point.isUp(this.#site.now)) point.tellSettings(this.#site.now);
  }

  #change(timesPerDay: number, happen: () => void): void {
    if (!happens(this.#site, this.#rng, timesPerDay)) return;
    this.#figures.changes += 1;
    happen();
  }
}
