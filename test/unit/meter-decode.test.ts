import fc from "fast-check";
import t from "tap";
import type { Mounting } from "../../services/meter/meter.port.ts";
import { liveBlocks } from "../../services/meter/modbus/blocks.core.ts";
import { freshMemory, judgeEnergy, judgeLive, judgeVoltages } from "../../services/meter/modbus/decode.core.ts";
import { meterProfiles, profileNamed, profileOf } from "../../services/meter/modbus/profiles.ts";
import { decodeWords, type RawValues, wordsOf } from "../../services/meter/modbus/registers.core.ts";
import { PHASES } from "../../shared/contracts/units.ts";

const straight: Mounting = { reversed: false, phaseRotation: ["l1", "l2", "l3"] };

t.test("never asks for more registers at once than the meter gives, nor for fewer than it could", async t => {
  const profile = profileOf(4)!;
  const cuts: [number, number[]][] = [
    [2, [2, 2, 2, 2, 2, 2]],
    [3, [2, 2, 2, 2, 2, 2]],
    [4, [4, 4, 4]],
    [11, [10, 2]],
    [12, [12]],
  ];
  for (const [maxRegisters, quantities] of cuts) {
    const blocks = liveBlocks({ ...profile, maxRegisters });
    t.strictSame(
      blocks.map(block => block.quantity),
      quantities,
      `at most ${maxRegisters}`,
    );
  }
});

const eastron = profileOf(4)!;
const live: RawValues = {
  currentL1: 10,
  currentL2: 10,
  currentL3: 10,
  powerL1: 2_300,
  powerL2: -2_300,
  powerL3: 2_300,
};

function judged(raw: RawValues, memory = freshMemory, mounting = straight) {
  const result = judgeLive(eastron, mounting, raw, memory);
  if (!result.ok) throw new Error(result.reason);
  return result;
}

t.test("the direction of a current is that of its power; below 5 W it stays what it was", async t => {
  const first = judged(live);
  t.strictSame(first.value.currentA, { l1: 10, l2: -10, l3: 10 });
  const idle = judged({ ...live, powerL1: 4.9, powerL2: 4.9, powerL3: -4.9 }, first.memory);
  t.strictSame(idle.value.currentA, { l1: 10, l2: -10, l3: 10 }, "kept");
  const turned = judged({ ...live, powerL1: -5, powerL2: 5, powerL3: -2_300 }, idle.memory);
  t.strictSame(turned.value.currentA, { l1: -10, l2: 10, l3: -10 }, "turned");
});

t.test("a meter wired the wrong way round counts the other way; an inverted one twice turned is straight", async t => {
  const reversed: Mounting = { ...straight, reversed: true };
  const turned = judged(live, freshMemory, reversed).value;
  t.strictSame(turned.currentA, { l1: -10, l2: 10, l3: -10 });
  t.strictSame(turned.powerW, { l1: -2_300, l2: 2_300, l3: -2_300 });
  t.equal(turned.totalPowerW, -2_300);
  const twice = judgeLive(profileOf(5)!, reversed, live, freshMemory);
  t.strictSame(twice.ok ? twice.value.currentA : null, { l1: 10, l2: -10, l3: 10 });
  const energy = judgeEnergy(eastron, reversed, { importEnergy: 5_000, exportEnergy: 7_000 }, freshMemory);
  t.strictSame(energy.ok ? energy.value : null, { importWh: 7_000, exportWh: 5_000 });
});

t.test("terminals stand on the phases the installer says", async t => {
  const rotated: Mounting = { reversed: false, phaseRotation: ["l2", "l3", "l1"] };
  const { value } = judged({ ...live, currentL1: 1, currentL2: 2, currentL3: 3 }, freshMemory, rotated);
  t.strictSame(value.currentA, { l2: 1, l3: -2, l1: 3 });
  t.strictSame(value.powerW, { l2: 2_300, l3: -2_300, l1: 2_300 });
});

