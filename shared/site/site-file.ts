import { readFileSync } from "node:fs";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { describeIssues } from "../contracts/define.ts";
import { idSchema, PHASES } from "../contracts/units.ts";
import { messageOf, SiteFileError } from "../errors.ts";

/** Identity and wiring of one charge point; every service of the site may read it. */
const chargePoint = z
  .strictObject({
    id: idSchema,
    /** Serial number: the SmartEVSE identity `SmartEVSE-<serial>` of this point. */
    serial: z.number().int().min(1).max(4_294_967_295),
    name: z.string().min(1).max(40).optional(),
    /** Phases its supply has. */
    phases: z.union([z.literal(1), z.literal(3)]).default(3),
    /** House phase on which each of the point's terminals L1, L2, L3 sits. */
    phaseRotation: z
      .array(z.enum(PHASES))
      .length(3)
      .refine(list => new Set(list).size === 3, "expected each of l1, l2, l3 once")
      .default(["l1", "l2", "l3"]),
    /** What the point may keep offering when nobody tells it anything: 0, or 6..32 A. */
    safeCurrentA: z
      .number()
      .min(0)
      .max(32)
      .refine(value => value === 0 || value >= 6, "expected 0 or 6..32 A")
      .default(0),
  })
  .readonly();
export type ChargePoint = z.output<typeof chargePoint>;

/** An RS-485 line or a TCP gateway to one. Exactly one process owns a line. */
const modbusLine = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("serial"),
    path: z.string().min(1),
    baudRate: z
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
      .default(9600),
    parity: z.enum(["none", "even", "odd"]).default("none"),
    stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
  }),
  z.strictObject({
    kind: z.literal("tcp"),
    host: z.string().min(1),
    port: z.number().int().min(1).max(65_535).default(502),
  }),
]);
export type ModbusLine = z.output<typeof modbusLine>;

/** One service instance. What else it holds is checked by its own schema, named in the registry. */
const instance = z.looseObject({
  service: z.string().min(1),
  id: idSchema.optional(),
  node: idSchema.optional(),
});

const siteFile = z.strictObject({
  site: idSchema,
  name: z.string().min(1).max(60).optional(),
  chargePoints: z.array(chargePoint).min(1),
  lines: z.record(idSchema, modbusLine).default({}),
  services: z.array(instance).min(1),
  /** Settings of a site that has no stored ones yet. */
  settings: z
    .strictObject({
      site: z.record(z.string(), z.union([z.number(), z.string()])).default({}),
      points: z.record(idSchema, z.record(z.string(), z.union([z.number(), z.string()]))).default({}),
    })
    .default({ site: {}, points: {} }),
});
export type Site = z.output<typeof siteFile> & { readonly file: string };
export type ServiceInstance = z.output<typeof instance>;

/** Reads and checks a site file. Throws `SiteFileError` naming the file, the key and what would be right. */
export function readSiteFile(file: string): Site {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new SiteFileError(`${file}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return parseSite(text, file);
}

/** As `readSiteFile`, from text. */
export function parseSite(text: string, file: string): Site {
  let raw: unknown;
  try {
    raw = parseYaml(text);
  } catch (error) {
    throw new SiteFileError(`${file}: not YAML: ${messageOf(error)}`, { cause: error });
  }
  const parsed = siteFile.safeParse(raw);
  if (!parsed.success) throw new SiteFileError(`${file}: ${describeIssues(parsed.error)}`, { cause: parsed.error });
  const site = { ...parsed.data, file };
  requireUnique(
    site,
    "chargePoints",
    site.chargePoints.map(point => point.id),
    "id",
  );
  requireUnique(
    site,
    "chargePoints",
    site.chargePoints.map(point => String(point.serial)),
    "serial",
  );
  requireUnique(site, "services", site.services.map(nameOfInstance), "service and id");
  return site;
}

/** Name under which an instance is known on the bus: `pilot-left`, `settings`. */
export function nameOfInstance(wanted: ServiceInstance): string {
  return wanted.id === undefined ? wanted.service : `${wanted.service}-${wanted.id}`;
}

/** The instances a node runs: its own when it has a name, all of them when it has none. */
export function instancesOf(site: Site, nodeId: string | undefined): readonly ServiceInstance[] {
  if (nodeId === undefined) return site.services;
  const own = site.services.filter(wanted => (wanted.node ?? "main") === nodeId);
  if (own.length > 0) return own;
  const nodes = nodesOf(site).join(", ");
  throw new SiteFileError(`${site.file}: NODE_ID=${nodeId} names no node of this site; expected one of: ${nodes}`);
}

/** Every node the site file names, `main` for instances that name none. */
export function nodesOf(site: Site): readonly string[] {
  return [...new Set(site.services.map(wanted => wanted.node ?? "main"))];
}

function requireUnique(site: { readonly file: string }, where: string, values: readonly string[], what: string): void {
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice !== undefined) throw new SiteFileError(`${site.file}: ${where}: ${what} ${twice} stands there twice`);
}
