/**
 * The messages between the plant and a controller: one JSON object per line, strictly alternating, the controller's
 * reply to step k being what its actuators do during step k+1. In process the same objects are passed.
 */

/** How the house limits and shares; the settings of an EVSE in the words of the scenario files. */
export interface ScenarioConfig {
  readonly mode: "smart" | "solar" | "normal";
  readonly maxMainsA: number;
  /** Sum over all charge points per phase; with one charge point its own limit. */
  readonly maxCircuitA: number;
  readonly minCurrentA: number;
  readonly maxCurrentA: readonly number[];
  readonly cableA: readonly number[];
  /** Policy of the contactor of L2 and L3. */
  readonly c2: "always_on" | "always_off" | "solar_off" | "auto" | "not_present";
  /** Solar: export, sum of the phases, that starts charging. */
  readonly startCurrentA: number;
  readonly stopTimeMin: number;
  readonly importCurrentA: number;
  /** Sum of the phases; 0 = off. */
  readonly maxSumMainsA: number;
  readonly maxSumMainsTimeMin: number;
  /** 15-minute average; 0 = off. */
  readonly capacityLimitW: number;
  /** 0 by index, 1 first connected, 2 last connected. */
  readonly prioStrategy: 0 | 1 | 2;
  readonly rotationMin: number;
  readonly idleTimeoutS: number;
  readonly evMeters: 0 | 1;
  readonly homeBattery: 0 | 1;
  readonly meter: { readonly feed: "modbus" | "api"; readonly periodS: number; readonly present: 0 | 1 };
}

/** Opens the conversation; the controller answers `ReadyMessage`. */
export interface InitMessage {
  readonly type: "init";
  readonly protocol: 1;
  /** Seconds per step. */
  readonly dt: number;
  readonly scenario: string;
  /** Number of charge points. */
  readonly n: number;
  readonly voltage: number;
  readonly config: ScenarioConfig;
  /** Phases of the car at each charge point. */
  readonly vehiclePhases: readonly (1 | 3)[];
}

export interface ReadyMessage {
  readonly type: "ready";
  readonly name: string;
}

export type PhaseTriple = readonly [number, number, number];

/** What the controller can know at `t`: the last delivered meter sample and what each car presents. */
export interface StepMessage {
  readonly type: "step";
  /** Seconds since the start. */
  readonly t: number;
  /** Counts delivered samples; 0 = none yet. */
  readonly mainsSeq: number;
  /** When that sample was taken, s; -1 = none yet. */
  readonly mainsT: number;
  /** House phases L1, L2, L3, A; import positive. */
  readonly mainsCurrents: PhaseTriple;
  /** Per charge point, on its own terminals, A. */
  readonly evCurrents: readonly PhaseTriple[];
  readonly pilot: readonly ("A" | "B" | "C")[];
  /** Battery power / 230 V, all phases together, charging positive; null without a battery. */
  readonly batteryCurrent: number | null;
  readonly authorized: readonly (0 | 1)[];
}

/** What the actuators do until the next reply. */
export interface Reply {
  /** A advertised by the pilot; 0 = no PWM. */
  readonly offered: readonly number[];
  /** Contactor of N and L1. */
  readonly c1: readonly (0 | 1)[];
  /** Contactor of L2 and L3. */
  readonly c2: readonly (0 | 1)[];
  /** 0 = control pilot line interrupted; 1 when left out. */
  readonly cp?: readonly (0 | 1)[];
  /** For people. */
  readonly state?: readonly string[];
  /** Not 0 = the charge point shows a fault; for people. */
  readonly error?: readonly number[];
}

export interface EndMessage {
  readonly type: "end";
}

export type PlantMessage = InitMessage | StepMessage | EndMessage;

/** A controller in process. */
export type Controller = (message: StepMessage) => Reply;
export type CreateController = (init: InitMessage) => Controller;
