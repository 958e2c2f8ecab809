import type { Firmata } from "firmata-io";
import five from "johnny-five";

/** What the types of johnny-five do not tell of its objects: the Firmata they write to. */
interface OnFirmata {
  io: Firmata;
}

/** No prompt, no printing, no handler for SIGINT: the process is ours. */
const QUIET = { repl: false, debug: false, sigint: false };

/**
 * The relay in the pilot line, as johnny-five sees it. johnny-five keeps every board and pin it ever made in tables of
 * its own, so one of each is made per driver and set onto the new Firmata after each reconnection: a cable that comes
 * and goes for a year must not fill the memory.
 */
export class PilotRelay {
  readonly #pinNumber: number;
  #board: (five.Board & OnFirmata) | null = null;
  #pin: (five.Pin & OnFirmata) | null = null;

  constructor(pinNumber: number) {
    this.#pinNumber = pinNumber;
  }

  /** The board behind `io` is known and ready. */
  attach(io: Firmata): void {
    this.#board ??= new five.Board({ io, ...QUIET });
    this.#board.io = io;
    if (this.#pin !== null) this.#pin.io = io;
  }

  /** High interrupts the line. johnny-five sends the pin's mode each time: a board that was reset has forgotten it. */
  set(interrupted: boolean): void {
    if (this.#board === null) return;
    this.#pin ??= new five.Pin({ pin: this.#pinNumber, board: this.#board }) as five.Pin & OnFirmata;
    if (interrupted) this.#pin.high();
    else this.#pin.low();
  }
}
