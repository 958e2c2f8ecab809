#include "grant.h"

#include <util/atomic.h>

#include "board.h"
#include "config.h"
#include "contactor.h"
#include "event.h"
#include "pilot.h"
#include "safe.h"

/* The least duty that offers a current: 10 %, 6 A (IEC 61851-1 table A.7). */
#define DUTY_OFFER_LEAST 100

static uint8_t sequence;
static uint16_t limit_ms;
static bool own_limit;
/* Counts down; the last ms is the one in which the grant came, so that none is cut short. */
static uint16_t left_ms;
/* Between "+12 V" and "open" after a trip. */
static uint16_t open_in_ms;
static uint32_t safe_left_ms;

static void end_safe(void) {
  if (flags & FLAG_SAFE_CURRENT) {
    flags &= (uint16_t)~FLAG_SAFE_CURRENT;
    event_happened(EVENT_SAFE_CURRENT, 0);
  }
}

static void granted(uint8_t number, uint16_t ms) {
  sequence = number;
  limit_ms = ms;
  left_ms = ms + 1;
  flags |= FLAG_WD_ARMED;
  end_safe();
}

void grant_for(uint8_t number, uint16_t ttl_ms) {
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    own_limit = true;
    granted(number, ttl_ms);
  }
}

void grant_heartbeat(uint8_t number) {
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    own_limit = false;
    granted(number, config_get(CONFIG_WATCHDOG_MS));
  }
}

/* What has passed since the last heartbeat counts against the new time. */
void grant_usual_time_changed(void) {
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    if (!own_limit && left_ms > 0) {
      const uint16_t passed_ms = limit_ms + 1 - left_ms;
      limit_ms = config_get(CONFIG_WATCHDOG_MS);
      left_ms = passed_ms < limit_ms ? limit_ms + 1 - passed_ms : 1;
    }
  }
}

uint8_t grant_sequence(void) { return sequence; }

uint16_t grant_left_ms(void) {
  uint16_t left;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { left = left_ms; }
  return left > 0 ? left - 1 : 0;
}

bool grant_allows_pwm(void) {
  bool allowed;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    allowed = (flags & FLAG_WD_ARMED) != 0 && (flags & (FLAG_WD_TRIP | FLAG_SAFE_CURRENT)) == 0;
  }
  return allowed;
}

/* Steady +12 V at once, the contactors after the configured time. */
static void trip(void) {
  if (flags & FLAG_WD_TRIP) return;
  flags |= FLAG_WD_TRIP;
  pilot_drive(DUTY_POSITIVE);
  event_happened(EVENT_WD_TRIP, limit_ms);
  open_in_ms = config_get(CONFIG_GRACE_MS);
  if (open_in_ms == 0) contactor_open(OPENED_BY_WATCHDOG);
}

/* The host fell silent. Where the installer allowed it, a car that charges goes on with the safe current for a while. */
static void silence(void) {
  const uint16_t duty = pilot_duty();
  const struct safe_current *safe = safe_current();
  const bool offered = duty >= DUTY_OFFER_LEAST && duty <= DUTY_MOST;
  if (flags & FLAG_WD_TRIP) return;
  if (safe->current_deci_a == 0 || contactor_mask() == 0 || !offered) {
    trip();
    return;
  }
  safe_left_ms = safe->grace_s * 1000UL;
  flags |= FLAG_SAFE_CURRENT;
  event_happened(EVENT_SAFE_CURRENT, 1);
  /* IEC 61851-1 table A.8: 0.6 A per percent up to 51 A; never more than was granted. */
  const uint16_t safe_duty = safe->current_deci_a * 10 / 6;
  pilot_drive(safe_duty < duty ? safe_duty : duty);
}

void grant_contactors_opened(void) {
  if (flags & FLAG_SAFE_CURRENT) {
    end_safe();
    trip();
  }
}

void grant_tick(void) {
  if (open_in_ms > 0 && --open_in_ms == 0) contactor_open(OPENED_BY_WATCHDOG);
  if ((flags & FLAG_SAFE_CURRENT) && --safe_left_ms == 0) {
    end_safe();
    trip();
  }
  if (left_ms > 0 && --left_ms == 0) silence();
}
