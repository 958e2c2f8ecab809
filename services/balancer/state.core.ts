import type { LimitsCurrent } from "../../shared/contracts/limits.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { BalancerSettings } from "./balancer.config.ts";
import { type Circuit, type CircuitWiring, idleCircuit } from "./circuits.core.ts";
import { type Measured, nothingMeasured } from "./measured.core.ts";
import { freshPoint, type Point, type PointWiring } from "./point.core.ts";
import { PATIENCE_MIN_MS } from "./tuning.core.ts";

/** What was last heard of the limits from outside, and when. */
export interface Standing {
  readonly current: LimitsCurrent;
  readonly at: Instant;
}

export interface BalancerState {
  /** Under which it decides: 0 where it stands alone, the lease's where there are several; null = another one decides. */
  readonly epoch: number | null;
  /** In the order of the site file. */
  readonly points: readonly Point[];
  readonly settings: BalancerSettings | null;
  readonly mains: Measured;
  readonly circuit: Measured;
  /** Those of the site file, below the one of all points. */
  readonly circuits: readonly Circuit[];
  /** The site has a service that keeps limits from outside: until it was heard, nobody is given more than he has. */
  readonly keepsLimits: boolean;
  /** Limits from outside, the quarter hour and the time of day; null until they were heard. */
  readonly standing: Standing | null;
  readonly lastSequence: Readonly<Record<string, number>>;
  /** When a limit was last changed, by a cut or a raise. */
  readonly changedAt: Instant;
  readonly raisedAt: Instant;
  /** How long room must have been there before it is given away; grows while raises are taken back. */
  readonly patienceMs: number;
  /** The last raise worth judging, until it has been taken back or has stood; null when there is none. */
  readonly onTrial: { readonly at: Instant; readonly raiseA: number } | null;
  /** What solar points may take together, sum of their phases, and when that was heard. */
  readonly sun: { readonly chargingA: number; readonly at: Instant; readonly epoch: number } | null;
  /** The point to which a turn was last handed over: the ring begins there; null = with the first of the strategy's order. */
  readonly pointer: string | null;
  /** Who wants a share, in ring order. */
  readonly ring: readonly string[];
  /** Since when the rotation that ends the longest turn has been running; null = it is not. */
  readonly rotatingSince: Instant | null;
  /** When a turn was last handed over. */
  readonly turnedAt: Instant;
  /** By the key of the limit that does not carry the minimum of all; nothing stands for limits that do. */
  readonly shortage: Readonly<Record<string, Shortage>>;
  readonly sequence: number;
  readonly startedAt: Instant;
}

/** How badly a limit lacks even the minimum of all: a score for a fuse, since when for CAPACITY. */
export interface Shortage {
  readonly score: number;
  readonly since: Instant | null;
}

export function idleBalancer(
  wiring: readonly PointWiring[],
  now: Instant,
  circuits: readonly CircuitWiring[] = [],
  keepsLimits = false,
): BalancerState {
  return {
    epoch: 0,
    points: wiring.map(freshPoint),
    settings: null,
    mains: nothingMeasured,
    circuit: nothingMeasured,
    circuits: circuits.map(idleCircuit),
    keepsLimits,
    standing: null,
    lastSequence: {},
    changedAt: now,
    raisedAt: -Infinity,
    patienceMs: PATIENCE_MIN_MS,
    onTrial: null,
    sun: null,
    pointer: null,
    ring: [],
    rotatingSince: null,
    turnedAt: -Infinity,
    shortage: {},
    sequence: 0,
    startedAt: now,
  };
}
