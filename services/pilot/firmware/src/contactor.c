#include "contactor.h"

#include <util/atomic.h>

#include "board.h"
#include "config.h"
#include "event.h"
#include "grant.h"
#include "pilot.h"

/* A main contact that still answers "closed" this long after its coil fell is welded. */
#define WELD_AFTER_MS 100

static volatile uint8_t mask;
static uint16_t steady_ms;
static uint8_t weld_ms;

/* Single-bit writes: nothing else on port D is touched. */
static void drive(uint8_t wanted) {
  if (!(wanted & BIT_K1)) PORTD &= (uint8_t)~_BV(K1);
  if (!(wanted & BIT_K2)) PORTD &= (uint8_t)~_BV(K2);
  if (wanted & BIT_K1) PORTD |= _BV(K1);
  if (wanted & BIT_K2) PORTD |= _BV(K2);
  mask = wanted;
}

void contactor_init(void) {
  PORTB |= _BV(K_FEEDBACK);
  drive(0);
  DDRD |= _BV(K1) | _BV(K2);
}

uint8_t contactor_mask(void) { return mask; }

void contactor_open(uint8_t why) {
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    if (mask != 0) {
      drive(0);
      if (why != OPENED_BY_HOST) flags |= FLAG_LOCAL_OPEN;
      event_happened(EVENT_K_OPENED, why);
      grant_contactors_opened();
    }
  }
}

void contactor_forget_local_open(void) {
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { flags &= (uint16_t)~FLAG_LOCAL_OPEN; }
}

static bool may_close(void) {
  const uint8_t state = pilot_state();
  const bool asked = state == CP_C || (state == CP_D && config_get(CONFIG_ALLOW_D) == 1);
  return asked && pilot_trusted() && duty_oscillates(pilot_duty()) && (flags & FLAG_WD_ARMED) != 0 &&
         (flags & FLAGS_BLOCKING) == 0 && (PIND & _BV(RCM_LINE)) == 0;
}

bool contactor_close(uint8_t wanted) {
  bool closed = false;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    if (may_close()) {
      drive(wanted);
      closed = true;
    }
  }
  return closed;
}

void contactor_keep_only(uint8_t kept) {
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    if ((mask & (uint8_t)~kept) != 0) drive(mask & kept);
  }
}

static void watch_steady(void) {
  /* The car was told to stop and gets a limited time to do so (IEC 61851-1 table A.6, sequence 10.2). */
  if (mask == 0 || pilot_duty() != DUTY_POSITIVE) {
    steady_ms = 0;
  } else if (++steady_ms > config_get(CONFIG_STEADY_MS)) {
    contactor_open(OPENED_BY_STEADY);
  }
}

static void watch_weld(void) {
  const bool closed = (PINB & _BV(K_FEEDBACK)) == 0;
  if (closed) {
    flags |= FLAG_K_FB;
  } else {
    flags &= (uint16_t)~FLAG_K_FB;
  }
  if (!closed || (mask & BIT_K1) != 0) {
    weld_ms = 0;
  } else if (weld_ms <= WELD_AFTER_MS && ++weld_ms > WELD_AFTER_MS && (flags & FLAG_WELD) == 0) {
    flags |= FLAG_WELD;
    event_happened(EVENT_WELD, 0);
  }
}

void contactor_tick(void) {
  watch_steady();
  watch_weld();
}
