import { balancerAllocation } from "../../shared/contracts/balancer.ts";
import { lifetimeMs } from "../../shared/contracts/define.ts";
import { evseGrant, pilotSensed } from "../../shared/contracts/pilot.ts";

/** Times of the charge states, in ms (spec control 1.5 unless said otherwise). */

/** A board that has said nothing for this long is lost; it repeats its facts every 250 ms. */
export const BOARD_LIFETIME_MS = lifetimeMs(pilotSensed);
/** Its own watchdog and contactor have surely opened this long after it was lost. */
export const BOARD_SURELY_OPEN_MS = 2_000;
/** Allocations older than this are not believed. */
export const ALLOCATION_LIFETIME_MS = lifetimeMs(balancerAllocation);
/** EV meter samples older than this say nothing about the present draw. */
export const DRAW_LIFETIME_MS = 5_000;
export const CHARGE_DELAY_AFTER_B1_MS = 3_000;
export const CHARGE_DELAY_AFTER_C1_MS = 15_000;
/** How long the pilot line stays interrupted when supply is withdrawn from a car that may charge. */
export const CP_CUT_MS = 5_000;
/** After reconnecting the line, the time until what the board reports is the car again. */
export const CP_RECONNECT_MS = 300;
/** A car that has not asked for power 30 s after it was offered gets one wake-up pulse. */
export const WAKE_AFTER_MS = 30_000;
/** After a change of phases a car may think longer before it is woken (spec control 5.7 R). */
export const WAKE_AFTER_SWITCH_MS = 60_000;
export const WAKE_PULSE_MS = 3_000;
/** A pilot that fits no class, or asks for ventilation, for longer than this ends charging (spec control 1.9-1). */
export const PILOT_FAULT_MS = 500;
/** 6 V without a diode for longer than this is told (spec control 1.6). */
export const DIODE_MISSING_MS = 10_000;
export const PLUG_OPEN_MS = 500;
/** Grants are repeated in this rhythm, status in its own. */
export const GRANT_EVERY_MS = 250;
export const GRANT_LIFETIME_MS = lifetimeMs(evseGrant);
export const STATUS_EVERY_MS = 1_000;
/** So far above MAX TEMP the contactor opens under load (spec control 1.9-6). */
export const BURNING_K = 10;
/** A car has this long to obey a new offer (IEC 61851-1). */
export const EV_REACTS_MS = 5_000;
/** A car has to be measured above twice its offer for so long: by several readings, of which one may be wrong. */
export const OVERDRAWN_MS = 3_000;
/** So long a meter that showed a load beside the car is taken to measure more than the car. */
export const OTHERS_COUNT_MS = 86_400_000;
/** What failed is tried again after this, so often in all; then a person decides (spec control 7.5 R). */
export const TRY_AGAIN_MS = 60_000;
export const TRIES = 3;
/** A test of the residual-current monitor with its report is over by then. */
export const RCM_TEST_WINDOW_MS = 6_000;
/** A board lets go of an acknowledged latch within this, or its cause is still there. */
export const RCM_ACKNOWLEDGED_MS = 2_000;
/** A contactor that has been closed for this long is sound. */
export const CONTACTOR_STANDS_MS = 5_000;
/** Temperature at which charging resumes at the latest (spec control 7.3). */
export const RESUME_BELOW_C = 55;
/** A change of the external switch counts when it has lasted this long (spec control 10.2: more than 10 ticks of 10 ms). */
export const SWITCH_DEBOUNCE_MS = 110;
/** Sma-Sol B held this long while charging stops. */
export const SWITCH_HOLD_MS = 1_500;
/** A grid relay that cannot be read for this long counts as open. */
export const SWITCH_AWAY_MS = 10_000;
/** What the switch wants changed is asked for in this rhythm, and for this long. */
export const WISH_AGAIN_MS = 2_000;
export const WISH_LIFETIME_MS = 10_000;
