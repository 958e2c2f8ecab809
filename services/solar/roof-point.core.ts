import type { EvseStatus } from "../../shared/contracts/evse.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { SolarSettings } from "./solar.config.ts";
import type { RoofPoint } from "./state.core.ts";
import { DRAW_EXACT_MS, DRAW_LIFETIME_MS, NARROW_MS, START_AT_MIN_MS, STATUS_LIFETIME_MS } from "./tuning.core.ts";

/** Its status while it is believed. */
export function statusNow(point: RoofPoint, now: Instant): EvseStatus | null {
  return point.status !== null && now - point.status.at <= STATUS_LIFETIME_MS ? point.status.value : null;
}

/** It takes part in solar charging: a car is there, access is on, the mode is Solar. */
export function takesPart(point: RoofPoint, now: Instant): boolean {
  const status = statusNow(point, now);
  return status?.mode === "solar" && status.carConnected && status.access === "on";
}

/** Its car takes current or is about to: its minimum counts. A full car leaves everything to the others. */
export function counts(point: RoofPoint, now: Instant): boolean {
  if (point.goSince === null) return false;
  const status = statusNow(point, now);
  return status?.asksPower === true || status?.mayDraw === true || now - point.goSince < START_AT_MIN_MS;
}

/** Phases its current counts on: those connected, one for a car that uses one. */
export function phasesCounted(point: RoofPoint): 1 | 3 {
  return point.onePhaseCar ? 1 : point.phases;
}

/** The least it takes, sum of the phases. */
export function needA(point: RoofPoint, settings: SolarSettings): number {
  return settings.minA * phasesCounted(point);
}

/** CONTACT 2 leaves the number of phases open. */
export function choosesPhases(point: RoofPoint, settings: SolarSettings): boolean {
  return point.supplyPhases === 3 && settings.contactor2[point.id] === "auto";
}

/** The number of phases where CONTACT 2 decides it (spec control 5.6). */
export function fixedPhases(point: RoofPoint, settings: SolarSettings, solar: boolean): 1 | 3 {
  const contactor2 = settings.contactor2[point.id];
  if (point.supplyPhases === 1 || contactor2 === "always-off") return 1;
  return contactor2 === "solar-off" && solar ? 1 : 3;
}

/** Charging and past the time a car is left at its minimum. */
export function hasSettled(point: RoofPoint, now: Instant): boolean {
  return point.closedSince !== null && now - point.closedSince >= START_AT_MIN_MS;
}

/** What it drew at a moment, sum of the phases. */
interface Drawn {
  readonly drawnA: number;
  /** `soon`: its meter will tell in a moment; `guessed`: only its offer, or an old sample, tells. */
  readonly known: "measured" | "soon" | "guessed";
}

/**
 * What it drew when a mains sample was taken. Meters are read one after the other and cars move in between, so the draw is
 * taken at that very moment, or between the samples before and after it: else a car would look like a load of the house.
 */
export function drawnAt(point: RoofPoint, at: Instant, now: Instant): Drawn {
  const [before, newest] = point.draws.length === 1 ? [undefined, point.draws[0]] : point.draws;
  const exact = [newest, before].find(draw => draw !== undefined && Math.abs(at - draw.at) <= DRAW_EXACT_MS);
  if (exact !== undefined) return { drawnA: sumOf(exact.value), known: "measured" };
  const status = statusNow(point, now);
  if (status === null || status.phases === 0) return { drawnA: 0, known: "measured" };
  if (newest === undefined || now - newest.at > DRAW_LIFETIME_MS)
    return { drawnA: status.asksPower ? status.offerA * phasesCounted(point) : 0, known: "guessed" };
  if (newest.at < at) return { drawnA: sumOf(newest.value), known: "soon" };
  if (before === undefined || before.at > at) return { drawnA: sumOf(newest.value), known: "guessed" };
  const share = (at - before.at) / (newest.at - before.at);
  return { drawnA: sumOf(before.value) + share * (sumOf(newest.value) - sumOf(before.value)), known: "measured" };
}

/** Takes in what the point says of itself. */
export function withStatus(point: RoofPoint, status: EvseStatus, now: Instant): RoofPoint {
  const closedSince = status.state === "C2" ? (point.closedSince ?? now) : null;
  const next = { ...point, status: { value: status, at: now }, closedSince };
  if (status.carConnected && status.mode === "solar" && status.access === "on") return next;
  const left = status.carConnected ? {} : { onePhaseCar: false, narrowSince: null, asked: null, draws: [] };
  return { ...next, ...left, goSince: null, shortSince: null, regretAs: 0, regretA: 0 };
}

/** Takes in a sample of its EV meter; three connected phases of which one carries current are a single-phase car. */
export function withDraw(point: RoofPoint, terminalA: readonly [number, number, number], at: Instant): RoofPoint {
  const connected = point.status?.value.phases === 3;
  const [first, second, third] = terminalA;
  const onlyFirst = connected && first > 3 && second < 0.5 && third < 0.5;
  const all = connected && first > 3 && second > 3;
  const narrowSince = onlyFirst ? (point.narrowSince ?? at) : null;
  const onePhaseCar = all ? false : point.onePhaseCar || (narrowSince !== null && at - narrowSince >= NARROW_MS);
  const draws = [...point.draws.filter(draw => draw.at < at).slice(-1), { value: terminalA, at }];
  return { ...point, draws, narrowSince, onePhaseCar };
}

function sumOf(values: readonly [number, number, number]): number {
  return Math.max(0, values[0]) + Math.max(0, values[1]) + Math.max(0, values[2]);
}
