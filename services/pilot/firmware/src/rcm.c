#include "rcm.h"

#include <avr/interrupt.h>
#include <util/atomic.h>

#include "board.h"
#include "contactor.h"
#include "event.h"

/* After a test the line must have recovered within this. */
#define RECOVER_MS 1000
enum { BY_EDGE, BY_LEVEL };

static volatile enum { QUIET, PULSE, RECOVER } phase;
static uint16_t passed_ms, pulse_ms;

/* Low = healthy. A pull-up makes a broken wire a fault. */
bool rcm_line_bad(void) { return (PIND & _BV(RCM_LINE)) != 0; }

bool rcm_test_output(void) { return phase == PULSE; }

static void output_off(void) { PORTB &= (uint8_t)~_BV(RCM_TEST); }

void rcm_init(void) {
  PORTD |= _BV(RCM_LINE);
  output_off();
  DDRB |= _BV(RCM_TEST);
  EICRA = _BV(ISC01) | _BV(ISC00);
  EIFR = _BV(INTF0);
  EIMSK = _BV(INT0);
}

static void trip(uint8_t by) {
  flags |= FLAG_RCM_TRIP;
  event_happened(EVENT_RCM_TRIP, by);
}

static void line_went_bad(uint8_t by) {
  flags |= FLAG_RCM_LINE;
  if (phase == PULSE) {
    output_off();
    event_happened(EVENT_RCM_LINE, 1);
    event_happened(EVENT_RCM_TEST, passed_ms);
    phase = RECOVER;
    passed_ms = 0;
    return;
  }
  contactor_open(OPENED_BY_RCM); /* first: what is left is telling */
  trip(by);
  event_happened(EVENT_RCM_LINE, 1);
}

static void line_recovered(void) {
  flags &= (uint16_t)~FLAG_RCM_LINE;
  event_happened(EVENT_RCM_LINE, 0);
  if (phase == RECOVER) {
    phase = QUIET;
    flags &= (uint16_t)~FLAG_RCM_TESTING;
  }
}

static void test_failed(void) {
  phase = QUIET;
  flags &= (uint16_t)~FLAG_RCM_TESTING;
  flags |= FLAG_RCM_TESTBAD;
  if (flags & FLAG_RCM_LINE) trip(BY_LEVEL);
}

ISR(INT0_vect) {
  if (!(flags & FLAG_RCM_LINE)) line_went_bad(BY_EDGE);
}

void rcm_start_test(uint16_t ms) {
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    phase = PULSE;
    passed_ms = 0;
    pulse_ms = ms;
    flags |= FLAG_RCM_TESTING;
    PORTB |= _BV(RCM_TEST);
  }
}

void rcm_tick(void) {
  const bool bad = rcm_line_bad();
  const bool known = (flags & FLAG_RCM_LINE) != 0;
  if (phase != QUIET) passed_ms++;
  if (bad && !known) line_went_bad(BY_LEVEL);
  if (!bad && known) line_recovered();
  if (phase == PULSE && passed_ms >= pulse_ms) {
    output_off();
    event_happened(EVENT_RCM_TEST, pulse_ms | RCM_TEST_FAILED);
    test_failed();
  }
  if (phase == RECOVER && passed_ms >= RECOVER_MS) test_failed();
}
