import type { ServiceSchema } from "moleculer";
import type { z } from "zod";
import { knownKeysOf } from "../known-keys.ts";
import { didYouMean } from "../nearest.ts";
import { explainIssues, siteFileError } from "./explain.ts";
import { problemsOfPlacement } from "./placement.ts";
import { instancesOf, nameOfInstance, type ServiceInstance, type Site } from "./site-file.ts";

/** A Modbus line named in an instance's part of the site file: `{ line: "din-rail", path: "driver.line" }`. */
export interface NamedLine {
  readonly line: string;
  readonly path: string;
}

export interface EntryOptions<Around, Schema extends z.ZodType> {
  readonly service: string;
  /** What `id` must be: a charge point's, any, or absent. */
  readonly id: "charge-point" | "any" | "none";
  readonly config: Schema;
  readonly linesOf?: (config: z.output<Schema>, site: Site) => readonly NamedLine[];
  /** What the schema cannot know: other parts of the site file. Problems begin with the path of the key. */
  readonly problemsIn?: (config: z.output<Schema>, site: Site) => readonly string[];
  /** It may stand on several nodes at once: `standby`, one of them is active; `each`, every one serves its own node. */
  readonly several?: "standby" | "each";
  readonly create: (around: Around, config: z.output<Schema>, instance: ServiceInstance) => ServiceSchema;
}

/** One service a site file may name. */
export interface Entry<Around> {
  readonly service: string;
  readonly several: "standby" | "each" | "no";
  readonly check: (instance: ServiceInstance, site: Site) => readonly string[];
  readonly linesOf: (instance: ServiceInstance, site: Site) => readonly NamedLine[];
  readonly create: (around: Around, instance: ServiceInstance) => ServiceSchema;
}

export function entry<Around, Schema extends z.ZodType>(options: EntryOptions<Around, Schema>): Entry<Around> {
  return {
    service: options.service,
    several: options.several ?? "no",
    check(instance, site) {
      const parsed = options.config.safeParse(partOf(instance), { reportInput: true });
      return [
        ...problemsOfId(options.id, instance, site),
        ...(parsed.success
          ? (options.problemsIn?.(parsed.data, site) ?? [])
          : explainIssues(parsed.error, knownKeysOf(options.config))),
      ];
    },
    linesOf(instance, site) {
      const parsed = options.config.safeParse(partOf(instance));
      return parsed.success ? (options.linesOf?.(parsed.data, site) ?? []) : [];
    },
    create: (around, instance) => options.create(around, options.config.parse(partOf(instance)), instance),
  };
}

/** What an instance holds beside its name and place: the part that is the service's own. */
function partOf(instance: ServiceInstance): unknown {
  return Object.fromEntries(Object.entries(instance).filter(([key]) => !["service", "id", "node"].includes(key)));
}

/**
 * Lets each entry check its own part, then what holds between the parts. Throws one `SiteFileError` that names every
 * problem with its path, `services[3].link.port: expected ...`, before anything starts.
 */
export function checkSite<Around>(
  site: Site,
  entries: readonly Entry<Around>[],
  alreadyFound: readonly string[] = [],
): void {
  const problems: string[] = [];
  const lineUses: { index: number; line: string; path: string }[] = [];
  site.services.forEach((instance, index) => {
    const known = entries.find(candidate => candidate.service === instance.service);
    if (known === undefined) {
      problems.push(`services[${index}].service: ${unknownService(instance.service, entries)}`);
      return;
    }
    for (const problem of known.check(instance, site)) problems.push(`services[${index}].${problem}`);
    lineUses.push(...known.linesOf(instance, site).map(use => ({ index, ...use })));
  });
  problems.push(...problemsOfSeveral(site, entries));
  problems.push(...problemsOfPlacement(site, lineUses), ...alreadyFound);
  if (problems.length > 0) throw siteFileError(site.file, problems);
}

/** The services of one node, in the order of the site file. */
export function createServices<Around>(
  site: Site,
  node: string | undefined,
  entries: readonly Entry<Around>[],
  around: Around,
): readonly ServiceSchema[] {
  return instancesOf(site, node).flatMap(instance =>
    entries.filter(known => known.service === instance.service).map(known => known.create(around, instance)),
  );
}

/** What may stand only once stands on two nodes. */
function problemsOfSeveral<Around>(site: Site, entries: readonly Entry<Around>[]): readonly string[] {
  const names = site.services.map(nameOfInstance);
  const allowed = entries.filter(({ several }) => several !== "no").map(({ service }) => service);
  return site.services.flatMap((instance, index) => {
    const first = names.indexOf(names[index] ?? "");
    if (first === index || allowed.includes(instance.service)) return [];
    const may = allowed.length === 0 ? "nothing" : allowed.join(", ");
    return [
      `services[${index}].node: ${names[index] ?? ""} stands at services[${first}] already; on several nodes may stand: ${may}`,
    ];
  });
}

function problemsOfId(kind: "charge-point" | "any" | "none", instance: ServiceInstance, site: Site): readonly string[] {
  const { id } = instance;
  const points = site.chargePoints.map(point => point.id);
  if (kind === "none") {
    return id === undefined ? [] : [`id: ${instance.service} stands once per site; expected no id, got "${id}"`];
  }
  if (id === undefined) {
    const expected = kind === "charge-point" ? `one of the charge points: ${points.join(", ")}` : "a name of its own";
    return [`id: is missing; expected ${expected}`];
  }
  if (kind === "any" || points.includes(id)) return [];
  return [`id: there is no charge point "${id}"; expected one of: ${points.join(", ")}`];
}

function unknownService<Around>(wanted: string, entries: readonly Entry<Around>[]): string {
  const known = entries.map(candidate => candidate.service);
  return `there is no service "${wanted}"${didYouMean(wanted, known)} Expected one of: ${known.join(", ")}`;
}
