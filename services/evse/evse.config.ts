import { z } from "zod";
import type { LockOrder, Rgb } from "../../shared/contracts/pilot.ts";
import type { AccessStatus, ChargeMode } from "../../shared/contracts/units.ts";

/** A charge point takes its identity from `chargePoints` and its behaviour from the settings. */
export const evseConfig = z.strictObject({});
export type EvseConfig = z.output<typeof evseConfig>;

/** SWITCH, by number (spec control 10.2). */
export const SWITCH_FUNCTIONS = [
  "disabled",
  "access-button",
  "access-switch",
  "mode-button",
  "mode-switch",
  "grid-relay",
  "custom-button",
  "custom-switch",
] as const;
export type SwitchFunction = (typeof SWITCH_FUNCTIONS)[number];

/** The settings of one charge point, as the core needs them. */
export interface PointSettings {
  readonly mode: ChargeMode;
  readonly access: AccessStatus;
  /** Local time at which a delayed start is due; "" = none. */
  readonly startsAt: string;
  readonly outlet: "socket" | "fixed";
  /** MAX, A per phase. */
  readonly maxA: number;
  /** Override current; null = none. */
  readonly overrideA: number | null;
  readonly maxTemperatureC: number;
  /** CONTACT 2: whether the contactor of L2 and L3 may close in this mode. */
  readonly threePhase: boolean;
  readonly evMeter: boolean;
  readonly switchFunction: SwitchFunction;
  /** The free flag of automations; here it changes the colour of the LED. */
  readonly customFlag: boolean;
  /** LOCK; null = Disabled. */
  readonly lock: LockOrder["actuator"] | null;
  /** The cable stays locked, also without a car. */
  readonly cableLock: boolean;
  /** RFID is EnableOne: the plug stays locked as long as the card holds the point. */
  readonly cardHoldsPlug: boolean;
  /** RCMON: the residual-current monitor is tested before each closing. */
  readonly rcmMonitor: boolean;
  readonly ledScheme: "standard" | "public";
  readonly colours: Readonly<Record<ChargeMode | "off" | "custom", Rgb>>;
}
