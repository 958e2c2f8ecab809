import { PHASES } from "../../../shared/contracts/units.ts";

/** Where the parts of a simulated large site are met. */
export interface ScalePorts {
  readonly http: number;
  readonly mains: number;
  /** One line of EV meters for each process of points. */
  readonly lines: readonly number[];
  /** One board for each point. */
  readonly boards: readonly number[];
}

export const POINTS_PER_PROCESS = 50;
/** Meters may have the addresses 10 to 247. */
const FIRST_UNIT = 10;
export const MAINS_UNIT = FIRST_UNIT;
/** What the house takes on each phase beside the cars. */
export const HOUSE_A = 10;
/** What the fuse leaves each car when all of them charge. */
const SHARE_A = 10;

export const pointId = (index: number): string => `p${index}`;
export const processOf = (index: number): number => Math.floor(index / POINTS_PER_PROCESS);
/** Unit of a point's meter on its line. */
export const unitOf = (index: number): number => (index % POINTS_PER_PROCESS) + FIRST_UNIT;

export function nodesOf(points: number): readonly string[] {
  return ["core", ...Array.from({ length: processOf(points - 1) + 1 }, (_none, index) => `points-${index}`), "api"];
}

/** The main fuse: each of the single-phase cars, spread over the phases, gets about the same. */
export function fuseA(points: number): number {
  return HOUSE_A + Math.ceil(points / 3) * SHARE_A;
}

/** A site file as an installer of many single-phase points would write it: the cars turn round the phases of the house. */
export function scaleSiteText(points: number, ports: ScalePorts): string {
  const indices = Array.from({ length: points }, (_none, index) => index);
  const fuse = fuseA(points);
  const largeFuse = Math.max(201, fuse);
  return `
site: scale
supply: { mainsA: ${largeFuse}, circuitA: ${largeFuse} }
chargePoints:
${indices.map(i => `  - { id: ${pointId(i)}, serial: ${i + 1}, phases: 1, phaseRotation: [${rotation(i)}] }`).join("\n")}
lines:
  mains: { kind: tcp, host: 127.0.0.1, port: ${ports.mains} }
${ports.lines.map((port, index) => `  ev-${index}: { kind: tcp, host: 127.0.0.1, port: ${port} }`).join("\n")}
services:
  - { service: settings, node: core }
  - { service: balancer, node: core }
  - { service: limits, node: core }
  - { service: meter, id: mains, node: core, role: mains, driver: { kind: setting, line: mains } }
  - { service: api, node: api, port: ${ports.http} }
${indices.map(i => instancesOf(i, ports)).join("\n")}
settings:
  site: { current_main: ${Math.min(200, fuse)}, current_max_circuit: 160, mains_meter: 4, mains_meter_address: ${MAINS_UNIT} }
  points:
${indices.map(i => `    ${pointId(i)}: { mode: 1, current_max: 16, ev_meter: 4, ev_meter_address: ${unitOf(i)} }`).join("\n")}
`;
}

function rotation(index: number): string {
  return [0, 1, 2].map(terminal => PHASES[(index + terminal) % 3]).join(", ");
}

function instancesOf(index: number, { boards }: ScalePorts): string {
  const id = pointId(index);
  const node = `points-${processOf(index)}`;
  const line = `ev-${processOf(index)}`;
  return `  - { service: evse, id: ${id}, node: ${node} }
  - { service: pilot, id: ${id}, node: ${node}, link: { kind: tcp, port: ${boards[index]} } }
  - { service: meter, id: ev-${id}, node: ${node}, role: ev, evseId: ${id}, driver: { kind: setting, line: ${line} } }`;
}
