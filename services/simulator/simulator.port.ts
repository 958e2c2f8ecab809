import type { BOARD_ORDERS } from "./scenario.core.ts";

/** What a board does to its car at this moment. */
export interface BoardDrives {
  /** 0 = steady -12 V, 100 = steady +12 V. */
  readonly dutyPct: number;
  /** False = the control pilot line is interrupted. */
  readonly pilotLine: boolean;
  /** As the contacts really are, welded ones included. */
  readonly contactorL1: boolean;
  readonly contactorL23: boolean;
}

/** What a car and its cable show to a board. */
export interface CarShows {
  readonly pilot: "A" | "B" | "C";
  /** Resistor in the plug; null = no plug in the socket. */
  readonly ppOhm: number | null;
}

export type BoardOrder = (typeof BOARD_ORDERS)[number];

/** A pilot board as the simulated site sees it: the side with the car, the power and the mishaps. */
export interface SimulatedBoard {
  readonly drives: BoardDrives;
  present(car: CarShows): void;
  disturb(order: BoardOrder): void;
  /** What its temperature sensor feels. */
  warm(temperatureC: number): void;
  /** Welded contacts are closed, whatever the board asks for. */
  weld(welded: boolean): void;
  /** Throws `StartRefused` when its place is taken. */
  open(): Promise<void>;
  close(): Promise<void>;
}

interface Phases {
  readonly l1: number;
  readonly l2: number;
  readonly l3: number;
}

/** What a meter measures; positive flows from the grid inward, or into the car. */
export interface MeterShows {
  readonly currentA: Phases;
  readonly powerW: Phases;
  readonly importWh: number;
  readonly exportWh: number;
}

/** The meters of the simulated site, in the order of the site file, on their line. */
export interface SimulatedMeters {
  show(meter: number, values: MeterShows): void;
  answers(meter: number, whether: boolean): void;
  /** Throws `StartRefused` when its place is taken. */
  open(): Promise<void>;
  close(): Promise<void>;
}
