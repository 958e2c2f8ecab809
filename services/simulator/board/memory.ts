import { KEPT_NAMES, type KeptName, STORED, type Stored } from "../../../shared/evse-sysex/codes.ts";

export interface SafeCurrent {
  /** 0: none. */
  readonly currentDeciA: number;
  readonly graceS: number;
}

/** On the wire's scale; a name without a value has the firmware's own. */
export type KeptConfig = Readonly<Partial<Record<KeptName, number>>>;

/** One record of the EEPROM: its cells, and what the firmware has read of them. */
class MemoryRecord<T> {
  readonly #none: T;
  #cells: { readonly content: T | null; readonly damaged: boolean } = { content: null, damaged: false };
  #worn = false;
  #inForce: T;
  #stored: Stored = STORED[0];

  constructor(none: T) {
    this.#none = none;
    this.#inForce = none;
  }

  /** What is in force: a record that is missing or damaged counts as none. */
  get inForce(): T {
    return this.#inForce;
  }

  get stored(): Stored {
    return this.#stored;
  }

  /** The firmware looks: at its boot, and after writing. */
  read(): void {
    const { content, damaged } = this.#cells;
    this.#stored = damaged ? "damaged" : content === null ? "blank" : "valid";
    this.#inForce = this.#stored === "valid" && content !== null ? content : this.#none;
  }

  /** Answers whether what is read back is what was written. */
  write(content: T): boolean {
    if (!this.#worn) this.#cells = { content, damaged: false };
    this.read();
    return this.#cells.content === content;
  }

  /** A bit fell over; found by the next reading as a wrong checksum. */
  damage(): void {
    this.#cells = { ...this.#cells, damaged: true };
  }

  /** The cells take nothing any more. */
  setWorn(worn: boolean): void {
    this.#worn = worn;
  }
}

/** The board's EEPROM as far as the firmware uses it. It outlives reboots and power. */
export class BoardMemory {
  readonly safe = new MemoryRecord<SafeCurrent>({ currentDeciA: 0, graceS: 0 });
  readonly config = new MemoryRecord<KeptConfig>({});

  read(): void {
    this.safe.read();
    this.config.read();
  }

  /** Stores one value, or with null the firmware's own; answers whether what is read back is what was written. */
  keep(name: KeptName, value: number | null): boolean {
    const others = Object.entries(this.config.inForce).filter(([other]) => other !== name);
    return this.config.write(Object.fromEntries(value === null ? others : [...others, [name, value]]));
  }

  damage(): void {
    this.safe.damage();
    this.config.damage();
  }

  setWorn(worn: boolean): void {
    this.safe.setWorn(worn);
    this.config.setWorn(worn);
  }
}

export function isKeptName(name: string): name is KeptName {
  return KEPT_NAMES.some(known => known === name);
}
