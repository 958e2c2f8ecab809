import type { ServiceInstance, Site } from "./site-file.ts";

/** A Modbus line an instance uses, and where in its part of the site file that stands. */
export interface LineUse {
  readonly index: number;
  readonly line: string;
  readonly path: string;
}

/** What is wrong between the instances of a site: each one may be right by itself. Problems in words, with their path. */
export function problemsOfPlacement(site: Site, lineUses: readonly LineUse[]): readonly string[] {
  return [...problemsOfPoints(site), ...problemsOfReaders(site), ...problemsOfLines(site, lineUses)];
}

export function nodeOf(instance: ServiceInstance): string {
  return instance.node ?? "main";
}

/**
 * Every charge point has an `evse` and a `pilot`, on one node: without NATS the point keeps its reflexes, its session
 * and its safe current only while both share a process.
 */
function problemsOfPoints(site: Site): readonly string[] {
  return site.chargePoints.flatMap((point, index) => {
    const [evse, pilot] = ["evse", "pilot"].map(service =>
      site.services.findIndex(instance => instance.service === service && instance.id === point.id),
    ) as [number, number];
    const path = `chargePoints[${index}]`;
    const missing = [evse < 0 ? "evse" : "", pilot < 0 ? "pilot" : ""].filter(name => name !== "");
    if (missing.length > 0) {
      return [
        `${path}: charge point "${point.id}" has no ${missing.join(" and no ")}; add { service: ${missing[0] ?? ""}, id: ${point.id} } to services`,
      ];
    }
    const nodes = [site.services[evse], site.services[pilot]].map(instance => (instance ? nodeOf(instance) : ""));
    if (nodes[0] === nodes[1]) return [];
    return [
      `services[${pilot}].node: pilot "${point.id}" is on ${nodes[1] ?? ""} and its evse (services[${evse}]) on ${nodes[0] ?? ""}; ` +
        "expected the same node, because a charge point must stay safe without NATS",
    ];
  });
}

/** The card reader of a point is where its `evse` is: a card must work while NATS is away. */
function problemsOfReaders(site: Site): readonly string[] {
  return site.services.flatMap((reader, index) => {
    if (reader.service !== "rfid") return [];
    const evse = site.services.find(({ service, id }) => service === "evse" && id === reader.id);
    if (evse === undefined || nodeOf(evse) === nodeOf(reader)) return [];
    return [
      `services[${index}].node: rfid "${String(reader.id)}" is on ${nodeOf(reader)} and its evse on ${nodeOf(evse)}; ` +
        "expected the same node, because a card must work without NATS",
    ];
  });
}

/** A line is known, and all who use it are on one node: exactly one process owns a line. */
function problemsOfLines(site: Site, lineUses: readonly LineUse[]): readonly string[] {
  const owner = new Map<string, { node: string; index: number }>();
  return lineUses.flatMap(({ index, line, path }) => {
    const at = `services[${index}].${path}`;
    if (!Object.hasOwn(site.lines, line)) {
      const known = Object.keys(site.lines);
      return [
        `${at}: there is no line "${line}"; ${known.length > 0 ? `expected one of: ${known.join(", ")}` : "lines is empty"}`,
      ];
    }
    const instance = site.services[index];
    const node = instance === undefined ? "" : nodeOf(instance);
    const first = owner.get(line);
    if (first === undefined) {
      owner.set(line, { node, index });
      return [];
    }
    if (first.node === node) return [];
    return [
      `${at}: line "${line}" is used on ${node} and by services[${first.index}] on ${first.node}; ` +
        "expected one node, because exactly one process owns a line",
    ];
  });
}
