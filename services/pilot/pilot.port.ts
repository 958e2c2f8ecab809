import type { CpState, Rgb } from "../../shared/contracts/pilot.ts";

/** What the pilot service may ask of a board. */
export type BoardCommand =
  /** Name yourself: firmware name and version. */
  | { readonly kind: "identify" }
  /** Tell what you can do. */
  | { readonly kind: "describe" }
  | { readonly kind: "configure"; readonly setting: BoardSetting; readonly value: number }
  | { readonly kind: "status" }
  /** The control loop lives. Nothing else sends this. */
  | { readonly kind: "heartbeat"; readonly sequence: number }
  /** The same with what is permitted, and for how long; since feature 1.1. It closes as soon as the board agrees. */
  | {
      readonly kind: "grant";
      readonly sequence: number;
      readonly dutyPermille: number;
      readonly contactors: Contactors;
      readonly ttlMs: number;
    }
  /** The installer's safe current, kept by the board itself; since feature 1.1. */
  | { readonly kind: "read-safe-current" }
  /** 0 steady -12 V, 50..970 PWM, 1000 steady +12 V; in 0.1 %. */
  | { readonly kind: "drive-pilot"; readonly dutyPermille: number }
  | { readonly kind: "switch-contactors"; readonly contactors: Contactors }
  | { readonly kind: "clear"; readonly latches: readonly BoardLatch[] }
  /** Without a relay in the pilot line this does nothing. */
  | { readonly kind: "interrupt-pilot"; readonly interrupted: boolean }
  /** Sets up the inputs on the free pins and asks for what they show now. */
  | { readonly kind: "read-inputs" }
  /** `setUp`: the pins' modes, too, which puts them out for a moment. */
  | { readonly kind: "light"; readonly rgb: Rgb; readonly setUp: boolean }
  | { readonly kind: "drive-lock"; readonly drive: "lock" | "unlock"; readonly pulseMs: number }
  | { readonly kind: "test-rcm"; readonly pulseMs: number };

export type BoardSetting = "watchdogMs" | "reportMs" | "debounceMs" | "allowD";

/** Conditions that stay until they are cleared. */
export type BoardLatch = "watchdog-trip" | "rcm-trip" | "rcm-test-failed" | "contactor-weld" | "board-hang" | "overrun";

/** L2 and L3 never close without L1. */
export type Contactors = "open" | "l1" | "l1-l2-l3";

/** What holds on a board at this moment. */
export interface BoardFlags {
  readonly latches: readonly BoardLatch[];
  /** The residual-current line says fault, or its wire is broken. */
  readonly rcmLine: boolean;
  readonly diodeMissing: boolean;
  readonly openedLocally: boolean;
  /** The watchdog counts: a first heartbeat was heard. */
  readonly armed: boolean;
  readonly rcmTesting: boolean;
  /** The lock's feedback contact is closed. */
  readonly lockFeedback: boolean;
  /** The feedback of the main contact says closed. */
  readonly mainClosed: boolean;
}

/** What a board drives and sees, without voltages. */
export interface BoardView {
  readonly cp: CpState;
  readonly dutyPermille: number;
  readonly contactorL1: boolean;
  readonly contactorL23: boolean;
  readonly flags: BoardFlags;
}

/** What comes from a board. */
export type BoardMessage =
  /** Sent after every boot and when asked. */
  | { readonly kind: "firmware"; readonly name: string; readonly major: number; readonly minor: number }
  /** The driver has read pins and modes: commands may follow. */
  | { readonly kind: "ready" }
  | {
      readonly kind: "description";
      readonly major: number;
      readonly minor: number;
      readonly contactors: number;
      readonly dutyUnits: number;
      readonly pilotHz: number;
    }
  | {
      readonly kind: "answer";
      readonly to: BoardCommand["kind"] | "other";
      readonly accepted: boolean;
      /** In words, for the log. */
      readonly result: string;
      /** Of `configure`: the value that was taken over. */
      readonly value: number;
    }
  | {
      readonly kind: "report";
      readonly view: BoardView;
      /** Mean of each half; null where there was no sample. */
      readonly cpHighV: number | null;
      readonly cpLowV: number | null;
      readonly ppOhm: number | null;
      readonly heartbeatEcho: number;
    }
  | { readonly kind: "status"; readonly view: BoardView }
  /** Told at once, between reports. */
  | { readonly kind: "cp-changed"; readonly cp: CpState; readonly flags: BoardFlags }
  | { readonly kind: "opened"; readonly why: string; readonly flags: BoardFlags }
  | { readonly kind: "flags-changed"; readonly flags: BoardFlags }
  /** What the board may go on with after its last grant ran out, and how long. 0 A: nothing of the kind. */
  | { readonly kind: "safe-current"; readonly currentA: number; readonly graceS: number }
  | { readonly kind: "booted"; readonly cause: string }
  /** The external switch, closed = pressed. */
  | { readonly kind: "switch"; readonly closed: boolean }
  /** Voltage of the temperature sensor. */
  | { readonly kind: "temperature"; readonly milliV: number }
  /** Bytes that must not be believed; they are dropped. */
  | { readonly kind: "garbled"; readonly problem: string };

export interface BoardListener {
  message(message: BoardMessage): void;
  /** The link is gone, or never came up. Told once; nothing follows. */
  closed(reason: string): void;
}

/** One connection to a board. A new one is opened after each loss. */
export interface BoardConnection {
  /** Sends at once, or drops when the link is gone: the loop repeats what matters. */
  send(command: BoardCommand): void;
  /** After this the listener hears nothing more. */
  close(): void;
}

/** Begins a connection. Never throws: a board that cannot be reached is told through `closed`. */
export type OpenBoard = (listener: BoardListener) => BoardConnection;
