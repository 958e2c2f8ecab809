/* The 1 ms base: Timer1's overflow, which is also the pilot's period. */
#ifndef TICK_H
#define TICK_H

#include <stdint.h>

/* Free running. With interrupts off. */
uint16_t tick_ms_now(void);
/* The same from the main loop. */
uint16_t tick_ms(void);

#endif
