import { readFileSync } from "node:fs";
import t, { type Test } from "tap";
import { ModbusLines } from "../../services/meter/drivers/modbus-lines.ts";
import type { LineAddress } from "../../services/meter/drivers/modbus-wire.ts";
import { openMeterDriver } from "../../services/meter/drivers/open.ts";
import type { MeterSpec, Sample } from "../../services/meter/meter.port.ts";
import { readRequestOf } from "../../services/meter/modbus/frame.core.ts";
import { meterRows } from "../../services/meter/modbus/profiles.ts";
import type { ModbusSlave, RegisterMap } from "../../services/simulator/meters/modbus-slave.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { eastronAt, listenTo, rtuTcpSlave, serialSlave, tcpSlave, until } from "../support/modbus-bench.ts";

// The meters wait for their lines together.
t.jobs = 4;

interface Vector {
  readonly name: string;
  readonly exchanges: readonly { readonly request: string; readonly response: string }[];
  readonly expect_registers: Readonly<Record<string, number>>;
  readonly expect_application: { readonly current_A_signed?: readonly number[] };
}
interface Group {
  readonly profile: string;
  readonly vectors: readonly Vector[];
}
interface Family {
  readonly meter: string;
  readonly vectors: readonly Vector[];
}

function fixture(file: string): unknown {
  return JSON.parse(readFileSync(new URL(`../fixtures/meter-vectors/${file}`, import.meta.url), "utf8"));
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(" ", ""), "hex");
}

/** A device that holds what the frames of a vector say, and nothing else. */
function deviceOf({ exchanges }: Vector): RegisterMap {
  const words = new Map<string, number>();
  for (const { request, response } of exchanges) {
    const asked = readRequestOf(bytes(request));
    if (asked === null) throw new Error(`${request} is no read`);
    const data = bytes(response).subarray(3, -2);
    for (let index = 0; index < asked.quantity; index += 1) {
      words.set(`${asked.fn} ${asked.start + index}`, data.readUInt16BE(2 * index));
    }
  }
  return (fn, address) => words.get(`${fn} ${address}`) ?? null;
}

/** Registers between those of a vector, as the makers describe them: rows that read across count on them. */
function withGaps(device: RegisterMap, readsAcross: boolean): RegisterMap {
  return (fn, address) => device(fn, address) ?? (readsAcross ? 0 : null);
}

/** Polls come faster here than a line opens: that there was no turn yet says nothing about the meter. */
function wrongIn(problems: readonly string[]): readonly string[] {
  return problems.filter(words => !words.includes("no turn for address"));
}

async function read(
  slave: ModbusSlave,
  address: LineAddress,
  spec: MeterSpec & { kind: "modbus" },
  enough: (sample: Sample) => boolean,
) {
  // A busy machine is no fault of the meter.
  const lines = new ModbusLines({ meters: address }, { clock: systemClock, replyMs: 3_000 });
  const driver = openMeterDriver(spec, { lines, clock: systemClock });
  const heard = listenTo(driver);
  await until(
    () => wrongIn(heard.problems).length > 0 || heard.samples.some(enough),
    `${driver.source} asked ${slave.requestsTo(spec.address)} times`,
  );
  await driver.stop();
  return { problems: wrongIn(heard.problems), last: heard.samples.findLast(enough) };
}

/** Compares a sample with what a vector says of the same device. */
function check(
  t: Test,
  sample: Sample | undefined,
  { name, expect_registers: registers, expect_application }: Vector,
): void {
  const close = (got: number | null | undefined, wanted: number | undefined, tolerance: number, what: string): void => {
    if (wanted !== undefined)
      t.ok(Math.abs((got ?? NaN) - wanted) <= tolerance, `${name} ${what}: ${got} is ${wanted}`);
  };
  const [l1, l2, l3] = expect_application.current_A_signed ?? [];
  close(sample?.currentA.l1, l1, 0.002, "current L1");
  close(sample?.currentA.l2, l2, 0.002, "current L2");
  close(sample?.currentA.l3, l3, 0.002, "current L3");
  close(sample?.powerW?.l1, registers["power_l1"], 1, "power L1");
  close(sample?.powerW?.l3, registers["power_l3"], 1, "power L3");
  close(sample?.importWh, registers["energy_import"], 1, "import");
  close(sample?.exportWh, registers["energy_export"], 1, "export");
  close(sample?.voltageV?.l1, registers["voltage_l1"], 0.1, "voltage L1");
  close(sample?.voltageV?.l3, registers["voltage_l3"], 0.1, "voltage L3");
}

const groups = [fixture("profiles.json"), fixture("profiles-gx.json")].flat() as readonly Group[];
const lines: [string, (t: Test) => Promise<{ slave: ModbusSlave; address: LineAddress }>][] = [
  ["Modbus TCP", tcpSlave],
  ["RTU over TCP", async t => rtuTcpSlave(t, 115_200)],
  ["RTU on a serial line", async t => serialSlave(t, 115_200)],
];

