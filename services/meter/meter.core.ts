import type { Step } from "../../shared/actor/actor.ts";
import {
  type MeterFinding,
  type MeterReading,
  type MeterStatus,
  SAMPLE_LIFETIME_MS,
} from "../../shared/contracts/meter.ts";
import type { SettingsCurrent } from "../../shared/contracts/settings.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { MeterConfig } from "./meter.config.ts";
import type { MeterCounters, MeterSpec, Sample } from "./meter.port.ts";
import { freshOrder, type OrderState, orderFindings, orderMains, orderOwn } from "./phase-order.core.ts";
import { findingsOf, freshQuality, type QualityState, watchSample } from "./quality.core.ts";
import { type Wanted, wantedMeter } from "./wanted.core.ts";

export interface MeterState {
  readonly meterId: string;
  readonly config: MeterConfig;
  readonly wanted: Wanted;
  /** Counts drivers: what an earlier one still says is not heard. */
  readonly generation: number;
  readonly source: string;
  readonly sequence: number;
  /** The newest sample of the present driver. */
  readonly sample: Sample | null;
  /** Times between the last samples. */
  readonly intervalsMs: readonly number[];
  readonly quality: QualityState;
  readonly order: OrderState;
  readonly problem: { readonly words: string; readonly at: Instant } | null;
  readonly counters: MeterCounters;
  readonly readingAt: Instant;
  readonly statusAt: Instant;
  /** State and findings as last told. */
  readonly said: string | null;
}

export type MeterInput =
  | { readonly kind: "start" }
  | { readonly kind: "settings"; readonly settings: SettingsCurrent }
  | { readonly kind: "opened"; readonly generation: number; readonly source: string }
  | { readonly kind: "sample"; readonly generation: number; readonly sample: Sample }
  /** What the mains meter says, for a car's meter to compare its phases with. */
  | { readonly kind: "mains"; readonly reading: MeterReading }
  | { readonly kind: "problem"; readonly generation: number; readonly words: string }
  | { readonly kind: "tick"; readonly counters: MeterCounters };

export type MeterOutput =
  /** Let go of the driver there is, then open this one; null = none. */
  | { readonly kind: "driver"; readonly generation: number; readonly spec: MeterSpec | null }
  /** The shell adds the civil time of the sample. */
  | { readonly kind: "reading"; readonly reading: Omit<MeterReading, "measuredAt"> }
  | { readonly kind: "status"; readonly status: MeterStatus; readonly changed: boolean };

const NO_COUNTERS: MeterCounters = { requests: 0, replies: 0, timeouts: 0, refused: 0, exceptions: 0 };
/** The rhythm in which facts are repeated (contracts `meter.reading`, `meter.status`). */
const REPEAT_MS = 2_000;
/** A meter is silent when it has missed this many of its usual intervals, at the earliest after the shortest time. */
const MISSED_INTERVALS = 3;
const SHORTEST_SILENCE_MS = 3_000;
const INTERVALS_KEPT = 5;
/** A problem that did not come back for so long is over. */
const PROBLEM_SHOWN_MS = 10_000;

export function freshMeter(meterId: string, config: MeterConfig): MeterState {
  return {
    meterId,
    config,
    wanted: { kind: "unknown" },
    generation: 0,
    source: "",
    sequence: 0,
    sample: null,
    intervalsMs: [],
    quality: freshQuality(config.role),
    order: freshOrder,
    problem: null,
    counters: NO_COUNTERS,
    readingAt: -Infinity,
    statusAt: -Infinity,
    said: null,
  };
}

/** Keeps one meter: which driver reads it, what its last sample was, and whether it is still heard. */
export function keepMeter(state: MeterState, input: MeterInput, now: Instant): Step<MeterState, MeterOutput> {
  switch (input.kind) {
    case "start":
      return choose(state, wantedMeter(state.config, null), now);
    case "settings":
      return choose(state, wantedMeter(state.config, input.settings), now);
    case "opened":
      return input.generation === state.generation
        ? told({ ...state, source: input.source }, now, [], true)
        : still(state);
    case "sample":
      return input.generation === state.generation ? heard(state, input.sample, now) : still(state);
    case "mains": {
      const { currentA, ageMs } = input.reading;
      return still({ ...state, order: orderMains(state.order, currentA, now - ageMs) });
    }
    case "problem":
      return input.generation === state.generation
        ? told({ ...state, problem: { words: input.words, at: now } }, now, [])
        : still(state);
    case "tick":
      return repeat({ ...state, counters: input.counters }, now);
  }
}

/** Whether a meter answers, as faces show it. */
function healthOf(state: MeterState, now: Instant): MeterStatus["state"] {
  if (state.wanted.kind === "off") return "off";
  if (state.sample === null) return "waiting";
  return now - state.sample.sampledAt > silentAfterMs(state) ? "silent" : "ok";
}

