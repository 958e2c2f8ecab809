import type { ByteOrder, MeterProfile, NumberType } from "./profiles.ts";

/** A run of registers that is read at once. */
export interface ReadBlock {
  readonly fn: 3 | 4;
  readonly start: number;
  readonly quantity: number;
}

export type Quantity =
  | "currentL1"
  | "currentL2"
  | "currentL3"
  | "powerL1"
  | "powerL2"
  | "powerL3"
  | "totalPower"
  | "importKWh"
  | "exportKWh";

/** In A, W and kWh, as the device counts them. */
export type RawValues = Readonly<Partial<Record<Quantity, number>>>;

export type Decoded =
  | { readonly ok: true; readonly values: RawValues }
  | { readonly ok: false; readonly reason: string };

interface Register {
  readonly quantity: Quantity;
  readonly address: number;
  readonly divisor: number;
}

const NAMES: Readonly<Record<Quantity, string>> = {
  currentL1: "current L1",
  currentL2: "current L2",
  currentL3: "current L3",
  powerL1: "power L1",
  powerL2: "power L2",
  powerL3: "power L3",
  totalPower: "total power",
  importKWh: "import counter",
  exportKWh: "export counter",
};

/** What is read at every poll: currents and powers, in as few reads as the device permits. */
export function liveBlocks(profile: MeterProfile): readonly ReadBlock[] {
  return blocksOf(profile, liveRegisters(profile));
}

/** What is read now and then: the energy counters. */
export function energyBlocks(profile: MeterProfile): readonly ReadBlock[] {
  return blocksOf(profile, energyRegisters(profile));
}

/** The values whose registers lie in a block. Refuses a reply of another length and numbers that are none. */
export function decodeBlock(profile: MeterProfile, block: ReadBlock, data: Uint8Array): Decoded {
  const wantedBytes = 2 * block.quantity;
  if (data.length !== wantedBytes) {
    return {
      ok: false,
      reason: `${data.length} data bytes for a request of ${block.quantity} registers (${wantedBytes} expected)`,
    };
  }
  const width = widthOf(profile.numberType);
  const values: Partial<Record<Quantity, number>> = {};
  for (const register of [...liveRegisters(profile), ...energyRegisters(profile)]) {
    const offset = register.address - block.start;
    if (offset < 0 || offset + width > block.quantity) continue;
    const raw = rawNumber(profile, data.subarray(2 * offset, 2 * (offset + width)));
    if (!Number.isFinite(raw)) return { ok: false, reason: `${NAMES[register.quantity]} is ${raw}, not a number` };
    values[register.quantity] = scaled(raw, register.divisor);
  }
  return { ok: true, values };
}

function liveRegisters({ registers, divisors }: MeterProfile): readonly Register[] {
  const [i1, i2, i3] = registers.currentA;
  const [p1, p2, p3] = registers.powerW ?? [null, null, null];
  return present([
    ["currentL1", i1, divisors.currentA],
    ["currentL2", i2, divisors.currentA],
    ["currentL3", i3, divisors.currentA],
    ["powerL1", p1, divisors.powerW],
    ["powerL2", p2, divisors.powerW],
    ["powerL3", p3, divisors.powerW],
    ["totalPower", registers.totalPowerW, divisors.powerW],
  ]);
}

function energyRegisters({ registers, divisors }: MeterProfile): readonly Register[] {
  return present([
    ["importKWh", registers.importKWh, divisors.energyKWh],
    ["exportKWh", registers.exportKWh, divisors.energyKWh],
  ]);
}

function present(rows: readonly (readonly [Quantity, number | null, number])[]): readonly Register[] {
  return rows.flatMap(([quantity, address, divisor]) => (address === null ? [] : [{ quantity, address, divisor }]));
}

/** Registers that follow each other are one read; a gap is never read across. */
function blocksOf(profile: MeterProfile, registers: readonly Register[]): readonly ReadBlock[] {
  const width = widthOf(profile.numberType);
  const blocks: ReadBlock[] = [];
  for (const { address } of [...registers].sort((a, b) => a.address - b.address)) {
    const last = blocks.at(-1);
    if (last !== undefined && last.start + last.quantity === address && last.quantity + width <= profile.maxRegisters) {
      blocks[blocks.length - 1] = { ...last, quantity: last.quantity + width };
    } else {
      blocks.push({ fn: profile.fn, start: address, quantity: width });
    }
  }
  return blocks;
}

function widthOf(numberType: NumberType): number {
  return numberType === "int16" ? 1 : 2;
}

/** Positions on the wire of the bytes from the most to the least significant one. */
const BYTES_OF_32: Readonly<Record<ByteOrder, readonly number[]>> = {
  abcd: [0, 1, 2, 3],
  badc: [1, 0, 3, 2],
  cdab: [2, 3, 0, 1],
  dcba: [3, 2, 1, 0],
};
const BYTES_OF_16: Readonly<Record<ByteOrder, readonly number[]>> = {
  abcd: [0, 1],
  badc: [1, 0],
  cdab: [0, 1],
  dcba: [1, 0],
};

function rawNumber({ numberType, byteOrder }: MeterProfile, wire: Uint8Array): number {
  const order = numberType === "int16" ? BYTES_OF_16[byteOrder] : BYTES_OF_32[byteOrder];
  const view = new DataView(Uint8Array.from(order, position => wire[position] ?? 0).buffer);
  switch (numberType) {
    case "int16":
      return view.getInt16(0);
    case "int32":
      return view.getInt32(0);
    case "float32":
      return view.getFloat32(0);
  }
}

/** Negative powers of ten are no binary fractions: dividing by a whole number rounds once, multiplying by 0.001 twice. */
function scaled(raw: number, divisor: number): number {
  return divisor >= 0 ? raw / 10 ** divisor : raw * 10 ** -divisor;
}
