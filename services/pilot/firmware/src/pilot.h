/* The control pilot: what is driven, what is read back, and what follows from it at once. */
#ifndef PILOT_H
#define PILOT_H

#include <stdbool.h>
#include <stdint.h>

void pilot_init(void);
/* Thresholds, debounce or state D changed. */
void pilot_configure(void);
/* Asked for, from anywhere; driven from the next cycle on. */
void pilot_drive(uint16_t duty);
/* As asked for last. */
uint16_t pilot_duty(void);
/* Debounced class. */
uint8_t pilot_state(void);
/* With interrupts off: the high part was read a moment ago and said "charge". */
bool pilot_trusted(void);
/* Every ms: no reading for 50 ms is no permission. */
void pilot_stale_tick(void);
/* Once per period, right after it began. */
void pilot_cycle(void);

/* Readings since the last call. */
struct half {
  uint32_t sum;
  uint16_t count, min, max;
};
void pilot_take(struct half *high, struct half *low);

/* Last count of an ADC channel; 0 is the pilot's high part. */
uint16_t pilot_analog(uint8_t channel);
/* Free channels to be read in turn with PP: bit per channel, 4 and 5. */
void pilot_read_also(uint8_t channels);

#endif
