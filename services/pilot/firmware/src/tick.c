#include "tick.h"

#include <avr/interrupt.h>
#include <util/atomic.h>

#include "contactor.h"
#include "grant.h"
#include "lock.h"
#include "pilot.h"
#include "rcm.h"

static volatile uint16_t ms;

uint16_t tick_ms_now(void) { return ms; }

uint16_t tick_ms(void) {
  uint16_t now;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { now = ms; }
  return now;
}

/* What opens contactors comes first; the pilot is driven last, so that what was decided holds from this cycle on. */
ISR(TIMER1_OVF_vect) {
  ms++;
  rcm_tick();
  grant_tick();
  pilot_stale_tick();
  contactor_tick();
  lock_tick();
  pilot_cycle();
}
