import { FirmwareFileRefused } from "../errors.ts";

/** What a .hex file holds: the flash from address 0, gaps as erased bytes. */
export interface FlashImage {
  readonly bytes: Uint8Array;
  /** How many of them the file names. */
  readonly used: number;
}

const RECORD = { data: 0, end: 1, segment: 2, segmentStart: 3, linear: 4, linearStart: 5 } as const;
const ERASED = 0xff;

/** Reads Intel HEX: lines of `:`, length, address, type, data, checksum. Throws with the line that is wrong. */
export function parseIntelHex(text: string, limitBytes: number): FlashImage {
  const flash = new Map<number, number>();
  let base = 0;
  let ended = false;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "") continue;
    const where = `line ${index + 1}`;
    if (ended) throw new FirmwareFileRefused(`${where}: data after the end record`);
    const { address, type, data } = recordOf(line, where);
    switch (type) {
      case RECORD.data:
        store(flash, base + address, data, limitBytes, where);
        break;
      case RECORD.end:
        ended = true;
        break;
      case RECORD.segment:
        base = wordOf(data, where) * 16;
        break;
      case RECORD.linear:
        base = wordOf(data, where) * 65_536;
        break;
      case RECORD.segmentStart:
      case RECORD.linearStart:
        // Where a PC would begin to run; an AVR begins at its reset vector.
        break;
      default:
        throw new FirmwareFileRefused(`${where}: record type ${type}; expected 0..5`);
    }
  }
  if (!ended) throw new FirmwareFileRefused("the end record is missing: the file is cut off");
  if (!flash.has(0)) throw new FirmwareFileRefused("nothing at address 0: a firmware begins with its reset vector");
  const bytes = new Uint8Array(Math.max(...flash.keys()) + 1).fill(ERASED);
  for (const [at, byte] of flash) bytes[at] = byte;
  return { bytes, used: flash.size };
}

function recordOf(line: string, where: string): { address: number; type: number; data: readonly number[] } {
  if (!/^:(?:[0-9a-f]{2}){5,}$/i.test(line)) {
    throw new FirmwareFileRefused(`${where}: expected ":" and an even number of hexadecimal digits, at least 10`);
  }
  const bytes = [...Buffer.from(line.slice(1), "hex")];
  const [length = 0, high = 0, low = 0, type = 0] = bytes;
  if (bytes.length !== length + 5) {
    throw new FirmwareFileRefused(`${where}: says ${length} data bytes and has ${bytes.length - 5}`);
  }
  const sum = bytes.reduce((total, byte) => (total + byte) & 0xff, 0);
  if (sum !== 0) throw new FirmwareFileRefused(`${where}: wrong checksum`);
  return { address: high * 256 + low, type, data: bytes.slice(4, -1) };
}

function wordOf(data: readonly number[], where: string): number {
  if (data.length !== 2)
    throw new FirmwareFileRefused(`${where}: an address record with ${data.length} bytes; expected 2`);
  const [high = 0, low = 0] = data;
  return high * 256 + low;
}

function store(flash: Map<number, number>, from: number, data: readonly number[], limit: number, where: string): void {
  for (const [offset, byte] of data.entries()) {
    const at = from + offset;
    if (at >= limit) {
      throw new FirmwareFileRefused(`${where}: address ${at} lies beyond the ${limit} bytes below the boot loader`);
    }
    if (flash.has(at)) throw new FirmwareFileRefused(`${where}: address ${at} is given twice`);
    flash.set(at, byte);
  }
}
