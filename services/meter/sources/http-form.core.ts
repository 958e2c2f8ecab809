import { ageOf, observe } from "./json-map.core.ts";
import { observationOf as ofObis, readObisText } from "./obis.core.ts";
import type { Observation } from "./observation.core.ts";
import { obisOfSml } from "./sml.core.ts";
import { payloadOf, takeSmlFiles } from "./sml-frame.core.ts";
import type { HttpSpec } from "./source.port.ts";

export type BodiesRead =
  /** `ageMs`: how old it was when the device answered, as far as the device says so. */
  | { readonly ok: true; readonly observation: Observation; readonly ageMs: number }
  | { readonly ok: false; readonly reason: string };

/** What to ask of a device over HTTP, and how its answers are read. */
export interface HttpForm {
  /** Asked one after the other; each answer is one body. */
  readonly paths: readonly string[];
  /** `power`: a current is a magnitude whose direction its power tells; `own`: it carries its sign itself. */
  readonly direction: "power" | "own";
  /** The device passes on what it last heard of its meter: the same answer twice is no news. */
  readonly isPassedOn: boolean;
  /** A path that is not there tells nothing, and spoils nothing. */
  readonly mayLackPaths: boolean;
  read(bodies: readonly Buffer[]): BodiesRead;
}

/** Devices that answer with JSON. */
export function jsonForm({
  paths,
  passesOn,
  mayLackPaths,
  reading,
}: Pick<HttpSpec, "paths" | "passesOn" | "mayLackPaths" | "reading">): HttpForm {
  const { map, direction } = reading;
  return {
    paths,
    direction,
    isPassedOn: passesOn,
    mayLackPaths,
    read: bodies => {
      const documents: unknown[] = [];
      for (const [at, body] of bodies.entries()) {
        try {
          documents.push(JSON.parse(body.toString("utf8")));
        } catch {
          return { ok: false, reason: `${paths[at] ?? ""}: the answer is no JSON` };
        }
      }
      const ageMs = ageOf(map, documents);
      if (typeof ageMs === "string") return { ok: false, reason: `${paths[0] ?? ""}: ${ageMs}` };
      return { ok: true, observation: observe(map, documents), ageMs: ageMs ?? 0 };
    },
  };
}

/** The bridge of a Tibber Pulse: what the meter said last, as SML or as plain text. */
export function pulseForm(node: number, phases: 1 | 3 | null): HttpForm {
  const path = `/data.json?node_id=${node}`;
  return {
    paths: [path],
    direction: "power",
    isPassedOn: true,
    mayLackPaths: false,
    read: ([body = Buffer.alloc(0)]) => {
      const read = isSml(body) ? obisInSml(body) : readObisText(body.toString("latin1"));
      if (!read.ok) return { ok: false, reason: `${path}: ${read.reason}` };
      const observation = ofObis(read.values, { onePhase: phases === 1 });
      return typeof observation === "string"
        ? { ok: false, reason: `${path}: ${observation}` }
        : { ok: true, observation, ageMs: 0 };
    },
  };
}

const ESCAPE = 0x1b;

function isSml(body: Buffer): boolean {
  return body[0] === ESCAPE;
}

function obisInSml(body: Buffer): ReturnType<typeof obisOfSml> {
  const [file] = takeSmlFiles(body.toString("latin1")).telegrams;
  if (file === undefined) return { ok: false, reason: "an SML file that was cut" };
  const taken = payloadOf(file);
  return taken.ok ? obisOfSml(taken.payload) : taken;
}
