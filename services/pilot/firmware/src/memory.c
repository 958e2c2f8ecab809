#include "memory.h"

#include <avr/eeprom.h>
#include <avr/wdt.h>
#include <util/atomic.h>
#include <util/crc16.h>

#define MAGIC 0xE5
#define LAYOUT 1

struct record {
  uint8_t magic, layout;
  struct safe_current safe;
  uint16_t crc;
};

#define RECORD_BYTES ((uint8_t)sizeof(struct record))
static uint8_t *const cells = (uint8_t *)0;

static struct safe_current safe;
static uint8_t stored;

static uint16_t crc_of(const struct record *record) {
  const uint8_t *bytes = (const uint8_t *)record;
  uint16_t crc = 0xFFFF;
  for (uint8_t i = 0; i < RECORD_BYTES - sizeof record->crc; i++) crc = _crc16_update(crc, bytes[i]);
  return crc;
}

bool memory_safe_current_allowed(uint16_t current_deci_a) {
  return current_deci_a == 0 || (current_deci_a >= SAFE_LEAST_DECI_A && current_deci_a <= SAFE_MOST_DECI_A);
}

bool memory_safe_grace_allowed(uint16_t current_deci_a, uint16_t grace_s) {
  return grace_s <= SAFE_MOST_GRACE_S && (grace_s == 0) == (current_deci_a == 0);
}

/* Answers what the cells hold; `safe` only if all of it makes sense. */
static void read(void) {
  struct record record;
  uint8_t *const bytes = (uint8_t *)&record;
  bool blank = true;
  for (uint8_t i = 0; i < RECORD_BYTES; i++) {
    bytes[i] = eeprom_read_byte(cells + i);
    if (bytes[i] != 0xFF) blank = false;
  }
  const struct safe_current *found = &record.safe;
  const bool valid = record.magic == MAGIC && record.layout == LAYOUT && record.crc == crc_of(&record) &&
                     memory_safe_current_allowed(found->current_deci_a) &&
                     memory_safe_grace_allowed(found->current_deci_a, found->grace_s);
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    safe.current_deci_a = valid ? found->current_deci_a : 0;
    safe.grace_s = valid ? found->grace_s : 0;
    stored = blank ? STORED_BLANK : valid ? STORED_VALID : STORED_DAMAGED;
  }
}

void memory_init(void) { read(); }

const struct safe_current *memory_safe(void) { return &safe; }

uint8_t memory_stored(void) { return stored; }

bool memory_write_safe(uint16_t current_deci_a, uint16_t grace_s) {
  struct record record = {MAGIC, LAYOUT, {current_deci_a, grace_s}, 0};
  record.crc = crc_of(&record);
  const uint8_t *bytes = (const uint8_t *)&record;
  for (uint8_t i = 0; i < RECORD_BYTES; i++) {
    eeprom_update_byte(cells + i, bytes[i]);
    eeprom_busy_wait();
    wdt_reset();
  }
  read();
  return stored == STORED_VALID && safe.current_deci_a == current_deci_a && safe.grace_s == grace_s;
}
