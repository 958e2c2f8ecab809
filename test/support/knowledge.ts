import type { PointIdentity } from "../../services/api/identity.ts";
import { type Knowledge, type KnowledgeInput, knowNothing, learn } from "../../services/api/knowledge.core.ts";
import { balancerStatus } from "../../shared/contracts/balancer.ts";
import { evseStatus } from "../../shared/contracts/evse.ts";
import { meterReading, meterStatus } from "../../shared/contracts/meter.ts";
import { pilotSensed } from "../../shared/contracts/pilot.ts";

/** What was heard, and when. */
export type Told = readonly [at: number, input: KnowledgeInput];

export const leftPoint: PointIdentity = {
  id: "left",
  serial: 1001,
  name: "Left",
  phases: 3,
  phaseRotation: ["l1", "l2", "l3"],
};
export const rightPoint: PointIdentity = {
  id: "right",
  serial: 1002,
  phases: 3,
  phaseRotation: ["l2", "l3", "l1"],
};

/** A gateway that has heard this. */
export function knowing(told: readonly Told[], points: readonly PointIdentity[] = [leftPoint]): Knowledge {
  return told.reduce((known, [at, input]) => learn(known, input, at).state, knowNothing(points.map(point => point.id)));
}

export function statusTold(at: number, change: Partial<typeof evseStatus.example> = {}): Told {
  return [at, { kind: "evse.status", fact: { ...evseStatus.example, ...change } }];
}

export function balancerTold(at: number): Told {
  return [at, { kind: "balancer.status", fact: balancerStatus.example }];
}

export function sensedTold(at: number, change: Partial<typeof pilotSensed.example> = {}): Told {
  return [at, { kind: "pilot.sensed", fact: { ...pilotSensed.example, ...change } }];
}

export function readingTold(at: number, change: Partial<typeof meterReading.example> = {}): Told {
  return [at, { kind: "meter.reading", fact: { ...meterReading.example, ...change } }];
}

export function meterTold(at: number, change: Partial<typeof meterStatus.example> = {}): Told {
  return [at, { kind: "meter.status", fact: { ...meterStatus.example, ...change } }];
}
