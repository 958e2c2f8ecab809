import { nothingObserved, PRESENT_FROM_V, sizeOfCurrent, type Terminals, terminals } from "./observation.core.ts";
import { type P1Keys, takeEncrypted, telegramIn } from "./p1-encrypted.ts";
import { checksumProblem, takeTelegrams } from "./p1-frame.core.ts";
import type { TelegramForm, TelegramReading } from "./telegram.port.ts";

/**
 * How a smart meter speaks on its P1 port: DSMR 4 and 5 fast, 2 and 3 slowly and without a checksum. `keys`: it encrypts
 * what it says; what is not encrypted with them is not believed then.
 */
export function p1Form(dsmr: 2 | 3 | 4 | 5, phases: 1 | 3 | null, keys: P1Keys | null): TelegramForm {
  const read = (telegram: string): TelegramReading => {
    const broken = checksumProblem(telegram, dsmr >= 4);
    return broken === null ? readTelegram(telegram, { onePhase: phases === 1 }) : { ok: false, reason: broken };
  };
  return {
    label: "P1",
    serial:
      dsmr >= 4 ? { baudRate: 115_200, dataBits: 8, parity: "none" } : { baudRate: 9_600, dataBits: 7, parity: "even" },
    // DSMR 5 sends every second, earlier ones every ten.
    silentAfterMs: dsmr === 5 ? 5_000 : 15_000,
    direction: "own",
    take: keys === null ? takeTelegrams : takeEncrypted,
    read: telegram => {
      if (keys === null) return read(telegram);
      const opened = telegramIn(telegram, keys);
      return opened.ok ? read(opened.telegram) : opened;
    },
  };
}

type Objects = ReadonlyMap<string, string>;

const CURRENT = ["31.7.0", "51.7.0", "71.7.0"] as const;
const VOLTAGE = ["32.7.0", "52.7.0", "72.7.0"] as const;
const DRAWN = ["21.7.0", "41.7.0", "61.7.0"] as const;
const RETURNED = ["22.7.0", "42.7.0", "62.7.0"] as const;

/** DSMR 2 and 3 tell neither currents nor voltages. */
const NOMINAL_V = 230;

/**
 * Reads a telegram whose checksum holds. `onePhase`: the installer says that the connection has one; only then can a
 * current be told from a telegram that has nothing but a total power.
 */
export function readTelegram(telegram: string, { onePhase }: { readonly onePhase: boolean }): TelegramReading {
  const objects = objectsOf(telegram);
  if (typeof objects === "string") return { ok: false, reason: objects };
  const number = (id: string, unit: Unit): number | null => numberOf(objects.get(id), unit);
  const broken = brokenValue(objects);
  if (broken !== null) return { ok: false, reason: broken };

  const voltageV = terminals(VOLTAGE.map(id => number(id, "V")));
  const ownA = terminals(CURRENT.map(id => number(id, "A")));
  const totalW = net(number("1.7.0", "W"), number("2.7.0", "W"));
  const phasesW = terminals(DRAWN.map((id, at) => net(number(id, "W"), number(RETURNED[at] ?? "", "W"))));
  const isSingle = [1, 2].every(at => ownA[at] === null && phasesW[at] === null);
  const totalOnly = isSingle && ownA[0] === null && voltageV[0] === null;
  if (totalOnly && !onePhase) {
    const words =
      "the telegram tells neither currents nor voltages; only a connection of one phase can be read (phases: 1)";
    return { ok: false, reason: words };
  }
  // Single-phase meters in Flanders tell the total only.
  const powerW = isSingle ? terminals([phasesW[0] ?? totalW]) : phasesW;
  const coarse = terminals(CURRENT.map(id => (objects.get(id)?.includes(".") === true ? 0 : 0.5)));
  const currentA = terminals(
    ([0, 1, 2] as const).map(at => {
      const volts = voltageV[at] ?? (totalOnly ? NOMINAL_V : null);
      return directed(sizeOfCurrent(ownA[at], coarse[at] ?? 0, powerW[at], volts), powerW[at]);
    }),
  );
  return {
    ok: true,
    stamp: objects.get("0-0:1.0.0") ?? null,
    observation: {
      ...nothingObserved,
      currentA,
      powerW,
      voltageV: present(voltageV),
      totalPowerW: totalW,
      importWh: energy(objects, "1.8"),
      exportWh: energy(objects, "2.8"),
    },
  };
}

