import { Rng } from "../rng.ts";
import { Changes } from "./life-changes.ts";
import type { LifeFigures } from "./life-figures.ts";
import type { LifePoint } from "./life-point.ts";
import { LifeSite } from "./life-site.ts";
import { DAY_S, happens } from "./life-story.ts";
import { Troubles } from "./life-troubles.ts";
import { LifeWatch } from "./life-watch.ts";

/** Lets a site live for so many days; the same seed is the same life. */
export function live(
  days: number,
  seed: number,
  onDay: (day: number, figures: LifeFigures) => void = () => undefined,
): LifeFigures {
  const site = new LifeSite();
  const watch = new LifeWatch(site);
  site.stepped = seconds => watch.look(seconds);
  const rng = new Rng(seed);
  const story = new Story(site, watch, rng);
  const changes = new Changes(site, watch.figures, rng);
  const troubles = new Troubles(site, watch.figures, rng);
  for (let second = 0; second < days * DAY_S; second += 1) {
    story.second(second);
    changes.second();
    troubles.second();
    site.pass();
    if (second % DAY_S === DAY_S - 1) onDay((second + 1) / DAY_S, watch.figures);
  }
  return watch.figures;
}

/** How people and weather live: each thing so many times a day on average, at any time. */
export class Story {
  readonly #site: LifeSite;
  readonly #watch: LifeWatch;
  readonly #rng: Rng;
  #loads: { readonly phase: number; readonly addA: number; until: number }[] = [];
  #cloud = 1;

  constructor(site: LifeSite, watch: LifeWatch, rng: Rng) {
    this.#site = site;
    this.#watch = watch;
    this.#rng = rng;
  }

  second(second: number): void {
    if (second % 10 === 0) this.#house(second);
    for (const point of this.#site.points) this.#pointLives(point);
  }

  #house(second: number): void {
    const rng = this.#rng;
    const before = this.#loads;
    this.#loads = before.filter(load => load.until > second);
    if (rng.next() < 0.02)
      this.#loads.push({ phase: rng.below(3), addA: 2 + rng.below(12), until: second + 20 + rng.below(1_800) });
    const cloudy = rng.next() < 0.03;
    if (cloudy || this.#loads.length !== before.length) this.#site.touch();
    const at = (phase: number): number =>
      1.5 + this.#loads.filter(load => load.phase === phase).reduce((sum, load) => sum + load.addA, 0);
    this.#site.houseA = [at(0), at(1), at(2)];
    if (cloudy) this.#cloud = rng.next() < 0.5 ? 1 : 0.15 + 0.8 * rng.next();
    const height = Math.sin(((second % DAY_S) / DAY_S - 0.25) * 2 * Math.PI);
    this.#site.sunA = Math.max(0, height) * this.#cloud * 36;
  }

  #pointLives(point: LifePoint): void {
    const { now } = this.#site;
    const { car } = point;
    if (!car.plugged && happens(this.#site, this.#rng, 8)) {
      car.arrive(this.#rng);
      if (point.rfid !== null && point.settings.access !== "on" && point.isUp(now)) point.swipe(now);
    } else if (car.plugged && happens(this.#site, this.#rng, car.hungry ? 4 : 30)) {
      car.leave();
      this.#watch.leaves(point);
    }
    // Cards of people who forgot, and of people who stop early.
    if (
      point.rfid !== null &&
      car.plugged &&
      point.isUp(now) &&
      happens(this.#site, this.#rng, point.settings.access === "on" ? 2 : 200)
    )
      point.swipe(now);
    if (point.rfid === null && happens(this.#site, this.#rng, 3)) {
      const paused = point.settings.access === "on" && this.#rng.next() < 0.5;
      point.settings = { ...point.settings, access: paused ? "pause" : "on" };
      if (point.isUp(now)) point.tellSettings(now);
    }
    if (point.settings.access === "pause" && happens(this.#site, this.#rng, 100))
      point.settings = { ...point.settings, access: "on" };
  }
}
