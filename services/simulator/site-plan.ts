import type { Phase } from "../../shared/contracts/units.ts";
import { SiteFileError } from "../../shared/errors.ts";
import type { ChargePoint } from "../../shared/site/site-file.ts";
import { CAR_KINDS } from "./car-kinds.core.ts";
import type { Wiring } from "./plant.core.ts";
import { type Appointment, type Command, type Names, parseAppointment } from "./scenario.core.ts";
import { nameOfMeter, type SimulatorConfig } from "./simulator.config.ts";
import type { PointPlan, SitePlan } from "./site-state.core.ts";

interface SiteWithPoints {
  readonly file: string;
  readonly chargePoints: readonly ChargePoint[];
}

/** The cars of a point for which the site file names none. */
const ANY_CAR = { kind: "ev3p16", energyKWh: 40, socketPpOhm: 220 } as const;

/** The things that scenario words can name. */
export function namesOf(config: SimulatorConfig): Names {
  return { points: Object.keys(config.boards), meters: config.meters.map(nameOfMeter) };
}

/** What the schema cannot see: names that fit nothing, two things in one place, words that are not understood. */
export function problemsInSimulator(config: SimulatorConfig, site: SiteWithPoints): readonly string[] {
  const boards = Object.keys(config.boards);
  const points = site.chargePoints.map(point => point.id);
  const noBoard = (path: string, evseId: string): readonly string[] =>
    boards.includes(evseId) ? [] : [`${path}: ${evseId} has no simulated board; expected one of ${listed(boards)}`];
  const names = namesOf(config);
  return [
    ...boards
      .filter(evseId => !points.includes(evseId))
      .map(evseId => `boards.${evseId}: there is no such charge point; expected one of ${points.join(", ")}`),
    ...Object.keys(config.cars).flatMap(evseId => noBoard(`cars.${evseId}`, evseId)),
    ...config.meters.flatMap((meter, index) => [
      ...(meter.role === "ev" ? noBoard(`meters[${index}].evseId`, meter.evseId) : []),
      ...problemsOfPlace(config.meters, index),
    ]),
    ...portsTwice(config),
    ...config.scenario.flatMap((line, index) => {
      const parsed = parseAppointment(line, names);
      return parsed.ok ? [] : [`scenario[${index}]: ${parsed.error}`];
    }),
  ];
}

/** Makes the simulated site from its part of the site file. */
export function planSite(config: SimulatorConfig, site: SiteWithPoints): SitePlan {
  const problems = problemsInSimulator(config, site);
  if (problems.length > 0) throw new SiteFileError(`${site.file}: simulator: ${problems.join("; ")}`);
  return {
    points: site.chargePoints
      .filter(point => config.boards[point.id] !== undefined)
      .map(point => pointOf(point, config)),
    meters: config.meters.map(meter => ({
      name: nameOfMeter(meter),
      evseId: meter.role === "mains" ? null : meter.evseId,
    })),
    house: config.house,
    roofPeakW: config.roofPeakW,
    sky: config.sky,
    appointments: appointmentsOf(config),
    speed: config.speed,
  };
}

/** The scenario, and the visits of the cars. */
function appointmentsOf(config: SimulatorConfig): readonly Appointment[] {
  const names = namesOf(config);
  const said = config.scenario
    .map(line => parseAppointment(line, names))
    .flatMap(line => (line.ok ? [line.value] : []));
  const visits = Object.entries(config.cars).flatMap(([evseId, { plugAfterS, unplugAfterS }]) => [
    ...appointment(plugAfterS, `plug ${evseId}`, { kind: "plug", evseId, plugged: true }),
    ...appointment(unplugAfterS, `unplug ${evseId}`, { kind: "plug", evseId, plugged: false }),
  ]);
  return [...visits, ...said];
}

function appointment(atS: number | undefined, words: string, command: Command): readonly Appointment[] {
  return atS === undefined ? [] : [{ atS, words, command }];
}

function problemsOfPlace(meters: SimulatorConfig["meters"], index: number): readonly string[] {
  const meter = meters[index];
  if (meter === undefined) return [];
  const before = meters.slice(0, index);
  const problems: string[] = [];
  if (before.some(other => nameOfMeter(other) === nameOfMeter(meter))) {
    problems.push(`meters[${index}]: there is already a meter ${nameOfMeter(meter)}`);
  }
  if (before.some(other => other.port === meter.port && other.unit === meter.unit)) {
    problems.push(`meters[${index}].unit: unit ${meter.unit} on port ${meter.port} is taken by another meter`);
  }
  return problems;
}

/** A port serves one board, or meters. */
function portsTwice(config: SimulatorConfig): readonly string[] {
  const used = new Map(config.meters.map(({ port }, index) => [port, `meters[${index}].port`]));
  return Object.entries(config.boards).flatMap(([evseId, { port }]) => {
    const path = `boards.${evseId}.port`;
    const other = used.get(port);
    used.set(port, path);
    return other === undefined ? [] : [`${path}: ${port} is also ${other}; expected a port of its own`];
  });
}

function pointOf(point: ChargePoint, config: SimulatorConfig): PointPlan {
  const { kind, energyKWh, socketPpOhm } = config.cars[point.id] ?? ANY_CAR;
  return {
    evseId: point.id,
    car: { ...CAR_KINDS[kind], energyKWh },
    wiring: wiringOf(point),
    ppOhm: socketPpOhm,
  };
}

/** Index of the house phase of each terminal. The site file has checked that it names three different ones. */
function wiringOf(point: ChargePoint): Wiring {
  const [l1 = "l1", l2 = "l2", l3 = "l3"] = point.phaseRotation;
  const index = (phase: Phase): 0 | 1 | 2 => (phase === "l1" ? 0 : phase === "l2" ? 1 : 2);
  return [index(l1), index(l2), index(l3)];
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "none, as boards names no board" : names.join(", ");
}
