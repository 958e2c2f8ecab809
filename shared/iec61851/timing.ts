/** Times of the standard and of the field, each with where it comes from. All in ms. */

/** Supply off after the car leaves C/D (IEC 61851-1 table A.6, sequence 8.1): met by the board, not by the host. */
export const LEAVE_C_MAX_MS = 100;
/** An EV may take this long to follow a duty change (IEC 61851-1 A.4). */
export const EV_FOLLOWS_MS = 5_000;
/** An EV that ignores the end of PWM is disconnected under load after this (table A.6, sequence 10.2). */
export const EV_IGNORES_STOP_MS = 6_000;
/** How long a 6 V pilot must last before the contactor closes: more than half a second (spec control 1.5). */
export const C_DEBOUNCE_MS = 510;
/** The contactor follows a request of the EV within 3 s (table A.6, sequence 4). */
export const CLOSE_WITHIN_MS = 3_000;
