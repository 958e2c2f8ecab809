import type { LifePoint } from "./life-point.ts";
import { type LifeSite, MAINS_A } from "./life-site.ts";

/** A sample, the car's reaction, and the 20 s that the smallest shortage may last. */
const OVER_AT_MOST_S = 1 + 5 + 22 + 2;
/** Silence of the mains meter is borne for 11 s; then the cars get 6 s. */
const BLIND_AT_MOST_S = 11 + 6 + 2;
/** PWM goes off with the word; the car gets 6 s before the contactor opens. */
const STOPS_WITHIN_S = 6 + 1;
/** After a trouble: a minute of waiting for room, the delays of the charge states, a start in turn. */
const RECOVERED_WITHIN_S = 300;
/** A register counts whole watt-hours, and what flowed since its last sample is not known. */
const RESOLUTION_WH = 2;

export interface LifeFigures {
  visits: number;
  sessions: number;
  energyWh: number;
  closings: number;
  troubles: number;
  longestOverS: number;
  longestIdleS: number;
  energyErrorWh: number;
  broken: string[];
}

/** Holds every second against what must always be so. */
export class LifeWatch {
  readonly figures: LifeFigures = {
    visits: 0,
    sessions: 0,
    energyWh: 0,
    closings: 0,
    troubles: 0,
    longestOverS: 0,
    longestIdleS: 0,
    energyErrorWh: 0,
    broken: [],
  };
  readonly #site: LifeSite;
  readonly #overS: [number, number, number] = [0, 0, 0];
  #lastHouseA: readonly [number, number, number] = [0, 0, 0];
  #lastSunA = 0;
  readonly #of = new Map<
    LifePoint,
    { closed: boolean; forbiddenS: number; idleS: number; unmeteredWh: number; charged: boolean }
  >();
  readonly #due: {
    readonly point: LifePoint;
    readonly takenWh: number;
    readonly slackWh: number;
    readonly count: number;
    by: number;
  }[] = [];

  constructor(site: LifeSite) {
    this.#site = site;
    for (const point of site.points)
      this.#of.set(point, { closed: false, forbiddenS: 0, idleS: 0, unmeteredWh: 0, charged: false });
  }

  /** A visit ends: its session must follow, with its energy. */
  leaves(point: LifePoint): void {
    const own = this.#ownOf(point);
    this.figures.visits += 1;
    if (own.charged && point.car.takenWh > 0) {
      const count = point.ended.length + this.#due.filter(one => one.point === point).length + 1;
      this.#due.push({ point, takenWh: point.car.takenWh, slackWh: own.unmeteredWh + RESOLUTION_WH, count, by: 0 });
    }
    own.charged = false;
    own.unmeteredWh = 0;
    own.idleS = 0;
  }

  look(): void {
    this.#fuse();
    for (const point of this.#site.points) this.#point(point);
    this.#sessions();
  }

  #fuse(): void {
    const { now, houseA, sunA, mainsSilentUntil, balancerBackAt, networkBackAt } = this.#site;
    const mains = this.#site.mains();
    const blind = Math.max(mainsSilentUntil, balancerBackAt, networkBackAt) + BLIND_AT_MOST_S * 1_000 > now;
    for (const phase of [0, 1, 2] as const) {
      const drawn = mains[phase] - houseA[phase] + sunA / 3;
      const over = mains[phase] > MAINS_A + 0.05 && drawn > 0.05;
      // Another load, or less sun, is another step.
      const stepped = houseA[phase] > this.#lastHouseA[phase] + 0.05 || sunA < this.#lastSunA - 0.3;
      this.#overS[phase] = over && !stepped ? this.#overS[phase] + 1 : 0;
      if (!blind) this.figures.longestOverS = Math.max(this.figures.longestOverS, this.#overS[phase]);
      const atMostS = blind ? OVER_AT_MOST_S + BLIND_AT_MOST_S : OVER_AT_MOST_S;
      if (this.#overS[phase] === atMostS + 1)
        this.#report(`L${phase + 1} at ${mains[phase].toFixed(1)} A for ${atMostS + 1} s`);
    }
    this.#lastHouseA = houseA;
    this.#lastSunA = sunA;
  }

  #point(point: LifePoint): void {
    const { now } = this.#site;
    const own = this.#ownOf(point);
    const closed = point.board.closed !== 0;
    const { allocation, settings } = point.evse;
    const allowed =
      point.isUp(now) &&
      settings?.access === "on" &&
      allocation !== null &&
      now - allocation.at <= 6_000 &&
      allocation.value.limitA >= 6;
    if (closed && !own.closed) {
      this.figures.closings += 1;
      if (!(allowed && allocation.value.admitted && point.evse.state === "C2"))
        this.#report(
          `${point.id} closed in ${point.evse.state}, access ${settings?.access}, ${allocation?.value.limitA} A`,
        );
    }
    if (
      closed &&
      (!point.car.plugged ||
        point.board.latched ||
        now < point.board.backAt ||
        (now > point.backAt + 2_000 && !point.isUp(now)))
    )
      this.#report(`${point.id} closed without a car, over a latched fault, or without its host`);
    own.forbiddenS = closed && !allowed ? own.forbiddenS + 1 : 0;
    if (own.forbiddenS === STOPS_WITHIN_S + 1)
      this.#report(`${point.id} closed for ${own.forbiddenS} s without permission`);
    own.closed = closed;
    own.charged ||= closed && point.car.drawA > 0;
    const perSecondWh = (point.car.drawA * Math.min(point.board.closed, point.car.phases) * 230) / 3_600;
    const unseen = now < point.meterSilentUntil;
    own.unmeteredWh = unseen ? own.unmeteredWh + perSecondWh : 2 * perSecondWh;
    this.#recovery(point, closed);
    own.closed = closed;
  }

  #recovery(point: LifePoint, closed: boolean): void {
    const { now, houseA, sunA, points, mainsSilentUntil, balancerBackAt, networkBackAt } = this.#site;
    const own = this.#ownOf(point);
    const others = points.filter(one => one !== point && (one.car.hungry || one.board.closed !== 0)).length;
    const roomA = MAINS_A - Math.max(...houseA.map(value => value - sunA / 3)) - 6 * (others + 1);
    const trouble =
      !point.isUp(now) ||
      point.board.latched ||
      now < point.board.backAt ||
      now < mainsSilentUntil ||
      now < balancerBackAt;
    const waits =
      point.car.hungry &&
      point.settings.access === "on" &&
      point.settings.mode === "smart" &&
      !trouble &&
      now >= networkBackAt &&
      now >= point.meterSilentUntil &&
      roomA >= 1;
    own.idleS = waits && !closed ? own.idleS + 1 : 0;
    this.figures.longestIdleS = Math.max(this.figures.longestIdleS, own.idleS);
    if (own.idleS === RECOVERED_WITHIN_S + 1)
      this.#report(`${point.id} has not charged for ${own.idleS} s: ${point.evse.state}, "${point.status?.reason}"`);
  }

  #sessions(): void {
    for (const due of [...this.#due]) {
      if (due.point.ended.length < due.count) {
        due.by +=
          due.point.isUp(this.#site.now) &&
          this.#site.now >= due.point.board.backAt &&
          this.#site.now >= due.point.meterSilentUntil
            ? 1
            : 0;
        if (due.by !== 60) continue;
        this.#report(`${due.point.id}: a session of ${due.takenWh.toFixed(0)} Wh is missing`);
      } else {
        const toldWh = due.point.ended[due.count - 1]?.energyWh ?? 0;
        const errorWh = Math.abs(toldWh - due.takenWh);
        this.figures.sessions += 1;
        this.figures.energyWh += due.takenWh;
        this.figures.energyErrorWh = Math.max(this.figures.energyErrorWh, errorWh);
        if (errorWh > due.slackWh + 1)
          this.#report(
            `${due.point.id}: ${toldWh} Wh were told, ${due.takenWh.toFixed(1)} Wh taken (+- ${due.slackWh.toFixed(1)})`,
          );
      }
      this.#due.splice(this.#due.indexOf(due), 1);
    }
  }

  #ownOf(point: LifePoint): {
    closed: boolean;
    forbiddenS: number;
    idleS: number;
    unmeteredWh: number;
    charged: boolean;
  } {
    const own = this.#of.get(point);
    if (own === undefined) throw new Error(`no point ${point.id}`);
    return own;
  }

  #report(words: string): void {
    const s = this.#site.now / 1_000;
    const day = Math.floor(s / 86_400) + 1;
    this.figures.broken.push(`day ${day}, second ${s % 86_400}: ${words}`);
  }
}
