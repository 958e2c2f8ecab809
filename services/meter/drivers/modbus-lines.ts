import { MeterNotAvailable } from "../../../shared/errors.ts";
import { type LineOptions, ModbusLine } from "./modbus-line.ts";
import type { LineAddress } from "./modbus-wire.ts";

/** The Modbus lines of a site: one owner per line in this process, whoever asks for it. */
export class ModbusLines {
  readonly #addresses: Readonly<Record<string, LineAddress>>;
  readonly #options: LineOptions;
  readonly #owners = new Map<string, ModbusLine>();

  constructor(addresses: Readonly<Record<string, LineAddress>>, options: LineOptions) {
    this.#addresses = addresses;
    this.#options = options;
  }

  /** The line of that name; null = the only one. Throws `MeterNotAvailable` naming the lines there are. */
  line(name: string | null): ModbusLine {
    const names = Object.keys(this.#addresses);
    const wanted = name ?? (names.length === 1 ? names[0] : undefined);
    const known = names.length === 0 ? "the site file has no lines" : `lines of the site file: ${names.join(", ")}`;
    if (wanted === undefined) throw new MeterNotAvailable(`which line this meter is on is not said (line); ${known}`);
    const address = Object.hasOwn(this.#addresses, wanted) ? this.#addresses[wanted] : undefined;
    if (address === undefined) throw new MeterNotAvailable(`there is no line ${wanted}; ${known}`);
    const owner = this.#owners.get(wanted) ?? new ModbusLine(address, this.#options);
    this.#owners.set(wanted, owner);
    return owner;
  }
}
