#include "telemetry.h"

#include <util/atomic.h>

#include "board.h"
#include "config.h"
#include "contactor.h"
#include "evse.h"
#include "event.h"
#include "grant.h"
#include "lock.h"
#include "pilot.h"
#include "rcm.h"
#include "safe.h"
#include "tick.h"
#include "uart.h"

#ifndef BAUD
#define BAUD 57600
#endif

enum { MESSAGE_ACK = 0x40, MESSAGE_REPORT, MESSAGE_STATUS, MESSAGE_EVENT, MESSAGE_INFO, MESSAGE_SAFE, MESSAGE_KEPT };

#define VERSION_MAJOR 1
#define VERSION_MINOR 2
#define ADC_STEP_100UV 293
#define SAMPLES_PER_S 500
#define PP_OPEN 16383
#define MOST_COUNTED 127

static uint8_t message[32], length;
static uint16_t reported_ms;

/* x^7 + x^3 + 1, bit 6 first. */
uint8_t crc7(uint8_t crc, uint8_t byte) {
  for (uint8_t mask = 0x40; mask != 0; mask >>= 1) {
    const bool feedback = ((crc & 0x40) != 0) != ((byte & mask) != 0);
    crc = (uint8_t)(crc << 1) & 0x7F;
    if (feedback) crc ^= 0x09;
  }
  return crc;
}

static void put7(uint8_t value) { message[length++] = value & 0x7F; }

static void put14(uint16_t value) {
  put7((uint8_t)value);
  put7((uint8_t)(value >> 7));
}

static void begin(uint8_t sub) {
  length = 0;
  put7(sub);
}

/* A message goes out whole or not at all. */
static void end(void) {
  if (uart_room() < length + 4) {
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { flags |= FLAG_OVERRUN; }
    return;
  }
  uint8_t crc = 0;
  uart_write(0xF0);
  uart_write(EVSE_FEATURE);
  for (uint8_t i = 0; i < length; i++) {
    crc = crc7(crc, message[i]);
    uart_write(message[i]);
  }
  uart_write(crc);
  uart_write(0xF7);
}

static uint16_t flags_now(void) {
  uint16_t now;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { now = flags; }
  return now;
}

static uint8_t outputs(void) {
  const uint8_t lock = lock_direction();
  return contactor_mask() | (lock == LOCK_LOCK ? 4 : 0) | (lock == LOCK_UNLOCK ? 8 : 0) | (rcm_test_output() ? 16 : 0);
}

void telemetry_ack(uint8_t command, uint8_t result, uint16_t arg) {
  begin(MESSAGE_ACK);
  put7(command);
  put7(result);
  put14(arg);
  end();
}

void telemetry_status(void) {
  begin(MESSAGE_STATUS);
  put7(pilot_state());
  put7(outputs());
  put14(flags_now());
  put14(pilot_duty());
  put14(grant_left_ms());
  put7(lock_direction());
  put7(boot_cause);
  end();
}

void telemetry_info(void) {
  begin(MESSAGE_INFO);
  put7(VERSION_MAJOR);
  put7(VERSION_MINOR);
  put7(2);
  put14(DUTY_POSITIVE);
  put14(1000);
  put14(ADC_STEP_100UV);
  put14(SAMPLES_PER_S);
  put14(SAMPLES_PER_S);
  put14(LOCK_HARD_MAX_MS);
  put14(GRANT_TTL_MAX_MS);
  put14(BAUD / 100);
  end();
}

void telemetry_safe(void) {
  const struct safe_current *safe = safe_current();
  begin(MESSAGE_SAFE);
  put14(safe->current_deci_a);
  put14(safe->grace_s);
  put7(safe_stored());
  end();
}

void telemetry_kept(void) {
  begin(MESSAGE_KEPT);
  for (uint8_t id = CONFIG_KEPT_FIRST; id <= CONFIG_COUNT; id++) put14(config_initial(id));
  put7(config_stored());
  end();
}

/* 10 mV steps around 8192; `times` counts of the ADC, 3000 mV x 10 over 1024 counts. */
static uint16_t volts_of(uint32_t sum, uint16_t times) {
  if (times == 0) return 0;
  const int32_t above = (int32_t)(sum - (uint32_t)times * 512) * 375;
  const int32_t per = (int32_t)times * 128;
  return (uint16_t)(VOLT_OFFSET + (above >= 0 ? above + per / 2 : above - per / 2) / per);
}

static void put_half(const struct half *half) {
  put14(volts_of(half->sum, half->count));
  put14(half->count == 0 ? 0 : volts_of(half->min, 1));
  put14(half->count == 0 ? 0 : volts_of(half->max, 1));
}

/* PP hangs on 1 kohm to the reference. */
static uint16_t pp_ohm(void) {
  const uint16_t count = pilot_analog(ADC_PP);
  if (count >= 1023) return PP_OPEN;
  const uint16_t rest = 1024 - count;
  const uint32_t ohm = (1000UL * count + rest / 2) / rest;
  return ohm >= PP_OPEN ? PP_OPEN : (uint16_t)ohm;
}

static uint8_t counted(const struct half *half) {
  return half->count < MOST_COUNTED ? (uint8_t)half->count : MOST_COUNTED;
}

static void report(void) {
  struct half high, low;
  pilot_take(&high, &low);
  begin(MESSAGE_REPORT);
  put14(tick_ms());
  put14(pilot_duty());
  put_half(&high);
  put_half(&low);
  put7(counted(&high));
  put7(counted(&low));
  put14(pp_ohm());
  put7(pilot_state());
  put7(outputs());
  put14(flags_now());
  put7(grant_sequence());
  end();
}

static void tell(const struct event *event) {
  begin(MESSAGE_EVENT);
  put7(event->code);
  put14(event->arg);
  put14(event->clock_ms);
  put14(event->flags);
  end();
}

void telemetry_report_interval_changed(void) { reported_ms = tick_ms(); }

void telemetry_run(void) {
  struct event event;
  const uint16_t interval = config_get(CONFIG_REPORT_MS);
  const uint16_t now = tick_ms();
  while (event_take(&event)) tell(&event);
  if (interval == 0 || (uint16_t)(now - reported_ms) < interval) return;
  reported_ms += interval;
  /* After a long absence one report, not all that were missed. */
  if ((uint16_t)(now - reported_ms) >= interval) reported_ms = now;
  report();
}
