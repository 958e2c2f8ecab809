import type { MeterFinding, MeterRole } from "../../shared/contracts/meter.ts";
import { PHASES, type Phase } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { Sample } from "./meter.port.ts";

/** What a meter's samples have shown about the meter itself. */
export interface QualityState {
  readonly role: MeterRole;
  /** How often each oddity was seen lately, and how it was last put. */
  readonly odd: Readonly<Partial<Record<MeterFinding["code"], { readonly score: number; readonly text: string }>>>;
  /** Since when every value has been the same, and in how many samples. */
  readonly same: { readonly values: string; readonly since: Instant; readonly samples: number } | null;
  /** Counters as they were, and the energy that has flowed since by the powers. */
  readonly balance: Balance | null;
}

interface Balance {
  readonly netWh: number;
  readonly flowedWh: number;
  readonly sample: Sample;
}

/** An oddity is named when it was seen in so many samples and hardly missed; what is judged over minutes is named at once. */
const NAMED_AT = 10;
const SEEN = 1;
const NOT_SEEN = -3;
const SCORE_MAX = 20;
/** Below these a sign or a ratio is noise. */
const SMALL_A = 0.5;
const SMALL_W = 50;
const CLEAR_A = 2;
const NOMINAL_V = 230;
/** A real load never repeats itself to the last digit for so long. */
const FROZEN_MS = 120_000;
const FROZEN_SAMPLES = 20;
/** Crossed transformers see a resistive load 120° off: half of the power, and against it. */
const CROSSED = { from: -0.65, to: -0.35 } as const;
/** Counters count whole hundreds of Wh on some meters. */
const BALANCE_WH = 300;

export function freshQuality(role: MeterRole): QualityState {
  return { role, odd: {}, same: null, balance: null };
}

/** What is wrong with the meter, worst evidence first; none while all is well or too little was seen. */
export function findingsOf({ odd }: QualityState): readonly MeterFinding[] {
  return Object.entries(odd)
    .filter(([, { score }]) => score >= NAMED_AT)
    .map(([code, { text }]) => ({ code: code as MeterFinding["code"], text }));
}

/** Takes one more sample into account. */
export function watchSample(state: QualityState, sample: Sample, now: Instant): QualityState {
  const same = sameAs(state.same, sample, now);
  const { balance, text: counters } = balanced(state.balance, sample);
  const seen: readonly [MeterFinding["code"], Seen][] = [
    ["sign-conflict", signConflict(sample)],
    ["sum-conflict", sumConflict(sample)],
    ["power-conflict", powerConflict(sample)],
    ["phases-crossed", phasesCrossed(sample)],
    ["reversed", state.role === "ev" ? carFeeds(sample) : null],
    ["frozen", frozen(same, sample, now)],
    ["counter-conflict", counters],
  ];
  let { odd } = state;
  for (const [code, text] of seen) {
    if (text === null) continue;
    const isSure = code === "frozen" || code === "counter-conflict";
    const before = odd[code] ?? { score: 0, text: "" };
    const score = isSure ? (text === false ? 0 : SCORE_MAX) : before.score + (text === false ? NOT_SEEN : SEEN);
    const next = { score: Math.max(0, Math.min(SCORE_MAX, score)), text: text === false ? before.text : text };
    odd = { ...odd, [code]: next };
  }
  return { ...state, odd, same, balance };
}

/** The oddity in words; false: it was looked for and is not there; null: this sample does not tell. */
type Seen = string | false | null;

function signConflict({ contradicts }: Sample): Seen {
  if (contradicts === undefined) return null;
  if (contradicts.length === 0) return false;
  return `current and power of ${list(contradicts)} point in different directions; the power counts`;
}

function sumConflict({ powerW, totalPowerW }: Sample): Seen {
  if (powerW === null || totalPowerW === null) return null;
  const sum = powerW.l1 + powerW.l2 + powerW.l3;
  const gross = Math.abs(powerW.l1) + Math.abs(powerW.l2) + Math.abs(powerW.l3);
  if (Math.abs(totalPowerW - sum) <= Math.max(2 * SMALL_W, 0.1 * gross)) return false;
  return `total power of ${Math.round(totalPowerW)} W, but the phases add up to ${Math.round(sum)} W`;
}

