/* Firmata 2.6, the subset that hosts need: framing, names, free pins. */
#ifndef FIRMATA_H
#define FIRMATA_H

#include <stdbool.h>
#include <stdint.h>

/* What is sent unasked after a boot. */
void firmata_announce(void);
void firmata_take(uint8_t byte);
/* Opens a sysex with so many bytes to follow before F7; false = no room, latched as OVERRUN. */
bool firmata_begin(uint8_t id, uint8_t bytes);
void firmata_send3(uint8_t command, uint8_t first, uint8_t second);

#endif
