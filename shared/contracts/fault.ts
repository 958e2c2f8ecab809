import { z } from "zod";

/** Conditions that keep a point from charging, or that a person should know of (spec control 7). */
export const evseFault = z.enum([
  "no-current",
  "mains-reading-lost",
  "ev-meter-lost",
  "circuit-reading-lost",
  "board-lost",
  "pilot-invalid",
  "ventilation-unsupported",
  "diode-missing",
  "proximity-open",
  "over-temperature",
  "temperature-sensor",
  "rcm-trip",
  "rcm-test-failed",
  "contactor-weld",
  "contactor-stuck-open",
  "over-current",
  "lock-failed",
  "lock-jammed",
  "settings-missing",
  "solar-unavailable",
]);
export type EvseFault = z.output<typeof evseFault>;

/**
 * What a fault does: `told` is no obstacle of its own; `stops` takes the pilot away and lets the car stop, at most 6 s; `opens`
 * does not wait for the car.
 */
export type FaultEffect = "told" | "stops" | "opens";

export interface FaultDefinition {
  readonly effect: FaultEffect;
  /** True: it stays until a person acknowledges it. False: it ends with its cause. */
  readonly latched: boolean;
  readonly raised: string;
  readonly recovers: string;
  /** Number and text of `error_id` and `error` in the SmartEVSE interface (spec control 7.1); 0 = no error there. */
  readonly errorId: number;
  /** Four lines of a display; two screens where it alternates; null = a line of status, or nothing. */
  readonly display: readonly (readonly [string, string, string, string])[] | null;
}

/** Texts of the SmartEVSE interface by `error_id`: the firmware's highest error bit, counted from 1. */
export const ERROR_TEXTS = [
  "None",
  "No Power Available",
  "Communication Error",
  "Temperature High",
  "EV Meter Comm Error",
  "RCM Tripped",
  "RCM Test",
  "Circuit Meter Comm Error",
  "Flash Error",
  // What the firmware has no bit for must still be an error to clients, which compare with "None" only.
  "Multiple Errors",
] as const;
/** Its `error_id`s that have a meaning of their own here. */
export const ERROR_ID = { none: 0, less6A: 1, communication: 2, other: 9 } as const;

const cannotRead = (meter: string) => [["CAN'T READ", meter, "CHECK CFG", "OR WIRING"]] as const;

