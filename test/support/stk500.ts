/**
 * The boot loader of an ATmega328P board as avrdude's programmer "arduino" knows it: STK500 version 1, each command
 * closed by 0x20, each answer between 0x14 and 0x10 (Atmel application note AVR061).
 */
const CRC_EOP = 0x20;
const IN_SYNC = 0x14;
const OK = 0x10;
const NO_SYNC = 0x15;

const SIGNATURE = [0x1e, 0x95, 0x0f];
const FLASH_BYTES = 32_768;

/** Bytes after the command, without the closing one; PROG_PAGE is counted from its own length. */
const ARGUMENTS: Readonly<Record<number, number>> = {
  0x30: 0, // GET_SYNC
  0x41: 1, // GET_PARAMETER
  0x42: 20, // SET_DEVICE
  0x45: 5, // SET_DEVICE_EXT
  0x50: 0, // ENTER_PROGMODE
  0x51: 0, // LEAVE_PROGMODE
  0x55: 2, // LOAD_ADDRESS
  0x56: 4, // UNIVERSAL
  0x74: 3, // READ_PAGE
  0x75: 0, // READ_SIGN
};
const PROG_PAGE = 0x64;

export interface BootLoaderFaults {
  /** Reads back a flipped bit at this address. */
  flipAt: number | null;
  signature: readonly number[];
  /** Hears everything and says nothing. */
  silent: boolean;
}

export class BootLoader {
  readonly flash = new Uint8Array(FLASH_BYTES).fill(0xff);
  readonly faults: BootLoaderFaults = { flipAt: null, signature: SIGNATURE, silent: false };
  pagesWritten = 0;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #leave: () => void;
  #bytes: number[] = [];
  #address = 0;

  constructor(send: (bytes: Uint8Array) => void, leave: () => void) {
    this.#send = send;
    this.#leave = leave;
  }

  feed(bytes: Uint8Array): void {
    if (this.faults.silent) return;
    for (const byte of bytes) {
      this.#bytes.push(byte);
      const [command = 0, high = 0, low = 0] = this.#bytes;
      const wanted = command === PROG_PAGE ? 3 + high * 256 + low : ARGUMENTS[command];
      if (wanted === undefined) {
        this.#bytes = [];
        this.#send(Uint8Array.of(NO_SYNC));
      } else if (this.#bytes.length === wanted + 2) {
        const complete = this.#bytes;
        this.#bytes = [];
        this.#obey(complete);
      }
    }
  }

  #obey(bytes: readonly number[]): void {
    const [command = 0, first = 0, second = 0] = bytes;
    if (bytes.at(-1) !== CRC_EOP) {
      this.#send(Uint8Array.of(NO_SYNC));
      return;
    }
    const count = first * 256 + second;
    switch (command) {
      case 0x41:
        this.#answer(first === 0x81 ? 4 : first === 0x82 ? 4 : 3);
        return;
      case 0x55:
        this.#address = (first | (second << 8)) * 2;
        this.#answer();
        return;
      case 0x56:
        this.#answer(0);
        return;
      case PROG_PAGE:
        this.flash.set(bytes.slice(4, 4 + count), this.#address);
        this.pagesWritten++;
        this.#answer();
        return;
      case 0x74:
        this.#answer(...this.#read(count));
        return;
      case 0x75:
        this.#answer(...this.faults.signature);
        return;
      default:
        this.#answer();
        if (command === 0x51) this.#leave();
    }
  }

  #read(count: number): readonly number[] {
    const from = this.#address;
    const page = [...this.flash.subarray(from, from + count)];
    const { flipAt } = this.faults;
    return page.map((byte, index) => (from + index === flipAt ? byte ^ 1 : byte));
  }

  #answer(...bytes: number[]): void {
    this.#send(Uint8Array.of(IN_SYNC, ...bytes, OK));
  }
}
