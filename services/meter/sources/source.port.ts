import type { MeterRole } from "../../../shared/contracts/meter.ts";

/** A way into a JSON document: `StatusSNS.ENERGY.Power[0]`, `actual[name=power_delivered].value`. */
export type JsonPath = string;

/** Where a number of a device comes from. `in` picks one of several documents, the first when absent. */
export type NumberSource =
  | JsonPath
  | { readonly path: JsonPath; readonly in?: number; readonly scale?: number }
  /** The first that is there. */
  | { readonly first: readonly NumberSource[] }
  /** All of them added; absent where one is. */
  | { readonly sum: readonly NumberSource[] }
  /** Taken from the grid less given to it, two magnitudes; absent where one of them is. */
  | { readonly net: readonly [NumberSource, NumberSource] };

export type PerTerminal = readonly NumberSource[];

/** How a device's JSON tells what is measured. Values come out in A, W, V and Wh. */
export interface JsonMap {
  /** None: the device tells powers only; see `withCurrents`. */
  readonly currentA: PerTerminal;
  readonly powerW?: PerTerminal;
  readonly voltageV?: PerTerminal;
  readonly totalPowerW?: NumberSource;
  readonly importWh?: NumberSource;
  readonly exportWh?: NumberSource;
  /** The device passes on a smart meter's whole amperes, or none: power and voltage say it more finely. */
  readonly currentIsCoarse?: boolean;
  /** How long ago the values were measured, in ms, where the device says so. */
  readonly ageMs?: NumberSource;
}

/** How JSON becomes a sample. */
export interface JsonReading {
  readonly map: JsonMap;
  readonly direction: "power" | "own";
  /** Terminals that are in use; null = as many as the device tells. */
  readonly phases: 1 | 3 | null;
}

export interface SensorboxSpec {
  readonly kind: "sensorbox";
  readonly address: number;
  /** Name of the line in the site file; null = the only one there is. */
  readonly line: string | null;
  /** Rotation and wiring as its register has them, 0..3. */
  readonly wiring: number;
  readonly ctFactor: 1 | 2;
}

export interface HttpSpec {
  readonly kind: "http";
  readonly label: string;
  /** Scheme, host and port. */
  readonly origin: string;
  readonly paths: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly login: { readonly user: string; readonly password: string } | null;
  readonly certificateFile: string | null;
  readonly newsEveryMs: number;
  /** The device passes on what it last heard of its meter: the same answer twice is no news. */
  readonly passesOn: boolean;
  /** A path that is not there (404) tells nothing: a phase that the connection has not. */
  readonly mayLackPaths: boolean;
  readonly reading: JsonReading;
}

/** Where a meter that speaks by itself is listened to. */
export type TelegramLink =
  | { readonly kind: "serial"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

export interface P1Spec {
  readonly kind: "p1";
  readonly link: TelegramLink;
  readonly dsmr: 2 | 3 | 4 | 5;
  /** Keys of a meter that encrypts its telegrams, in hex; null where it does not. */
  readonly encryption: { readonly key: string; readonly authenticationKey: string } | null;
  readonly phases: 1 | 3 | null;
}

/** A meter that speaks SML, through a reading head on its optical port. */
export interface SmlSpec {
  readonly kind: "sml";
  readonly link: TelegramLink;
  readonly phases: 1 | 3 | null;
}

/** The bridge of a Tibber Pulse, which passes on what its meter says. */
export interface PulseSpec {
  readonly kind: "pulse";
  readonly origin: string;
  readonly password: string;
  /** Number of the Pulse on its bridge. */
  readonly node: number;
  readonly newsEveryMs: number;
  readonly phases: 1 | 3 | null;
}

/** A meter that SMA's Speedwire brings. */
export interface SpeedwireSpec {
  readonly kind: "speedwire";
  /** Its serial number; null = the only one there is. */
  readonly serial: number | null;
  /** Address of the network interface that is listened on; null = the usual one. */
  readonly interfaceAddress: string | null;
  readonly port: number;
}

export interface MqttSpec {
  readonly kind: "mqtt";
  readonly label: string;
  readonly url: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly topics: readonly string[];
  /** Null: the one topic has payloads L1:L2:L3 in 0.1 A. */
  readonly reading: JsonReading | null;
}

export interface NatsSpec {
  readonly kind: "nats";
  readonly feed: string;
  /** What its messages must say they are. */
  readonly measures: { readonly role: MeterRole; readonly evseId: string | null };
}

/** A meter that is read in another way than by Modbus registers of a table. */
export type SourceSpec = SensorboxSpec | HttpSpec | P1Spec | SmlSpec | PulseSpec | SpeedwireSpec | MqttSpec | NatsSpec;
