import type { Step } from "../../shared/actor/actor.ts";
import {
  type BalancerAllocation,
  type BalancerStatus,
  balancerAllocation,
  balancerStatus,
} from "../../shared/contracts/balancer.ts";
import { type EvseStatus, evseStatus } from "../../shared/contracts/evse.ts";
import { type LeaseStatus, leaseStatus } from "../../shared/contracts/lease.ts";
import { type LimitsCurrent, limitsCurrent } from "../../shared/contracts/limits.ts";
import { type MeterReading, type MeterStatus, meterStatus, SAMPLE_LIFETIME_MS } from "../../shared/contracts/meter.ts";
import { type PilotSensed, pilotSensed } from "../../shared/contracts/pilot.ts";
import { type RfidRead, type RfidStatus, rfidStatus } from "../../shared/contracts/rfid.ts";
import type { SettingsCurrent } from "../../shared/contracts/settings.ts";
import { simulatorTruth } from "../../shared/contracts/simulator.ts";
import type { PhaseCurrentsA } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { type HistorySample, type PointSample, remember } from "./history.core.ts";
import { hundredths, phaseHundredths } from "./round.core.ts";

/** A fact and when it came in. */
export interface Heard<T> {
  readonly value: T;
  readonly at: Instant;
}

export interface PointKnowledge {
  readonly status: Heard<EvseStatus> | null;
  readonly sensed: Heard<PilotSensed> | null;
  readonly allocation: Heard<BalancerAllocation> | null;
  readonly reader: Heard<RfidStatus> | null;
  /** The last card before its reader. */
  readonly lastRead: Heard<RfidRead> | null;
}

/** One of the nodes that carry the same service. */
export interface Carrier {
  readonly service: string;
  readonly node: string;
}

export interface MeterKnowledge {
  readonly status: Heard<MeterStatus> | null;
  readonly reading: Heard<MeterReading> | null;
}

/** Everything this gateway has been told: facts, when they came, and the last quarter of an hour. */
export interface Knowledge {
  readonly settings: Heard<SettingsCurrent> | null;
  readonly balancer: Heard<BalancerStatus> | null;
  /** Limits from outside and the quarter hour. */
  readonly limits: Heard<LimitsCurrent> | null;
  /** The charge points of the site file; facts about others are not ours to show. */
  readonly points: ReadonlyMap<string, PointKnowledge>;
  readonly meters: ReadonlyMap<string, MeterKnowledge>;
  /** Where the site file puts a service on several nodes: how each of them stands. */
  readonly carriers: readonly (Carrier & { readonly lease: Heard<LeaseStatus> | null })[];
  readonly simulatorAt: Instant | null;
  /** Home battery current as fed, in 0.1 A; null before the first feed. */
  readonly battery: Heard<number> | null;
  readonly history: readonly HistorySample[];
  /** Facts taken in, by name. */
  readonly counts: ReadonlyMap<string, number>;
}

export type KnowledgeInput =
  | { readonly kind: "evse.status"; readonly fact: EvseStatus }
  | { readonly kind: "pilot.sensed"; readonly fact: PilotSensed }
  | { readonly kind: "balancer.allocation"; readonly fact: BalancerAllocation }
  | { readonly kind: "balancer.status"; readonly fact: BalancerStatus }
  | { readonly kind: "meter.reading"; readonly fact: MeterReading }
  | { readonly kind: "meter.status"; readonly fact: MeterStatus }
  | { readonly kind: "limits.current"; readonly fact: LimitsCurrent }
  | { readonly kind: "settings.current"; readonly fact: SettingsCurrent }
  | { readonly kind: "rfid.status"; readonly fact: RfidStatus }
  | { readonly kind: "rfid.read"; readonly fact: RfidRead }
  | { readonly kind: "lease.status"; readonly fact: LeaseStatus }
  | { readonly kind: "simulator.truth" }
  /** A feed of the home battery was accepted: its value may be the old one, its age is not. */
  | { readonly kind: "battery-fed"; readonly currentDeciA: number }
  | { readonly kind: "sample"; readonly civilMs: number };

