import { readFileSync } from "node:fs";
import fc from "fast-check";
import t, { type Test } from "tap";
import type { Mounting } from "../../services/meter/meter.port.ts";
import { decodeBlock, energyBlocks, liveBlocks, type RawValues } from "../../services/meter/modbus/blocks.core.ts";
import { freshMemory, judgeEnergy, judgeLive } from "../../services/meter/modbus/decode.core.ts";
import { explainSilence, findAnswer, readRequestOf } from "../../services/meter/modbus/frame.core.ts";
import { type MeterProfile, meterProfiles, profileOf } from "../../services/meter/modbus/profiles.ts";
import { PHASES } from "../../shared/contracts/units.ts";

interface Exchange {
  readonly purpose: string;
  readonly request: string;
  readonly response: string;
}
interface Vector {
  readonly name: string;
  readonly config?: Readonly<Record<string, number>>;
  readonly exchanges: readonly Exchange[];
  readonly expect: {
    readonly current_A?: readonly [number, number, number];
    readonly phase_power_W?: readonly [number, number, number];
    readonly power_W?: number;
    readonly energy_import_Wh?: number;
    readonly energy_export_Wh?: number;
    readonly reject?: boolean;
    readonly reason?: string;
  };
}

const straight: Mounting = { reversed: false, phaseRotation: ["l1", "l2", "l3"] };

function vectorsOf(file: string): readonly Vector[] {
  const path = new URL(`../fixtures/meter-vectors/${file}`, import.meta.url);
  return (JSON.parse(readFileSync(path, "utf8")) as { vectors: readonly Vector[] }).vectors;
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(" ", ""), "hex");
}

/** Runs the frames of a vector through frame, block and sample, as the driver does. */
function measure(profile: MeterProfile, vector: Vector) {
  let raw: RawValues = {};
  for (const { request, response } of vector.exchanges) {
    const asked = readRequestOf(bytes(request));
    if (asked === null) throw new Error(`${vector.name}: not a read request`);
    const frame = findAnswer(asked, bytes(response));
    if (frame === null) return { refused: explainSilence(asked, bytes(response)) };
    const block = { fn: profile.fn, start: asked.start, quantity: asked.quantity };
    const decoded = decodeBlock(profile, block, frame.subarray(3, -2));
    if (!decoded.ok) return { refused: decoded.reason };
    raw = { ...raw, ...decoded.values };
  }
  const energy = judgeEnergy(profile, straight, raw, freshMemory);
  if (!energy.ok) return { refused: energy.reason };
  const live = judgeLive(profile, straight, raw, energy.memory);
  return live.ok ? { refused: null, measured: live.value } : { refused: live.reason };
}

/** What a refusal has to name, by the vector that provokes it. */
const REASONS: Readonly<Record<string, RegExp>> = {
  invalid_nan: /^current L1 is NaN, not a number$/,
  invalid_plus_inf: /^current L1 is Infinity, not a number$/,
  invalid_short_reply: /data bytes .* for a request of \d+ registers/,
};

function check(t: Test, profile: MeterProfile, vector: Vector): void {
  const { expect, name } = vector;
  const { refused, measured } = measure(profile, vector);
  if (expect.reject === true) {
    t.match(refused, REASONS[name] ?? /no refusal is known for this vector/, `${name}: ${expect.reason ?? ""}`);
    return;
  }
  t.equal(refused, null, `${name} is accepted`);
  const wanted: Record<string, number | undefined> = {
    totalPowerW: expect.power_W,
    importWh: expect.energy_import_Wh,
    exportWh: expect.energy_export_Wh,
  };
  for (const [index, phase] of PHASES.entries()) {
    wanted[`currentA.${phase}`] = expect.current_A?.[index];
    wanted[`powerW.${phase}`] = expect.phase_power_W?.[index];
  }
  const got: Record<string, number | null | undefined> = {
    totalPowerW: measured?.totalPowerW,
    importWh: measured?.importWh,
    exportWh: measured?.exportWh,
  };
  for (const phase of PHASES) {
    got[`currentA.${phase}`] = measured?.currentA[phase];
    got[`powerW.${phase}`] = measured?.powerW?.[phase];
  }
  for (const [quantity, value] of Object.entries(wanted)) {
    if (value === undefined) continue;
    const tolerance = quantity.startsWith("current") ? 0.002 : 1;
    t.ok(
      Math.abs((got[quantity] ?? NaN) - value) <= tolerance,
      `${name}: ${quantity} ${String(got[quantity])} is ${value}`,
    );
  }
}

