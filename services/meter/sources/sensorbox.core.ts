import { nothingObserved, type Observation, PRESENT_FROM_V, type Terminals } from "./observation.core.ts";

/** Registers of a Sensorbox: the mains through current transformers, through the smart meter's P1 port, or both. */
export const SENSORBOX = {
  fn: 4,
  /** Version 1.5 answers exactly these; later ones have more. */
  basicRegisters: 20,
  extendedRegisters: 32,
  /** Low two bits: rotation and wiring, as in register 0. */
  wiringRegister: 0x0800,
} as const;

export type SensorboxSource = "P1" | "CT";

/** What follows the measured values from software generation 1 on. */
export interface SensorboxExtras {
  readonly timeValid: boolean;
  readonly wifiConnected: boolean;
  readonly portalActive: boolean;
  readonly wifiMode: number;
  readonly hour: number;
  readonly minute: number;
  readonly day: number;
  readonly month: number;
  readonly year: number;
  readonly ip: string;
  /** The last four bytes of the box's MAC address. */
  readonly macTail: string;
  readonly portalPassword: string;
}

export interface SensorboxReply {
  /** 0: the basic registers only. */
  readonly generation: number;
  /** Null: version 1.5, which has no wiring to set and measures magnitudes. */
  readonly wiring: { readonly counterClockwise: boolean; readonly threeWire: boolean } | null;
  /** Two digits, 50 = 5.0; 0 where no telegram came since the last read. */
  readonly dsmrVersion: number;
  /** Null: nothing was measured since the last read; every read empties the box. */
  readonly measured: { readonly source: SensorboxSource; readonly observation: Observation } | null;
  readonly extras: SensorboxExtras | null;
}

export type SensorboxRead =
  | { readonly ok: true; readonly reply: SensorboxReply }
  | { readonly ok: false; readonly reason: string };

/** Fresh P1 currents of DSMR 5; a fresh measurement of the transformers. */
const FRESH_P1 = 0x80;
const FRESH_CT = 0x03;

/** Reads one reply. `ctFactor` 2: transformers of 200 A to 50 mA in place of 100 A to 50 mA. */
export function readSensorbox(data: Uint8Array, ctFactor: 1 | 2): SensorboxRead {
  const bytes = Buffer.from(data);
  if (bytes.length !== 2 * SENSORBOX.basicRegisters && bytes.length !== 2 * SENSORBOX.extendedRegisters) {
    return { ok: false, reason: `${bytes.length} data bytes; a Sensorbox sends 40 or 64` };
  }
  const generation = bytes.readUInt8(0);
  const wires = bytes.readUInt8(1);
  const flags = bytes.readUInt8(3);
  const [voltageV, p1A, ctA] = [floats(bytes, 2), floats(bytes, 8), floats(bytes, 14)];
  const useful = (flags & FRESH_P1) !== 0 && isUsable(voltageV, p1A);
  const hasCt = (flags & FRESH_CT) !== 0;
  if ((flags & FRESH_P1) !== 0 && !useful && !hasCt) {
    return { ok: false, reason: `P1 currents ${p1A.join(", ")} A at voltages ${voltageV.join(", ")} V` };
  }
  const source: SensorboxSource | null = useful ? "P1" : hasCt ? "CT" : null;
  const currentA = useful ? p1A : ctA.map(amps => amps * ctFactor);
  if (source !== null && !currentA.every(Number.isFinite)) {
    return { ok: false, reason: `${source} currents ${currentA.join(", ")} A` };
  }
  return {
    ok: true,
    reply: {
      generation,
      wiring: wires >= 0x10 ? { counterClockwise: (wires & 1) !== 0, threeWire: (wires & 2) !== 0 } : null,
      dsmrVersion: bytes.readUInt8(2),
      measured:
        source === null
          ? null
          : {
              source,
              observation: {
                ...nothingObserved,
                currentA: [currentA[0] ?? null, currentA[1] ?? null, currentA[2] ?? null] satisfies Terminals,
              },
            },
      extras: generation >= 1 && bytes.length === 2 * SENSORBOX.extendedRegisters ? extrasOf(bytes) : null,
    },
  };
}

/** The wiring to be written when the box has another one; null when nothing is to be done. */
export function wiringToWrite({ wiring, measured }: SensorboxReply, wanted: number): number | null {
  if (wiring === null || measured?.source !== "CT") return null;
  const present = (wiring.counterClockwise ? 1 : 0) + (wiring.threeWire ? 2 : 0);
  return present === wanted ? null : wanted;
}

/** Where a voltage is missing the box divides by 1 V: its watts must not be taken for amperes. */
function isUsable(voltageV: readonly number[], currentA: readonly number[]): boolean {
  const [first = 0] = voltageV;
  return first >= PRESENT_FROM_V && [1, 2].every(at => (voltageV[at] ?? 0) >= PRESENT_FROM_V || currentA[at] === 0);
}

function floats(bytes: Buffer, register: number): readonly number[] {
  return [0, 1, 2].map(at => bytes.readFloatBE(2 * (register + 2 * at)));
}

function extrasOf(bytes: Buffer): SensorboxExtras {
  const at = (register: number, low = 0): number => bytes.readUInt8(2 * register + low);
  const state = at(0x14);
  // Stored last character first.
  const password = [...bytes.subarray(0x38, 0x40)].reverse().filter(byte => byte >= 0x20 && byte < 0x7f);
  return {
    timeValid: (state & 1) !== 0,
    wifiConnected: (state & 2) !== 0,
    portalActive: (state & 4) !== 0,
    wifiMode: at(0x14, 1),
    hour: at(0x15),
    minute: at(0x15, 1),
    day: at(0x16),
    month: at(0x16, 1) + 1,
    year: 1900 + at(0x17),
    ip: [...bytes.subarray(0x30, 0x34)].join("."),
    macTail: bytes.subarray(0x34, 0x38).toString("hex"),
    portalPassword: String.fromCharCode(...password),
  };
}
