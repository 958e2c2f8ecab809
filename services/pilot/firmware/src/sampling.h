/* The ADC: the pilot in the middle of each part, and one other channel after it. */
#ifndef SAMPLING_H
#define SAMPLING_H

#include <stdbool.h>
#include <stdint.h>

void sampling_init(void);
/* What the pin does in the period that has just begun, and which part is to be read in it. */
void sampling_drives(uint16_t duty, bool high);

#endif