t.test("refuses what no meter of this class can measure, and says what would be believable", async t => {
  const cases: [RawValues, RegExp][] = [
    [{ ...live, currentL2: 1_000.1 }, /^current L2 of 1000\.1 A; believable up to 1000 A$/],
    [{ ...live, currentL3: -1_001 }, /^current L3 of -1001 A/],
    [{ ...live, powerL1: 250_001 }, /^power L1 of 250001 W; believable up to 250000 W$/],
    [{ ...live, totalPower: -750_001 }, /^total power of -750001 W; believable up to 750000 W$/],
  ];
  for (const [raw, reason] of cases) {
    const result = judgeLive(eastron, straight, raw, freshMemory);
    t.match(result.ok ? "accepted" : result.reason, reason);
  }
  t.ok(
    judgeLive(eastron, straight, { ...live, currentL1: 1_000, powerL1: 250_000 }, freshMemory).ok,
    "the limit itself",
  );
});

t.test("a counter may round down by up to 1 kWh; further back it must insist before it is another meter's", async t => {
  const start = judgeEnergy(eastron, straight, { importEnergy: 100_000, exportEnergy: 3_000 }, freshMemory);
  const rounded = judgeEnergy(eastron, straight, { importEnergy: 99_000, exportEnergy: 3_000 }, start.memory);
  t.ok(rounded.ok, "1 kWh less");
  let memory = start.memory;
  for (const [importKWh, expected] of [
    [98.9, "refused"],
    [100.1, "accepted"],
    [7, "refused"],
    [7.1, "refused"],
    [2, "refused"],
    [2, "refused"],
    [2.1, "accepted"],
  ] as const) {
    const result = judgeEnergy(eastron, straight, { importEnergy: importKWh * 1_000, exportEnergy: 3_000 }, memory);
    t.equal(result.ok ? "accepted" : "refused", expected, `${importKWh} kWh`);
    if (!result.ok) t.match(result.reason, /ran backwards: import .* after import/);
    memory = result.memory;
  }
  const negative = judgeEnergy(eastron, straight, { importEnergy: -1_000, exportEnergy: 3_000 }, freshMemory);
  t.match(negative.ok ? "accepted" : negative.reason, /below zero/);
  const absurd = judgeEnergy(eastron, straight, { importEnergy: 3.4e38 }, freshMemory);
  t.match(absurd.ok ? "accepted" : absurd.reason, /energy counter beyond 1000000000000 Wh/);
});

t.test("a voltage is 0 or one that a grid has; another one is refused and forgotten", async t => {
  const good = judgeVoltages(eastron, { voltageL1: 230, voltageL2: 0, voltageL3: 300 }, freshMemory);
  t.strictSame(good.memory.terminalsV, [230, 0, 300]);
  for (const [volts, reason] of [
    [79.9, /^voltage L2 of 79\.9 V; believable: 0 or 80\.\.300 V$/],
    [300.1, /^voltage L2 of 300\.1 V/],
    [-230, /^voltage L2 of -230 V/],
  ] as const) {
    const bad = judgeVoltages(eastron, { voltageL1: 230, voltageL2: volts, voltageL3: 230 }, good.memory);
    t.match(bad.ok ? "accepted" : bad.reason, reason);
    t.equal(bad.memory.terminalsV, null);
  }
  t.strictSame(judgeVoltages(eastron, {}, good.memory).memory, good.memory, "no voltage is no news");
});

t.test("a current without direction takes that of the total power, and says so", async t => {
  const profile = profileNamed("siemens_7kt1665")!;
  const raw: RawValues = { currentL1: 5, currentL2: 6, currentL3: 7, totalPower: -4_000 };
  const out = judgeLive(profile, straight, raw, freshMemory);
  t.match(out, { ok: true, value: { currentA: { l1: -5, l2: -6, l3: -7 }, totalPowerW: -4_000, isDerived: true } });
  const idle = judgeLive(profile, straight, { ...raw, totalPower: 4 }, out.memory);
  t.match(idle, { ok: true, value: { currentA: { l1: -5, l2: -6, l3: -7 } } }, "below 5 W it stays what it was");
  const net = judgeLive(
    profileNamed("dzg_dvh4013")!,
    straight,
    { currentL1: 5, currentL2: 6, currentL3: 7, importPower: 100, exportPower: 900 },
    freshMemory,
  );
  t.match(net, { ok: true, value: { totalPowerW: -800, currentA: { l1: -5 } } });
});

