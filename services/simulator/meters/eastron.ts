import type { RegisterMap } from "./modbus-slave.ts";

interface Phases {
  readonly l1: number;
  readonly l2: number;
  readonly l3: number;
}

/** What a meter measures; positive flows from its supply side to its load side. */
export interface MeterValues {
  readonly currentA: Phases;
  readonly powerW: Phases;
  readonly importWh: number;
  readonly exportWh: number;
}

const NOMINAL_V = 230;
const NOMINAL_HZ = 50;

/**
 * Input registers of an Eastron SDM630: float32, high word first; currents are magnitudes, powers carry the sign. Its
 * phases have each counted a third.
 */
export function eastron3P(measure: () => MeterValues): RegisterMap {
  return (fn, address) => {
    if (fn !== 4) return null;
    const { currentA, powerW, importWh, exportWh } = measure();
    const values: Readonly<Record<number, number>> = {
      0x00: NOMINAL_V,
      0x02: NOMINAL_V,
      0x04: NOMINAL_V,
      0x06: Math.abs(currentA.l1),
      0x08: Math.abs(currentA.l2),
      0x0a: Math.abs(currentA.l3),
      0x0c: powerW.l1,
      0x0e: powerW.l2,
      0x10: powerW.l3,
      0x34: powerW.l1 + powerW.l2 + powerW.l3,
      0x46: NOMINAL_HZ,
      0x48: importWh / 1_000,
      0x4a: exportWh / 1_000,
      0x156: (importWh + exportWh) / 1_000,
      ...thirds(0x15a, importWh / 1_000),
      ...thirds(0x160, exportWh / 1_000),
    };
    const value = values[address & ~1];
    if (value === undefined) return null;
    const bytes = Buffer.alloc(4);
    bytes.writeFloatBE(value);
    return bytes.readUInt16BE((address & 1) * 2);
  };
}

function thirds(address: number, kWh: number): Readonly<Record<number, number>> {
  return { [address]: kWh / 3, [address + 2]: kWh / 3, [address + 4]: kWh / 3 };
}
