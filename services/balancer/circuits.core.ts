import { SAMPLE_LIFETIME_MS } from "../../shared/contracts/meter.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { ageMs, baseA, type Measured, nothingMeasured } from "./measured.core.ts";

/** A circuit of the site file as the balancer sees it. */
export interface CircuitWiring {
  readonly id: string;
  /** Per phase of the house. */
  readonly limitA: readonly [number, number, number];
  /** Every point below it, directly or through circuits of its own. */
  readonly members: readonly string[];
  /** The meter at its head; null = none. */
  readonly meterId: string | null;
}

export interface Circuit extends CircuitWiring {
  readonly measured: Measured;
}

export function idleCircuit(wiring: CircuitWiring): Circuit {
  return { ...wiring, measured: nothingMeasured };
}

/** Whether its meter is heard. A silent one no longer regulates; what is given is bounded then. */
export function isMetered({ measured }: Pick<Circuit, "measured">, now: Instant): boolean {
  const age = ageMs(measured, now);
  return age !== null && age <= SAMPLE_LIFETIME_MS.circuit;
}

/** What its members may be given together while nothing measures it: the limit, less the most that other loads were last seen to take. */
export function unmeteredA({ limitA, measured }: Circuit, phase: number): number {
  const otherA = Math.max(0, ...measured.samples.map(sample => baseA(sample, phase)));
  return Math.max(0, (limitA[phase] ?? 0) - otherA);
}
