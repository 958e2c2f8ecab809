import type { SolarSettings } from "../../services/solar/solar.config.ts";
import { followSun, type SolarInput } from "../../services/solar/solar.core.ts";
import { idleSolar, type RoofWiring, type SolarState } from "../../services/solar/state.core.ts";
import { type EvseStatus, evseStatus } from "../../shared/contracts/evse.ts";
import { meterReading } from "../../shared/contracts/meter.ts";
import type { SolarBudget, SolarPoint } from "../../shared/contracts/solar.ts";

/** A car that does what it is allowed to, on the phases it is given, a second later. */
interface SolarCar {
  connected: boolean;
  /** Wants to charge; a full car does not. */
  hungry: boolean;
  mode: "solar" | "smart";
  phases: 1 | 3;
  metered: boolean;
  maxA: number;
  closedPhases: 0 | 1 | 3;
  offerA: number;
  chargedMs: number;
}

/** The solar core with cars under a roof, on stepped time; a mains sample every 2 s. */
export class SolarRig {
  now = 0;
  state: SolarState;
  readonly budgets: SolarBudget[] = [];
  readonly cars = new Map<string, SolarCar>();
  /** What house and roof leave over without the cars, sum of the phases. */
  surplusA = 0;
  /** What the home battery takes; null = there is none. It is in the mains sample, and told. */
  batteryA: number | null = null;
  tellsBattery = true;
  meterSilent = false;
  #sequence = 0;

  constructor(ids: readonly string[], settings: Partial<SolarSettings> = {}, wiring: Partial<RoofWiring> = {}) {
    this.state = idleSolar(ids.map(id => ({ id, supplyPhases: 3, ...wiring })));
    for (const id of ids) {
      this.cars.set(id, {
        connected: false,
        hungry: true,
        mode: "solar",
        phases: 3,
        metered: true,
        maxA: 16,
        closedPhases: 0,
        offerA: 0,
        chargedMs: 0,
      });
    }
    this.tell({
      kind: "settings",
      settings: {
        startA: 4,
        stopAfterMs: 600_000,
        importA: 0,
        minA: 6,
        contactor2: Object.fromEntries(ids.map(id => [id, "always-off"])),
        phaseSwitchesPerDay: 10,
        ...settings,
      },
    });
  }

  tell(input: SolarInput): void {
    const step = followSun(this.state, input, this.now);
    this.state = step.state;
    this.budgets.push(...step.outputs);
  }

  car(id: string): SolarCar {
    const car = this.cars.get(id);
    if (car === undefined) throw new Error(`no car at ${id}`);
    return car;
  }

  plug(...ids: string[]): this {
    for (const id of ids) this.car(id).connected = true;
    return this;
  }

  get budget(): SolarBudget {
    const budget = this.budgets.at(-1);
    if (budget === undefined) throw new Error("nothing was told yet");
    return budget;
  }

  point(id: string): SolarPoint {
    const point = this.budget.points.find(candidate => candidate.evseId === id);
    if (point === undefined) throw new Error(`no point ${id}`);
    return point;
  }

  /** What the cars draw, sum of the phases. */
  drawA(): number {
    return [...this.cars.values()].reduce((sum, car) => sum + drawOf(car), 0);
  }

  sun(surplusA: number, ms: number): this {
    this.surplusA = surplusA;
    return this.run(ms);
  }

  /** Milliseconds until something holds; fails after `withinMs`. */
  until(withinMs: number, holds: () => boolean): number {
    const from = this.now;
    while (!holds()) {
      if (this.now - from > withinMs) throw new Error(`not within ${withinMs} ms`);
      this.run(1_000);
    }
    return this.now - from;
  }

  run(ms: number): this {
    for (let doneMs = 0; doneMs < ms; doneMs += 1_000) {
      this.now += 1_000;
      for (const [id, car] of this.cars) {
        this.#drive(id, car);
        this.tell({ kind: "status", status: this.status(id) });
      }
      if (this.now % 2_000 === 0) this.#measure();
      this.tell({ kind: "tick" });
    }
    return this;
  }

  status(id: string): EvseStatus {
    const car = this.car(id);
    const closed = car.closedPhases > 0;
    return {
      ...evseStatus.example,
      evseId: id,
      state: closed ? "C2" : car.connected ? "B1" : "A",
      mode: car.mode,
      carConnected: car.connected,
      wantsCurrent: car.connected && car.hungry,
      asksPower: closed,
      mayDraw: closed,
      offerA: car.offerA,
      ceilingA: car.maxA,
      phases: car.closedPhases,
      session:
        evseStatus.example.session === null ? null : { ...evseStatus.example.session, chargingMs: car.chargedMs },
    };
  }

  #drive(id: string, car: SolarCar): void {
    const wish = this.budgets.at(-1)?.points.find(point => point.evseId === id);
    const allowed = car.connected && car.hungry && (car.mode === "smart" || wish?.go === true);
    // Another number of phases: open for one round, as the real sequence is open for half a minute.
    const switching = car.closedPhases !== 0 && wish?.phases !== car.closedPhases;
    car.closedPhases = allowed && !switching ? (wish?.phases ?? 3) : 0;
    const charging = [...this.cars.values()].filter(other => other.closedPhases > 0);
    const total = charging.reduce((sum, other) => sum + Math.min(other.phases, other.closedPhases), 0);
    car.offerA = car.closedPhases === 0 ? 0 : Math.min(car.maxA, Math.max(6, this.budget.chargingA / total));
    if (car.closedPhases > 0) car.chargedMs += 1_000;
    if (!car.connected) car.chargedMs = 0;
  }

  #measure(): void {
    this.#sequence += 1;
    for (const [id, car] of this.cars) {
      if (!car.metered) continue;
      const threeA = Math.min(car.phases, car.closedPhases) === 3 ? car.offerA : 0;
      this.tell({
        kind: "reading",
        reading: {
          ...meterReading.example,
          meterId: `ev-${id}`,
          role: "ev",
          evseId: id,
          sequence: this.#sequence,
          ageMs: 0,
          currentA: { l1: drawOf(car) === 0 ? 0 : car.offerA, l2: threeA, l3: threeA },
        },
      });
    }
    if (this.batteryA !== null && this.tellsBattery) this.tell({ kind: "battery", currentA: this.batteryA });
    if (this.meterSilent) return;
    const sumA = this.drawA() - this.surplusA + (this.batteryA ?? 0);
    this.tell({
      kind: "reading",
      reading: {
        ...meterReading.example,
        sequence: this.#sequence,
        ageMs: 0,
        currentA: { l1: sumA, l2: 0, l3: 0 },
      },
    });
  }
}

function drawOf(car: SolarCar): number {
  return car.offerA * Math.min(car.phases, car.closedPhases);
}
