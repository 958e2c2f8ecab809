import type { Observation } from "./observation.core.ts";

export interface SerialSettings {
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: "none" | "even";
}

export interface TakenTelegrams {
  /** Whole ones, as they came. */
  readonly telegrams: readonly string[];
  /** What may become one. */
  readonly rest: string;
  /** Characters passed over because no telegram holds them. */
  readonly lost: number;
}

export type TelegramReading =
  | {
      readonly ok: true;
      readonly observation: Observation;
      /** The meter's own clock, as text; null where it has none. The same twice is no news. */
      readonly stamp: string | null;
    }
  | { readonly ok: false; readonly reason: string };

/** A language in which a smart meter speaks by itself. Bytes are the characters of a text, one for each. */
export interface TelegramForm {
  readonly label: string;
  readonly serial: SerialSettings;
  /** This long without a telegram is worth a word. */
  readonly silentAfterMs: number;
  /** `own`: the observation's currents have their direction; `power`: the powers beside them tell it. */
  readonly direction: "own" | "power";
  take(received: string): TakenTelegrams;
  /** What a telegram says, or why it must not be believed. */
  read(telegram: string): TelegramReading;
}