/** Without a power the direction is unknown and counts as taken from the grid: the side on which charging gets less. */
function directed(sizeA: number | null, watts: number | null): number | null {
  return sizeA === null || watts === null || watts >= 0 ? sizeA : -sizeA;
}

function present(voltageV: Terminals): Terminals {
  return terminals(voltageV.map(volts => (volts !== null && volts >= PRESENT_FROM_V ? volts : null)));
}

/** From a pair of magnitudes, positive from the grid. */
function net(drawnW: number | null, returnedW: number | null): number | null {
  if (drawnW === null && returnedW === null) return null;
  return Math.round((drawnW ?? 0) - (returnedW ?? 0));
}

/** The total counter, else the sum of the tariffs there are. */
function energy(objects: Objects, counter: "1.8" | "2.8"): number | null {
  const wattHours = (id: string): number | null => numberOf(objects.get(`${counter}.${id}`), "Wh");
  const total = wattHours("0");
  const tariffs = [wattHours("1"), wattHours("2")].filter(value => value !== null);
  if (total !== null) return Math.round(total);
  return tariffs.length === 0 ? null : Math.round(tariffs.reduce((sum, value) => sum + value, 0));
}

/** OBIS references of the electricity meter (1-0, shortened to C.D.E) and of the port itself (0-0), with their values. */
function objectsOf(telegram: string): Objects | string {
  const objects = new Map<string, string>();
  for (const line of telegram.split(/\r?\n/)) {
    const match = /^(1-0|0-0):(\d{1,3}\.\d{1,3}\.\d{1,3})\(([^()]*)\)/.exec(line);
    if (match === null) continue;
    const [, medium = "", reference = "", value = ""] = match;
    const name = medium === "1-0" ? reference : `${medium}:${reference}`;
    if (objects.has(name)) return `${medium}:${reference} stands twice in one telegram`;
    objects.set(name, value);
  }
  return objects;
}

type Unit = "A" | "V" | "W" | "Wh";

const UNITS: Readonly<Record<Unit, readonly string[]>> = {
  A: CURRENT,
  V: VOLTAGE,
  W: [...DRAWN, ...RETURNED, "1.7.0", "2.7.0"],
  Wh: ["1.8.0", "1.8.1", "1.8.2", "2.8.0", "2.8.1", "2.8.2"],
};

/** A value that is there but cannot be read spoils the telegram: a phase must not vanish from a sum. */
function brokenValue(objects: Objects): string | null {
  for (const [unit, ids] of Object.entries(UNITS) as [Unit, readonly string[]][]) {
    for (const id of ids) {
      const value = objects.get(id);
      if (value !== undefined && numberOf(value, unit) === null) {
        return `1-0:${id} says "${value.slice(0, 20)}"; expected a number of ${unit === "W" || unit === "Wh" ? `k${unit}` : unit}`;
      }
    }
  }
  return null;
}

/** In A, V, W or Wh; the DSMR tells kW and kWh, some encrypting meters W and Wh. */
function numberOf(value: string | undefined, unit: Unit): number | null {
  const match = /^(\d{1,9}(?:\.\d{1,4})?)\*([A-Za-z]+)$/.exec(value ?? "");
  if (match?.[2] === unit) return Number(match[1]);
  const isKilo = (unit === "W" || unit === "Wh") && match?.[2] === `k${unit}`;
  // Three decimals at most matter; a binary fraction would round 0.001 kW down.
  return isKilo ? Math.round(Number(match[1]) * 10_000) / 10 : null;
}
