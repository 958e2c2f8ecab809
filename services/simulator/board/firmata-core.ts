import type { Clock } from "../../../shared/time/clock.ts";
import type { FirmataCommand } from "./firmata-parser.ts";
import { PinBank } from "./pins.ts";
import { Rhythm } from "./rhythm.ts";

const PROTOCOL = [2, 6] as const;
const LEAST_SAMPLING_MS = 5;
const DEFAULT_SAMPLING_MS = 19;

/** What a board calls itself. */
export interface FirmwareName {
  readonly name: string;
  readonly major: number;
  readonly minor: number;
}

export interface FirmataCoreOptions {
  readonly clock: Clock;
  readonly firmware: () => FirmwareName;
  readonly send: (bytes: readonly number[]) => void;
  /** Counts of an analog channel. */
  readonly analog: (channel: number) => number;
  readonly onDriven: () => void;
}

/** The part of Firmata that is not the charger: names, free pins, sampling. */
export class FirmataCore {
  readonly pins: PinBank;
  readonly #options: FirmataCoreOptions;
  readonly #sampling: Rhythm;
  #samplingMs = DEFAULT_SAMPLING_MS;

  constructor(options: FirmataCoreOptions) {
    this.#options = options;
    this.pins = new PinBank(options);
    this.#sampling = new Rhythm(options.clock, () => {
      this.pins.sample();
    });
  }

  /** What is sent unasked after a boot. */
  announce(): void {
    this.#sendVersion();
    this.#sendFirmware();
  }

  reset(): void {
    this.pins.reset();
    this.#samplingMs = DEFAULT_SAMPLING_MS;
    this.#sampling.every(0);
    this.#options.onDriven();
  }

  short(command: Extract<FirmataCommand, { kind: "short" }>): void {
    const [first = 0, second = 0] = command.data;
    switch (command.command) {
      case 0x90:
        this.pins.writePort(command.low, first | (second << 7));
        return;
      case 0xe0:
        this.pins.writePwm(command.low, first | (second << 7));
        return;
      case 0xc0:
        this.pins.reportAnalog(command.low, first !== 0);
        this.#planSampling();
        return;
      case 0xd0:
        this.pins.reportDigital(command.low, first !== 0);
        return;
      case 0xf4:
        this.pins.setMode(first, second);
        return;
      case 0xf5:
        this.pins.writePin(first, second);
        return;
    }
  }

  /** Unknown ids are ignored, as the protocol wants. */
  sysex(id: number, data: readonly number[]): void {
    const [first, second, third = 0] = data;
    switch (id) {
      case 0x69:
        this.pins.answerMapping();
        return;
      case 0x6b:
        this.pins.answerCapabilities();
        return;
      case 0x6d:
        if (first !== undefined) this.pins.answerState(first);
        return;
      case 0x6f:
        if (first !== undefined && second !== undefined) this.pins.writePwm(first, second | (third << 7));
        return;
      case 0x79:
        this.#sendFirmware();
        return;
      case 0x7a:
        if (first === undefined || second === undefined) return;
        this.#samplingMs = Math.max(LEAST_SAMPLING_MS, first | (second << 7));
        this.#planSampling();
        return;
      case 0x7c:
        this.#options.send([0xf0, 0x7c, this.#samplingMs & 0x7f, this.#samplingMs >> 7, 0xf7]);
        return;
    }
  }

  answerVersion(): void {
    this.#sendVersion();
  }

  #planSampling(): void {
    this.#sampling.every(this.pins.reportsAnalog ? this.#samplingMs : 0);
  }

  #sendVersion(): void {
    this.#options.send([0xf9, ...PROTOCOL]);
  }

  #sendFirmware(): void {
    const { name, major, minor } = this.#options.firmware();
    const letters = [...Buffer.from(name, "latin1")].flatMap(byte => [byte & 0x7f, byte >> 7]);
    this.#options.send([0xf0, 0x79, major, minor, ...letters, 0xf7]);
  }
}
