import type { BalancerSettings } from "../../../services/balancer/balancer.config.ts";
import { type BalancerInput, balance } from "../../../services/balancer/balancer.core.ts";
import type { BalancerState } from "../../../services/balancer/state.core.ts";
import { followSun, type SolarInput } from "../../../services/solar/solar.core.ts";
import type { SolarState } from "../../../services/solar/state.core.ts";
import type { BalancerAllocation } from "../../../shared/contracts/balancer.ts";
import type { EvseStatus } from "../../../shared/contracts/evse.ts";
import type { LimitsCurrent } from "../../../shared/contracts/limits.ts";
import type { MeterReading } from "../../../shared/contracts/meter.ts";
import type { SolarBudget } from "../../../shared/contracts/solar.ts";
import { campaign, epochOf, type LeaseInput, type LeaseState, newCandidate } from "../../../shared/lease/lease.core.ts";
import { type LeaseEntry, type LeaseRecord, NO_ENTRY } from "../../../shared/lease/lease.port.ts";

/** A service stands for its lease once it has listened for so long (shared/bus/standing.ts). */
const LISTEN_MS = 3_000;

/** What NATS keeps of one lease. */
export class LifeLease {
  entry: LeaseEntry = NO_ENTRY;

  write(record: LeaseRecord, after: number): number | null {
    if (after !== this.entry.revision) return null;
    this.entry = { revision: after + 1, record };
    return this.entry.revision;
  }
}

/** What a gateway starts with, whenever it starts. */
export interface Fresh {
  readonly balancer: (now: number) => BalancerState;
  readonly solar: () => SolarState;
  readonly settings: () => BalancerSettings;
}

type Role = "balancer" | "solar";

/** One of several gateways: the product's cores of balancer, solar controller and their leases. */
export class LifeGateway {
  readonly name: string;
  /** Without power until then. */
  backAt = -Infinity;
  /** Its process is stopped until then: it neither hears nor speaks, and knows nothing of it. */
  pausedUntil = -Infinity;
  /** Its line to NATS is cut until then. */
  cutUntil = -Infinity;
  /** What it says, when and as long as it may. */
  onAllocation: (allocation: BalancerAllocation) => void = () => undefined;
  onBudget: (budget: SolarBudget) => void = () => undefined;
  readonly #fresh: Fresh;
  readonly #stores: Readonly<Record<Role, LifeLease>>;
  #balancer: BalancerState;
  #solar: SolarState;
  #leases: Record<Role, LeaseState>;
  #told: Record<Role, number | null> = { balancer: null, solar: null };
  #startedAt = 0;
  /** Its last word to each point: what stood in its line when it was stopped. */
  #lastWords = new Map<string, BalancerAllocation>();

  constructor(name: string, fresh: Fresh, stores: Readonly<Record<Role, LifeLease>>) {
    this.name = name;
    this.#fresh = fresh;
    this.#stores = stores;
    this.#balancer = fresh.balancer(0);
    this.#solar = fresh.solar();
    this.#leases = { balancer: newCandidate(`${name} 0`), solar: newCandidate(`${name} 0`) };
    this.#start(0);
  }

  runs(now: number): boolean {
    return now >= this.backAt && now >= this.pausedUntil;
  }

  /** Since when it has been running; how long it knows of the others is another matter. */
  get startedAt(): number {
    return this.#startedAt;
  }

  epoch(role: Role, now: number): number | null {
    return this.runs(now) ? epochOf(this.#leases[role], now) : null;
  }

  /** A second begins: it starts again where its power is back, and says what was in its line where it was stopped. */
  begin(now: number): void {
    if (now === this.backAt) this.#start(now);
    if (now === this.pausedUntil && now >= this.backAt)
      for (const word of this.#lastWords.values()) this.onAllocation(word);
  }

  /** One look at its leases. */
  campaign(at: number, storeAnswers: boolean): void {
    if (!this.runs(at)) return;
    for (const role of ["balancer", "solar"] as const) {
      if (at - this.#startedAt >= LISTEN_MS && !this.#leases[role].ready)
        this.#lease(role, { kind: "ready" }, at, storeAnswers);
      this.#lease(role, { kind: "tick" }, at, storeAnswers);
    }
  }

  /** Tells its cores when they begin, or end, to decide. */
  takeRoles(now: number): void {
    if (!this.runs(now)) return;
    const balancer = this.epoch("balancer", now);
    const solar = this.epoch("solar", now);
    if (solar !== this.#told.solar) this.#tellSolar({ kind: "role", epoch: solar }, now);
    if (balancer !== this.#told.balancer) this.#tellBalancer({ kind: "role", epoch: balancer }, now);
    this.#told = { balancer, solar };
  }

  reading(reading: MeterReading, now: number): void {
    this.#tellSolar({ kind: "reading", reading }, now);
    this.#tellBalancer({ kind: "reading", reading }, now);
  }

  status(status: EvseStatus, now: number): void {
    this.#lease("balancer", { kind: "heard", epoch: status.allotted?.epoch ?? 0 }, now, false);
    this.#tellBalancer({ kind: "status", status }, now);
    this.#tellSolar({ kind: "status", status }, now);
  }

  budget(budget: SolarBudget, now: number): void {
    this.#lease("solar", { kind: "heard", epoch: budget.epoch }, now, false);
    this.#tellSolar({ kind: "budget", budget }, now);
    this.#tellBalancer({ kind: "sun", budget }, now);
  }

  limits(limits: LimitsCurrent, now: number): void {
    this.#tellBalancer({ kind: "limits", limits }, now);
  }

  settings(settings: BalancerSettings, now: number): void {
    this.#tellBalancer({ kind: "settings", settings }, now);
  }

  tick(now: number): void {
    this.#tellSolar({ kind: "tick" }, now);
    this.#tellBalancer({ kind: "tick" }, now);
  }

  #start(now: number): void {
    this.#startedAt = now;
    this.#balancer = { ...this.#fresh.balancer(now), epoch: null };
    this.#solar = { ...this.#fresh.solar(), epoch: null };
    this.#leases = { balancer: newCandidate(`${this.name} ${now}`), solar: newCandidate(`${this.name} ${now}`) };
    this.#told = { balancer: null, solar: null };
    this.#lastWords = new Map();
    this.settings(this.#fresh.settings(), now);
  }

  #lease(role: Role, input: LeaseInput, at: number, storeAnswers: boolean): void {
    const step = campaign(this.#leases[role], input, at);
    this.#leases[role] = step.state;
    for (const output of step.outputs) {
      const store = this.#stores[role];
      const answer: LeaseInput = !storeAnswers
        ? { kind: "failed", problem: "no answer" }
        : output.kind === "read"
          ? { kind: "read", entry: store.entry }
          : { kind: "written", revision: store.write(output.record, output.after) };
      this.#lease(role, answer, at, storeAnswers);
    }
  }

  #tellBalancer(input: BalancerInput, now: number): void {
    const step = balance(this.#balancer, input, now);
    this.#balancer = step.state;
    if (this.epoch("balancer", now) === null) return;
    for (const output of step.outputs) {
      if (output.kind !== "allocation") continue;
      this.#lastWords.set(output.allocation.evseId, output.allocation);
      this.onAllocation(output.allocation);
    }
  }

  #tellSolar(input: SolarInput, now: number): void {
    const step = followSun(this.#solar, input, now);
    this.#solar = step.state;
    if (this.epoch("solar", now) === null) return;
    for (const budget of step.outputs) this.onBudget(budget);
  }
}
