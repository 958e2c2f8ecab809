import { QUANTITIES, type Quantity } from "./meter-row.ts";
import { widthOf } from "./numbers.core.ts";
import type { MeterProfile, Register } from "./profiles.ts";

/** A run of registers that is read at once. */
export interface ReadBlock {
  readonly fn: 3 | 4;
  readonly start: number;
  readonly quantity: number;
}

interface Span {
  readonly address: number;
  readonly width: number;
}

/** What is read at every poll: currents and what tells their direction, in as few reads as the device permits. */
export function liveBlocks(profile: MeterProfile): readonly ReadBlock[] {
  const mark = profile.mark === undefined ? [] : [{ address: profile.mark.address, width: 1 }];
  return blocksOf(profile, chosen(profile, liveQuantities(profile)), mark);
}

/** The energy counters, read now and then. */
export function counterBlocks(profile: MeterProfile): readonly ReadBlock[] {
  const counters = having(profile, quantity => quantity === "importEnergy" || quantity === "exportEnergy");
  // A meter that counts one way only calls it the total.
  const oneWay = counters.includes("importEnergy") ? [] : having(profile, quantity => quantity === "totalEnergy");
  return blocksOf(profile, chosen(profile, [...counters, ...oneWay]));
}

/** The voltages, read now and then; none where the currents bring them along. */
export function voltageBlocks(profile: MeterProfile): readonly ReadBlock[] {
  const voltages = blocksOf(
    profile,
    chosen(
      profile,
      having(profile, quantity => quantity.startsWith("voltage")),
    ),
  );
  const live = liveBlocks(profile);
  const comesAlong = ({ start, quantity }: ReadBlock): boolean =>
    live.some(block => block.start <= start && start + quantity <= block.start + block.quantity);
  return voltages.every(comesAlong) ? [] : voltages;
}

/** A block by single registers: for a device that refuses it because it has not all of them. */
export function partsOf(profile: MeterProfile, { start, quantity }: ReadBlock): readonly ReadBlock[] {
  const inside = profile.registers.filter(({ address }) => start <= address && address < start + quantity);
  return inside.flatMap(register => blocksOf(profile, [register]));
}

/** Every register of the row: for a look at the whole meter. */
export function allBlocks(profile: MeterProfile): readonly ReadBlock[] {
  return blocksOf(profile, profile.registers);
}

function liveQuantities(profile: MeterProfile): readonly Quantity[] {
  const perPhase = having(profile, quantity => /^(current|power)L/.test(quantity));
  if (perPhase.some(quantity => quantity.startsWith("power"))) return perPhase;
  const total = having(profile, quantity => quantity === "totalPower");
  // Where there is no net power it is the difference of two.
  return [
    ...perPhase,
    ...(total.length > 0 ? total : having(profile, quantity => /^(im|ex)portPower$/.test(quantity))),
  ];
}

function having({ registers }: MeterProfile, wanted: (quantity: Quantity) => boolean): readonly Quantity[] {
  return QUANTITIES.filter(quantity => wanted(quantity) && registers.some(register => register.quantity === quantity));
}

function chosen({ registers }: MeterProfile, quantities: readonly Quantity[]): readonly Register[] {
  return registers.filter(({ quantity }) => quantities.includes(quantity));
}

/** Registers that follow each other are one read; a gap is read across only where the row permits it. */
function blocksOf(
  profile: MeterProfile,
  registers: readonly Register[],
  besides: readonly Span[] = [],
): readonly ReadBlock[] {
  const spans = registers.flatMap(({ address, type, scale }): readonly Span[] => [
    { address, width: widthOf(type) },
    ...(typeof scale === "number" ? [] : [{ address: scale.exponentAt, width: 1 }]),
  ]);
  const blocks: ReadBlock[] = [];
  for (const { address, width } of [...spans, ...besides].sort((a, b) => a.address - b.address)) {
    const last = blocks.at(-1);
    const end = address + width;
    if (last !== undefined) {
      const gap = address - (last.start + last.quantity);
      const quantity = Math.max(last.quantity, end - last.start);
      if (gap <= profile.bridge && quantity <= profile.maxRegisters) {
        blocks[blocks.length - 1] = { ...last, quantity };
        continue;
      }
    }
    blocks.push({ fn: profile.fn, start: address, quantity: width });
  }
  return blocks;
}