t.test("a meter without currents shares its power out evenly, and says so", async t => {
  const three = judgeLive(profileNamed("eastron_sdm72_v1")!, straight, { totalPower: 6_900 }, freshMemory);
  t.match(three, { ok: true, value: { currentA: { l1: 10, l2: 10, l3: 10 }, isDerived: true } });
  const one = judgeLive(profileNamed("carlo_gavazzi_em1xx")!, straight, { totalPower: 2_300 }, freshMemory);
  t.match(one, { ok: true, value: { currentA: { l1: 10, l2: 0, l3: 0 }, isDerived: true } });
});

t.test("whatever bytes a reply holds, a sample is finite and within the limits, or there is none", async () => {
  const data = fc.uint8Array({ minLength: 0, maxLength: 128 });
  fc.assert(
    fc.property(data, fc.constantFrom(...meterProfiles), (data, profile) => {
      const block = liveBlocks(profile)[0]!;
      const words = wordsOf(block, data);
      if (!words.ok) return data.length !== 2 * block.quantity && words.reason.length > 0;
      const decoded = decodeWords(profile, words.values);
      if (!decoded.ok) return decoded.reason.length > 0;
      const result = judgeLive(profile, straight, decoded.values, freshMemory);
      if (!result.ok) return result.reason.length > 0;
      const { currentA, powerW } = result.value;
      return PHASES.every(phase => Math.abs(currentA[phase]) <= 1_000 && Math.abs(powerW?.[phase] ?? 0) <= 250_000);
    }),
    { seed: 20_260_101, numRuns: 5_000, examples: [[new Uint8Array(24), profileOf(4)!]] },
  );
});

t.test("whatever words its registers hold, each meter gives a finite sample within the limits, or none", async () => {
  const word = fc.oneof(fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xffff, 0x7fc0, 0x4366), fc.nat(0xffff));
  fc.assert(
    fc.property(
      fc.constantFrom(...meterProfiles),
      fc.array(word, { minLength: 128, maxLength: 128 }),
      (profile, all) => {
        const words = new Map<number, number>();
        for (const { start, quantity } of liveBlocks(profile)) {
          for (let index = 0; index < quantity; index += 1) words.set(start + index, all[(start + index) % 128]!);
        }
        const decoded = decodeWords(profile, words);
        if (!decoded.ok) return decoded.reason.length > 0;
        const result = judgeLive(profile, straight, decoded.values, freshMemory);
        if (!result.ok) return result.reason.length > 0;
        const { currentA, totalPowerW } = result.value;
        return PHASES.every(phase => Math.abs(currentA[phase]) <= 1_000) && Number.isFinite(totalPowerW ?? 0);
      },
    ),
    { seed: 20_260_102, numRuns: 5_000 },
  );
});

t.test("the sign of a current always agrees with the power beside it", async () => {
  const amps = fc.double({ min: 0, max: 200, noNaN: true });
  const watts = fc.double({ min: -46_000, max: 46_000, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(amps, watts), { minLength: 1, maxLength: 20 }), series => {
      let memory = freshMemory;
      for (const [currentL1, powerL1] of series) {
        const step = judged({ ...live, currentL1, powerL1 }, memory);
        memory = step.memory;
        const signed = step.value.currentA.l1;
        if (Math.abs(signed) !== currentL1) return false;
        if (Math.abs(powerL1) >= 5 && signed !== 0 && Math.sign(signed) !== Math.sign(powerL1)) return false;
      }
      return true;
    }),
    { seed: 7 },
  );
});
