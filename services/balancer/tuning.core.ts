import { lifetimeMs } from "../../shared/contracts/define.ts";
import { evseStatus } from "../../shared/contracts/evse.ts";
import { solarBudget } from "../../shared/contracts/solar.ts";

/** Every number the regulation is tuned with, and where it comes from. Times in ms, currents in A. */

/** An EV may take 5 s to follow a duty change (IEC 61851-1 A.4), and one more for the way there. */
export const RESPONSE_MS = 6_000;
/** How far back the measured draw of a car counts as what it may be drawing now. */
export const DRAW_WINDOW_MS = 4_000;
/** Room must have been there this long before current is raised into it. */
export const PATIENCE_MIN_MS = 2_500;
/** A load that cycles teaches patience: each raise that had to be taken back doubles it, up to this. */
export const PATIENCE_MAX_MS = 60_000;
/** Only a raise of this size or more is judged by what becomes of it. */
export const TRIAL_RAISE_A = 1;
/** A cut of at least half of a raise, this soon after it, took the raise back. */
export const TAKEN_BACK_MS = 15_000;
/** A raise that has stood this long halves the patience again. */
export const STOOD_MS = 60_000;
/** Fewest samples a raise rests on. */
export const SETTLED_SAMPLES = 2;
/** A cut goes this far below the limit: a meter's resolution. */
export const MARGIN_A = 0.1;
/** A raise smaller than this is not worth a change of the pilot. */
export const RAISE_DEADBAND_A = 0.5;
/** Unless nothing has changed for this long: then the last tenths are taken, too. */
export const FINE_RAISE_AFTER_MS = 10_000;
export const FINE_RAISE_A = 0.1;
/** How far offers may exceed what is free because the cars are seen to stay below them: "uses what it gets" within about 1 A. */
export const TRIM_A = 1;
/** A car that was let in this long ago has started; what it leaves unused now, it leaves for good. */
export const STARTED_MS = 60_000;
/** Offers that exceed what is free by more than this are cut although nothing is overloaded yet. */
export const UNUSED_CUT_A = 1.3;
/** Without an EV meter half of the seen room is taken at a time, and never more than this. */
export const BLIND_RAISE_MAX_A = 4;
/** A refused or stopped point waits until there has been room for this long ("NO CURRENT, retry in 60 s"). */
export const RETRY_MS = 60_000;
/** How long a car that asks may wait for the others to make room before it is refused. */
export const JOIN_WAIT_MS = 20_000;
/** A solar budget older than this is none: nothing charges by the sun without it. */
export const BUDGET_LIFETIME_MS = lifetimeMs(solarBudget);
/** A car that starts by the sun stays at its minimum this long, to settle and to show its phases (spec control 5.2). */
export const SOLAR_START_MS = 40_000;
/** A status older than this is no status; the point counts with what it was last given. */
export const STATUS_LIFETIME_MS = lifetimeMs(evseStatus);
/** After this long a lost point has surely fallen to its safe current: 5 s allocation + 1 s grant + 6 s C1. */
export const LOST_POINT_MS = 12_000;
/** A car counts as single-phase once only L1 has carried current for this long (slow cars need up to 60 s for three phases). */
export const NARROW_MS = 10_000;
/** A draw measured this close to a mains sample belongs to the same moment. */
export const DRAW_EXACT_MS = 300;
/** And one this close can still be set against it; it is exact only of a car that does not move. */
export const DRAW_USABLE_MS = DRAW_WINDOW_MS;
/** Two draws in a row that differ by less than this are those of a car that does not move. */
export const STEADY_A = 0.3;
/** A limit that changed by less than this moves no car: the last tenths, taken one by one. */
export const STEADY_LIMIT_A = 0.15;
/** A car that leaves more than this of its limit for SLACK_MS lends the rest to others, keeping SLACK_ROOM_A to grow. */
export const SLACK_A = 0.8;
export const SLACK_MS = 12_000;
export const SLACK_ROOM_A = 1;
/** Room for a paused car must have been there this long before it is asked to start: a contactor moves for it. */
export const ROOM_LASTS_MS = 10_000;
/** A car that was offered its share and shows 9 V for this long, past IDLE TMO, wants no more. */
export const FINISHED_MS = 10_000;
/** A car that draws less leaves its turn unused (spec control 6.7). */
export const IDLE_A = 1;
/** A draw that was measured longer ago says nothing about that (lifetime of an EV meter's sample). */
export const IDLE_DRAW_MS = 64_000;
/** A car that left its turn unused is passed over for this long when another one does: full cars do not keep contactors busy. */
export const IDLE_REST_MS = 600_000;
/** How long a turn waits for the current of the one before: its C1 may last 6 s, and its end must have been measured. */
export const TURN_WAIT_MS = 30_000;
