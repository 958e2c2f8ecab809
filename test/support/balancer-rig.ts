import type { BalancerSettings } from "../../services/balancer/balancer.config.ts";
import { type BalancerInput, balance } from "../../services/balancer/balancer.core.ts";
import type { CircuitWiring } from "../../services/balancer/circuits.core.ts";
import type { Point, PointWiring } from "../../services/balancer/point.core.ts";
import { type BalancerState, idleBalancer } from "../../services/balancer/state.core.ts";
import type { BalancerOutput } from "../../services/balancer/tell.core.ts";
import { type EvseStatus, evseStatus } from "../../shared/contracts/evse.ts";
import type { StandingLimit } from "../../shared/contracts/limits.ts";
import { meterReading } from "../../shared/contracts/meter.ts";
import type { ScheduleTurn } from "../../shared/contracts/schedule.ts";
import type { SolarBudget } from "../../shared/contracts/solar.ts";

export const LIMITS: BalancerSettings = {
  mainsA: 25,
  circuitA: null,
  capacityA: null,
  capStopMs: 0,
  intervalFloorW: null,
  peakFloorW: null,
  gridRelayAt: [],
  circuitMeter: false,
  evMeterIsCircuit: false,
  minA: 6,
  mainsMeter: true,
  schedule: { priority: "address", rotationMs: null, idleMs: 60_000 },
};

/** What a simulated car does with its offer. */
interface Car {
  wants: boolean;
  /** It is connected and shows 9 V, whatever it is offered. */
  full: boolean;
  pluggedAt: number;
  /** Follows an offer after this long, as a real one. */
  lagMs: number;
  /** The most it can take. */
  maxA: number;
  phases: 1 | 3;
  metered: boolean;
  rampAPerS: number;
  ceilingA: number;
  mode: "normal" | "smart" | "solar";
  /** What the solar controller wishes for it, in mode Solar. */
  go: boolean;
  drawA: number;
  /** What its meter shows beside it: another load behind the meter of a sub-panel. */
  besideA: number;
  offers: { at: number; limitA: number }[];
}

/** The balancer's core with cars that follow their offers, and a house, on stepped time; a sample every `periodMs`. */
export class BalancerRig {
  now = 0;
  state: BalancerState;
  readonly outputs: BalancerOutput[] = [];
  houseA: [number, number, number] = [0, 0, 0];
  meterSilent = false;
  /** What the solar controller gives out, sum of the phases; null = it is silent. */
  sunA: number | null = null;
  unreachable = new Set<string>();
  readonly cars = new Map<string, Car>();
  readonly rotation = new Map<string, readonly [number, number, number]>();
  readonly periodMs: number;
  /** EV meters are read this long after the mains meter, as on a shared line. */
  evMeterLateMs = 0;
  /** The grid operator's contact, as the points read it. */
  relayOpen = false;
  /** Set from outside; null = nobody tells limits. */
  outside: readonly StandingLimit[] | null = null;
  /** Meters of circuits that are read, with what they show beside the points below them. */
  readonly circuitMeters = new Map<
    string,
    { members: readonly string[]; otherA: [number, number, number]; silent: boolean }
  >();
  /** The largest excess of the main fuse seen, per phase, since it was last cleared. */
  worstA = -Infinity;
  #sequence = 0;

  constructor(
    ids: readonly string[],
    settings: Partial<BalancerSettings> = {},
    wiring: Partial<PointWiring> = {},
    periodMs = 1_000,
    circuits: readonly CircuitWiring[] = [],
  ) {
    this.periodMs = periodMs;
    const points = ids.map((id, index) => {
      const rotation = wiring.rotation ?? ([index % 3, (index + 1) % 3, (index + 2) % 3] as const);
      this.rotation.set(id, rotation);
      this.cars.set(id, {
        wants: false,
        full: false,
        pluggedAt: 0,
        lagMs: 2_000,
        maxA: 32,
        phases: 3,
        metered: true,
        rampAPerS: Infinity,
        ceilingA: 16,
        mode: "smart",
        go: true,
        drawA: 0,
        besideA: 0,
        offers: [],
      });
      return { id, rotation, supplyPhases: 3 as const, safeCurrentA: 0, ...wiring };
    });
    this.state = idleBalancer(points, 0, circuits);
    this.tell({ kind: "settings", settings: { ...LIMITS, ...settings } });
  }

