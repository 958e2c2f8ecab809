#include "reading.h"

#include <util/atomic.h>

#include "board.h"
#include "config.h"
#include "contactor.h"
#include "event.h"
#include "pilot.h"

/* Each part is read every 2 ms. */
#define SAMPLE_EVERY_MS 2
#define STALE_MS 50
#define HYSTERESIS 20 /* in 10 mV: 0.2 V */
#define BOUNDARIES 4
/* Of the sums between two reports: beyond this, older readings count half. */
#define MOST_COUNTED 8192

static volatile uint8_t state = CP_INVALID;
static uint8_t raw = CP_INVALID;
static uint8_t run, not_charging, diode_run;
static bool diode_missing_raw;
static uint8_t high_age_ms = STALE_MS + 1, low_age_ms = STALE_MS + 1;

/* From CONFIG: counts from which a class is kept, and those from which it is entered. */
static uint8_t needed;
static bool allow_d;
static uint16_t keep[BOUNDARIES], enter[BOUNDARIES], least_e, diode_above;

static struct half high, low;

/* The front end gives V/6 + 2.5 V on 5 V, 1024 counts: 512 + 1024/3000 counts per 10 mV; rounded up. */
static uint16_t counts_from(int16_t volts10m) {
  const int32_t scaled = (int32_t)volts10m * 1024 + 512L * 3000;
  return (uint16_t)((scaled + 2999) / 3000);
}

static int16_t threshold(uint8_t id) { return (int16_t)(config_get(id) - VOLT_OFFSET); }

void pilot_configure(void) {
  uint16_t keeps[BOUNDARIES], enters[BOUNDARIES];
  for (uint8_t i = 0; i < BOUNDARIES; i++) {
    const int16_t volts10m = threshold(CONFIG_THRESHOLD_AB + i);
    keeps[i] = counts_from(volts10m - HYSTERESIS);
    enters[i] = counts_from(volts10m + HYSTERESIS);
  }
  const uint16_t e = counts_from(-threshold(CONFIG_THRESHOLD_DE));
  const uint16_t diode = counts_from(threshold(CONFIG_THRESHOLD_DIODE));
  const uint8_t samples = config_get(CONFIG_DEBOUNCE_MS) / SAMPLE_EVERY_MS;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    for (uint8_t i = 0; i < BOUNDARIES; i++) {
      keep[i] = keeps[i];
      enter[i] = enters[i];
    }
    least_e = e;
    diode_above = diode;
    needed = samples;
    allow_d = config_get(CONFIG_ALLOW_D) == 1;
  }
}

uint8_t pilot_state(void) { return state; }

static bool asks_for_current(uint8_t class) { return class == CP_C || (class == CP_D && allow_d); }

bool pilot_trusted(void) { return high_age_ms <= STALE_MS && not_charging == 0 && asks_for_current(raw); }

static uint8_t class_of(uint16_t count) {
  for (uint8_t class = CP_A; class < BOUNDARIES; class++) {
    if (count >= (raw <= class ? keep[class] : enter[class])) return class;
  }
  return count >= least_e ? CP_E : CP_INVALID;
}

static void enter_state(uint8_t next) {
  if (next == state) return;
  const uint8_t before = state;
  state = next;
  event_happened(EVENT_CP_STATE, next | (uint16_t)before << 4);
}

static void add(struct half *half, uint16_t count) {
  if (half->count == 0 || count < half->min) half->min = count;
  if (half->count == 0 || count > half->max) half->max = count;
  half->sum += count;
  if (++half->count == MOST_COUNTED) {
    half->sum /= 2;
    half->count /= 2;
  }
}

void pilot_take(struct half *h, struct half *l) {
  static const struct half none;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    *h = high;
    *l = low;
    high = low = none;
  }
}

/* The diode can be judged only while a car hangs on an oscillating pilot; without a car it is not missing. */
static void judge_diode(bool missing) {
  if (missing == diode_missing_raw) {
    if (diode_run < UINT8_MAX) diode_run++;
  } else {
    diode_missing_raw = missing;
    diode_run = 1;
  }
  const bool known = (flags & FLAG_DIODE) != 0;
  if (diode_run < needed || missing == known) return;
  if (missing) {
    flags |= FLAG_DIODE;
    contactor_open(OPENED_BY_DIODE);
  } else {
    flags &= (uint16_t)~FLAG_DIODE;
  }
  event_happened(EVENT_DIODE, missing);
}

void reading_high(uint16_t count, bool steady) {
  const uint8_t class = class_of(count);
  add(&high, count);
  high_age_ms = 0;
  run = class == raw ? (run < UINT8_MAX ? run + 1 : run) : 1;
  raw = class;
  /* The fast way out: what is not "charge" adds up, whatever it is. */
  if (asks_for_current(class)) {
    not_charging = 0;
  } else {
    if (not_charging < UINT8_MAX) not_charging++;
    if (not_charging >= needed) contactor_open(OPENED_BY_CP);
  }
  if (run >= needed) enter_state(class);
  if (steady && class == CP_A) judge_diode(false);
}

void reading_low(uint16_t count) {
  add(&low, count);
  low_age_ms = 0;
  if (raw == CP_A) {
    judge_diode(false);
  } else if (raw >= CP_B && raw <= CP_D) {
    judge_diode(count >= diode_above);
  }
}

void pilot_stale_tick(void) {
  if (low_age_ms <= STALE_MS) low_age_ms++;
  if (high_age_ms <= STALE_MS) high_age_ms++;
  if (high_age_ms <= STALE_MS) return;
  run = 0;
  contactor_open(OPENED_BY_CP);
  /* Only low parts: steady -12 V. Neither: the pilot is not read at all. */
  enter_state(low_age_ms <= STALE_MS ? CP_F : CP_INVALID);
}
