import { CONFIG, KEPT_NAMES, type KeptName, SAFE } from "../../shared/evse-sysex/codes.ts";
import { type OptionsOf, type OptionTable, WrongUse } from "../options.ts";
import { keptRange } from "./kept.ts";

/** What `configure` may be told to store; its names are those of the board's values. */
export const WANTED_OPTIONS = {
  "safe-current": {
    value: "AMPERES",
    help: "0, or 6..32 A: what a charging car may go on with when the host falls silent",
  },
  grace: { value: "SECONDS", help: "1..3600 s: for how long; needed with a safe current of 6 A or more" },
  "lock-max": { value: "MS", help: "20..1000 ms: longest pulse for the plug lock that is fitted (600)" },
  "threshold-ab": { value: "VOLTS", help: "10..11 V: pilot between states A and B (10.5)" },
  "threshold-bc": { value: "VOLTS", help: "7..8 V: between B and C (7.5)" },
  "threshold-cd": { value: "VOLTS", help: "4..5 V: between C and D (4.5)" },
  "threshold-de": { value: "VOLTS", help: "1..2 V: between D and E (1.5)" },
  "threshold-diode": { value: "VOLTS", help: "-11..-10 V: a low part above it has no diode (-10)" },
  factory: { help: "lock limit and thresholds back to the firmware's own" },
} as const satisfies OptionTable;

const KEPT_OPTIONS: Readonly<Record<KeptName, Exclude<keyof typeof WANTED_OPTIONS, "factory">>> = {
  lockMaxMs: "lock-max",
  thresholdAB: "threshold-ab",
  thresholdBC: "threshold-bc",
  thresholdCD: "threshold-cd",
  thresholdDE: "threshold-de",
  thresholdDiode: "threshold-diode",
};

/** What the installer wants a board to do on its own. */
export interface WantedSafe {
  readonly currentA: number;
  readonly graceS: number;
}

/** One value that the board shall keep, in ms or volts; null: the firmware's own. */
export interface WantedKept {
  readonly name: KeptName;
  readonly value: number | null;
}

export interface Wanted {
  /** null: stays as it is. */
  readonly safe: WantedSafe | null;
  readonly kept: readonly WantedKept[];
}

export type WantedOptions = Partial<OptionsOf<typeof WANTED_OPTIONS>>;

/** Reads the options; says what is wrong with them before a board is touched. */
export function wantedOf(options: WantedOptions): Wanted {
  const current = options["safe-current"];
  if (current === undefined && options.grace !== undefined) {
    throw new WrongUse("--grace belongs to --safe-current: how much may go on?");
  }
  const safe = current === undefined ? null : wantedSafe(current, options.grace);
  const kept = wantedKept(options);
  if (safe === null && kept.length === 0) {
    throw new WrongUse(`nothing to store: expected one of ${Object.keys(WANTED_OPTIONS).map(dashed).join(", ")}`);
  }
  return { safe, kept };
}

function wantedSafe(current: string, grace: string | undefined): WantedSafe {
  const range = `expected 0 or ${SAFE.leastDeciA / 10}..${SAFE.mostDeciA / 10} A in steps of 0.1 A`;
  const currentA = /^\d{1,3}(\.\d)?$/.test(current) ? Number(current) : Number.NaN;
  const inRange = currentA * 10 >= SAFE.leastDeciA && currentA * 10 <= SAFE.mostDeciA;
  if (currentA !== 0 && !inRange) throw new WrongUse(`--safe-current ${current}: ${range}`);
  const seconds = `expected whole seconds 1..${SAFE.mostGraceS}`;
  if (currentA === 0) {
    if (grace !== undefined && grace !== "0") throw new WrongUse("--grace means nothing with a safe current of 0 A");
    return { currentA: 0, graceS: 0 };
  }
  if (grace === undefined) throw new WrongUse(`--grace is missing: how long may ${currentA} A go on? ${seconds}`);
  const graceS = /^\d{1,5}$/.test(grace) ? Number(grace) : Number.NaN;
  if (!(graceS >= 1 && graceS <= SAFE.mostGraceS)) throw new WrongUse(`--grace ${grace}: ${seconds}`);
  return { currentA, graceS };
}

function wantedKept(options: WantedOptions): readonly WantedKept[] {
  const given = KEPT_NAMES.flatMap(name => {
    const text = options[KEPT_OPTIONS[name]];
    return text === undefined ? [] : [{ name, value: numberOf(name, text) }];
  });
  if (options.factory !== true) return given;
  const [first] = given;
  if (first !== undefined) throw new WrongUse(`--factory and ${optionOf(first.name)} exclude each other`);
  return KEPT_NAMES.map(name => ({ name, value: null }));
}

function numberOf(name: KeptName, text: string): number {
  const { min, max, unit } = keptRange(name);
  const pattern = unit === "ms" ? /^\d{1,4}$/ : /^-?\d{1,2}(\.\d{1,2})?$/;
  const value = pattern.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const why = unit === "V" ? " in steps of 0.01 V, between two bands of IEC 61851-1 table A.2" : "";
  throw new WrongUse(`${optionOf(name)} ${text}: expected ${min}..${max} ${unit}${why}`);
}

function optionOf(name: KeptName): string {
  return dashed(KEPT_OPTIONS[name]);
}

/** As the board knows it. */
export function configIdOf(name: KeptName): number {
  return CONFIG[name].id;
}

function dashed(name: string): string {
  return `--${name}`;
}
