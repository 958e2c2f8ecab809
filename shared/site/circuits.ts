import { z } from "zod";
import { idSchema } from "../contracts/units.ts";

const LIMIT = "expected 6..1000 A, or { l1, l2, l3 } of them";
const amps = z.number(LIMIT).min(6, LIMIT).max(1_000, LIMIT);

/** A circuit below the one of all points: what feeds it, what it carries, who is on it. */
export const circuitSchema = z
  .strictObject({
    id: idSchema,
    /** Its fuse, the same on each phase of the house, or one for each. */
    limitA: z.union([amps, z.strictObject({ l1: amps, l2: amps, l3: amps })], LIMIT),
    /** The circuit that feeds it; left out: that of all points, with the setting CIRCUIT. */
    parent: idSchema.optional(),
    /** Charge points on it, beside those of the circuits below it. */
    points: z.array(idSchema).default([]),
    /** Id of the meter of role `circuit` at its head. */
    meter: idSchema.optional(),
  })
  .readonly();
export type SiteCircuit = z.output<typeof circuitSchema>;

/** What of a site its circuits are set against. */
interface Part {
  readonly circuits: readonly SiteCircuit[];
  readonly chargePoints: readonly { readonly id: string }[];
  readonly services: readonly {
    readonly service: string;
    readonly id?: string | undefined;
    readonly [key: string]: unknown;
  }[];
}

/** A circuit with every point below it, as those need it who regulate. */
export interface CircuitPlan {
  readonly id: string;
  readonly limitA: readonly [number, number, number];
  readonly members: readonly string[];
  readonly meterId: string | null;
}

/** The circuits of a site that `problemsOfCircuits` has let pass. */
export function circuitPlans({ circuits }: Pick<Part, "circuits">): readonly CircuitPlan[] {
  return circuits.map(circuit => {
    const { id, limitA, meter } = circuit;
    const perPhase = typeof limitA === "number" ? { l1: limitA, l2: limitA, l3: limitA } : limitA;
    return {
      id,
      limitA: [perPhase.l1, perPhase.l2, perPhase.l3],
      members: circuits.filter(other => chainOf(other, circuits).includes(id)).flatMap(({ points }) => points),
      meterId: meter ?? null,
    };
  });
}

/** A meter of role `circuit` that no circuit names measures that of all points. */
export function measuresAllPoints({ circuits }: Pick<Part, "circuits">, meterId: string | undefined): boolean {
  return !circuits.some(({ meter }) => meter !== undefined && meter === meterId);
}

/** What is wrong with the circuits, each with its path and what would be right. */
export function problemsOfCircuits(site: Part): readonly string[] {
  const found = [...problemsOfParents(site), ...problemsOfPoints(site), ...problemsOfMeters(site)];
  // Who is below whom says nothing before the parents are right.
  return found.length > 0 ? found : problemsOfEmpty(site);
}

function problemsOfParents({ circuits }: Part): readonly string[] {
  return circuits.flatMap(({ id, parent }, index) => {
    const path = `circuits[${index}].parent`;
    if (parent === undefined) return [];
    const others = circuits.filter(other => other.id !== id).map(other => other.id);
    if (parent !== id && !others.includes(parent)) {
      const expected = others.length === 0 ? "none, as there is no other circuit" : `one of: ${others.join(", ")}`;
      return [`${path}: there is no circuit "${parent}"; expected ${expected}`];
    }
    const chain = chainOf({ id, parent }, circuits);
    const feeder = circuits.find(other => other.id === chain.at(-1))?.parent;
    // A loop is told once, where it is first met.
    const first = circuits.findIndex(other => chain.includes(other.id));
    if (feeder === undefined || feeder !== id || first !== index) return [];
    return [`${path}: circuit "${id}" feeds itself: ${[...chain, id].join(" < ")}; expected no loop`];
  });
}

function problemsOfPoints({ circuits, chargePoints }: Part): readonly string[] {
  const known = chargePoints.map(({ id }) => id);
  const places = circuits.flatMap(({ points }, index) =>
    points.map((point, place) => ({ point, index, path: `circuits[${index}].points[${place}]` })),
  );
  return places.flatMap(({ point, path }, order) => {
    if (!known.includes(point)) {
      return [`${path}: there is no charge point "${point}"; expected one of: ${known.join(", ")}`];
    }
    const first = places.findIndex(other => other.point === point);
    if (first === order) return [];
    const { index } = places[first] ?? { index: 0 };
    return [
      `${path}: charge point "${point}" stands in circuit "${circuits[index]?.id ?? ""}" (circuits[${index}]) already; ` +
        "expected each point on one circuit, the circuits above it follow from parent",
    ];
  });
}

function problemsOfMeters({ circuits, services }: Part): readonly string[] {
  const meters = services.flatMap(({ service, id, ...rest }, index) =>
    service === "meter" && rest["role"] === "circuit" && id !== undefined ? [{ id, index }] : [],
  );
  const ids = meters.map(({ id }) => id);
  const named = circuits.flatMap(({ meter }, index) => {
    if (meter === undefined) return [];
    if (!ids.includes(meter)) {
      const expected = ids.length === 0 ? "none, as there is no meter of role circuit" : `one of: ${ids.join(", ")}`;
      return [`circuits[${index}].meter: there is no meter "${meter}" of role circuit; expected ${expected}`];
    }
    const first = circuits.findIndex(other => other.meter === meter);
    return first === index ? [] : [`circuits[${index}].meter: ${meter} is the meter of circuits[${first}] already`];
  });
  const [, ...more] = meters.filter(({ id }) => measuresAllPoints({ circuits }, id));
  return [
    ...named,
    ...more.map(
      ({ id, index }) =>
        `services[${index}].role: meter "${id}" is a second one for the circuit of all points; expected it as meter of one of circuits`,
    ),
  ];
}

function problemsOfEmpty({ circuits }: Part): readonly string[] {
  return circuitPlans({ circuits }).flatMap(({ id, members }, index) =>
    members.length > 0 ? [] : [`circuits[${index}].points: expected a charge point on circuit "${id}" or below it`],
  );
}

/** The circuit and all that feed it, itself first; ends where a loop closes. */
function chainOf(circuit: Pick<SiteCircuit, "id" | "parent">, circuits: readonly SiteCircuit[]): readonly string[] {
  const chain = [circuit.id];
  for (let { parent } = circuit; parent !== undefined && !chain.includes(parent); ) {
    chain.push(parent);
    parent = circuits.find(({ id }) => id === chain.at(-1))?.parent;
  }
  return chain;
}
