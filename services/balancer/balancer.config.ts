import { z } from "zod";

/** The balancer takes its limits from the settings; the site file only says where it runs. */
export const balancerConfig = z.strictObject({});
export type BalancerConfig = z.output<typeof balancerConfig>;

/** The limits and the meters that the balancer works with, as the settings say. */
export interface BalancerSettings {
  /** MAINS: the main fuse, A per phase. */
  readonly mainsA: number;
  /** CAP MODE = Interval: the least power of its table, which holds while nobody tells the time; null in other modes. */
  readonly intervalFloorW: number | null;
  /** CAP PEAK or CAP MODE = Flanders: the average that holds flatly while nobody follows the quarter hour; null = none. */
  readonly peakFloorW: number | null;
  /** Points whose switch is the relay of the grid operator. */
  readonly gridRelayAt: readonly string[];
  /** Something measures the circuit of all points: without it nobody charges there. */
  readonly circuitMeter: boolean;
  /** It is the EV meter of the only point: at the head of a sub-panel, it may measure other loads, too. */
  readonly evMeterIsCircuit: boolean;
  /** CIRCUIT: what all points may draw together, A per phase; null where the setting does not apply. */
  readonly circuitA: number | null;
  /** CAPACITY: what the site may draw, sum of the phases; null where it is off. */
  readonly capacityA: number | null;
  /** CAP STOP: how long CAPACITY may be exceeded with all cars at MIN; 0 = not at all. */
  readonly capStopMs: number;
  /** MIN: the least a car accepts, A per phase. */
  readonly minA: number;
  /** A mains meter is configured: Smart works. */
  readonly mainsMeter: boolean;
  readonly schedule: ScheduleSettings;
}

/** Who charges when there is not enough for all. */
export interface ScheduleSettings {
  /** PRIORITY: by the order of the site file ("Modbus Adr"), or by plug-in. */
  readonly priority: "address" | "first-connected" | "last-connected";
  /** ROTATION; null = a turn ends when its car needs no more. */
  readonly rotationMs: number | null;
  /** IDLE TMO: how long a turn lasts at least, and how long a car leaves it unused before it goes on. */
  readonly idleMs: number;
}
