/* What the readings of the pilot mean: class, debounce, the fast way out, the diode. With interrupts off. */
#ifndef READING_H
#define READING_H

#include <stdbool.h>
#include <stdint.h>

void reading_high(uint16_t count, bool steady);
void reading_low(uint16_t count);

#endif