/** Usual time between samples; null until two were heard. */
function cadenceOf({ intervalsMs }: MeterState): number | null {
  const sorted = [...intervalsMs].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

/** Learnt from its own rhythm: one that is fed every 10 s is not silent after 3 s. Its samples' lifetime is the end. */
function silentAfterMs(state: MeterState): number {
  const { config } = state;
  const usualMs = cadenceOf(state) ?? config.pollMs;
  return Math.min(SAMPLE_LIFETIME_MS[config.role], Math.max(SHORTEST_SILENCE_MS, MISSED_INTERVALS * usualMs));
}

function choose(state: MeterState, wanted: Wanted, now: Instant): Step<MeterState, MeterOutput> {
  // Built by the same function, so the same wish is the same text.
  if (JSON.stringify(wanted) === JSON.stringify(state.wanted) && state.said !== null) return still(state);
  const generation = state.generation + 1;
  const next: MeterState = {
    ...state,
    wanted,
    generation,
    source: sourceOf(wanted),
    sample: null,
    intervalsMs: [],
    quality: freshQuality(state.config.role),
    order: freshOrder,
    problem: problemOf(wanted, now),
    counters: NO_COUNTERS,
  };
  return told(next, now, [{ kind: "driver", generation, spec: wanted.kind === "read" ? wanted.spec : null }], true);
}

function heard(state: MeterState, sample: Sample, now: Instant): Step<MeterState, MeterOutput> {
  const previous = state.sample;
  // The same sample again, or an older one, is no news.
  if (previous !== null && sample.sampledAt <= previous.sampledAt) return still(state);
  const intervals = previous === null ? [] : [...state.intervalsMs, sample.sampledAt - previous.sampledAt];
  const isOver = state.problem !== null && now - state.problem.at >= PROBLEM_SHOWN_MS;
  const next: MeterState = {
    ...state,
    sample,
    sequence: state.sequence + 1,
    intervalsMs: intervals.slice(-INTERVALS_KEPT),
    quality: watchSample(state.quality, sample, now),
    order: state.config.role === "ev" ? orderOwn(state.order, sample) : state.order,
    problem: isOver ? null : state.problem,
    readingAt: now,
  };
  return told(next, now, [{ kind: "reading", reading: readingOf(next, sample, now) }]);
}

/** Repeats what is in force, with its true age, as long as it may be used. */
function repeat(state: MeterState, now: Instant): Step<MeterState, MeterOutput> {
  const { sample } = state;
  const usable = sample !== null && now - sample.sampledAt <= SAMPLE_LIFETIME_MS[state.config.role];
  if (!usable || now - state.readingAt < REPEAT_MS) return told(state, now, []);
  return told({ ...state, readingAt: now }, now, [{ kind: "reading", reading: readingOf(state, sample, now) }]);
}

/** Adds the status where it is due: changed, or not said for a while. */
function told(
  state: MeterState,
  now: Instant,
  outputs: readonly MeterOutput[],
  changed = false,
): Step<MeterState, MeterOutput> {
  const health = healthOf(state, now);
  const findings = allFindings(state);
  const word = [health, ...findings.map(({ code }) => code)].join(" ");
  const isNew = changed || word !== state.said;
  if (!isNew && now - state.statusAt < REPEAT_MS) return { state, outputs };
  const next: MeterState = { ...state, said: word, statusAt: now };
  return {
    state: next,
    outputs: [...outputs, { kind: "status", status: statusOf(next, health, findings, now), changed: isNew }],
  };
}

function still(state: MeterState): Step<MeterState, MeterOutput> {
  return { state, outputs: [] };
}

function readingOf(state: MeterState, sample: Sample, now: Instant): Omit<MeterReading, "measuredAt"> {
  const { meterId, sequence } = state;
  const { role, evseId = null } = state.config;
  const { currentA, powerW, totalPowerW, importWh, exportWh, voltageV = null, isDerived = false, sampledAt } = sample;
  return {
    ...{ meterId, role, evseId, sequence, ageMs: now - sampledAt },
    ...{ currentA, powerW, totalPowerW, importWh, exportWh, voltageV },
    quality: isDerived ? "derived" : "measured",
  };
}

function allFindings({ quality, order }: MeterState): readonly MeterFinding[] {
  return [...findingsOf(quality), ...orderFindings(order)];
}

function statusOf(
  state: MeterState,
  health: MeterStatus["state"],
  findings: readonly MeterFinding[],
  now: Instant,
): MeterStatus {
  const { meterId, config, wanted, source, sample, problem, counters } = state;
  return {
    meterId,
    role: config.role,
    evseId: config.evseId ?? null,
    state: health,
    source,
    typeLabel: wanted.kind === "read" || wanted.kind === "unsupported" ? wanted.typeLabel : "Disabled",
    address: wanted.kind === "read" ? wanted.address : null,
    lastSampleAgeMs: sample === null ? null : now - sample.sampledAt,
    lastError: problem?.words ?? findings[0]?.text ?? null,
    cadenceMs: cadenceOf(state),
    findings,
    counters,
  };
}

function sourceOf(wanted: Wanted): string {
  switch (wanted.kind) {
    case "unknown":
      return "not chosen yet";
    case "off":
      return "none";
    case "unsupported":
      return wanted.typeLabel;
    case "read":
      return wanted.address === null ? wanted.typeLabel : `${wanted.typeLabel}, address ${wanted.address}`;
  }
}

function problemOf(wanted: Wanted, now: Instant): MeterState["problem"] {
  if (wanted.kind === "unknown") return { words: "the settings have not been heard yet", at: now };
  return wanted.kind === "unsupported" ? { words: wanted.reason, at: now } : null;
}
