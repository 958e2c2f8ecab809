/* The ADC: the pilot in the middle of each part, and one other channel after it. */
#ifndef SAMPLING_H
#define SAMPLING_H

#include <stdint.h>

void sampling_init(void);
/* What the pin does in the period that has just begun. */
void sampling_drives(uint16_t duty);

#endif
