/* The installer's safe current, in EEPROM. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#define SAFE_LEAST_DECI_A 60
#define SAFE_MOST_DECI_A 320
#define SAFE_MOST_GRACE_S 3600

struct safe_current {
  /* 0: none. */
  uint16_t current_deci_a, grace_s;
};

/* What was found at boot, or written since. */
enum { STORED_BLANK, STORED_VALID, STORED_DAMAGED };

void memory_init(void);
const struct safe_current *memory_safe(void);
uint8_t memory_stored(void);
/* Either nothing, or 6..32 A for 1 s to 1 h. */
bool memory_safe_current_allowed(uint16_t current_deci_a);
bool memory_safe_grace_allowed(uint16_t current_deci_a, uint16_t grace_s);
/* false: what is read back is not what was written. Takes up to 30 ms. */
bool memory_write_safe(uint16_t current_deci_a, uint16_t grace_s);

#endif
