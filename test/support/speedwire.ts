/** What a meter of SMA's Speedwire sends. */

export interface SpeedwireSays {
  readonly serial: number;
  readonly ticks: number;
  /** L1, L2, L3; positive flows from the grid. */
  readonly currentA: readonly [number, number, number];
  readonly voltageV?: number;
}

function momentary(index: number, value: number): Buffer {
  const bytes = Buffer.from([0, index, 4, 0, 0, 0, 0, 0]);
  bytes.writeUInt32BE(Math.round(value), 4);
  return bytes;
}

function counter(index: number, joules: number): Buffer {
  const bytes = Buffer.from([0, index, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  bytes.writeBigUInt64BE(BigInt(Math.round(joules)), 4);
  return bytes;
}

/** Power, index and the one of the other direction behind it, as the meter has them: one of the two is 0. */
function power(index: number, watts: number): readonly Buffer[] {
  return [momentary(index, Math.max(0, 10 * watts)), momentary(index + 1, Math.max(0, -10 * watts))];
}

/** A datagram of an Energy Meter: sums, then L1, L2, L3, then its version. */
export function speedwireDatagram({ serial, ticks, currentA, voltageV = 230 }: SpeedwireSays): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0x6069, 0);
  head.writeUInt16BE(349, 2);
  head.writeUInt32BE(serial, 4);
  head.writeUInt32BE(ticks, 8);
  const watts = currentA.map(amps => amps * voltageV);
  const phases = [20, 40, 60].flatMap((base, at) => [
    ...power(base + 1, watts[at] ?? 0),
    counter(base + 1, 3_600 * 411_000),
    counter(base + 2, 3_600 * 22_000),
    momentary(base + 11, 1_000 * Math.abs(currentA[at] ?? 0)),
    momentary(base + 12, 1_000 * voltageV),
    momentary(base + 13, 1_000),
  ]);
  const data = Buffer.concat([
    head,
    ...power(
      1,
      watts.reduce((sum, value) => sum + value, 0),
    ),
    counter(1, 3_600 * 1_234_500),
    counter(2, 3_600 * 67_250),
    momentary(13, 1_000),
    ...phases,
    Buffer.from([0x90, 0, 0, 0, 2, 0, 0x10, 0x52]),
  ]);
  const lengths = Buffer.from("534d4100000402a00000000100000010", "hex");
  lengths.writeUInt16BE(data.length, 12);
  return Buffer.concat([lengths, data, Buffer.alloc(4)]);
}
