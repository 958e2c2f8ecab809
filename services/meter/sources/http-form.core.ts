import { observe } from "./json-map.core.ts";
import { observationOf as ofObis, readObisText } from "./obis.core.ts";
import type { Observation } from "./observation.core.ts";
import { obisOfSml } from "./sml.core.ts";
import { payloadOf, takeSmlFiles } from "./sml-frame.core.ts";
import type { JsonReading } from "./source.port.ts";

export type BodiesRead =
  | { readonly ok: true; readonly observation: Observation }
  | { readonly ok: false; readonly reason: string };

/** What to ask of a device over HTTP, and how its answers are read. */
export interface HttpForm {
  /** Asked one after the other; each answer is one body. */
  readonly paths: readonly string[];
  /** `power`: a current is a magnitude whose direction its power tells; `own`: it carries its sign itself. */
  readonly direction: "power" | "own";
  /** The device passes on what it last heard of its meter: the same answer twice is no news. */
  readonly isPassedOn: boolean;
  read(bodies: readonly Buffer[]): BodiesRead;
}

/** Devices that answer with JSON. */
export function jsonForm(paths: readonly string[], { map, direction }: JsonReading): HttpForm {
  return {
    paths,
    direction,
    isPassedOn: false,
    read: bodies => {
      const documents: unknown[] = [];
      for (const [at, body] of bodies.entries()) {
        try {
          documents.push(JSON.parse(body.toString("utf8")));
        } catch {
          return { ok: false, reason: `${paths[at] ?? ""}: the answer is no JSON` };
        }
      }
      return { ok: true, observation: observe(map, documents) };
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
    read: ([body = Buffer.alloc(0)]) => {
      const read = isSml(body) ? obisInSml(body) : readObisText(body.toString("latin1"));
      if (!read.ok) return { ok: false, reason: `${path}: ${read.reason}` };
      const observation = ofObis(read.values, { onePhase: phases === 1 });
      return typeof observation === "string"
        ? { ok: false, reason: `${path}: ${observation}` }
        : { ok: true, observation };
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
