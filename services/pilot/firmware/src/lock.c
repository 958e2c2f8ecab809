#include "lock.h"

#include <util/atomic.h>

#include "board.h"
#include "event.h"

#define REST_MS 500

static volatile uint8_t direction;
static volatile uint16_t left_ms, rest_ms;

static void release(void) {
  PORTB &= (uint8_t)~_BV(LOCK_DRIVE);
  PORTC &= (uint8_t)~_BV(UNLOCK_DRIVE);
}

void lock_init(void) {
  PORTC |= _BV(LOCK_FEEDBACK);
  release();
  DDRB |= _BV(LOCK_DRIVE);
  DDRC |= _BV(UNLOCK_DRIVE);
}

uint8_t lock_direction(void) { return direction; }

bool lock_busy(void) {
  bool busy;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { busy = direction != LOCK_STOP || rest_ms > 0; }
  return busy;
}

void lock_start(uint8_t wanted, uint16_t pulse_ms) {
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    release();
    direction = wanted;
    left_ms = pulse_ms < LOCK_HARD_MAX_MS ? pulse_ms : LOCK_HARD_MAX_MS;
    if (wanted == LOCK_LOCK) {
      PORTB |= _BV(LOCK_DRIVE);
    } else {
      PORTC |= _BV(UNLOCK_DRIVE);
    }
  }
}

static bool locked(void) { return (PINC & _BV(LOCK_FEEDBACK)) == 0; }

void lock_stop(void) {
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    release();
    if (direction != LOCK_STOP) {
      event_happened(EVENT_LOCK_DONE, direction | (locked() ? LOCK_REACHED : 0));
      direction = LOCK_STOP;
      rest_ms = REST_MS;
    }
  }
}

/* The pulse ends in the ms that was asked for, or up to 1 ms before; never after. */
void lock_tick(void) {
  if (locked()) {
    flags |= FLAG_LOCK_FB;
  } else {
    flags &= (uint16_t)~FLAG_LOCK_FB;
  }
  if (rest_ms > 0) rest_ms--;
  if (direction != LOCK_STOP && --left_ms == 0) lock_stop();
}
