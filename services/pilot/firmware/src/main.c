/*
 * Pilot board: Firmata with the "EVSE pilot" feature. Interrupts protect (pilot, residual current, deadline); the main
 * loop only talks.
 */
#include <avr/interrupt.h>
#include <avr/sleep.h>
#include <avr/wdt.h>
#include <util/atomic.h>

#include "board.h"
#include "config.h"
#include "contactor.h"
#include "event.h"
#include "firmata.h"
#include "lock.h"
#include "pilot.h"
#include "pins.h"
#include "rcm.h"
#include "safe.h"
#include "telemetry.h"
#include "tick.h"
#include "uart.h"

volatile uint16_t flags;
uint8_t boot_cause __attribute__((section(".noinit")));

/* After a watchdog reset the watchdog still runs, at its shortest: it is stopped before anything else. */
void keep_boot_cause(void) __attribute__((naked, used, section(".init3")));
void keep_boot_cause(void) {
  boot_cause = MCUSR;
  MCUSR = 0;
  wdt_disable();
}

static void init(void) {
  contactor_init();
  lock_init();
  rcm_init();
  safe_init();
  config_init();
  if (boot_cause & _BV(WDRF)) flags = FLAG_HW_WDT;
  pilot_init();
  uart_init();
  firmata_announce();
  event_happened(EVENT_BOOT, boot_cause);
  wdt_enable(WDTO_60MS);
}

/* Fed only while the 1 ms base runs: a main loop that turns alone proves nothing. */
static void feed_watchdog(void) {
  static uint16_t fed_ms;
  const uint16_t now = tick_ms();
  if (now == fed_ms) return;
  fed_ms = now;
  wdt_reset();
}

static void sleep_until_something_happens(void) {
  cli();
  if (uart_waiting()) {
    sei();
    return;
  }
  sleep_enable();
  sei();
  sleep_cpu();
  sleep_disable();
}

int main(void) {
  init();
  sei();
  for (;;) {
    feed_watchdog();
    for (int16_t byte = uart_read(); byte >= 0; byte = uart_read()) firmata_take((uint8_t)byte);
    telemetry_run();
    pins_run();
    sleep_until_something_happens();
  }
}