  car(id: string): Car {
    const car = this.cars.get(id);
    if (car === undefined) throw new Error(`no car at ${id}`);
    return car;
  }

  point(id: string): Point {
    const point = this.state.points.find(candidate => candidate.id === id);
    if (point === undefined) throw new Error(`no point ${id}`);
    return point;
  }

  limits(): number[] {
    return this.state.points.map(point => point.limitA);
  }

  tell(input: BalancerInput): void {
    const step = balance(this.state, input, this.now);
    this.state = step.state;
    this.outputs.push(...step.outputs);
  }

  plug(...ids: string[]): this {
    for (const id of ids) Object.assign(this.car(id), { wants: true, pluggedAt: this.now });
    return this;
  }

  unplug(...ids: string[]): this {
    for (const id of ids) this.car(id).wants = false;
    return this;
  }

  /** The place of each point in the schedule. */
  places(): string[] {
    return this.state.points.map(point => point.turn.place);
  }

  /** The balancer dies, and a new one starts with what the points remember. */
  restart(keepsLimits = this.state.keepsLimits): this {
    const { settings, points } = this.state;
    const turns = new Map(points.map(({ id }) => [id, this.turnOf(id)]));
    this.state = idleBalancer(
      points.map(({ id, rotation, supplyPhases, safeCurrentA }) => ({ id, rotation, supplyPhases, safeCurrentA })),
      this.now,
      [],
      keepsLimits,
    );
    if (settings !== null) this.tell({ kind: "settings", settings });
    for (const { id, limitA, admitted } of points) {
      if (this.unreachable.has(id)) continue;
      const offered = { offerA: limitA, mayDraw: admitted, asksPower: limitA > 0 && !this.car(id).full };
      this.tell({ kind: "status", status: { ...this.status(id), ...offered, turn: turns.get(id) ?? null } });
    }
    return this;
  }

  /** What a point was last told of its place, aged. */
  turnOf(id: string): ScheduleTurn | null {
    const told = this.outputs.findLast(output => output.kind === "allocation" && output.allocation.evseId === id);
    return told?.kind === "allocation" ? told.allocation.turn : null;
  }

