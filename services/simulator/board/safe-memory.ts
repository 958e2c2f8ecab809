import type { Stored } from "../../../shared/evse-sysex/codes.ts";

export interface SafeCurrent {
  /** 0: none. */
  readonly currentDeciA: number;
  readonly graceS: number;
}

const NONE: SafeCurrent = { currentDeciA: 0, graceS: 0 };

/** The board's EEPROM as far as the firmware uses it: the installer's safe current. It outlives reboots and power. */
export class SafeMemory {
  #record: SafeCurrent | null = null;
  #stored: Stored = "blank";
  #worn = false;

  /** What is in force: a record that is missing or damaged counts as none. */
  get inForce(): SafeCurrent {
    return this.#stored === "valid" && this.#record !== null ? this.#record : NONE;
  }

  get stored(): Stored {
    return this.#stored;
  }

  /** Answers whether what is read back is what was written. */
  write(record: SafeCurrent): boolean {
    if (this.#worn) return false;
    this.#record = record;
    this.#stored = "valid";
    return true;
  }

  /** A bit fell over; found at the next boot as a wrong checksum. */
  damage(): void {
    this.#stored = "damaged";
  }

  /** The cells take nothing any more. */
  setWorn(worn: boolean): void {
    this.#worn = worn;
  }
}
