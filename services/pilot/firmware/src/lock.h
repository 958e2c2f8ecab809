/* The plug lock: a motor with end feedback, driven in pulses, never in both directions. */
#ifndef LOCK_H
#define LOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { LOCK_STOP, LOCK_LOCK, LOCK_UNLOCK };
/* Added to the direction in the event: the feedback says locked. */
#define LOCK_REACHED 0x10
#define LOCK_HARD_MAX_MS 1000

void lock_init(void);
uint8_t lock_direction(void);
/* A pulse runs, or the drive rests after one. */
bool lock_busy(void);
void lock_start(uint8_t direction, uint16_t pulse_ms);
void lock_stop(void);
void lock_tick(void);

#endif
