import type { Phase } from "../../../../../shared/contracts/units.ts";
import type { SiteView } from "../../../view.ts";
import { amps, limitAmps } from "./words.ts";

/** The phases of the house; a list of our own, as the contract's would bring the whole schema library into the page. */
export const PHASES = ["l1", "l2", "l3"] as const satisfies readonly Phase[];

/** A phase counts as near its fuse from here on: the regulator holds it there on purpose, a person should see it. */
const NEAR_SHARE = 0.9;
/** The bar reaches beyond the fuse, so that "over" has a length. */
const HEADROOM = 1.25;

export type FuseLevel = "unknown" | "feeding" | "fine" | "near" | "over";

/** One phase of the house connection, ready to be drawn. Shares are of the bar's length, 0..1. */
export interface PhaseGauge {
  readonly phase: Phase;
  readonly currentA: number | null;
  readonly level: FuseLevel;
  /** What the level means, in words; empty where there is nothing to say. */
  readonly word: string;
  /** The whole gauge in words, for those who do not see the bar. */
  readonly text: string;
  readonly houseShare: number;
  readonly carsShare: number;
  readonly fuseShare: number;
  /** How far the bar reaches beyond the fuse. */
  readonly beyondShare: number;
}

const WORD_OF: Readonly<Record<FuseLevel, string>> = {
  unknown: "no reading",
  feeding: "feeding in",
  fine: "",
  near: "near the fuse",
  over: "over the fuse",
};

/** Splits one phase's current into house and cars and sets it against the fuse. */
export function gaugeOf(phase: Phase, mains: SiteView["mains"]): PhaseGauge {
  const currentA = mains.currentA?.[phase] ?? null;
  const level = levelOf(currentA, mains.limitA);
  const limitA = mains.limitA ?? 0;
  const drawnA = Math.max(0, currentA ?? 0);
  const scaleA = Math.max(limitA * HEADROOM, Math.abs(currentA ?? 0), 1);
  // A roof on this phase makes the house's own part negative; the cars then take what is left of the bar.
  const houseA = Math.min(drawnA, Math.max(0, mains.houseA?.[phase] ?? drawnA));
  const word = WORD_OF[level];
  return {
    phase,
    currentA,
    level,
    word,
    text: [`${amps(currentA)} of ${limitAmps(mains.limitA)}`, word].filter(part => part !== "").join(", "),
    houseShare: (level === "feeding" ? Math.abs(currentA ?? 0) : houseA) / scaleA,
    carsShare: (drawnA - houseA) / scaleA,
    fuseShare: limitA / scaleA,
    beyondShare: level === "over" ? (drawnA - limitA) / scaleA : 0,
  };
}

function levelOf(currentA: number | null, limitA: number | null): FuseLevel {
  if (currentA === null) return "unknown";
  if (currentA <= -0.05) return "feeding";
  if (limitA === null) return "fine";
  if (currentA > limitA) return "over";
  return currentA >= limitA * NEAR_SHARE ? "near" : "fine";
}

type Trust = SiteView["mains"]["trust"];

/** What the balancer makes of the mains meter, in words; null while all is well. */
export const TRUST_WORDS: Readonly<Record<Trust, string | null>> = {
  regulate: null,
  hold: "The mains meter is late: charging is not raised until it answers.",
  minimum: "The mains meter is silent: every car gets the minimum current.",
  stop: "The mains meter is silent: cars in Smart and Solar wait until it answers.",
  unmetered: "No mains meter: only mode Normal charges, and the house is not measured.",
  unheard: "The balancer is silent: charge points keep to their own safe current.",
};
