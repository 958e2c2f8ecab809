/** Flash of the ATmega328P in bytes. */
const FLASH_BYTES = 32_768;

/** Reads Intel HEX into the words of a program memory. Throws on a line that is not whole. */
export function programOf(hex: string): Uint16Array<ArrayBuffer> {
  const bytes = new Uint8Array(FLASH_BYTES).fill(0xff);
  for (const [index, line] of hex.trim().split(/\r?\n/).entries()) {
    const where = `Intel HEX line ${index + 1}`;
    if (!/^:([0-9A-F]{2}){5,}$/.test(line)) throw new Error(`${where}: expected ":" and pairs of hex digits`);
    const record = Buffer.from(line.slice(1), "hex");
    const [count = 0, high = 0, low = 0, type = 0] = record;
    if (record.length !== count + 5) throw new Error(`${where}: ${record.length} bytes, expected ${count + 5}`);
    if (record.reduce((sum, byte) => sum + byte, 0) % 256 !== 0) throw new Error(`${where}: wrong checksum`);
    if (type === 1) return new Uint16Array(bytes.buffer);
    if (type === 0) bytes.set(record.subarray(4, 4 + count), high * 256 + low);
  }
  throw new Error("Intel HEX without an end record");
}
