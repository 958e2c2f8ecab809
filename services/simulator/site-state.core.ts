import type { SimulatorTruth } from "../../shared/contracts/simulator.ts";
import type { CarModel } from "./car.core.ts";
import type { HouseKind } from "./household.core.ts";
import { initialPlant, type PlantModel, type PlantState, type Wiring } from "./plant.core.ts";
import type { Sky } from "./roof.core.ts";
import type { Appointment, Command } from "./scenario.core.ts";
import type { BoardDrives, BoardOrder, CarShows, MeterShows } from "./simulator.port.ts";
import { type Triple, ZERO } from "./triple.core.ts";

/** What stands in the site file, made ready for the core. */
export interface SitePlan {
  readonly points: readonly PointPlan[];
  /** For each simulated meter its name and the point whose car it measures; null = the mains. */
  readonly meters: readonly { readonly name: string; readonly evseId: string | null }[];
  readonly house: { readonly kind: HouseKind; readonly baseA: number; readonly seed: number };
  readonly roofPeakW: number;
  readonly sky: Sky;
  readonly appointments: readonly Appointment[];
  /** Plant steps for each tick. */
  readonly speed: number;
}

export interface PointPlan {
  readonly evseId: string;
  readonly car: CarModel;
  readonly wiring: Wiring;
  readonly ppOhm: number;
}

export interface PointState {
  readonly car: CarModel;
  readonly plugged: boolean;
  /** The last offer of a car that ignores the end of the pilot signal; null = it follows. */
  readonly stuckAtA: number | null;
  /** It hears no other offer either, once it has heard one. */
  readonly deaf: boolean;
  /** What it had taken when it was plugged in. */
  readonly pluggedAtKWh: number;
  readonly shown: CarShows["pilot"];
}

export interface SiteState {
  readonly plan: SitePlan;
  readonly plant: PlantState;
  readonly points: readonly PointState[];
  readonly houseAddsA: Triple;
  /** A roof power that was ordered; null = the sky decides. */
  readonly roofW: number | null;
  readonly sky: Sky;
  readonly appointments: readonly Appointment[];
  readonly ticks: number;
  /** The last meter sample shown. */
  readonly shownSequence: number;
  readonly importWh: number;
  readonly exportWh: number;
}

export type SiteInput =
  | { readonly kind: "tick"; readonly boards: Readonly<Record<string, BoardDrives>> }
  | { readonly kind: "command"; readonly command: Command };

export type SiteOutput =
  | { readonly kind: "present"; readonly evseId: string; readonly car: CarShows }
  | { readonly kind: "show"; readonly meter: number; readonly values: MeterShows }
  | { readonly kind: "answers"; readonly meter: number; readonly whether: boolean }
  | { readonly kind: "disturb"; readonly evseId: string; readonly order: BoardOrder }
  | { readonly kind: "warm"; readonly evseId: string; readonly temperatureC: number }
  | { readonly kind: "weld"; readonly evseId: string; readonly welded: boolean }
  | { readonly kind: "truth"; readonly truth: SimulatorTruth }
  | { readonly kind: "told"; readonly words: string; readonly done: string };

/** The site after an input, and what shall happen outside. */
export interface Moved {
  readonly state: SiteState;
  readonly outputs: readonly SiteOutput[];
}

/** Rhythm of the plant, and of the site's ticks. */
export const STEP_S = 0.25;
/** An electronic meter behind a gateway: a fresh value each second, half a second old. */
const METER = { periodS: 1, averageS: 1, latencyS: 0.5, noiseA: 0.05, resolutionA: 0.01 } as const;

export function initialSite(plan: SitePlan): SiteState {
  return {
    plan,
    plant: initialPlant(modelOf(plan, plan.points)),
    points: plan.points.map(({ car }) => ({
      car,
      plugged: false,
      stuckAtA: null,
      deaf: false,
      pluggedAtKWh: 0,
      shown: "A",
    })),
    houseAddsA: ZERO,
    roofW: null,
    sky: plan.sky,
    appointments: [...plan.appointments].sort((a, b) => a.atS - b.atS),
    ticks: 0,
    shownSequence: 0,
    importWh: 0,
    exportWh: 0,
  };
}

/** The plant with the cars as they are now. */
export function modelOf(plan: SitePlan, points: readonly { readonly car: CarModel }[]): PlantModel {
  return {
    dtS: STEP_S,
    points: plan.points.map(({ car, wiring }, index) => ({ car: points[index]?.car ?? car, wiring })),
    battery: null,
    meter: METER,
    roofPhases: 3,
    seed: plan.house.seed * 7919 + 17,
  };
}