/** Every fault of a charge point: what raises it, what it does, what ends it, and how it is shown. */
export const FAULTS: Readonly<Record<EvseFault, FaultDefinition>> = {
  "no-current": {
    effect: "told",
    latched: false,
    raised: "the balancer has no room for another minimum, or a shortage or a limit has stopped the point",
    recovers: "by itself, 60 s after there is room",
    errorId: ERROR_ID.less6A,
    display: null,
  },
  "mains-reading-lost": {
    effect: "told",
    latched: false,
    raised: "no mains reading for 11 s, in Smart and Solar; the balancer withholds the current",
    recovers: "with the next reading",
    errorId: ERROR_ID.communication,
    display: [["ERROR NO", "SERIAL COM", "CHECK CFG", "OR WIRING"]],
  },
  "ev-meter-lost": {
    effect: "stops",
    latched: false,
    raised: "a configured EV meter silent for 64 s, in Smart and Solar",
    recovers: "with the next reading",
    errorId: 4,
    display: cannotRead("EV METER"),
  },
  "circuit-reading-lost": {
    effect: "told",
    latched: false,
    raised: "a configured circuit meter silent for 20 s, in Smart and Solar; the balancer withholds the current",
    recovers: "with the next reading",
    errorId: 7,
    display: cannotRead("CIRCUIT METER"),
  },
  "board-lost": {
    effect: "opens",
    latched: false,
    raised: "the pilot board says nothing for 1 s, or is not the right one",
    recovers: "when it answers",
    errorId: ERROR_ID.communication,
    display: [["ERROR NO", "SERIAL COM", "CHECK CFG", "OR WIRING"]],
  },
  "pilot-invalid": {
    effect: "opens",
    latched: false,
    raised: "a pilot that fits no state, is short-circuited or reversed, for 500 ms",
    recovers: "when the pilot fits again",
    errorId: ERROR_ID.other,
    display: null,
  },
  "ventilation-unsupported": {
    effect: "stops",
    latched: false,
    raised: "state D for 500 ms: no point here has ventilation",
    recovers: "with the unplugging",
    errorId: ERROR_ID.other,
    display: null,
  },
  "diode-missing": {
    effect: "told",
    latched: false,
    raised: "6 V for 10 s without the car's diode; the contactor stays open meanwhile",
    recovers: "when the diode is seen",
    errorId: ERROR_ID.other,
    display: null,
  },
  "proximity-open": {
    effect: "stops",
    latched: false,
    raised: "a car on a socket whose proximity contact fits no cable for 500 ms",
    recovers: "when a cable is recognised",
    errorId: ERROR_ID.other,
    display: null,
  },
  "over-temperature": {
    effect: "stops",
    latched: false,
    raised: "MAX TEMP is reached; 10 degC above it the contactor opens at once",
    recovers: "at 55 degC, or 10 below MAX TEMP if that is less",
    errorId: 3,
    display: [["HIGH TEMP", "ERROR", "CHARGING", "STOPPED"]],
  },
  "temperature-sensor": {
    effect: "stops",
    latched: false,
    raised: "the sensor tells nothing between -40 and 125 degC for 5 s",
    recovers: "with the next value that can be true",
    errorId: ERROR_ID.other,
    display: null,
  },
  "rcm-trip": {
    effect: "opens",
    latched: true,
    raised: "the residual-current monitor trips, or its line is broken; the board opens by itself",
    recovers: "when its line is healthy and a person has acknowledged it, or pressed the external switch",
    errorId: 5,
    display: [
      ["RESIDUAL", "FAULT", "CURRENT", "DETECTED"],
      ["PRESS", "BUTTON", "TO", "RESET"],
    ],
  },
  "rcm-test-failed": {
    effect: "stops",
    latched: true,
    raised: "the monitor did not answer its test before closing",
    recovers: "twice by itself, with a new test 60 s later; after the third time a person acknowledges it",
    errorId: 6,
    display: [
      ["RESIDUAL", "SENSOR", "TEST", "FAILED"],
      ["REBOOT", "TO", "RESET", ""],
    ],
  },
  "contactor-weld": {
    effect: "opens",
    latched: true,
    raised: "the main contact answers closed 100 ms after its coil fell",
    recovers: "when it has opened and a person has acknowledged it",
    errorId: ERROR_ID.other,
    display: null,
  },
  "contactor-stuck-open": {
    effect: "opens",
    latched: true,
    raised: "the main contact does not answer closed 500 ms after its coil was switched on",
    recovers: "twice by itself, with a new try 60 s later; after the third time a person acknowledges it",
    errorId: ERROR_ID.other,
    display: null,
  },
  "over-current": {
    effect: "opens",
    latched: true,
    raised:
      "the EV meter measures more than twice what the car is offered, 3 s long; after a lower offer it has 10 s first",
    recovers: "twice by itself, 60 s later; after the third time a person acknowledges it, or the car is unplugged",
    errorId: ERROR_ID.other,
    display: null,
  },
  "lock-failed": {
    effect: "stops",
    latched: false,
    raised: "a socket with a lock does not lock in five tries",
    recovers: "when it locks; it is tried again every 60 s",
    errorId: ERROR_ID.other,
    display: null,
  },
  "lock-jammed": {
    effect: "told",
    latched: false,
    raised: "the lock does not open in five tries",
    recovers: "when it opens; it is tried again every 60 s",
    errorId: ERROR_ID.other,
    display: null,
  },
  "settings-missing": {
    effect: "stops",
    latched: false,
    raised: "no settings were heard since the start",
    recovers: "with the settings",
    errorId: ERROR_ID.communication,
    display: null,
  },
  "solar-unavailable": {
    effect: "told",
    latched: false,
    raised: "mode Solar, and the solar service is silent",
    recovers: "when it is heard",
    errorId: ERROR_ID.none,
    display: null,
  },
};