for (const [file, typeId, count] of [
  ["phoenix-c.json", 2, 5],
  ["eastron-3p.json", 4, 6],
  ["eastron-3p-inv.json", 5, 6],
] as const) {
  t.test(`reads every golden vector of meter type ${typeId}`, async t => {
    const profile = profileOf(typeId);
    if (profile === undefined) throw new Error(`no row for type ${typeId}`);
    const vectors = vectorsOf(file);
    t.equal(vectors.length, count);
    for (const vector of vectors) check(t, profile, vector);
  });
}

t.test("reads each byte order with each type of number", async t => {
  const orders = ["dcba", "badc", "cdab", "abcd"] as const;
  const types = ["int32", "float32", "int16"] as const;
  const vectors = vectorsOf("custom.json");
  t.equal(vectors.length, 24);
  for (const vector of vectors) {
    const row = vector.config ?? {};
    const [current = 0, power = 0, energy = 0] = [row["cur_regi"], row["pow_regi"], row["ene_regi"]];
    const numberType = types[row["data_type"] ?? -1] ?? "int32";
    const width = numberType === "int16" ? 1 : 2;
    const profile: MeterProfile = {
      typeId: 19,
      label: "Custom",
      fn: 4,
      byteOrder: orders[row["byte_order"] ?? -1] ?? "abcd",
      numberType,
      maxRegisters: 12,
      registers: {
        currentA: [current, current + width, current + 2 * width],
        powerW: null,
        totalPowerW: power,
        importKWh: energy,
        exportKWh: null,
      },
      divisors: { currentA: row["cur_divi"] ?? 0, powerW: row["pow_divi"] ?? 0, energyKWh: row["ene_divi"] ?? 0 },
      reversed: false,
    };
    check(t, profile, vector);
  }
});

t.test("asks each meter in as few reads as it permits", async t => {
  const plan = meterProfiles.map(profile => [
    profile.label,
    ...[...liveBlocks(profile), ...energyBlocks(profile)].map(({ start, quantity }) => [start, quantity]),
  ]);
  t.strictSame(plan, [
    ["Phoenix C", [0x0c, 6], [0x28, 2], [0x3e, 2]],
    ["Eastron3P", [0x06, 12], [0x48, 4]],
    ["InvEastrn", [0x06, 12], [0x48, 4]],
  ]);
});

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
  const energy = judgeEnergy(eastron, reversed, { importKWh: 5, exportKWh: 7 }, freshMemory);
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
  const start = judgeEnergy(eastron, straight, { importKWh: 100, exportKWh: 3 }, freshMemory);
  const rounded = judgeEnergy(eastron, straight, { importKWh: 99, exportKWh: 3 }, start.memory);
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
    const result = judgeEnergy(eastron, straight, { importKWh, exportKWh: 3 }, memory);
    t.equal(result.ok ? "accepted" : "refused", expected, `${importKWh} kWh`);
    if (!result.ok) t.match(result.reason, /ran backwards: import .* after import/);
    memory = result.memory;
  }
  const negative = judgeEnergy(eastron, straight, { importKWh: -1, exportKWh: 3 }, freshMemory);
  t.match(negative.ok ? "accepted" : negative.reason, /below zero/);
});

t.test("whatever bytes a reply holds, a sample is finite and within the limits, or there is none", async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 40 }), fc.boolean(), (data, inverted) => {
      const profile = profileOf(inverted ? 5 : 4)!;
      const block = liveBlocks(profile)[0]!;
      const decoded = decodeBlock(profile, block, data);
      if (!decoded.ok) return decoded.reason.length > 0;
      const result = judgeLive(profile, straight, decoded.values, freshMemory);
      if (!result.ok) return result.reason.length > 0;
      const { currentA, powerW } = result.value;
      return PHASES.every(
        phase => Math.abs(currentA[phase]) <= 1_000 && Math.abs(powerW?.[phase] ?? Infinity) <= 250_000,
      );
    }),
    { seed: 20_260_101, numRuns: 2_000, examples: [[new Uint8Array(24), false]] },
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
