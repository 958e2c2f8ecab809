/* Permission with a deadline: the host's grants, their end, and the installer's safe current after it. */
#ifndef GRANT_H
#define GRANT_H

#include <stdbool.h>
#include <stdint.h>

#define GRANT_TTL_MIN_MS 100
#define GRANT_TTL_MAX_MS 5000

/* A grant for its own time. */
void grant_for(uint8_t sequence, uint16_t ttl_ms);
/* A heartbeat names no time: the configured one holds. */
void grant_heartbeat(uint8_t sequence);
void grant_usual_time_changed(void);
uint8_t grant_sequence(void);
/* What is left until silence counts; 0 before the first grant and after the last. */
uint16_t grant_left_ms(void);
/* PWM needs a grant in force. */
bool grant_allows_pwm(void);
/* With interrupts off: there is nothing left for the safe current to carry on with. */
void grant_contactors_opened(void);
void grant_tick(void);

#endif
