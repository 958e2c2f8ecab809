/** One data record of an Intel HEX file. */
export function record(address: number, data: readonly number[]): string {
  const bytes = [data.length, (address >> 8) & 0xff, address & 0xff, 0, ...data];
  const checksum = -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return `:${Buffer.from([...bytes, checksum])
    .toString("hex")
    .toUpperCase()}`;
}

/** A whole file from address 0. */
export function hexOf(data: Uint8Array, perLine: number): string {
  const lines: string[] = [];
  for (let at = 0; at < data.length; at += perLine) lines.push(record(at, [...data.subarray(at, at + perLine)]));
  return [...lines, ":00000001FF", ""].join("\n");
}
