import { lifetimeMs } from "../../shared/contracts/define.ts";
import { evseStatus } from "../../shared/contracts/evse.ts";

/** Every number solar charging is tuned with, and where it comes from. Times in ms, currents in A. */

/** A mains sample older than this says nothing about the sun. */
export const SAMPLE_LIFETIME_MS = 11_000;
/** A status older than this is no status. */
export const STATUS_LIFETIME_MS = lifetimeMs(evseStatus);
/** Draws measured this close to a mains sample belong to the same moment. */
export const DRAW_EXACT_MS = 300;
/** EV meter samples older than this do not tell the present draw. */
export const DRAW_LIFETIME_MS = 5_000;
/** Without an EV meter the next correction waits until the car has followed the last one: IEC 61851-1 A.4 gives it 5 s. */
export const BLIND_STEP_MS = 6_000;
/** Starts, stops and phases go by the mean over this time: single clouds pass. */
export const MEAN_MS = 30_000;
/** What the grid has to add counts this many times against what is used of the sun: it costs about three times what export earns. */
export const GRID_WEIGHT = 3;
/** The least of it that must have been seen before anything starts. */
export const MEAN_LEAST_MS = 15_000;
/** A starting car is left at its minimum this long; then it has settled and shows its phases (spec control 5.2). */
export const START_AT_MIN_MS = 40_000;
/** The next car of a roof starts when the last one has had the time to show what it takes. */
export const BETWEEN_STARTS_MS = 60_000;
/** The budget follows the sun when it is off by more than this, sum of the phases. */
export const FOLLOW_A = 0.3;
/** A car counts as single-phase once only L1 has carried current for this long. */
export const NARROW_MS = 10_000;
/** Least time between two changes of the number of phases (spec control 5.7 R). */
export const BETWEEN_SWITCHES_MS = 300_000;
/** A change of phases interrupts charging for half a minute; it must promise to win that back. */
export const SWITCH_COST_AS = 800;
/** Each change of the last 24 hours makes the next one promise this much more: a restless sky is sat out, not chased. */
export const SWITCH_COST_STEP_AS = 1_600;
/** The sun must have been enough for three phases this long when a car starts on them. */
export const THREE_PHASES_SEEN_MS = 10_000;
/** Three phases need this much more than their minimum, per phase, before they are chosen (spec control 5.7). */
export const THREE_PHASE_MARGIN_A = 1;
export const DAY_MS = 86_400_000;
