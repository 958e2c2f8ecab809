import type { MeterRole } from "../../shared/contracts/meter.ts";
import type { Phase } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { CustomMeter } from "./modbus/custom.core.ts";
import type { SourceSpec } from "./sources/source.port.ts";

type PerPhase = Readonly<Record<Phase, number>>;

/** What a meter measured; positive flows from the grid inward, or into the car. */
export interface Measurement {
  readonly currentA: PerPhase;
  /** Null where the device does not measure it; the same for what follows. */
  readonly powerW: PerPhase | null;
  readonly totalPowerW: number | null;
  readonly importWh: number | null;
  readonly exportWh: number | null;
  /** To neutral; absent where the device does not measure it. */
  readonly voltageV?: PerPhase | null | undefined;
  /** The currents were worked out from a power, or their direction from the total: right as long as the phases agree. */
  readonly isDerived?: boolean;
  /** Phases whose current and power tell different directions; absent where one of them tells none. */
  readonly contradicts?: readonly Phase[];
}

/** A measurement and when it was taken: at the latest when it was asked for, so that its age is never understated. */
export interface Sample extends Measurement {
  readonly sampledAt: Instant;
}

/** What comes from outside for a meter that is fed; groups that are null are not part of the message. */
export interface Feed {
  readonly currentA: PerPhase | null;
  readonly totalPowerW: number | null;
  readonly importWh: number | null;
  readonly exportWh: number | null;
}

export interface MeterCounters {
  readonly requests: number;
  readonly replies: number;
  readonly timeouts: number;
  /** Replies that must not be believed: checksum, length, wrong unit, no number, implausible. */
  readonly refused: number;
  readonly exceptions: number;
}

export interface MeterListener {
  sample(sample: Sample): void;
  /** Something went wrong, in words. The driver goes on trying by itself. */
  problem(words: string): void;
}

/** How the meter sits in this installation. */
export interface Mounting {
  /** Supply and load are exchanged: directions turn round, import and export change places. */
  readonly reversed: boolean;
  /** House phase on which each of the meter's terminals L1, L2, L3 sits. */
  readonly phaseRotation: readonly [Phase, Phase, Phase];
}

/** The meter that is to be read. */
export type MeterSpec = { readonly role: MeterRole; readonly pollMs: number; readonly mounting: Mounting } & (
  | {
      readonly kind: "modbus";
      /** Key of the meter table, `sunspec`, or `custom`. */
      readonly meter: string;
      /** What the settings say of a custom meter; null for others. */
      readonly custom: CustomMeter | null;
      readonly address: number;
      /** Name of the line in the site file; null = the only one there is. */
      readonly line: string | null;
    }
  | SourceSpec
  | { readonly kind: "api" }
  | { readonly kind: "simulated"; readonly baseA: number; readonly seed: number }
);

/**
 * A source of samples. Whether it polls or is fed is its own business: it delivers what it has measured when it has
 * measured it, and nothing that it did not measure.
 */
export interface MeterDriver {
  /** What is being read, in words: "Eastron3P, address 10, tcp 127.0.0.1:15020". */
  readonly source: string;
  /** Begins to deliver. A device that is away is no error: it is tried until `stop`. */
  start(listener: MeterListener): void;
  /** After this nothing is delivered. */
  stop(): Promise<void>;
  /** Takes values from outside. False: this meter measures by itself. Throws `MeterFeedRefused` for impossible ones. */
  feed(feed: Feed): boolean;
  counters(): MeterCounters;
}

/** Makes the driver for a meter. Throws `MeterNotAvailable` when this installation gives no way to read it. */
export type OpenMeterDriver = (spec: MeterSpec) => MeterDriver;
