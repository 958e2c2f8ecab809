import { readFileSync } from "node:fs";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { settingValue } from "../contracts/settings.ts";
import { idSchema, PHASES } from "../contracts/units.ts";
import { messageOf, SiteFileError } from "../errors.ts";
import { circuitSchema, problemsOfCircuits } from "./circuits.ts";
import { explainIssues, siteFileError } from "./explain.ts";

/** Text of 1 to `most` characters. */
function text(most: number) {
  const expected = `expected text of 1 to ${most} characters`;
  return z.string(expected).min(1, expected).max(most, expected);
}

function wholeNumber(min: number, max: number) {
  const expected = `expected a whole number ${min}..${max}`;
  return z.number(expected).int(expected).min(min, expected).max(max, expected);
}

const MINIMUM = "expected 6..32 A";
const PART = "expected 0.1..10";
const SUPPLY_MAINS = "expected 201..1000 A: up to 200 A the setting MAINS says it";
const SUPPLY_CIRCUIT = "expected 161..1000 A: up to 160 A the setting CIRCUIT says it";
const SAFE_CURRENT = "expected 0 or 6..32 A";

/** Identity and wiring of one charge point; every service of the site may read it. */
const chargePoint = z
  .strictObject({
    id: idSchema,
    /** Serial number: the SmartEVSE identity `SmartEVSE-<serial>` of this point. */
    serial: wholeNumber(1, 4_294_967_295),
    name: text(40).optional(),
    /** Phases its supply has. */
    phases: z.union([z.literal(1), z.literal(3)]).default(3),
    /** House phase on which each of the point's terminals L1, L2, L3 sits. */
    phaseRotation: z
      .array(z.enum(PHASES))
      .refine(list => list.length === 3 && new Set(list).size === 3, "expected each of l1, l2, l3 once")
      .default(["l1", "l2", "l3"]),
    /** What the point may keep offering when nobody tells it anything: 0, or 6..32 A. */
    safeCurrentA: z
      .number(SAFE_CURRENT)
      .refine(value => value === 0 || (value >= 6 && value <= 32), SAFE_CURRENT)
      .default(0),
    /** What its cars need at least, A per phase, where that is more than MIN: they get that, or wait for their turn. */
    minimumA: z.number(MINIMUM).min(6, MINIMUM).max(32, MINIMUM).optional(),
    /** Its part when there is not enough for all: 2 = twice as much as a point with 1. */
    part: z.number(PART).min(0.1, PART).max(10, PART).default(1),
  })
  .readonly();
export type ChargePoint = z.output<typeof chargePoint>;

const baudRate = z
  .union([
    z.literal(1200),
    z.literal(2400),
    z.literal(4800),
    z.literal(9600),
    z.literal(19200),
    z.literal(38400),
    z.literal(57600),
    z.literal(115200),
  ])
  .default(9600);

/** An RS-485 line or a TCP gateway to one. Exactly one process owns a line. */
const modbusLine = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({
      kind: z.literal("serial"),
      path: text(255),
      baudRate,
      parity: z.enum(["none", "even", "odd"]).default("none"),
      stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
    }),
    z.strictObject({
      kind: z.literal("tcp"),
      host: text(255),
      port: wholeNumber(1, 65_535).default(502),
    }),
    /** RTU over TCP: the gateway passes serial frames on as they are; its port differs by make. */
    z.strictObject({
      kind: z.literal("rtu-tcp"),
      host: text(255),
      port: wholeNumber(1, 65_535),
      /** Of the line behind the gateway: how long a frame takes there. */
      baudRate,
    }),
  ],
  "expected kind serial, tcp or rtu-tcp",
);
export type ModbusLine = z.output<typeof modbusLine>;

/** Fuses of a large site: what MAINS and CIRCUIT mean while they stand at the most that they can say, A per phase. */
const supply = z
  .strictObject({
    mainsA: z.number(SUPPLY_MAINS).min(201, SUPPLY_MAINS).max(1_000, SUPPLY_MAINS).optional(),
    circuitA: z.number(SUPPLY_CIRCUIT).min(161, SUPPLY_CIRCUIT).max(1_000, SUPPLY_CIRCUIT).optional(),
  })
  .readonly();
export type Supply = z.output<typeof supply>;

/** The node of instances that name none, and of a process that runs everything. */
export const WHOLE_SITE = "main";

/** One service instance. What else it holds is checked by its own schema, named in the registry. */
const instance = z.looseObject({
  service: text(40),
  id: idSchema.optional(),
  node: idSchema.optional(),
});

