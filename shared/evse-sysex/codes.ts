/**
 * The "EVSE pilot" feature that our board firmware adds to Firmata: every number of it, in one place.
 * Frame: F0 0E <sub> <payload> <crc7> F7. Host and simulated board share this folder, so that neither can drift.
 */

/** Sysex id in Firmata's user range. */
export const FEATURE_ID = 0x0e;
/** A board ignores a sysex with more bytes than this between F0 and F7. */
export const MAX_SYSEX_BYTES = 48;

export const COMMAND = {
  config: 0x01,
  pwm: 0x02,
  contactor: 0x03,
  heartbeat: 0x04,
  lock: 0x05,
  rcmTest: 0x06,
  clear: 0x07,
  status: 0x08,
  info: 0x09,
  /** Since 1.1: a grant with its own deadline, duty and contactors in one message. */
  setpoint: 0x0a,
  /** Since 1.1: the installer's safe current, into the board's EEPROM. */
  setSafe: 0x0b,
  safe: 0x0c,
  /** Since 1.2: a CONFIG value that outlives resets, into the board's EEPROM. */
  keep: 0x0d,
  kept: 0x0e,
} as const;

export const MESSAGE = {
  ack: 0x40,
  report: 0x41,
  status: 0x42,
  event: 0x43,
  info: 0x44,
  safe: 0x45,
  kept: 0x46,
} as const;

/** Version of this feature, told by INFO. A host uses what the board's minor version has; the major must be known. */
export const FEATURE_VERSION = { major: 1, minor: 2 } as const;
/** The minor version that brought SETPOINT and the safe current. */
export const MINOR_WITH_SETPOINT = 1;
/** The minor version that brought KEEP: thresholds and lock limit that outlive resets. */
export const MINOR_WITH_KEEP = 2;

/** How a board answers a command. */
export const RESULT = { ok: 0, value: 1, length: 2, unknown: 3, refused: 4, busy: 5, crc: 6, store: 7 } as const;
/** The same in words, by number. */
export const RESULT_WORDS: readonly string[] = [
  "accepted",
  "value out of range",
  "wrong length",
  "unknown command",
  "refused",
  "busy",
  "wrong checksum",
  "not stored",
];

export const EVENT = {
  boot: 1,
  cpState: 2,
  contactorsOpened: 3,
  watchdogTrip: 4,
  rcmTrip: 5,
  rcmTest: 6,
  lockDone: 7,
  weld: 8,
  rcmLine: 9,
  diode: 10,
  /** 1: the grant ran out and the safe current holds; 0: that has ended. */
  safeCurrent: 11,
} as const;

/** Why contactors opened: argument of the event. */
export const OPENED_BY = { host: 0, cp: 1, rcm: 2, watchdog: 3, diode: 4, steadyTooLong: 5, reset: 6 } as const;

/** Argument bits of an RCM test and of a lock event. */
export const RCM_TEST_FAILED = 0x2000;
export const LOCK_REACHED = 0x10;

/** Why the board booted (MCUSR of the ATmega328P). */
export const BOOT = { powerOn: 1, external: 2, brownOut: 4, watchdog: 8 } as const;

export const FLAG = {
  wdTrip: 0x0001,
  rcmTrip: 0x0002,
  rcmLine: 0x0004,
  localOpen: 0x0008,
  diode: 0x0010,
  rcmTestBad: 0x0020,
  weld: 0x0040,
  lockFeedback: 0x0080,
  wdArmed: 0x0100,
  rcmTesting: 0x0200,
  contactFeedback: 0x0400,
  hwWatchdog: 0x0800,
  overrun: 0x1000,
  safeCurrent: 0x2000,
} as const;

/** Flags that stay until CLEAR. */
export const LATCHED_FLAGS = FLAG.wdTrip | FLAG.rcmTrip | FLAG.rcmTestBad | FLAG.weld | FLAG.hwWatchdog | FLAG.overrun;
/** Flags with which no contactor closes. */
export const BLOCKING_FLAGS =
  FLAG.wdTrip |
  FLAG.rcmTrip |
  FLAG.rcmLine |
  FLAG.localOpen |
  FLAG.diode |
  FLAG.rcmTestBad |
  FLAG.weld |
  FLAG.rcmTesting |
  FLAG.safeCurrent;