const NOTHING_HEARD: PointKnowledge = { status: null, sensed: null, allocation: null, reader: null, lastRead: null };

export function knowNothing(pointIds: readonly string[], carriers: readonly Carrier[] = []): Knowledge {
  return {
    settings: null,
    balancer: null,
    limits: null,
    points: new Map(pointIds.map(id => [id, NOTHING_HEARD])),
    meters: new Map(),
    carriers: carriers.map(carrier => ({ ...carrier, lease: null })),
    simulatorAt: null,
    battery: null,
    history: [],
    counts: new Map(),
  };
}

/** Takes one fact in. Nothing is decided here and nothing goes out. */
export function learn(known: Knowledge, input: KnowledgeInput, now: Instant): Step<Knowledge, never> {
  if (input.kind === "sample") {
    return { state: { ...known, history: remember(known.history, sampleOf(known, input.civilMs, now)) }, outputs: [] };
  }
  const counts = new Map(known.counts).set(input.kind, (known.counts.get(input.kind) ?? 0) + 1);
  return { state: { ...take(known, input, now), counts }, outputs: [] };
}

function take(known: Knowledge, input: Exclude<KnowledgeInput, { kind: "sample" }>, now: Instant): Knowledge {
  switch (input.kind) {
    case "evse.status":
      return withPoint(known, input.fact.evseId, { status: { value: input.fact, at: now } });
    case "pilot.sensed":
      return withPoint(known, input.fact.evseId, { sensed: { value: input.fact, at: now } });
    case "balancer.allocation":
      return withPoint(known, input.fact.evseId, { allocation: { value: input.fact, at: now } });
    case "balancer.status":
      return { ...known, balancer: { value: input.fact, at: now } };
    case "meter.reading":
      return withMeter(known, input.fact.meterId, { reading: { value: input.fact, at: now } });
    case "meter.status":
      return withMeter(known, input.fact.meterId, { status: { value: input.fact, at: now } });
    case "limits.current":
      return { ...known, limits: { value: input.fact, at: now } };
    case "settings.current":
      return withSettings(known, input.fact, now);
    case "rfid.status":
      return withPoint(known, input.fact.evseId, { reader: { value: input.fact, at: now } });
    case "rfid.read":
      return withPoint(known, input.fact.evseId, { lastRead: { value: input.fact, at: now } });
    case "lease.status": {
      const { service, node } = input.fact;
      const heard = { value: input.fact, at: now };
      return {
        ...known,
        carriers: known.carriers.map(one =>
          one.service === service && one.node === node ? { ...one, lease: heard } : one,
        ),
      };
    }
    case "simulator.truth":
      return { ...known, simulatorAt: now };
    case "battery-fed":
      return { ...known, battery: { value: input.currentDeciA, at: now } };
  }
}

function withPoint(known: Knowledge, evseId: string, news: Partial<PointKnowledge>): Knowledge {
  const before = known.points.get(evseId);
  if (before === undefined) return known;
  return { ...known, points: new Map(known.points).set(evseId, { ...before, ...news }) };
}

function withMeter(known: Knowledge, meterId: string, news: Partial<MeterKnowledge>): Knowledge {
  const before = known.meters.get(meterId) ?? { status: null, reading: null };
  return { ...known, meters: new Map(known.meters).set(meterId, { ...before, ...news }) };
}

/** A battery current that changed was fed just now, through whichever door; before the first settings nothing was. */
function withSettings(known: Knowledge, fact: SettingsCurrent, now: Instant): Knowledge {
  const before = known.settings?.value.site["battery_current"];
  const after = fact.site["battery_current"];
  const fed = known.settings !== null && typeof after === "number" && after !== before;
  return { ...known, settings: { value: fact, at: now }, battery: fed ? { value: after, at: now } : known.battery };
}

/** A fact while it is believed; null before the first and after its lifetime. */
export function believed<T>(heard: Heard<T> | null, expiresAfterMs: number | null, now: Instant): T | null {
  if (heard === null) return null;
  return expiresAfterMs !== null && now - heard.at > expiresAfterMs ? null : heard.value;
}

