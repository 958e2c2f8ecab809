#include "safe.h"

#include <util/atomic.h>

#include "memory.h"

static struct safe_current safe;
static uint8_t stored;

const struct safe_current *safe_current(void) { return &safe; }

uint8_t safe_stored(void) { return stored; }

bool safe_current_allowed(uint16_t current_deci_a) {
  return current_deci_a == 0 || (current_deci_a >= SAFE_LEAST_DECI_A && current_deci_a <= SAFE_MOST_DECI_A);
}

bool safe_grace_allowed(uint16_t current_deci_a, uint16_t grace_s) {
  return grace_s <= SAFE_MOST_GRACE_S && (grace_s == 0) == (current_deci_a == 0);
}

/* A record counts only if all of it makes sense. */
static void read(void) {
  struct safe_current found;
  uint8_t what = memory_read(MEMORY_SAFE, &found, sizeof found);
  if (what == STORED_VALID && !(safe_current_allowed(found.current_deci_a) &&
                                safe_grace_allowed(found.current_deci_a, found.grace_s))) {
    what = STORED_DAMAGED;
  }
  if (what != STORED_VALID) found = (struct safe_current){0, 0};
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { safe = found; }
  stored = what;
}

void safe_init(void) { read(); }

bool safe_store(uint16_t current_deci_a, uint16_t grace_s) {
  const struct safe_current wanted = {current_deci_a, grace_s};
  memory_write(MEMORY_SAFE, &wanted, sizeof wanted);
  read();
  return stored == STORED_VALID && safe.current_deci_a == current_deci_a && safe.grace_s == grace_s;
}