/** Bits of what a board drives. */
export const OUTPUT = { k1: 1, k2: 2, lock: 4, unlock: 8, rcmTest: 16 } as const;

/** Pilot classes by wire number. */
export const CP_STATES = ["A", "B", "C", "D", "E", "F", "invalid"] as const;
export type CpClass = (typeof CP_STATES)[number];

/** Duty in 0.1 %: steady -12 V, steady +12 V, and the range in between that a board drives. */
export const DUTY = { negative: 0, least: 50, most: 970, positive: 1000 } as const;

/** How long a SETPOINT may hold. */
export const SETPOINT_TTL = { min: 100, max: 5000 } as const;

/**
 * What a board may do on its own after the last grant ran out: this current for this long, then +12 V, then open.
 * 0 A, the value of a new board, means nothing of the kind. Less than 6 A cannot be signalled.
 */
export const SAFE = { leastDeciA: 60, mostDeciA: 320, mostGraceS: 3600 } as const;
/** What a board found in its EEPROM. A damaged record counts as none. */
export const STORED = ["blank", "valid", "damaged"] as const;
export type Stored = (typeof STORED)[number];

/** PP value that says open. */
export const PP_OPEN = 16_383;
/** Offset and step of voltages: 8192 is 0 V, one step 10 mV; 0 means no sample. */
export const VOLT_OFFSET = 8192;
export const VOLTS_PER_STEP = 0.01;

/** What CONFIG may set: number, range, value after a reset that keeps none. Thresholds are voltages on the wire. */
export interface ConfigDefinition {
  readonly id: number;
  readonly min: number;
  readonly max: number;
  readonly initial: number;
  /** 0 stands for "off" although it lies outside the range. */
  readonly zeroIsOff?: true;
}

const volts = (value: number): number => VOLT_OFFSET + Math.round(value / VOLTS_PER_STEP);
/** Between two bands of IEC 61851-1 table A.2, so that no voltage of a band can be taken for its neighbour's. */
const threshold = (id: number, minV: number, maxV: number, initialV: number): ConfigDefinition => ({
  id,
  min: volts(minV),
  max: volts(maxV),
  initial: volts(initialV),
});

export const CONFIG = {
  watchdogMs: { id: 1, min: 100, max: 5000, initial: 1000 },
  reportMs: { id: 2, min: 10, max: 1000, initial: 20, zeroIsOff: true },
  debounceMs: { id: 3, min: 2, max: 60, initial: 10 },
  allowD: { id: 4, min: 0, max: 1, initial: 1 },
  watchdogGraceMs: { id: 5, min: 0, max: 3000, initial: 0 },
  steadyClosedMs: { id: 6, min: 100, max: 10_000, initial: 6000 },
  lockMaxMs: { id: 7, min: 20, max: 1000, initial: 600 },
  thresholdAB: threshold(8, 10, 11, 10.5),
  thresholdBC: threshold(9, 7, 8, 7.5),
  thresholdCD: threshold(10, 4, 5, 4.5),
  thresholdDE: threshold(11, 1, 2, 1.5),
  thresholdDiode: threshold(12, -11, -10, -10),
} as const satisfies Record<string, ConfigDefinition>;
export type ConfigName = keyof typeof CONFIG;

/** What KEEP may store, in the order in which KEPT tells it: it belongs to the lock and the front end that are fitted. */
export const KEPT_NAMES = [
  "lockMaxMs",
  "thresholdAB",
  "thresholdBC",
  "thresholdCD",
  "thresholdDE",
  "thresholdDiode",
] as const satisfies readonly ConfigName[];
export type KeptName = (typeof KEPT_NAMES)[number];
/** The value of KEEP that gives the firmware's own back. */
export const KEEP_NONE = 0;