/** A phase cannot carry more power than its current times its voltage. */
function powerConflict({ powerW, currentA, voltageV }: Sample): Seen {
  if (powerW === null) return null;
  const odd = PHASES.filter(phase => {
    const volts = voltageV?.[phase] ?? NOMINAL_V;
    return Math.abs(powerW[phase]) > 1.15 * volts * Math.abs(currentA[phase]) + SMALL_W;
  });
  return odd.length > 0 && `power of ${list(odd)} is more than current times voltage: wrong transformer ratio or type?`;
}

function phasesCrossed({ powerW, currentA, voltageV }: Sample): Seen {
  if (powerW === null) return null;
  const loaded = PHASES.filter(phase => Math.abs(currentA[phase]) >= CLEAR_A);
  if (loaded.length < 2) return null;
  const crossed = loaded.filter(phase => {
    const factor = powerW[phase] / ((voltageV?.[phase] ?? NOMINAL_V) * Math.abs(currentA[phase]));
    return factor >= CROSSED.from && factor <= CROSSED.to;
  });
  if (crossed.length < 2) return false;
  return `${list(crossed)} show half of their power, backwards: their current transformers sit on each other's phases`;
}

function carFeeds({ currentA }: Sample): Seen {
  const feeding = PHASES.filter(phase => currentA[phase] < -SMALL_A);
  const drawing = PHASES.filter(phase => currentA[phase] > SMALL_A);
  if (feeding.length === 0) return drawing.length === 0 ? null : false;
  return `the car seems to feed the house on ${list(feeding)}: the meter is wired with supply and load exchanged`;
}

function sameAs(before: QualityState["same"], sample: Sample, now: Instant): QualityState["same"] {
  const { currentA, powerW, totalPowerW, voltageV } = sample;
  const values = JSON.stringify([currentA, powerW, totalPowerW, voltageV]);
  return before?.values === values ? { ...before, samples: before.samples + 1 } : { values, since: now, samples: 1 };
}

function frozen(same: QualityState["same"], { currentA }: Sample, now: Instant): Seen {
  if (same === null || PHASES.every(phase => Math.abs(currentA[phase]) < 2 * SMALL_A)) return false;
  const lasted = now - same.since;
  if (lasted < FROZEN_MS || same.samples < FROZEN_SAMPLES) return false;
  return `every value has been the same for ${Math.floor(lasted / 60_000)} min although current flows: the meter is stuck`;
}

/** Compares the counters with the energy that has flowed by the powers, a few hundred Wh at a time. */
function balanced(before: Balance | null, sample: Sample): { readonly balance: Balance | null; readonly text: Seen } {
  const { importWh, exportWh, totalPowerW } = sample;
  // Without both counters net energy is not known where current may flow either way.
  if (importWh === null || exportWh === null || totalPowerW === null) return { balance: null, text: null };
  const netWh = importWh - exportWh;
  if (before === null) return { balance: { netWh, flowedWh: 0, sample }, text: null };
  const hours = (sample.sampledAt - before.sample.sampledAt) / 3_600_000;
  const flowedWh = before.flowedWh + totalPowerW * hours;
  if (Math.abs(flowedWh) < BALANCE_WH) return { balance: { netWh: before.netWh, flowedWh, sample }, text: null };
  const countedWh = netWh - before.netWh;
  const balance = { netWh, flowedWh: 0, sample };
  if (countedWh === 0) {
    return { balance, text: `the counters stand still although ${Math.round(flowedWh)} Wh have flowed` };
  }
  if (Math.sign(countedWh) !== Math.sign(flowedWh) && Math.abs(countedWh) > BALANCE_WH / 2) {
    return { balance, text: "the counters count against the power: import and export are exchanged" };
  }
  return { balance, text: false };
}

function list(phases: readonly Phase[]): string {
  return phases.map(phase => phase.toUpperCase()).join(" and ");
}
