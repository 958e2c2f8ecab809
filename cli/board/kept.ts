import { CONFIG, type KeptName, type Stored, VOLT_OFFSET, VOLTS_PER_STEP } from "../../shared/evse-sysex/codes.ts";
import type { MessageOf } from "./mailbox.ts";

/** What belongs to the lock and the front end that are fitted: kept by the board, or the firmware's own. */
export interface KeptValues {
  readonly values: Readonly<Record<KeptName, number>>;
  readonly stored: Stored;
}

/** In ms (lock) and volts (thresholds). */
export function keptValuesOf({ values, stored }: MessageOf<"kept">): KeptValues {
  const { lockMaxMs, thresholdAB, thresholdBC, thresholdCD, thresholdDE, thresholdDiode } = values;
  return {
    values: {
      lockMaxMs,
      thresholdAB: voltsOf(thresholdAB),
      thresholdBC: voltsOf(thresholdBC),
      thresholdCD: voltsOf(thresholdCD),
      thresholdDE: voltsOf(thresholdDE),
      thresholdDiode: voltsOf(thresholdDiode),
    },
    stored,
  };
}

/** How a value of `KeptValues` goes over the wire. */
export function keptOnWire(name: KeptName, value: number): number {
  return name === "lockMaxMs" ? value : VOLT_OFFSET + Math.round(value / VOLTS_PER_STEP);
}

/** Least and most, as in `KeptValues`. */
export function keptRange(name: KeptName): { readonly min: number; readonly max: number; readonly unit: string } {
  const { min, max } = CONFIG[name];
  return name === "lockMaxMs" ? { min, max, unit: "ms" } : { min: voltsOf(min), max: voltsOf(max), unit: "V" };
}

export function keptWords({ values, stored }: KeptValues): string {
  const { lockMaxMs, thresholdAB, thresholdBC, thresholdCD, thresholdDE, thresholdDiode } = values;
  const thresholds = `A/B ${thresholdAB}, B/C ${thresholdBC}, C/D ${thresholdCD}, D/E ${thresholdDE}`;
  return `${thresholds}, diode ${thresholdDiode} V; lock pulse at most ${lockMaxMs} ms (${STORED_WORDS[stored]})`;
}

const STORED_WORDS: Readonly<Record<Stored, string>> = {
  blank: "the firmware's own",
  valid: "as stored in the board",
  damaged: "the firmware's own: the stored values are damaged; set them again",
};

function voltsOf(raw: number): number {
  return Number(((raw - VOLT_OFFSET) * VOLTS_PER_STEP).toFixed(2));
}
