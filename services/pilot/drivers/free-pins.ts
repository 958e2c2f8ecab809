import type { Firmata } from "firmata-io";
import five from "johnny-five";

/** What the types of johnny-five do not tell of its objects: the Firmata they write to. */
interface OnFirmata {
  io: Firmata;
}

/** What an RGB LED of johnny-five can do beyond its types: set its pins up again, and take three numbers. */
interface RgbLed extends OnFirmata {
  initialize(options: { readonly pins: readonly number[] }): void;
  update(colours: { readonly red: number; readonly green: number; readonly blue: number }): void;
}

/** Numbers of the pins that something is wired to; null = nothing is. A4 and A5 are 18 and 19. */
export interface PinPlan {
  readonly cpDisconnectPin: number | null;
  /** Red, green, blue. */
  readonly ledPins?: readonly [number, number, number] | null;
  readonly switchPin?: number | null;
  readonly temperaturePin?: number | null;
}

export interface InputListener {
  switchIs(closed: boolean): void;
  temperatureIs(milliV: number): void;
}

/** No prompt, no printing, no handler for SIGINT: the process is ours. */
const QUIET = { repl: false, debug: false, sigint: false };
const FIRST_ANALOG = 14;
const ANALOG_MODE = 2;
/** The ADC's scale: 5 V in 1024 steps. */
const MV_PER_STEP = 5_000 / 1024;
/** The sensor is asked once a second; no stream of it is needed. */
const SAMPLING_MS = 1_000;

/**
 * What hangs on the free pins, as johnny-five sees it. johnny-five keeps every board and pin it ever made in tables of
 * its own, so one of each is made per driver and set onto the new Firmata after each reconnection: a cable that comes
 * and goes for a year must not fill the memory. Its inputs poll with a timer each, so these are read from its Firmata.
 */
export class FreePins {
  readonly #plan: PinPlan;
  #io: Firmata | null = null;
  #board: (five.Board & OnFirmata) | null = null;
  #relay: (five.Pin & OnFirmata) | null = null;
  #led: RgbLed | null = null;

  constructor(plan: PinPlan) {
    this.#plan = plan;
  }

  /** The board behind `io` is known and ready. */
  attach(io: Firmata, listener: InputListener): void {
    const { switchPin, temperaturePin } = this.#plan;
    this.#board ??= new five.Board({ io, ...QUIET });
    this.#board.io = io;
    this.#io = io;
    if (this.#relay !== null) this.#relay.io = io;
    if (this.#led !== null) this.#led.io = io;
    if (isWired(switchPin)) io.on(`digital-read-${switchPin}`, (level: number) => listener.switchIs(level === 0));
    if (isWired(temperaturePin)) {
      io.on(`analog-read-${temperaturePin - FIRST_ANALOG}`, (steps: number) => {
        listener.temperatureIs(steps * MV_PER_STEP);
      });
    }
  }

  /** High interrupts the line. johnny-five sends the pin's mode each time: a board that was reset has forgotten it. */
  interruptPilot(interrupted: boolean): void {
    const { cpDisconnectPin: pin } = this.#plan;
    if (this.#board === null || pin === null) return;
    this.#relay ??= new five.Pin({ pin, board: this.#board }) as five.Pin & OnFirmata;
    if (interrupted) this.#relay.high();
    else this.#relay.low();
  }

  light([red, green, blue]: readonly [number, number, number], setUp: boolean): void {
    const { ledPins } = this.#plan;
    if (this.#board === null || ledPins === null || ledPins === undefined) return;
    const pins = [...ledPins];
    if (this.#led === null) this.#led = new five.Led.RGB({ pins, board: this.#board }) as unknown as RgbLed;
    else if (setUp) this.#led.initialize({ pins });
    this.#led.update({ red, green, blue });
  }

  /** Modes and reporting, each time: what a board reports at once when reporting is switched on is the answer. */
  readInputs(): void {
    const io = this.#io;
    const { switchPin, temperaturePin } = this.#plan;
    if (io === null) return;
    if (isWired(switchPin)) {
      io.pinMode(switchPin, io.MODES.PULLUP);
      io.reportDigitalPin(switchPin, 1);
    }
    if (isWired(temperaturePin)) {
      // firmata-io keeps the mode of an analog pin to itself; this board wants to be told.
      io.transport.write(Buffer.from([0xf4, temperaturePin, ANALOG_MODE]), () => undefined);
      io.setSamplingInterval(SAMPLING_MS);
      io.reportAnalogPin(temperaturePin - FIRST_ANALOG, 1);
    }
  }
}

function isWired(pin: number | null | undefined): pin is number {
  return pin !== null && pin !== undefined;
}
