import { counted, type LifeFigures, noFigures, passes } from "./life-figures.ts";
import { LimitsWatch } from "./life-limits.ts";
import type { LifePoint } from "./life-point.ts";
import { GARAGE, type LifeSite, MAINS_A } from "./life-site.ts";

/** PWM goes off with the word; the car gets 6 s before the contactor opens. */
const STOPS_WITHIN_S = 6 + 1;
/** After a trouble: a minute of waiting for room, the delays of the charge states, a start in turn. */
const RECOVERED_WITHIN_S = 300;
/** A register counts whole watt-hours, and what flowed since its last sample is not known. */
const RESOLUTION_WH = 2;
/** Of what was measured: currents are counted from sample to sample while a car changes. */
const ESTIMATE_SHARE = 0.01;

interface Own {
  closed: boolean;
  forbiddenS: number;
  idleS: number;
  unmeteredWh: number;
  /** What was offered while its EV meter was silent: what an estimate may be off by. */
  offeredUnseenWh: number;
  charged: boolean;
  /** The last word that it believed. */
  word: { readonly epoch: number; readonly at: number } | null;
}

/** Holds every second against what must always be so. */
export class LifeWatch {
  readonly figures: LifeFigures = noFigures();
  readonly #site: LifeSite;
  readonly #limits: LimitsWatch;
  #seconds = 1;
  readonly #of = new Map<LifePoint, Own>();
  readonly #due: {
    readonly point: LifePoint;
    readonly takenWh: number;
    readonly slackWh: number;
    readonly offeredUnseenWh: number;
    readonly count: number;
    by: number;
  }[] = [];

  constructor(site: LifeSite) {
    this.#site = site;
    for (const point of site.points)
      this.#of.set(point, {
        closed: false,
        forbiddenS: 0,
        idleS: 0,
        unmeteredWh: 0,
        offeredUnseenWh: 0,
        charged: false,
        word: null,
      });
    this.#limits = new LimitsWatch(site, this.figures, words => this.#report(words));
  }

  /** A visit ends: its session must follow, with its energy. */
  leaves(point: LifePoint): void {
    const own = this.#ownOf(point);
    this.figures.visits += 1;
    if (own.charged && point.car.takenWh > 0) {
      const count = point.ended.length + this.#due.filter(one => one.point === point).length + 1;
      this.#due.push({
        point,
        takenWh: point.car.takenWh,
        slackWh: own.unmeteredWh + RESOLUTION_WH,
        offeredUnseenWh: own.offeredUnseenWh,
        count,
        by: 0,
      });
    }
    own.charged = false;
    own.unmeteredWh = 0;
    own.offeredUnseenWh = 0;
    own.idleS = 0;
  }

  /** A step is over, of so many seconds. */
  look(seconds = 1): void {
    this.#seconds = seconds;
    this.#limits.look(seconds);
    for (const point of this.#site.points) this.#point(point);
    this.#sessions();
  }

  #point(point: LifePoint): void {
    const { now } = this.#site;
    const own = this.#ownOf(point);
    const closed = point.board.closed !== 0;
    const allowed = point.isAllowed(now);
    if (closed && !own.closed) {
      this.figures.closings += 1;
      // It closes at once when it may; the word may have changed before the second is over.
      if (point.permittedAt < now - 1_000 * this.#seconds) {
        const { allocation, settings } = point.evse;
        const words = `access ${settings?.access}, ${allocation?.value.limitA} A`;
        this.#report(`${point.id} closed in ${point.evse.state}, ${words}`);
      }
    }
    if (
      closed &&
      (!point.car.plugged ||
        point.board.latched ||
        now < point.board.backAt ||
        (now > point.backAt + 2_000 && !point.isUp(now)))
    )
      this.#report(`${point.id} closed without a car, over a latched fault, or without its host`);
    const forbiddenS = own.forbiddenS;
    own.forbiddenS = closed && !allowed ? counted(forbiddenS, this.#seconds) : 0;
    if (passes(forbiddenS, own.forbiddenS, STOPS_WITHIN_S))
      this.#report(`${point.id} closed for ${own.forbiddenS} s without permission`);
    own.closed = closed;
    own.charged ||= closed && point.car.drawA > 0;
    const perSecondWh = (point.car.drawA * Math.min(point.board.closed, point.car.phases) * 230) / 3_600;
    const unseen = now < point.meterSilentUntil;
    const offerA = point.evse.granted?.value.offerA ?? 0;
    if (unseen && closed) own.offeredUnseenWh += (offerA * 3 * 230 * this.#seconds) / 3_600;
    own.unmeteredWh = unseen ? own.unmeteredWh + perSecondWh * this.#seconds : 3 * perSecondWh * this.#seconds;
    this.#recovery(point, closed);
    this.#word(point);
    own.closed = closed;
  }

  /** Once a newer one has spoken, nobody is believed who was displaced. */
  #word(point: LifePoint): void {
    const own = this.#ownOf(point);
    const { allocation } = point.evse;
    if (allocation === null) {
      own.word = null;
      return;
    }
    const { epoch } = allocation.value;
    if (own.word !== null && epoch < own.word.epoch && allocation.at - own.word.at <= 5_000)
      this.#report(`${point.id} believes epoch ${epoch} after ${own.word.epoch}`);
    own.word = { epoch, at: allocation.at };
  }

  #recovery(point: LifePoint, closed: boolean): void {
    const { now, mainsSilentUntil, networkBackAt } = this.#site;
    const own = this.#ownOf(point);
    const trouble =
      !point.isUp(now) ||
      point.board.latched ||
      now < point.board.backAt ||
      now < mainsSilentUntil ||
      now < networkBackAt ||
      now < point.meterSilentUntil ||
      !this.#site.isLed();
    const asks = point.car.hungry && point.settings.access === "on" && point.settings.mode === "smart";
    const { idleS } = own;
    own.idleS = asks && !trouble && !closed && this.#hasRoom(point) ? counted(idleS, this.#seconds) : 0;
    this.figures.longestIdleS = Math.max(this.figures.longestIdleS, own.idleS);
    if (passes(idleS, own.idleS, RECOVERED_WITHIN_S))
      this.#report(`${point.id} has not charged for ${own.idleS} s: ${point.evse.state}, "${point.status?.reason}"`);
  }

  /** For its minimum beside that of everybody else who is there, on every limit; where somebody outside has set one, it is not asked. */
  #hasRoom(point: LifePoint): boolean {
    const { houseA, sunA, points, settings } = this.#site;
    const cars = points.filter(one => one === point || one.car.hungry || one.board.closed !== 0);
    const inGarage = cars.filter(({ id }) => GARAGE.members.some(member => member === id)).length;
    const freeA = MAINS_A - Math.max(...houseA.map(value => value - sunA / 3));
    const sumA = houseA.reduce((sum, value) => sum + value, 0) - sunA;
    return (
      freeA - 6 * cars.length >= 1 &&
      GARAGE.limitA - 6 * inGarage >= 0 &&
      (settings.circuitA === null || settings.circuitA - 6 * cars.length >= 0) &&
      (settings.capacityA === null || settings.capacityA - sumA - 18 * cars.length >= 3) &&
      this.#site.standing().length === 0
    );
  }

  #sessions(): void {
    for (const due of [...this.#due]) {
      if (due.point.ended.length < due.count) {
        const { by } = due;
        due.by +=
          due.point.isUp(this.#site.now) &&
          this.#site.now >= due.point.board.backAt &&
          this.#site.now >= due.point.meterSilentUntil
            ? this.#seconds
            : 0;
        if (!passes(by, due.by, 60)) continue;
        this.#report(`${due.point.id}: a session of ${due.takenWh.toFixed(0)} Wh is missing`);
      } else {
        const told = due.point.ended[due.count - 1];
        const toldWh = told?.energyWh ?? 0;
        // An estimate, marked as one, takes what is offered for what is drawn while the meter is silent.
        const estimated = told?.energySource === "estimated";
        const slackWh = due.slackWh + (estimated ? due.offeredUnseenWh + ESTIMATE_SHARE * due.takenWh : 0);
        if (estimated) this.figures.estimates += 1;
        const errorWh = Math.abs(toldWh - due.takenWh);
        this.figures.sessions += 1;
        this.figures.energyWh += due.takenWh;
        if (!estimated) this.figures.energyErrorWh = Math.max(this.figures.energyErrorWh, errorWh);
        if (errorWh > slackWh + 1)
          this.#report(
            `${due.point.id}: ${toldWh} Wh were told, ${due.takenWh.toFixed(1)} Wh taken (+- ${slackWh.toFixed(1)})`,
          );
      }
      this.#due.splice(this.#due.indexOf(due), 1);
    }
  }

  #ownOf(point: LifePoint): Own {
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
