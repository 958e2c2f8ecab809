/* The installer's safe current, kept in EEPROM: what a charging car may go on with when the host falls silent. */
#ifndef SAFE_H
#define SAFE_H

#include <stdbool.h>
#include <stdint.h>

#define SAFE_LEAST_DECI_A 60
#define SAFE_MOST_DECI_A 320
#define SAFE_MOST_GRACE_S 3600

struct safe_current {
  /* 0: none. */
  uint16_t current_deci_a, grace_s;
};

void safe_init(void);
const struct safe_current *safe_current(void);
/* As memory_read tells it. */
uint8_t safe_stored(void);
/* Either nothing, or 6..32 A for 1 s to 1 h. */
bool safe_current_allowed(uint16_t current_deci_a);
bool safe_grace_allowed(uint16_t current_deci_a, uint16_t grace_s);
/* false: what is read back is not what was written. Takes up to 30 ms. */
bool safe_store(uint16_t current_deci_a, uint16_t grace_s);

#endif
