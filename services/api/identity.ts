import type { Phase } from "../../shared/contracts/units.ts";

/** A charge point as the site file names it: what its faces need of it. */
export interface PointIdentity {
  readonly id: string;
  readonly serial: number;
  readonly name?: string | undefined;
  readonly phases: 1 | 3;
  /** House phase on which each of its terminals L1, L2, L3 sits. */
  readonly phaseRotation: readonly Phase[];
}

/** What does not change while the process runs. */
export interface Identity {
  readonly site: string;
  readonly name: string;
  readonly version: string;
  readonly points: readonly PointIdentity[];
}
