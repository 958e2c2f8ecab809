import {
  nothingObserved,
  type Observation,
  PRESENT_FROM_V,
  sizeOfCurrent,
  type Terminals,
  terminals,
} from "./observation.core.ts";

/** Values of an electricity meter by their reference C.D.E (OBIS, IEC 62056-61), in A, V, W and Wh. */
export type ObisValues = ReadonlyMap<string, number>;

export type ObisRead =
  | { readonly ok: true; readonly values: ObisValues }
  | { readonly ok: false; readonly reason: string };

type Unit = "A" | "V" | "W" | "Wh";

const CURRENT = ["31.7.0", "51.7.0", "71.7.0"] as const;
const VOLTAGE = ["32.7.0", "52.7.0", "72.7.0"] as const;
/** Signed, positive from the grid. */
const POWER = ["36.7.0", "56.7.0", "76.7.0"] as const;
const DRAWN = ["21.7.0", "41.7.0", "61.7.0"] as const;
const RETURNED = ["22.7.0", "42.7.0", "62.7.0"] as const;
/** Where a meter of one phase tells nothing but its power. */
const NOMINAL_V = 230;

const WANTED: Readonly<Record<Unit, readonly string[]>> = {
  A: CURRENT,
  V: VOLTAGE,
  W: [...POWER, ...DRAWN, ...RETURNED, "16.7.0", "1.7.0", "2.7.0"],
  Wh: ["1.8.0", "1.8.1", "1.8.2", "2.8.0", "2.8.1", "2.8.2"],
};

/** The unit a value must have to be what is wanted here; undefined: it is not wanted. */
export function unitOfObis(reference: string): Unit | undefined {
  return (["A", "V", "W", "Wh"] as const).find(unit => WANTED[unit].includes(reference));
}

/**
 * What the values tell, terminal by terminal; text: why nothing can be made of them. `onePhase`: the installer says that
 * the connection has one; only then is a total power a current.
 */
export function observationOf(values: ObisValues, { onePhase }: { readonly onePhase: boolean }): Observation | string {
  const value = (id: string): number | null => values.get(id) ?? null;
  const voltageV = terminals(VOLTAGE.map(value));
  const ownA = terminals(CURRENT.map(value));
  const totalPowerW = value("16.7.0") ?? net(value("1.7.0"), value("2.7.0"));
  const phasesW = terminals(POWER.map((id, at) => value(id) ?? net(value(DRAWN[at] ?? ""), value(RETURNED[at] ?? ""))));
  const isSingle = [1, 2].every(at => ownA[at] === null && phasesW[at] === null && voltageV[at] === null);
  const powerW = isSingle ? terminals([phasesW[0] ?? totalPowerW]) : phasesW;
  const totalOnly = ownA.every(amps => amps === null) && voltageV.every(volts => volts === null);
  if (totalOnly && !onePhase) {
    return "the meter tells neither currents nor voltages; only a connection of one phase can be read so (phases: 1)";
  }
  const currentA = terminals(
    ([0, 1, 2] as const).map(at =>
      sizeOfCurrent(ownA[at], 0, powerW[at], voltageV[at] ?? (totalOnly ? NOMINAL_V : null)),
    ),
  );
  return {
    ...nothingObserved,
    currentA,
    powerW,
    voltageV: present(voltageV),
    totalPowerW,
    importWh: counter(values, "1.8"),
    exportWh: counter(values, "2.8"),
  };
}

function present(voltageV: Terminals): Terminals {
  return terminals(voltageV.map(volts => (volts !== null && volts >= PRESENT_FROM_V ? volts : null)));
}

/** From a pair of magnitudes, positive from the grid. */
function net(drawnW: number | null, returnedW: number | null): number | null {
  return drawnW === null && returnedW === null ? null : (drawnW ?? 0) - (returnedW ?? 0);
}

/** The total, else the sum of the tariffs there are. */
function counter(values: ObisValues, kind: "1.8" | "2.8"): number | null {
  const tariffs = ["1", "2"].map(tariff => values.get(`${kind}.${tariff}`)).filter(value => value !== undefined);
  const sum = tariffs.length === 0 ? null : tariffs.reduce((total, value) => total + value, 0);
  return values.get(`${kind}.0`) ?? sum;
}

const TIMES: Readonly<Record<string, readonly [unit: Unit, times: number]>> = {
  A: ["A", 1],
  V: ["V", 1],
  W: ["W", 1],
  kW: ["W", 1_000],
  Wh: ["Wh", 1],
  kWh: ["Wh", 1_000],
};

/** Values of a readout in plain text (IEC 62056-21), `1-0:16.7.0*255(000123.45*W)` a line. */
export function readObisText(text: string): ObisRead {
  const values = new Map<string, number>();
  for (const line of text.split(/\r?\n/)) {
    const [, reference = "", content = ""] = /^1-0:(\d{1,3}\.\d{1,3}\.\d{1,3})(?:\*255)?\(([^()]*)\)/.exec(line) ?? [];
    const wanted = unitOfObis(reference);
    if (wanted === undefined) continue;
    const [, digits = "", unit = ""] = /^([+-]?\d{1,12}(?:\.\d{1,8})?)\*([A-Za-z]+)$/.exec(content) ?? [];
    const [told, times] = (Object.hasOwn(TIMES, unit) ? TIMES[unit] : undefined) ?? [null, 1];
    if (told !== wanted) {
      return { ok: false, reason: `1-0:${reference} says "${content.slice(0, 20)}"; expected a number of ${wanted}` };
    }
    if (values.has(reference)) return { ok: false, reason: `1-0:${reference} stands twice in one message` };
    values.set(reference, Number(digits) * times);
  }
  return { ok: true, values };
}
