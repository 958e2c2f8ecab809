import { readFileSync } from "node:fs";
import t from "tap";
import { findSunspecMeter } from "../../services/meter/drivers/sunspec.ts";
import { counterBlocks, liveBlocks, voltageBlocks } from "../../services/meter/modbus/blocks.core.ts";
import { freshMemory, judgeEnergy, judgeLive, judgeVoltages } from "../../services/meter/modbus/decode.core.ts";
import { decodeWords } from "../../services/meter/modbus/registers.core.ts";
import { MeterReplyRefused, MeterTimeout } from "../../shared/errors.ts";

interface Vector {
  readonly name: string;
  readonly block_from_model_id: string;
  readonly expect: {
    readonly current_A: readonly number[];
    readonly voltage_V: readonly number[];
    readonly power_W: number;
    readonly phase_power_W: readonly number[];
    readonly energy_import_Wh: number;
    readonly energy_export_Wh: number;
    readonly frequency_Hz: number;
  };
}
const vectors = JSON.parse(
  readFileSync(new URL("../fixtures/meter-vectors/sunspec.json", import.meta.url), "utf8"),
) as readonly Vector[];

const straight = { reversed: false, phaseRotation: ["l1", "l2", "l3"] } as const;

function wordsOfHex(hex: string): number[] {
  const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
  return Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readUInt16BE(2 * index));
}

function textWords(text: string, length: number): number[] {
  const bytes = Buffer.alloc(2 * length);
  bytes.write(text);
  return Array.from({ length }, (_, index) => bytes.readUInt16BE(2 * index));
}

/** A device whose map begins at `base`: the mark, a common model, the given models, the end. */
function device(base: number, maker: string, models: readonly (readonly number[])[]): Map<number, number> {
  const common = [1, 66, ...textWords(maker, 16), ...Array.from({ length: 50 }, () => 0)];
  const all = [0x5375, 0x6e53, ...common, ...models.flat(), 0xffff, 0];
  return new Map(all.map((word, index) => [base + index, word]));
}

/** Reads it as a slave does: an exception where a register is missing. */
function reading(map: ReadonlyMap<number, number>) {
  return async (start: number, quantity: number) => {
    const found = Array.from({ length: quantity }, (_, index) => [start + index, map.get(start + index)] as const);
    const there = found.filter((entry): entry is readonly [number, number] => entry[1] !== undefined);
    if (there.length < quantity) throw new MeterReplyRefused(`exception 2 for register ${start}`);
    return Promise.resolve(new Map(there));
  };
}

/** A model of the length it says it has. */
function model(words: readonly number[]): number[] {
  const length = words[1] ?? 0;
  return [...words, ...Array.from({ length: length + 2 - words.length }, () => 0x8000)];
}

for (const base of [40_000, 50_000, 0]) {
  t.test(`finds the meter of a map at ${base} behind other models and reads every golden vector`, async t => {
    for (const { name, block_from_model_id, expect } of vectors) {
      const inverter = model([103, 50]);
      const map = device(base, "Acme", [inverter, model(wordsOfHex(block_from_model_id))]);
      const profile = await findSunspecMeter(reading(map));
      t.match(profile.name, new RegExp(`model 203 at ${base + 2 + 68 + 52} of Acme`));
      const words = new Map<number, number>();
      for (const { fn, start, quantity } of [
        ...liveBlocks(profile),
        ...counterBlocks(profile),
        ...voltageBlocks(profile),
      ]) {
        t.equal(fn, 3);
        for (const [address, word] of await reading(map)(start, quantity)) words.set(address, word);
      }
      const decoded = decodeWords(profile, words);
      if (!decoded.ok) throw new Error(decoded.reason);
      const voltages = judgeVoltages(profile, decoded.values, freshMemory);
      const live = judgeLive(profile, straight, decoded.values, voltages.memory);
      if (!live.ok) throw new Error(live.reason);
      const { currentA, powerW, totalPowerW, voltageV } = live.value;
      t.strictSame([currentA.l1, currentA.l2, currentA.l3], expect.current_A, `${name}: currents`);
      t.strictSame([powerW?.l1, powerW?.l2, powerW?.l3], expect.phase_power_W, `${name}: powers`);
      t.strictSame([voltageV?.l1, voltageV?.l2, voltageV?.l3], expect.voltage_V, `${name}: voltages`);
      t.equal(totalPowerW, expect.power_W);
      const energy = judgeEnergy(profile, straight, decoded.values, freshMemory);
      const { energy_import_Wh, energy_export_Wh } = expect;
      t.match(energy, { ok: true, value: { importWh: energy_import_Wh, exportWh: energy_export_Wh } });
    }
  });
}

t.test("reads currents and powers of a SunSpec meter at once, its counters at once", async t => {
  const profile = await findSunspecMeter(
    reading(device(40_000, "Acme", [model(wordsOfHex(vectors[0]!.block_from_model_id))])),
  );
  const at = 40_070;
  t.strictSame(
    liveBlocks(profile),
    [{ fn: 3, start: at, quantity: 23 }],
    "with the model id, which says that it is there",
  );
  t.strictSame(counterBlocks(profile), [{ fn: 3, start: at + 38, quantity: 17 }]);
  t.strictSame(voltageBlocks(profile), [], "they lie between");
});

function floats(id: number, values: Readonly<Record<number, number>>): number[] {
  const bytes = Buffer.alloc(2 * 126);
  for (let offset = 2; offset + 2 <= 126; offset += 2) bytes.writeFloatBE(values[offset] ?? Number.NaN, 2 * offset);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt16BE(124, 2);
  return Array.from({ length: 126 }, (_, index) => bytes.readUInt16BE(2 * index));
}

t.test("a float model on one phase is read as one phase; points that are not there are not made up", async t => {
  const map = device(40_000, "Acme", [floats(211, { 4: -6.5, 12: 231, 28: -1_500, 30: -1_500, 68: 4_000 })]);
  const profile = await findSunspecMeter(reading(map));
  t.equal(profile.phases, 1);
  t.strictSame(profile.registers.map(({ quantity }) => quantity).sort(), [
    "currentL1",
    "importEnergy",
    "powerL1",
    "totalPower",
    "voltageL1",
  ]);
});

t.test("SolarEdge counts power towards the grid as positive; everyone else does not", async t => {
  const words = model(wordsOfHex(vectors[0]!.block_from_model_id));
  for (const [maker, sign] of [
    ["SolarEdge", -1],
    ["SolarEdge ", -1],
    ["Solar Edgewise", 1],
  ] as const) {
    const profile = await findSunspecMeter(reading(device(40_000, maker, [words])));
    t.equal(profile.powerSign, sign, maker);
  }
});

t.test("says what it found instead of a meter; a line that does not work is no missing map", async t => {
  await t.rejects(findSunspecMeter(reading(new Map())), {
    constructor: MeterReplyRefused,
    message: 'no SunSpec map: "SunS" stands neither at 40000 nor at 50000 nor at 0',
  });
  await t.rejects(findSunspecMeter(reading(device(50_000, "Acme", [model([103, 50])]))), {
    message: /^SunSpec map at 50000 holds no meter with currents .*: models 1, 103$/,
  });
  const silent = () => Promise.reject(new MeterTimeout("address 1", 150));
  await t.rejects(findSunspecMeter(silent), MeterTimeout);
  const endless = async (start: number, quantity: number) =>
    Promise.resolve(
      new Map(Array.from({ length: quantity }, (_, index) => [start + index, [0x5375, 0x6e53][index] ?? 7] as const)),
    );
  await t.rejects(findSunspecMeter(endless), { message: /holds no meter/ }, "a map without an end is left");
});
