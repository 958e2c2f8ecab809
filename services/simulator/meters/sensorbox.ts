import { addressed } from "./slave-frames.ts";

type Triple = readonly [number, number, number];

/** What a simulated Sensorbox has measured since it was read last, and how it is set. */
export interface BoxState {
  readonly model: "1.5" | "2";
  /** Of its software; from 1 on there are more registers. */
  generation: number;
  /** Low two bits of its wiring register; version 1.5 has none. */
  wiring: number;
  ct: Triple | null;
  p1: { readonly currentA: Triple; readonly voltageV: Triple; readonly version: number } | null;
}

const READ = [3, 4];
const WRITE = 6;
const BASIC = 20;
const EXTENDED = 32;
const WIRING_REGISTER = 0x0800;
const ILLEGAL_FUNCTION = 1;
const ILLEGAL_ADDRESS = 2;

/** A Sensorbox on a Modbus unit: every read takes what it has measured. */
export function simulatedSensorbox(state: BoxState): (request: Buffer) => Buffer {
  return request => {
    const { unit, fn, start, quantity } = addressed(request);
    const exception = (code: number): Buffer => Buffer.from([unit, fn | 0x80, code]);
    if (fn === WRITE && state.model === "2") {
      if (start !== WIRING_REGISTER) return exception(ILLEGAL_ADDRESS);
      state.wiring = quantity & 3;
      return Buffer.from(request.subarray(0, 6));
    }
    if (!READ.includes(fn)) return exception(ILLEGAL_FUNCTION);
    // Registers beyond the extended block exist on no model; the original software answers with zeroes in it.
    const last = state.model === "1.5" ? BASIC : EXTENDED;
    const refused = state.model === "1.5" ? start !== 0 || quantity !== BASIC : quantity === 0;
    if (refused || start + quantity > last) return exception(ILLEGAL_ADDRESS);
    const data = registersOf(state).subarray(2 * start, 2 * (start + quantity));
    state.ct = null;
    state.p1 = null;
    return Buffer.concat([Buffer.from([unit, fn, data.length]), data]);
  };
}

function registersOf({ model, generation, wiring, ct, p1 }: BoxState): Buffer {
  const bytes = Buffer.alloc(2 * EXTENDED);
  bytes.writeUInt8(generation, 0);
  bytes.writeUInt8(model === "1.5" ? 0x0f : 0x14 + wiring, 1);
  bytes.writeUInt8(p1?.version ?? 0, 2);
  const p1Flag = p1 === null ? 0 : p1.version >= 50 ? 0x80 : 0x40;
  bytes.writeUInt8(p1Flag | (ct === null ? 0 : 0x03), 3);
  floats(bytes, 2, p1?.voltageV);
  floats(bytes, 8, p1?.currentA);
  floats(bytes, 14, ct ?? undefined);
  return bytes;
}

function floats(bytes: Buffer, register: number, values: Triple | undefined): void {
  for (const [at, value] of (values ?? [0, 0, 0]).entries()) bytes.writeFloatBE(value, 2 * (register + 2 * at));
}
