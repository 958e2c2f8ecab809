/* Events wait in a queue, because most of them happen in interrupts. */
#ifndef EVENT_H
#define EVENT_H

#include <stdbool.h>
#include <stdint.h>

enum {
  EVENT_BOOT = 1,
  EVENT_CP_STATE,
  EVENT_K_OPENED,
  EVENT_WD_TRIP,
  EVENT_RCM_TRIP,
  EVENT_RCM_TEST,
  EVENT_LOCK_DONE,
  EVENT_WELD,
  EVENT_RCM_LINE,
  EVENT_DIODE,
  EVENT_SAFE_CURRENT,
};

struct event {
  uint8_t code;
  uint16_t arg, clock_ms, flags;
};

/* With interrupts off. A full queue drops the event and latches OVERRUN. */
void event_happened(uint8_t code, uint16_t arg);
/* false: none waits. */
bool event_take(struct event *event);

#endif