for (const [kind, open] of lines) {
  t.test(`every make is read over ${kind}: currents, powers, counters and voltages`, { buffered: true }, async t => {
    const { slave, address } = await open(t);
    for (const { profile, vectors } of groups) {
      const row = meterRows.find(({ key }) => key === profile);
      const vector = vectors.find(({ name }) => name === "export_all_phases") ?? vectors[0];
      if (row === undefined || vector === undefined) throw new Error(`no row or no vector for ${profile}`);
      slave.add(10, withGaps(deviceOf(vector), (row.bridge ?? 0) > 0));
      const tells = (name: string): boolean => vector.expect_registers[name] !== undefined;
      const spec = eastronAt(10, { role: "ev", pollMs: 20 });
      const { last, problems } = await read(
        slave,
        address,
        { ...spec, meter: profile },
        sample =>
          (!tells("energy_import") || sample.importWh !== null) &&
          (!tells("energy_export") || sample.exportWh !== null) &&
          (!tells("voltage_l1") || sample.voltageV !== null),
      );
      t.strictSame(problems, [], `${profile}: no problem`);
      check(t, last, vector);
    }
  });
}

t.test("a custom meter is read as its settings describe it", { buffered: true }, async t => {
  const { slave, address } = await tcpSlave(t);
  const vectors = fixture("smartevse.json") as readonly Family[];
  const vector = vectors
    .find(({ meter }) => meter === "custom")
    ?.vectors.find(({ name }) => name === "byteord2_int32_import");
  if (vector === undefined) throw new Error("no custom vector");
  slave.add(10, deviceOf(vector));
  const custom = {
    byteOrder: "cdab",
    type: "int32",
    fn: 4,
    voltage: null,
    current: { register: 272, divisor: 3 },
    totalPower: { register: 288, divisor: 1 },
    importEnergy: { register: 304, divisor: 1 },
  } as const;
  const spec = eastronAt(10, { pollMs: 20 });
  const { last } = await read(slave, address, { ...spec, meter: "custom", custom }, sample => sample.importWh !== null);
  t.match(last, {
    currentA: { l1: 16, l2: 7.5, l3: 3.25 },
    totalPowerW: 6_152,
    importWh: 1_234_500,
    exportWh: null,
  });
});

t.test("a SunSpec meter is found and read, and found again when its map has moved", { buffered: true }, async t => {
  const { slave, address } = await tcpSlave(t);
  const hex = (fixture("sunspec.json") as readonly { block_from_model_id: string }[])[0]?.block_from_model_id;
  const model = bytes(hex ?? "");
  let behind = 0;
  slave.add(1, (fn, register) => {
    if (fn !== 3) return null;
    // "SunS", then `behind` registers of another model, then the meter, then the end.
    const head =
      behind === 0 ? [0x5375, 0x6e53] : [0x5375, 0x6e53, 103, behind - 2, ...Array<number>(behind - 2).fill(0)];
    const at = register - 40_000 - head.length;
    if (register >= 40_000 && at < 0) return head[register - 40_000] ?? null;
    if (at >= 0 && at < 107) return 2 * at + 1 < model.length ? model.readUInt16BE(2 * at) : 0x8000;
    return at === 107 ? 0xffff : at === 108 ? 0 : null;
  });
  const drivers = new ModbusLines({ meters: address }, { clock: systemClock });
  const spec: MeterSpec = { ...eastronAt(1, { role: "pv", pollMs: 20 }), meter: "sunspec" };
  const driver = openMeterDriver(spec, { lines: drivers, clock: systemClock });
  const heard = listenTo(driver);
  await until(() => heard.samples.some(({ importWh }) => importWh !== null), "a sample with its counter");
  t.strictSame(wrongIn(heard.problems), []);
  t.match(heard.samples.at(-1), { currentA: { l1: 16, l2: 7.5, l3: -3.2 }, totalPowerW: 6_150, importWh: 12_345_500 });
  behind = 80;
  const { length } = heard.samples;
  await until(() => heard.samples.length > length + 3, "samples from where the map is now");
  t.match(heard.samples.at(-1), { currentA: { l1: 16, l2: 7.5, l3: -3.2 } });
  await driver.stop();
});

t.test("a meter without an export counter is read all the same, and its gap is named", { buffered: true }, async t => {
  const { slave, address } = await tcpSlave(t);
  const row = fixture("smartevse.json") as readonly Family[];
  const vector = row
    .find(({ meter }) => meter === "schneider_iem3x5x")
    ?.vectors.find(({ name }) => name.startsWith("high"));
  if (vector === undefined) throw new Error("no Schneider vector");
  const device = deviceOf(vector);
  slave.add(10, (fn, register) => (register >= 0xb02d ? null : device(fn, register)));
  const drivers = new ModbusLines({ meters: address }, { clock: systemClock });
  const spec = { ...eastronAt(10, { role: "ev", pollMs: 20 }), meter: "schneider_iem3x5x" };
  const driver = openMeterDriver(spec, { lines: drivers, clock: systemClock });
  const heard = listenTo(driver);
  await until(
    () => wrongIn(heard.problems).length > 0 && heard.samples.some(({ importWh }) => importWh !== null),
    "samples with the counter there is, and a word about the other",
  );
  await driver.stop();
  const wrong = wrongIn(heard.problems);
  t.match(wrong[0], /exception 2/);
  t.ok(wrong.length <= 2, "asked for rarely");
  t.match(heard.samples.at(-1), { currentA: { l1: 63, l2: 44.5, l3: 34 }, importWh: 98_765_250, exportWh: null });
});
