import { z } from "zod";

/** An id as used in site files, service names and NATS subjects. */
export const idSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "expected 1 to 32 of a-z, 0-9 and '-', beginning with a letter or digit")
  .describe("id of a-z, 0-9 and -");

/** Signed per-phase values. Positive flows from the grid inward. */
export const perPhase = (value: z.ZodNumber) => z.object({ l1: value, l2: value, l3: value }).readonly();

/** Signed phase currents; beyond 1000 A no meter of this class is believable (spec meters 9). */
export const phaseCurrentsA = perPhase(z.number().min(-1000).max(1000));
export type PhaseCurrentsA = z.output<typeof phaseCurrentsA>;

/** Signed phase powers; beyond 250 kW per phase a value is not believable (spec meters 9). */
export const phasePowersW = perPhase(z.number().min(-250_000).max(250_000));

/** Phase voltages to neutral; 0 is a phase that is dead. */
export const phaseVoltagesV = perPhase(z.number().min(0).max(300));

/** The phases of the house. */
export const PHASES = ["l1", "l2", "l3"] as const;
export type Phase = (typeof PHASES)[number];

/** An offer is 0 or 6..80 A (IEC 61851-1 table A.7; architecture rule 4). Nothing in between exists. */
export const offerA = z
  .number()
  .min(0)
  .max(80)
  .refine(value => value === 0 || value >= 6, "expected 0 or 6..80 A")
  .describe("number, 0 or 6..80");

/** Charging state in the words of OCPP 2.0.1. */
export const chargingState = z.enum(["Idle", "EVConnected", "Charging", "SuspendedEV", "SuspendedEVSE"]);
export type ChargingState = z.output<typeof chargingState>;

/** Charging modes as stored; REST and MQTT have numberings of their own (spec interfaces 0.1). */
export const chargeMode = z.enum(["normal", "smart", "solar"]);
export type ChargeMode = z.output<typeof chargeMode>;

/** OFF, ON and PAUSE (spec control 1.7). */
export const accessStatus = z.enum(["off", "on", "pause"]);
export type AccessStatus = z.output<typeof accessStatus>;

/** Non-negative whole milliseconds. */
export const ms = z.number().min(0);

/** What kind of limit it is, or why nothing flows: all that has words of its own. */
const boundByKind = z.enum([
  "mains.l1",
  "mains.l2",
  "mains.l3",
  "circuit.l1",
  "circuit.l2",
  "circuit.l3",
  "capacity",
  "peak",
  "grid-relay",
  "max",
  "cable",
  "override",
  "settling",
  "no-current",
  "retry-wait",
  "mains-silent",
  "circuit-silent",
  "limits-unheard",
  "ev-meter-silent",
  "mode-unavailable",
  "no-mains-meter",
  "balancer-silent",
  "safe-current",
  "settings-missing",
  "not-charging",
  "unreachable",
  "solar",
  "solar-start",
  "solar-stop",
  "phase-switch",
  "turn",
]);

/**
 * Who set a limit or why nothing flows. One field answers "why only 9 A?" on every face.
 * `mains.l2` the main fuse on L2; `circuit.l1` the circuit of all points on L1, `circuit.garage.l1` the circuit `garage` of
 * the site file; `capacity` the sum of the phases, `peak` the quarter hour, `grid-relay` the grid operator's relay;
 * `limit.ems` a limit that `ems` has set; `max`, `cable`, `override` the point itself; `settling` an increase is on its
 * way; `solar` the roof, `solar-start` waiting or starting by the sun, `solar-stop` too little sun; `turn` it is the
 * turn of others; `limits-unheard` the limits from outside are not known yet; the rest are reasons for no current.
 */
export const boundBy = z.union([
  boundByKind,
  z.templateLiteral(["circuit.", idSchema, ".", z.enum(PHASES)]).describe("`circuit.<id>.l1` to `l3`"),
  z.templateLiteral(["limit.", idSchema]).describe("`limit.<owner>`"),
]);
export type BoundBy = z.output<typeof boundBy>;
export type BoundByKind = z.output<typeof boundByKind> | "limit";

/** Its kind, and the circuit or owner that it names; null where it names none. */
export function partsOf(bound: BoundBy): { readonly kind: BoundByKind; readonly of: string | null } {
  const known = boundByKind.safeParse(bound);
  if (known.success) return { kind: known.data, of: null };
  const [kind = "", of = "", phase = ""] = bound.split(".");
  const circuit = boundByKind.safeParse(`${kind}.${phase}`);
  return circuit.success ? { kind: circuit.data, of } : { kind: "limit", of };
}
