import type { EvseStatus } from "../../shared/contracts/evse.ts";
import type { SolarBudget } from "../../shared/contracts/solar.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { SolarSettings } from "./solar.config.ts";

/** A thing heard, and when it was true. */
export interface Heard<T> {
  readonly value: T;
  readonly at: Instant;
}

export type Draw = Heard<readonly [number, number, number]>;

/** What house and roof left over at one moment, sum of the phases; the draw of solar cars is not in it. */
export interface Surplus {
  readonly at: Instant;
  readonly surplusA: number;
}

/** What the solar controller knows of one charge point. */
export interface RoofPoint {
  readonly id: string;
  readonly supplyPhases: 1 | 3;
  readonly status: Heard<EvseStatus> | null;
  /** Draw on its own terminals: the last two samples, newest last. */
  readonly draws: readonly Draw[];
  /** May charge by the sun, since then. */
  readonly goSince: Instant | null;
  /** Charging (contactor closed) without a break since then. */
  readonly closedSince: Instant | null;
  /** Phases its contactors shall connect. */
  readonly phases: 1 | 3;
  /** When they were changed, the last 24 hours. */
  readonly switchedAt: readonly Instant[];
  /** What a person asked for (`phases`), until it is done or the car leaves. */
  readonly asked: 1 | 3 | null;
  /** Since when three phases are connected and only L1 carries current: the car uses one. */
  readonly narrowSince: Instant | null;
  /** The car was seen to use one phase only; forgotten when it leaves. */
  readonly onePhaseCar: boolean;
  /** What staying on the present number of phases has cost against the other, A s. */
  readonly regretAs: number;
  /** How fast that grows, A; what is shown as the time left rests on it. */
  readonly regretA: number;
  /** Since when the sun has been too weak for it. */
  readonly shortSince: Instant | null;
}

export interface SolarState {
  /** Under which it decides: 0 where it stands alone, the lease's where there are several; null = another one decides. */
  readonly epoch: number | null;
  readonly points: readonly RoofPoint[];
  readonly settings: SolarSettings | null;
  /** Home battery: + charging, - discharging. */
  readonly battery: Heard<number> | null;
  /** Newest last. */
  readonly recent: readonly Surplus[];
  /** A mains sample whose moment the EV meters have not told yet; sum of the phases. */
  readonly waiting: Heard<number> | null;
  readonly lastSequence: Readonly<Record<string, number>>;
  /** What is given out, sum of the phases. */
  readonly budgetA: number;
  readonly budgetAt: Instant;
  readonly told: SolarBudget | null;
}

export interface RoofWiring {
  readonly id: string;
  readonly supplyPhases: 1 | 3;
}

export function idleSolar(wiring: readonly RoofWiring[], epoch: number | null = 0): SolarState {
  return {
    epoch,
    points: wiring.map(({ id, supplyPhases }) => ({
      id,
      supplyPhases,
      status: null,
      draws: [],
      goSince: null,
      closedSince: null,
      phases: supplyPhases,
      switchedAt: [],
      asked: null,
      narrowSince: null,
      onePhaseCar: false,
      regretAs: 0,
      regretA: 0,
      shortSince: null,
    })),
    settings: null,
    battery: null,
    recent: [],
    waiting: null,
    lastSequence: {},
    budgetA: 0,
    budgetAt: -Infinity,
    told: null,
  };
}
