#include "config.h"

#include <avr/pgmspace.h>
#include <util/atomic.h>

#include "grant.h"
#include "memory.h"
#include "pilot.h"
#include "telemetry.h"

struct range {
  uint16_t min, max, initial;
};

/* A threshold in 10 mV, between two bands of IEC 61851-1 table A.2: no voltage of a band is taken for its neighbour's. */
#define VOLTS(v) ((uint16_t)(VOLT_OFFSET + (v)))
#define THRESHOLD(min, max, v) {VOLTS(min), VOLTS(max), VOLTS(v)}

static const struct range ranges[CONFIG_COUNT] PROGMEM = {
    {100, 5000, 1000},
    {10, 1000, 20},
    {2, 60, 10},
    {0, 1, 1},
    {0, 3000, 0},
    {100, 10000, 6000},
    {20, 1000, 600},
    THRESHOLD(1000, 1100, 1050),
    THRESHOLD(700, 800, 750),
    THRESHOLD(400, 500, 450),
    THRESHOLD(100, 200, 150),
    THRESHOLD(-1100, -1000, -1000),
};

#define KEPT_COUNT (CONFIG_COUNT - CONFIG_KEPT_FIRST + 1)
#define KEPT_NONE 0

static uint16_t values[CONFIG_COUNT];
static uint16_t kept[KEPT_COUNT];
static uint8_t stored;

static bool in_range(uint8_t id, uint16_t value) {
  const struct range *range = &ranges[id - 1];
  return value >= pgm_read_word(&range->min) && value <= pgm_read_word(&range->max);
}

uint16_t config_get(uint8_t id) {
  uint16_t value;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { value = values[id - 1]; }
  return value;
}

uint16_t config_initial(uint8_t id) {
  const uint16_t value = id < CONFIG_KEPT_FIRST ? KEPT_NONE : kept[id - CONFIG_KEPT_FIRST];
  return value == KEPT_NONE ? pgm_read_word(&ranges[id - 1].initial) : value;
}

static void store(uint8_t id, uint16_t value) {
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { values[id - 1] = value; }
}

bool config_set(uint8_t id, uint16_t value) {
  if (id < 1 || id > CONFIG_COUNT) return false;
  const bool off = id == CONFIG_REPORT_MS && value == 0;
  if (!off && !in_range(id, value)) return false;
  store(id, value);
  if (id == CONFIG_WATCHDOG_MS) {
    grant_usual_time_changed();
  } else if (id == CONFIG_REPORT_MS) {
    telemetry_report_interval_changed();
  } else {
    pilot_configure();
  }
  return true;
}

bool config_keepable(uint8_t id, uint16_t value) {
  return id >= CONFIG_KEPT_FIRST && id <= CONFIG_COUNT && (value == KEPT_NONE || in_range(id, value));
}

/* One value that makes no sense, and none of them counts. */
static void read_kept(void) {
  stored = memory_read(MEMORY_CONFIG, kept, sizeof kept);
  for (uint8_t i = 0; i < KEPT_COUNT; i++) {
    if (stored == STORED_VALID && !config_keepable(CONFIG_KEPT_FIRST + i, kept[i])) stored = STORED_DAMAGED;
  }
  if (stored == STORED_VALID) return;
  for (uint8_t i = 0; i < KEPT_COUNT; i++) kept[i] = KEPT_NONE;
}

bool config_keep(uint8_t id, uint16_t value) {
  uint16_t *const cell = &kept[id - CONFIG_KEPT_FIRST];
  *cell = value;
  memory_write(MEMORY_CONFIG, kept, sizeof kept);
  read_kept();
  config_set(id, config_initial(id));
  return stored == STORED_VALID && *cell == value;
}

uint8_t config_stored(void) { return stored; }

void config_init(void) {
  read_kept();
  for (uint8_t id = 1; id <= CONFIG_COUNT; id++) store(id, config_initial(id));
  pilot_configure();
}
