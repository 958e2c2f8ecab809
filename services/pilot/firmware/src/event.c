#include "event.h"

#include <util/atomic.h>

#include "board.h"
#include "tick.h"

#define MOST_WAITING 16 /* a power of two */

static struct event queue[MOST_WAITING];
static uint8_t head, count;

void event_happened(uint8_t code, uint16_t arg) {
  if (count == MOST_WAITING) {
    flags |= FLAG_OVERRUN;
    return;
  }
  struct event *event = &queue[(uint8_t)(head + count) % MOST_WAITING];
  event->code = code;
  event->arg = arg;
  event->clock_ms = tick_ms_now();
  event->flags = flags;
  count++;
}

bool event_take(struct event *event) {
  bool taken = false;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    if (count > 0) {
      *event = queue[head];
      head = (uint8_t)(head + 1) % MOST_WAITING;
      count--;
      taken = true;
    }
  }
  return taken;
}
