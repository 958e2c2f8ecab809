/* The EVSE commands of a host. */
#ifndef EVSE_H
#define EVSE_H

#include <stdint.h>

#define EVSE_FEATURE 0x0E

/* What stood between the feature id and F7. */
void evse_command(const uint8_t *bytes, uint8_t length);
/* Firmata's system reset: to the safe state. Watchdog and latches stay. */
void evse_system_reset(void);

#endif
