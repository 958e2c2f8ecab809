import { Rng } from "../rng.ts";
import type { LifePoint } from "./life-point.ts";
import { LifeSite } from "./life-site.ts";
import { type LifeFigures, LifeWatch } from "./life-watch.ts";

const DAY_S = 86_400;

/** Lets a site live for so many days; the same seed is the same life. */
export function live(
  days: number,
  seed: number,
  onDay: (day: number, figures: LifeFigures) => void = () => undefined,
): LifeFigures {
  const site = new LifeSite();
  const watch = new LifeWatch(site);
  const rng = new Rng(seed);
  const story = new Story(site, watch, rng);
  for (let second = 0; second < days * DAY_S; second += 1) {
    story.second(second);
    site.step();
    watch.look();
    if (second % DAY_S === DAY_S - 1) onDay((second + 1) / DAY_S, watch.figures);
  }
  return watch.figures;
}

/** What happens: each thing so many times a day on average, at any time. */
class Story {
  readonly #site: LifeSite;
  readonly #watch: LifeWatch;
  readonly #rng: Rng;
  #loads: { readonly phase: number; readonly addA: number; until: number }[] = [];
  #cloud = 1;
  readonly #acknowledgeAt = new Map<LifePoint, number>();

  constructor(site: LifeSite, watch: LifeWatch, rng: Rng) {
    this.#site = site;
    this.#watch = watch;
    this.#rng = rng;
  }

  second(second: number): void {
    if (second % 10 === 0) this.#house(second);
    for (const point of this.#site.points) this.#pointLives(point);
    this.#troubles();
  }

  /** Whether a thing that happens so often a day happens in this second. */
  #happens(timesPerDay: number): boolean {
    return this.#rng.next() < timesPerDay / DAY_S;
  }

  #house(second: number): void {
    const rng = this.#rng;
    this.#loads = this.#loads.filter(load => load.until > second);
    if (rng.next() < 0.02)
      this.#loads.push({ phase: rng.below(3), addA: 2 + rng.below(12), until: second + 20 + rng.below(1_800) });
    const at = (phase: number): number =>
      1.5 + this.#loads.filter(load => load.phase === phase).reduce((sum, load) => sum + load.addA, 0);
    this.#site.houseA = [at(0), at(1), at(2)];
    if (rng.next() < 0.03) this.#cloud = rng.next() < 0.5 ? 1 : 0.15 + 0.8 * rng.next();
    const height = Math.sin(((second % DAY_S) / DAY_S - 0.25) * 2 * Math.PI);
    this.#site.sunA = Math.max(0, height) * this.#cloud * 36;
  }

  #pointLives(point: LifePoint): void {
    const { now } = this.#site;
    const { car } = point;
    if (!car.plugged && this.#happens(8)) {
      car.arrive(this.#rng);
      if (point.rfid !== null && point.settings.access !== "on" && point.isUp(now)) point.swipe(now);
    } else if (car.plugged && this.#happens(car.hungry ? 4 : 30)) {
      car.leave();
      this.#watch.leaves(point);
    }
    // Cards of people who forgot, and of people who stop early.
    if (
      point.rfid !== null &&
      car.plugged &&
      point.isUp(now) &&
      this.#happens(point.settings.access === "on" ? 2 : 200)
    )
      point.swipe(now);
    if (point.rfid === null && this.#happens(3)) {
      const paused = point.settings.access === "on" && this.#rng.next() < 0.5;
      point.settings = { ...point.settings, access: paused ? "pause" : "on" };
      if (point.isUp(now)) point.tellSettings(now);
    }
    if (point.settings.access === "pause" && this.#happens(100)) point.settings = { ...point.settings, access: "on" };
  }

  #troubles(): void {
    const { now } = this.#site;
    const rng = this.#rng;
    const lasts = (): number => 1_000 * (1 + rng.below(rng.next() < 0.5 ? 8 : 240));
    const trouble = (timesPerDay: number, begins: () => void): void => {
      if (!this.#happens(timesPerDay)) return;
      this.#watch.figures.troubles += 1;
      begins();
    };
    trouble(4, () => {
      this.#site.mainsSilentUntil = now + lasts();
    });
    trouble(2, () => {
      this.#site.restartBalancer(lasts());
    });
    trouble(2, () => {
      this.#site.networkBackAt = now + lasts();
    });
    for (const point of this.#site.points) {
      trouble(2, () => {
        point.meterSilentUntil = now + lasts();
      });
      trouble(2, () => {
        if (point.isUp(now)) point.crash(now, lasts());
      });
      trouble(2, () => {
        point.board.reset(now, 1_000 * (1 + rng.below(10)));
      });
      trouble(1, () => {
        point.board.residual = true;
        this.#acknowledgeAt.set(point, now + 60_000 + 1_000 * rng.below(600));
      });
      if (point.board.residual && rng.next() < 0.2) point.board.residual = false;
      const dueAt = this.#acknowledgeAt.get(point);
      if (dueAt !== undefined && now >= dueAt && point.isUp(now) && now >= point.board.backAt) {
        point.tell({ kind: "acknowledge" }, now);
        if (!point.board.latched) this.#acknowledgeAt.delete(point);
        else this.#acknowledgeAt.set(point, now + 60_000);
      }
    }
  }
}
