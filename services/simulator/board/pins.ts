/**
 * The Firmata pins of the board (Uno, ATmega328P): a few free ones, the rest reserved for the pilot. Reserved pins
 * report no mode and ignore every write: nothing but the EVSE commands moves pilot, contactors or lock.
 */

const INPUT = 0;
const OUTPUT = 1;
const ANALOG = 2;
const PWM = 3;
const PULLUP = 0x0b;
const IGNORE = 0x7f;
/** Steadily high. */
const PWM_MOST = 255;
const PIN_COUNT = 20;
/** A0..A5 are pins 14..19. All six appear in the mapping reply: hosts index their list by channel. */
const FIRST_ANALOG = 14;
const ANALOG_CHANNELS = 6;

const DIGITAL: readonly (readonly [number, number])[] = [
  [INPUT, 1],
  [OUTPUT, 1],
  [PULLUP, 1],
];
const WITH_PWM = [...DIGITAL, [PWM, 8]] as const;
const WITH_ANALOG = [...DIGITAL, [ANALOG, 10]] as const;
/** Mode and resolution of what each free pin can do; A0 (CP) and A1 (PP) can only be read. */
const CAPABILITIES: ReadonlyMap<number, readonly (readonly [number, number])[]> = new Map([
  [3, WITH_PWM],
  [5, WITH_PWM],
  [6, WITH_PWM],
  [11, WITH_PWM],
  [13, DIGITAL],
  [14, [[ANALOG, 10]]],
  [15, [[ANALOG, 10]]],
  [18, WITH_ANALOG],
  [19, WITH_ANALOG],
]);

interface Pin {
  mode: number;
  /** What was written last, or 1 with a pull-up. */
  state: number;
  /** Level put on it from outside; null = nothing connected. */
  outside: 0 | 1 | null;
}

export interface PinBankOptions {
  readonly send: (bytes: readonly number[]) => void;
  /** Counts of the board's own ADC channels. */
  readonly analog: (channel: number) => number;
  /** A driven level changed. */
  readonly onDriven: () => void;
}

export class PinBank {
  readonly #options: PinBankOptions;
  #pins: Pin[] = [];
  #reportedPorts = new Set<number>();
  #reportedChannels = new Set<number>();
  #lastPortValue = new Map<number, number>();

  constructor(options: PinBankOptions) {
    this.#options = options;
    this.reset();
  }

  /** All free pins to inputs, nothing reported. Levels from outside stay: they are wires. */
  reset(): void {
    this.#pins = Array.from({ length: PIN_COUNT }, (_unused, pin) => ({
      mode: CAPABILITIES.has(pin) ? (pin === 14 || pin === 15 ? ANALOG : INPUT) : IGNORE,
      state: 0,
      outside: this.#pins[pin]?.outside ?? null,
    }));
    this.#reportedPorts.clear();
    this.#reportedChannels.clear();
    this.#lastPortValue.clear();
  }

  get reportsAnalog(): boolean {
    return this.#reportedChannels.size > 0;
  }

  /** Whether a free pin is driven high. */
  drivenHigh(pin: number): boolean {
    const found = this.#pins[pin];
    if (found === undefined) return false;
    return (found.mode === OUTPUT && found.state === 1) || (found.mode === PWM && found.state === PWM_MOST);
  }

  /** How far a free pin is dimmed up: 0 unless it is in the mode PWM. */
  dimmed(pin: number): number {
    const found = this.#pins[pin];
    return found?.mode === PWM ? found.state : 0;
  }

  putOutside(pin: number, level: 0 | 1): void {
    const found = this.#pins[pin];
    if (found === undefined || !CAPABILITIES.has(pin)) return;
    found.outside = level;
    this.#reportPort(pin >> 3, false);
  }

  setMode(pin: number, mode: number): void {
    const found = this.#pins[pin];
    if (found === undefined || CAPABILITIES.get(pin)?.some(([can]) => can === mode) !== true) return;
    found.mode = mode;
    found.state = mode === PULLUP ? 1 : 0;
    this.#options.onDriven();
    this.#reportPort(pin >> 3, false);
  }

  writePin(pin: number, value: number): void {
    const found = this.#pins[pin];
    if (found?.mode !== OUTPUT) return;
    found.state = value === 0 ? 0 : 1;
    this.#options.onDriven();
  }

  writePort(port: number, bits: number): void {
    for (let bit = 0; bit < 8; bit++) {
      this.writePin(port * 8 + bit, (bits >> bit) & 1);
    }
  }

  writePwm(pin: number, value: number): void {
    const found = this.#pins[pin];
    if (found?.mode !== PWM) return;
    found.state = Math.min(PWM_MOST, value);
    this.#options.onDriven();
  }

  reportDigital(port: number, on: boolean): void {
    if (port * 8 >= PIN_COUNT) return;
    if (!on) {
      this.#reportedPorts.delete(port);
      return;
    }
    this.#reportedPorts.add(port);
    this.#reportPort(port, true);
  }

  reportAnalog(channel: number, on: boolean): void {
    if (channel >= ANALOG_CHANNELS || this.#pins[FIRST_ANALOG + channel]?.mode !== ANALOG) return;
    if (!on) {
      this.#reportedChannels.delete(channel);
      return;
    }
    this.#reportedChannels.add(channel);
    this.#sendAnalog(channel);
  }

  /** Sends every reported channel: once per sampling interval. */
  sample(): void {
    for (const channel of this.#reportedChannels) this.#sendAnalog(channel);
  }

  answerCapabilities(): void {
    const modes = this.#pins.flatMap((_pin, index) => [...(CAPABILITIES.get(index) ?? []).flat(), 0x7f]);
    this.#options.send([0xf0, 0x6c, ...modes, 0xf7]);
  }

  answerMapping(): void {
    const channels = this.#pins.map((_pin, index) => (index < FIRST_ANALOG ? 0x7f : index - FIRST_ANALOG));
    this.#options.send([0xf0, 0x6a, ...channels, 0xf7]);
  }

  answerState(pin: number): void {
    const found = this.#pins[pin];
    if (found === undefined) return;
    this.#options.send([0xf0, 0x6e, pin, found.mode, found.state & 0x7f, found.state >> 7, 0xf7]);
  }

  #sendAnalog(channel: number): void {
    const value = this.#options.analog(channel);
    this.#options.send([0xe0 | channel, value & 0x7f, (value >> 7) & 0x7f]);
  }

  #reportPort(port: number, always: boolean): void {
    if (!this.#reportedPorts.has(port)) return;
    let value = 0;
    for (let bit = 0; bit < 8; bit++) {
      const pin = this.#pins[port * 8 + bit];
      if (pin !== undefined && (pin.mode === INPUT || pin.mode === PULLUP)) {
        value |= (pin.outside ?? (pin.mode === PULLUP ? 1 : 0)) << bit;
      }
    }
    if (!always && this.#lastPortValue.get(port) === value) return;
    this.#lastPortValue.set(port, value);
    this.#options.send([0x90 | port, value & 0x7f, value >> 7]);
  }
}