  run(ms: number): this {
    for (let doneMs = 0; doneMs < ms; doneMs += 250) {
      this.now += 250;
      for (const [id, car] of this.cars) this.#drive(id, car);
      this.worstA = Math.max(this.worstA, ...this.mains().map(value => value - (this.state.settings?.mainsA ?? 0)));
      if ((this.now - this.evMeterLateMs) % this.periodMs === 0) this.#measureCars();
      if (this.now % this.periodMs === 0) this.#measureMains();
      if (this.now % this.periodMs === 0) this.#measureCircuits();
      if (this.now % 1_000 === 0) {
        if (this.outside !== null) this.setOutside(this.outside);
        for (const id of this.cars.keys())
          if (!this.unreachable.has(id)) this.tell({ kind: "status", status: this.status(id) });
        if (this.sunA !== null) this.tell({ kind: "sun", budget: this.#budget(this.sunA) });
        this.tell({ kind: "tick" });
      }
    }
    return this;
  }

  /** Limits from outside, told now. */
  setOutside(limits: readonly StandingLimit[]): void {
    this.outside = limits;
    this.tell({ kind: "limits", limits: { limits: [...limits], quarter: null, intervalW: null } });
  }

  mains(): [number, number, number] {
    return this.sumOf([...this.cars.keys()], this.houseA);
  }

  /** What these points draw on each phase of the house, on top of something else. */
  sumOf(ids: readonly string[], besideA: readonly [number, number, number]): [number, number, number] {
    const total: [number, number, number] = [...besideA];
    for (const id of ids) {
      const car = this.car(id);
      total[this.rotation.get(id)?.[0] ?? 0]! += car.besideA;
      const rotation = this.rotation.get(id) ?? [0, 1, 2];
      for (let terminal = 0; terminal < car.phases; terminal += 1) total[rotation[terminal]!]! += car.drawA;
    }
    return total;
  }

  status(id: string): EvseStatus {
    const car = this.car(id);
    const point = this.point(id);
    const closed = point.admitted;
    return {
      ...evseStatus.example,
      evseId: id,
      state: closed ? "C2" : point.limitA > 0 ? "B2" : "B1",
      mode: car.mode,
      carConnected: car.wants,
      wantsCurrent: car.wants,
      inLine: car.wants,
      asksPower: car.wants && !car.full && point.limitA > 0,
      connectedMs: car.wants ? this.now - car.pluggedAt : null,
      turn: this.turnOf(id),
      offerA: point.limitA,
      mayDraw: closed,
      ceilingA: car.ceilingA,
      ceilingBy: "max",
      phases: closed ? 3 : 0,
      drawA: null,
      session: null,
      gridRelayOpen: this.relayOpen,
    };
  }

  #measureCircuits(): void {
    for (const [meterId, { members, otherA, silent }] of this.circuitMeters) {
      this.#sequence += 1;
      if (silent) continue;
      const [l1, l2, l3] = this.sumOf(members, otherA);
      this.tell({
        kind: "reading",
        reading: {
          ...meterReading.example,
          meterId,
          role: "circuit",
          sequence: this.#sequence,
          ageMs: 0,
          currentA: { l1, l2, l3 },
        },
      });
    }
  }

  #budget(chargingA: number): SolarBudget {
    const points = [...this.cars].map(([evseId, car]) => ({
      evseId,
      go: car.go,
      phases: car.phases,
      counts: car.phases,
      boundBy: car.go ? ("solar" as const) : ("solar-start" as const),
      outlook: { haveA: chargingA, needA: 6, stopInS: null, switchTo: null, switchInS: null },
    }));
    return { epoch: 0, chargingA, surplusA: chargingA, batteryA: null, restsOnMs: 0, points };
  }

  #drive(id: string, car: Car): void {
    const point = this.point(id);
    const offerA = point.admitted && car.wants && !car.full ? Math.min(point.limitA, car.ceilingA) : 0;
    if (car.offers.at(-1)?.limitA !== offerA) car.offers.push({ at: this.now, limitA: offerA });
    const followed = car.offers.findLast(offer => this.now - offer.at >= car.lagMs);
    // An open contactor is felt at once, a new duty only after the car's reaction.
    const towardsA = offerA === 0 ? 0 : Math.min(followed?.limitA ?? 0, car.maxA);
    car.drawA = Math.min(towardsA, car.drawA + car.rampAPerS / 4);
  }

  #measureCars(): void {
    this.#sequence += 1;
    for (const [id, car] of this.cars) {
      if (!car.metered) continue;
      const currentA = {
        l1: car.drawA + car.besideA,
        l2: car.phases === 3 ? car.drawA : 0,
        l3: car.phases === 3 ? car.drawA : 0,
      };
      this.tell({
        kind: "reading",
        reading: {
          ...meterReading.example,
          meterId: `ev-${id}`,
          role: "ev",
          evseId: id,
          sequence: this.#sequence,
          ageMs: 0,
          currentA,
        },
      });
    }
  }

  #measureMains(): void {
    this.#sequence += 1;
    if (this.meterSilent) return;
    const [l1, l2, l3] = this.mains();
    this.tell({
      kind: "reading",
      reading: { ...meterReading.example, sequence: this.#sequence, ageMs: 0, currentA: { l1, l2, l3 } },
    });
  }
}
