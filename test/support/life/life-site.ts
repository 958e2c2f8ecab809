import type { BalancerSettings } from "../../../services/balancer/balancer.config.ts";
import { idleBalancer } from "../../../services/balancer/state.core.ts";
import type { KeptLimit } from "../../../services/limits/limits.port.ts";
import { stillSet, toldLimits } from "../../../services/limits/standing.core.ts";
import { followSun } from "../../../services/solar/solar.core.ts";
import { idleSolar, type SolarState } from "../../../services/solar/state.core.ts";
import type { BalancerAllocation } from "../../../shared/contracts/balancer.ts";
import { meterReading } from "../../../shared/contracts/meter.ts";
import type { SolarBudget } from "../../../shared/contracts/solar.ts";
import { LIMITS } from "../balancer-rig.ts";
import { LifeGateway, LifeLease } from "./life-gateway.ts";
import { LifePoint } from "./life-point.ts";

const STEP_MS = 1_000;
/** The lease's own rhythm (shared/lease). */
const LEASE_MS = 250;
/** Nothing has moved for so long: every lifetime and every patience has passed that could still be running unseen. */
const QUIET_MS = 20_000;
/** Below the shortest lifetime of a fact between processes, 5 s. */
const STRIDE_MS = 4_000;
/** An offer that changes by less is no move. */
const MOVE_A = 1;
const STARTED_MS = Date.UTC(2026, 0, 1);
/** Settings are told when they change, and in this rhythm. */
const SETTINGS_EVERY_MS = 10_000;
export const MAINS_A = 25;
/** A circuit of the site file below that of all points, which nothing measures: two of the points, A on each phase. */
export const GARAGE = { id: "garage", limitA: 20, members: ["smart", "cards"] } as const;

/** A site as it lives: three points with the product's cores, two gateways, a roof and a house, in steps of a second. */
export class LifeSite {
  now = 0;
  /** Told after each step, with the seconds that it covers. */
  stepped: (seconds: number) => void = () => undefined;
  readonly points: readonly LifePoint[];
  readonly rotations: readonly (readonly [number, number, number])[];
  readonly gateways: readonly LifeGateway[];
  houseA: readonly [number, number, number] = [2, 2, 2];
  sunA = 0;
  mainsSilentUntil = -Infinity;
  /** NATS is away until then: nobody hears anybody, but a point its own board and meter. */
  networkBackAt = -Infinity;
  /** The service that keeps limits from outside says nothing until then. */
  limitsSilentUntil = -Infinity;
  settings: BalancerSettings = { ...LIMITS, mainsA: MAINS_A };
  limits: readonly KeptLimit[] = [];
  #sequence = 0;
  #steppedAt = 0;
  #movedAt = 0;
  readonly #seen: { readonly looks: string; readonly offerA: number }[] = [];
  #settingsTold: BalancerSettings | null = null;
  #settingsToldAt = -Infinity;

  constructor() {
    const civilMs = (now: number): number => STARTED_MS + now;
    this.points = [
      new LifePoint("smart", {}, false, civilMs),
      new LifePoint("cards", { access: "off" }, true, civilMs),
      new LifePoint("roof", { mode: "solar", maxA: 16 }, false, civilMs),
    ];
    this.rotations = [
      [0, 1, 2],
      [1, 2, 0],
      [2, 0, 1],
    ];
    const stores = { balancer: new LifeLease(), solar: new LifeLease() };
    const wiring = this.points.map((point, index) => ({
      id: point.id,
      rotation: this.rotationOf(index),
      supplyPhases: 3 as const,
      safeCurrentA: 0,
    }));
    const { id, limitA, members } = GARAGE;
    const circuits = [{ id, limitA: [limitA, limitA, limitA] as const, members, meterId: null }];
    const fresh = {
      balancer: (now: number) => idleBalancer(wiring, now, circuits),
      solar: () => this.#freshSolar(),
      settings: () => this.settings,
    };
    this.gateways = ["a", "b"].map(name => new LifeGateway(name, fresh, stores));
    for (const gateway of this.gateways) {
      gateway.onAllocation = allocation => this.#allocate(gateway, allocation);
      gateway.onBudget = budget => this.#tellBudget(gateway, budget);
    }
  }

  /** House phase of each terminal of a point. */
  rotationOf(index: number): readonly [number, number, number] {
    return this.rotations[index] ?? [0, 1, 2];
  }

  mains(): readonly [number, number, number] {
    const drawn = this.drawnBy(() => true);
    return [0, 1, 2].map(phase => (this.houseA[phase] ?? 0) - this.sunA / 3 + (drawn[phase] ?? 0)) as [
      number,
      number,
      number,
    ];
  }

  /** What the cars of these points draw of each phase of the house. */
  drawnBy(counts: (point: LifePoint) => boolean): readonly [number, number, number] {
    const total: [number, number, number] = [0, 0, 0];
    this.points.forEach((point, index) => {
      if (!counts(point)) return;
      const drawn = point.houseA(this.rotationOf(index));
      for (const phase of [0, 1, 2] as const) total[phase] += drawn[phase];
    });
    return total;
  }

  get civilMs(): number {
    return STARTED_MS + this.now;
  }

  /** Limits from outside that have not ended. */
  standing(): readonly KeptLimit[] {
    return this.limits.length === 0 ? this.limits : stillSet(this.limits, this.civilMs);
  }

