#include "config.h"

#include <avr/pgmspace.h>
#include <util/atomic.h>

#include "grant.h"
#include "pilot.h"
#include "telemetry.h"

struct range {
  uint16_t min, max, initial;
};

/* A threshold in 10 mV. */
#define VOLTS(v) ((uint16_t)(VOLT_OFFSET + (v)))
#define THRESHOLD(v) {VOLTS(-1500), VOLTS(1500), VOLTS(v)}

static const struct range ranges[CONFIG_COUNT] PROGMEM = {
    {100, 5000, 1000}, {10, 1000, 20},  {2, 60, 10},      {0, 1, 1},
    {0, 3000, 0},      {100, 10000, 6000}, {20, 1000, 600}, THRESHOLD(1050),
    THRESHOLD(750),    THRESHOLD(450),  THRESHOLD(150),   THRESHOLD(-1000),
};

static uint16_t values[CONFIG_COUNT];

static uint16_t range_word(const uint16_t *field) { return pgm_read_word(field); }

uint16_t config_get(uint8_t id) {
  uint16_t value;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { value = values[id - 1]; }
  return value;
}

static void store(uint8_t id, uint16_t value) {
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { values[id - 1] = value; }
}

bool config_set(uint8_t id, uint16_t value) {
  if (id < 1 || id > CONFIG_COUNT) return false;
  const struct range *range = &ranges[id - 1];
  const bool off = id == CONFIG_REPORT_MS && value == 0;
  if (!off && (value < range_word(&range->min) || value > range_word(&range->max))) return false;
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

void config_init(void) {
  for (uint8_t id = 1; id <= CONFIG_COUNT; id++) store(id, range_word(&ranges[id - 1].initial));
  pilot_configure();
}
