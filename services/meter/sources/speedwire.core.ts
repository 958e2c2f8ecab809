import { nothingObserved, type Observation, terminals } from "./observation.core.ts";

/**
 * What SMA's meters (Energy Meter, Home Manager, and others that speak like them) send once a second, to everybody:
 * SMA, "SMA Energy Meter protocol", version 1.0. Fields are big-endian.
 */
export const SPEEDWIRE = { group: "239.12.255.254", port: 9_522 } as const;

export interface SpeedwireMessage {
  readonly serial: number;
  /** The meter's own clock in ms; it begins anew every 49 days, and with the meter. */
  readonly ticks: number;
  /** Currents are magnitudes; the powers beside them tell their direction. */
  readonly observation: Observation;
}

export type SpeedwireRead =
  | ({ readonly kind: "meter" } & SpeedwireMessage)
  /** Speedwire, but nothing of a meter: inverters talk there as well. */
  | { readonly kind: "other" }
  | { readonly kind: "refused"; readonly reason: string };

const MARK = "SMA\0";
const TAG_DATA = 0x0010;
const TAG_END = 0x0000;
const PROTOCOL_METER = 0x6069;
/** Protocol, kind of device, serial number, clock. */
const HEADER_BYTES = 12;
const VERSION_CHANNEL = 0x90;
const MOMENTARY = 4;
const COUNTER = 8;

/** Indices of what is wanted: sums, then L1; L2 and L3 follow 20 and 40 later. */
const DRAWN = 1;
const RETURNED = 2;
const CURRENT = 31;
const VOLTAGE = 32;
const PHASE_BASES = [20, 40, 60] as const;
const PHASE_CURRENTS = [CURRENT, CURRENT + 20, CURRENT + 40] as const;
const PHASE_VOLTAGES = [VOLTAGE, VOLTAGE + 20, VOLTAGE + 40] as const;
const JOULES_PER_WH = 3_600;

/** Reads one datagram. */
export function readSpeedwire(datagram: Uint8Array): SpeedwireRead {
  const bytes = Buffer.from(datagram);
  if (bytes.subarray(0, 4).toString("latin1") !== MARK) return refused("a datagram that is not of Speedwire");
  const data = dataOf(bytes);
  if (data === null) return refused("a Speedwire datagram that was cut, or whose parts do not fit");
  if (data.length < 2 || data.readUInt16BE(0) !== PROTOCOL_METER) return { kind: "other" };
  if (data.length < HEADER_BYTES) return refused(`${data.length} bytes of a meter; expected ${HEADER_BYTES} at least`);
  const values = valuesOf(data.subarray(HEADER_BYTES));
  if (typeof values === "string") return refused(values);
  const observation = observationOf(values);
  if (typeof observation === "string") return refused(observation);
  return { kind: "meter", serial: data.readUInt32BE(4), ticks: data.readUInt32BE(8), observation };
}

/** The part that holds what a device says: parts follow each other, each with its length and its tag. */
function dataOf(bytes: Buffer): Buffer | null {
  let at = MARK.length;
  let data: Buffer | null = null;
  while (at + 4 <= bytes.length) {
    const length = bytes.readUInt16BE(at);
    const tag = bytes.readUInt16BE(at + 2);
    // The end has no length, and nothing follows it.
    if (tag === TAG_END) return length === 0 && at + 4 === bytes.length ? data : null;
    const end = at + 4 + length;
    if (end > bytes.length) return null;
    if (tag === TAG_DATA) {
      if (data !== null) return null;
      data = bytes.subarray(at + 4, end);
    }
    at = end;
  }
  return null;
}

type Values = ReadonlyMap<string, number>;

/** Channel, index, kind, tariff; then four bytes of what is so now, or eight of a counter. */
function valuesOf(data: Buffer): Values | string {
  const values = new Map<string, number>();
  let at = 0;
  while (at < data.length) {
    if (at + 4 > data.length) return "a value that was cut";
    const [channel = 0, index = 0, kind = 0, tariff = 0] = data.subarray(at, at + 4);
    const size = kind === COUNTER ? 8 : 4;
    if (at + 4 + size > data.length) return "a value that was cut";
    const isVersion = channel === VERSION_CHANNEL && kind === 0;
    if (!isVersion && (channel !== 0 || (kind !== MOMENTARY && kind !== COUNTER))) {
      return `a value ${channel}:${index}.${kind}.${tariff}; expected those of channel 0, now (4) or counted (8)`;
    }
    if (!isVersion && tariff === 0) {
      const name = `${index}.${kind}`;
      if (values.has(name)) return `value ${name} stands twice in one message`;
      const value = kind === COUNTER ? Number(data.readBigUInt64BE(at + 4)) : data.readUInt32BE(at + 4);
      values.set(name, value);
    }
    at += 4 + size;
  }
  return values;
}

function observationOf(values: Values): Observation | string {
  const number = (index: number, kind: number, times: number): number | null => {
    const raw = values.get(`${index}.${kind}`);
    return raw === undefined ? null : raw / times;
  };
  // Of drawn and returned power one is 0.
  const watts = (base: number): number | null => {
    const [drawn, returned] = [number(base + DRAWN, MOMENTARY, 10), number(base + RETURNED, MOMENTARY, 10)];
    return drawn === null || returned === null ? null : drawn - returned;
  };
  const wattHours = (index: number): number | null => {
    const joules = number(index, COUNTER, 1);
    return joules === null ? null : Math.round(joules / JOULES_PER_WH);
  };
  const powerW = terminals(PHASE_BASES.map(watts));
  const currentA = terminals(PHASE_CURRENTS.map(index => number(index, MOMENTARY, 1_000)));
  const totalPowerW = watts(0);
  if (totalPowerW === null || powerW.includes(null) || currentA.includes(null)) {
    return "a meter's message without its powers or currents";
  }
  return {
    ...nothingObserved,
    currentA,
    powerW,
    voltageV: terminals(PHASE_VOLTAGES.map(index => number(index, MOMENTARY, 1_000))),
    totalPowerW,
    importWh: wattHours(DRAWN),
    exportWh: wattHours(RETURNED),
  };
}

function refused(reason: string): SpeedwireRead {
  return { kind: "refused", reason };
}