  /** Somebody decides, and the points hear it. */
  isLed(): boolean {
    return this.gateways.some(gateway => this.#isOnline(gateway) && gateway.epoch("balancer", this.now) !== null);
  }

  /** A second goes by. While nothing has moved for a while, several are taken together: every core hears and decides less often. */
  pass(): void {
    this.now += STEP_MS;
    if (this.now - this.#movedAt > QUIET_MS && this.now - this.#steppedAt < STRIDE_MS) return;
    this.#run();
  }

  /** Something is about to happen in this second: what was passed over is made up for, and every second counts again. */
  touch(): void {
    if (this.now > this.#steppedAt) this.#run();
    this.#movedAt = this.now;
  }

  step(): void {
    this.now += STEP_MS;
    this.#run();
  }

  #run(): void {
    const { now } = this;
    const seconds = (now - this.#steppedAt) / STEP_MS;
    for (const point of this.points) {
      const before = point.car.takenWh;
      point.board.settle(point.car, now, seconds);
      point.registerWh += point.car.plugged ? Math.max(0, point.car.takenWh - before) : 0;
      point.sense(now);
    }
    for (const gateway of this.gateways) gateway.begin(now);
    this.#stand();
    this.#measure();
    this.#tellSettings();
    for (const point of this.points) {
      point.run(now);
      const { status } = point;
      if (point.isUp(now) && status !== null) this.#toGateways(gateway => gateway.status(status, now));
    }
    if (now >= this.limitsSilentUntil) {
      const limits = [...toldLimits(this.limits, this.civilMs)];
      this.#toGateways(gateway => gateway.limits({ limits, quarter: null, intervalW: null }, now));
    }
    for (const gateway of this.gateways) if (gateway.runs(now)) gateway.tick(now);
    this.#steppedAt = now;
    this.#lookForMoves();
    this.stepped(seconds);
  }

  #lookForMoves(): void {
    const { now, networkBackAt, mainsSilentUntil, limitsSilentUntil } = this;
    const away = Math.max(networkBackAt, mainsSilentUntil, limitsSilentUntil);
    if (
      now <= away ||
      this.gateways.some(({ backAt, pausedUntil, cutUntil }) => now <= Math.max(backAt, pausedUntil, cutUntil))
    )
      this.#movedAt = now;
    this.points.forEach((point, index) => {
      const { evse, board, car } = point;
      const offerA = evse.granted?.value.offerA ?? 0;
      const seen = this.#seen[index];
      const looks = `${evse.state} ${board.closed} ${board.cp} ${car.hungry} ${evse.allocation?.value.admitted}`;
      const still = seen?.looks === looks && Math.abs(seen.offerA - offerA) < MOVE_A;
      const whole = now > Math.max(point.backAt, board.backAt, point.meterSilentUntil) && !board.latched;
      if (still && whole) return;
      this.#movedAt = now;
      this.#seen[index] = { looks, offerA };
    });
  }

  #isOnline(gateway: LifeGateway): boolean {
    return gateway.runs(this.now) && this.now >= this.networkBackAt && this.now >= gateway.cutUntil;
  }

  #toGateways(tell: (gateway: LifeGateway) => void): void {
    for (const gateway of this.gateways) if (this.#isOnline(gateway)) tell(gateway);
  }

  /** Who decides, looked at as often as the lease is. */
  #stand(): void {
    for (let at = this.#steppedAt + LEASE_MS; at <= this.now; at += LEASE_MS) {
      for (const gateway of this.gateways) {
        gateway.campaign(at, this.now >= this.networkBackAt && this.now >= gateway.cutUntil);
      }
    }
    for (const gateway of this.gateways) gateway.takeRoles(this.now);
  }

  #measure(): void {
    const { now } = this;
    this.points.forEach((point, index) => {
      // The EV meters are read in turn, each every other second.
      const turn = (now / STEP_MS + index) % 2 === 0 || now - this.#steppedAt > STEP_MS;
      if (now < point.meterSilentUntil || !turn) return;
      const reading = point.reading(now);
      if (point.isUp(now)) point.tell({ kind: "reading", reading }, now);
      this.#toGateways(gateway => gateway.reading(reading, now));
    });
    if (now < this.mainsSilentUntil) return;
    this.#sequence += 1;
    const [l1, l2, l3] = this.mains();
    const reading = { ...meterReading.example, sequence: this.#sequence, ageMs: 0, currentA: { l1, l2, l3 } };
    this.#toGateways(gateway => gateway.reading(reading, now));
  }

  #tellSettings(): void {
    const { now, settings } = this;
    if (settings === this.#settingsTold && now - this.#settingsToldAt < SETTINGS_EVERY_MS) return;
    if (now >= this.networkBackAt) this.#settingsTold = settings;
    this.#settingsToldAt = now;
    this.#toGateways(gateway => gateway.settings(settings, now));
  }

  #allocate(from: LifeGateway, allocation: BalancerAllocation): void {
    if (!this.#isOnline(from)) return;
    const point = this.points.find(one => one.id === allocation.evseId);
    if (point?.isUp(this.now) === true) point.tell({ kind: "allocation", allocation }, this.now);
  }

  #tellBudget(from: LifeGateway, budget: SolarBudget): void {
    for (const gateway of this.gateways) {
      const hears = gateway === from || (this.#isOnline(from) && this.#isOnline(gateway));
      if (hears) gateway.budget(budget, this.now);
    }
  }

  #freshSolar(): SolarState {
    const settings = {
      startA: 4,
      stopAfterMs: 600_000,
      importA: 0,
      minA: 6,
      contactor2: { smart: "always-on", cards: "always-on", roof: "auto" },
      phaseSwitchesPerDay: 10,
    } as const;
    const wiring = this.points.map(point => ({ id: point.id, supplyPhases: 3 as const }));
    return followSun(idleSolar(wiring), { kind: "settings", settings }, this.now).state;
  }
}