export function statusOf(known: Knowledge, evseId: string, now: Instant): EvseStatus | null {
  return believed(known.points.get(evseId)?.status ?? null, evseStatus.expiresAfterMs, now);
}

export function sensedOf(known: Knowledge, evseId: string, now: Instant): PilotSensed | null {
  return believed(known.points.get(evseId)?.sensed ?? null, pilotSensed.expiresAfterMs, now);
}

export function allocationOf(known: Knowledge, evseId: string, now: Instant): BalancerAllocation | null {
  return believed(known.points.get(evseId)?.allocation ?? null, balancerAllocation.expiresAfterMs, now);
}

export function readerOf(known: Knowledge, evseId: string, now: Instant): RfidStatus | null {
  return believed(known.points.get(evseId)?.reader ?? null, rfidStatus.expiresAfterMs, now);
}

export function balancerOf(known: Knowledge, now: Instant): BalancerStatus | null {
  return believed(known.balancer, balancerStatus.expiresAfterMs, now);
}

export function limitsOf(known: Knowledge, now: Instant): LimitsCurrent | null {
  return believed(known.limits, limitsCurrent.expiresAfterMs, now);
}

export const LIMITS_UNHEARD = "the limits service is not heard: until it is, no charge point is given more than it had";

/** The balancer waits for the limits from outside, as the points say. */
export function limitsAreUnheard(known: Knowledge, now: Instant): boolean {
  return [...known.points.keys()].some(id => statusOf(known, id, now)?.boundBy === "limits-unheard");
}

/** How one of several carriers stands; null while it is silent. */
export function leaseOf(carrier: Knowledge["carriers"][number], now: Instant): LeaseStatus | null {
  return believed(carrier.lease, leaseStatus.expiresAfterMs, now);
}

export function isSimulated(known: Knowledge, now: Instant): boolean {
  return known.simulatorAt !== null && now - known.simulatorAt <= (simulatorTruth.expiresAfterMs ?? Infinity);
}

export function meterStatusOf(meter: MeterKnowledge, now: Instant): MeterStatus | null {
  return believed(meter.status, meterStatus.expiresAfterMs, now);
}

/** Age of the sample itself: what it was when published, and the time since. */
export function sampleAgeMs(reading: Heard<MeterReading>, now: Instant): number {
  return reading.value.ageMs + (now - reading.at);
}

/** The last sample of a meter while its role lets it be used. */
export function freshReading(meter: MeterKnowledge | null, now: Instant): MeterReading | null {
  if (meter === null || meter.reading === null) return null;
  return sampleAgeMs(meter.reading, now) <= SAMPLE_LIFETIME_MS[meter.reading.value.role] ? meter.reading.value : null;
}

/** The meter of a role: the one for this charge point where the role is `ev`. */
export function meterFor(known: Knowledge, role: MeterReading["role"], evseId: string | null): MeterKnowledge | null {
  for (const meter of known.meters.values()) {
    const about = meter.status?.value ?? meter.reading?.value;
    if (about?.role === role && about.evseId === evseId) return meter;
  }
  return null;
}

/** The home battery's current while its feed is believed, in 0.1 A; 0 after that (spec interfaces 0.5). */
export function batteryDeciA(known: Knowledge, now: Instant): number {
  return believed(known.battery, SAMPLE_LIFETIME_MS.battery, now) ?? 0;
}

/** The most loaded phase of a draw. */
export function worstPhaseA(currentA: PhaseCurrentsA): number {
  return Math.max(currentA.l1, currentA.l2, currentA.l3);
}

function sampleOf(known: Knowledge, civilMs: number, now: Instant): HistorySample {
  const points = new Map<string, PointSample>();
  for (const id of known.points.keys()) {
    const status = statusOf(known, id, now);
    const currentA = status?.drawA ?? null;
    const drawA = currentA === null ? null : hundredths(worstPhaseA(currentA));
    points.set(id, { offerA: status?.offerA ?? null, drawA });
  }
  return {
    atMs: civilMs,
    mainsLimitA: balancerOf(known, now)?.mainsLimitA ?? null,
    mainsA: phaseHundredths(freshReading(meterFor(known, "mains", null), now)?.currentA ?? null),
    points,
  };
}