const siteFile = z.strictObject({
  site: idSchema,
  name: text(60).optional(),
  chargePoints: z.array(chargePoint).min(1, "expected at least one charge point"),
  lines: z.record(idSchema, modbusLine).default({}),
  supply: supply.default({}),
  /** Circuits between the supply and the charge points, any depth. */
  circuits: z.array(circuitSchema).default([]),
  services: z.array(instance).min(1, "expected at least one service"),
  /** Settings of a site that has no stored ones yet. */
  settings: z
    .strictObject({
      site: z.record(z.string(), settingValue).default({}),
      points: z.record(idSchema, z.record(z.string(), settingValue)).default({}),
    })
    .default({ site: {}, points: {} }),
});
export type Site = z.output<typeof siteFile> & { readonly file: string };
export type ServiceInstance = z.output<typeof instance>;

/** The keys of every mapping of fixed keys, for the one who mistyped one. */
function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  const [top, , inner] = path;
  if (path.length === 0) return Object.keys(siteFile.shape);
  if (top === "circuits") return Object.keys(circuitSchema.unwrap().shape);
  if (top === "chargePoints") return Object.keys(chargePoint.unwrap().shape);
  if (top === "supply") return Object.keys(supply.unwrap().shape);
  if (top === "settings") return ["site", "points"];
  if (top === "lines" && inner === undefined) {
    return [...new Set(modbusLine.options.flatMap(option => Object.keys(option.shape)))];
  }
  return [];
}

/** A site of hundreds of points has some 100,000. */
const MOST_CHARACTERS = 4_000_000;

/** Reads and checks a site file. Throws `SiteFileError` naming the file, the key and what would be right. */
export function readSiteFile(file: string): Site {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new SiteFileError(`${file}: ${whyUnread(error)}`, { cause: error });
  }
  if (text.length > MOST_CHARACTERS) {
    throw new SiteFileError(`${file}: expected at most ${MOST_CHARACTERS} characters, got ${text.length}`);
  }
  return parseSite(text, file);
}

/** What a person does about it is in the words, not in the system's code. */
function whyUnread(error: unknown): string {
  switch ((error as { readonly code?: unknown }).code) {
    case "ENOENT":
      return "there is no such file";
    case "EISDIR":
      return "expected a site file, got a directory";
    case "EACCES":
      return "this user may not read it (permission denied)";
    default:
      return `cannot be read: ${messageOf(error)}`;
  }
}

/** As `readSiteFile`, from text. */
export function parseSite(text: string, file: string): Site {
  let raw: unknown;
  try {
    // Odd keys are refused below, by name; the library need not warn about them as well.
    raw = parseYaml(text, { logLevel: "error" });
  } catch (error) {
    const why = /call stack/.test(messageOf(error)) ? "nested too deeply" : messageOf(error);
    throw new SiteFileError(`${file}: not YAML: ${why}`, { cause: error });
  }
  const parsed = siteFile.safeParse(raw, { reportInput: true });
  if (!parsed.success) throw siteFileError(file, explainIssues(parsed.error, knownKeys), { cause: parsed.error });
  const site = { ...parsed.data, file };
  const problems = [
    ...repeated(site.chargePoints, "chargePoints", "id", point => point.id),
    ...repeated(site.chargePoints, "chargePoints", "serial", point => String(point.serial)),
    ...repeated(site.circuits, "circuits", "id", circuit => circuit.id),
    ...repeated(site.services, "services", "id", wanted => `${nameOfInstance(wanted)} on ${wanted.node ?? WHOLE_SITE}`),
  ];
  const all = problems.length > 0 ? problems : problemsOfCircuits(site);
  if (all.length > 0) throw siteFileError(file, all);
  return site;
}

/** Name under which an instance is known on the bus: `pilot-left`, `settings`. */
export function nameOfInstance(wanted: ServiceInstance): string {
  return wanted.id === undefined ? wanted.service : `${wanted.service}-${wanted.id}`;
}

/** The instances a node runs: its own when it has a name, each of them once when it has none. */
export function instancesOf(site: Site, nodeId: string | undefined): readonly ServiceInstance[] {
  if (nodeId === undefined) {
    const names = site.services.map(nameOfInstance);
    return site.services.filter((_wanted, index) => names.indexOf(names[index] ?? "") === index);
  }
  const own = site.services.filter(wanted => (wanted.node ?? WHOLE_SITE) === nodeId);
  if (own.length > 0) return own;
  const nodes = nodesOf(site).join(", ");
  throw new SiteFileError(`${site.file}: NODE_ID=${nodeId} names no node of this site; expected one of: ${nodes}`);
}

/** The nodes that carry a service. More than one: one of them is active, the others stand by. */
export function nodesCarrying(site: Site, service: string): readonly string[] {
  return site.services.filter(wanted => wanted.service === service).map(({ node }) => node ?? WHOLE_SITE);
}

/** Every node the site file names, `main` for instances that name none. */
export function nodesOf(site: Site): readonly string[] {
  return [...new Set(site.services.map(wanted => wanted.node ?? WHOLE_SITE))];
}

function repeated<T>(list: readonly T[], path: string, key: string, nameOf: (entry: T) => string): readonly string[] {
  const names = list.map(nameOf);
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    return first === index ? [] : [`${path}[${index}].${key}: ${name} stands at ${path}[${first}] already`];
  });
}
