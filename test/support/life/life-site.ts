import { type BalancerInput, balance } from "../../../services/balancer/balancer.core.ts";
import { type BalancerState, idleBalancer } from "../../../services/balancer/state.core.ts";
import { followSun, type SolarInput } from "../../../services/solar/solar.core.ts";
import { idleSolar, type SolarState } from "../../../services/solar/state.core.ts";
import { meterReading } from "../../../shared/contracts/meter.ts";
import { LIMITS } from "../balancer-rig.ts";
import { LifePoint } from "./life-point.ts";

const STEP_MS = 1_000;
const STARTED_MS = Date.UTC(2026, 0, 1);
export const MAINS_A = 25;

/** A site as it lives: three points with the product's cores, one balancer, a roof and a house, in steps of a second. */
export class LifeSite {
  now = 0;
  readonly points: readonly LifePoint[];
  readonly rotations: readonly (readonly [number, number, number])[];
  houseA: readonly [number, number, number] = [2, 2, 2];
  sunA = 0;
  mainsSilentUntil = -Infinity;
  /** The balancer's process, or the network between it and the points, is away until then. */
  balancerBackAt = -Infinity;
  networkBackAt = -Infinity;
  #balancer: BalancerState;
  #solar: SolarState;
  #sequence = 0;

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
    this.#balancer = this.#freshBalancer();
    this.#solar = this.#freshSolar();
  }

  mains(): readonly [number, number, number] {
    const total: [number, number, number] = [0, 0, 0];
    const drawn = this.points.map((point, index) => point.houseA(this.rotations[index] ?? [0, 1, 2]));
    for (const phase of [0, 1, 2] as const) {
      total[phase] = this.houseA[phase] - this.sunA / 3 + drawn.reduce((sum, one) => sum + one[phase], 0);
    }
    return total;
  }

  /** Balancer and solar controller die together, as processes of one gateway do, and start anew. */
  restartBalancer(awayMs: number): void {
    this.balancerBackAt = this.now + awayMs;
  }

  step(): void {
    this.now += STEP_MS;
    const { now } = this;
    for (const point of this.points) {
      const before = point.car.takenWh;
      point.board.settle(point.car, now);
      point.registerWh += point.car.plugged ? Math.max(0, point.car.takenWh - before) : 0;
    }
    if (now === this.balancerBackAt) {
      this.#balancer = this.#freshBalancer();
      this.#solar = this.#freshSolar();
    }
    const here = now >= this.balancerBackAt;
    this.#measure(here);
    for (const point of this.points) {
      point.run(now);
      if (here && point.isUp(now) && now >= this.networkBackAt && point.status !== null) {
        this.#tellBalancer({ kind: "status", status: point.status });
        this.#tellSolar({ kind: "status", status: point.status });
      }
    }
    if (!here) return;
    this.#tellSolar({ kind: "tick" });
    this.#tellBalancer({ kind: "tick" });
  }

  #measure(here: boolean): void {
    const { now } = this;
    for (const point of this.points) {
      if (now < point.meterSilentUntil) continue;
      const reading = point.reading(now);
      if (point.isUp(now)) point.tell({ kind: "reading", reading }, now);
      if (here) {
        this.#tellBalancer({ kind: "reading", reading });
        this.#tellSolar({ kind: "reading", reading });
      }
    }
    if (now < this.mainsSilentUntil || !here) return;
    this.#sequence += 1;
    const [l1, l2, l3] = this.mains();
    const reading = { ...meterReading.example, sequence: this.#sequence, ageMs: 0, currentA: { l1, l2, l3 } };
    this.#tellBalancer({ kind: "reading", reading });
    this.#tellSolar({ kind: "reading", reading });
  }

  #tellBalancer(input: BalancerInput): void {
    const step = balance(this.#balancer, input, this.now);
    this.#balancer = step.state;
    if (this.now < this.networkBackAt) return;
    for (const output of step.outputs) {
      if (output.kind !== "allocation") continue;
      const point = this.points.find(one => one.id === output.allocation.evseId);
      if (point?.isUp(this.now) === true) point.tell({ kind: "allocation", allocation: output.allocation }, this.now);
    }
  }

  #tellSolar(input: SolarInput): void {
    const step = followSun(this.#solar, input, this.now);
    this.#solar = step.state;
    for (const budget of step.outputs) this.#tellBalancer({ kind: "sun", budget });
  }

  #freshBalancer(): BalancerState {
    const wiring = this.points.map((point, index) => ({
      id: point.id,
      rotation: this.rotations[index] ?? ([0, 1, 2] as const),
      supplyPhases: 3 as const,
      safeCurrentA: 0,
    }));
    const settings = { ...LIMITS, mainsA: MAINS_A };
    return balance(idleBalancer(wiring, this.now), { kind: "settings", settings }, this.now).state;
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
