#include "evse.h"

#include <avr/interrupt.h>
#include <util/atomic.h>

#include "board.h"
#include "config.h"
#include "contactor.h"
#include "grant.h"
#include "lock.h"
#include "pilot.h"
#include "rcm.h"
#include "safe.h"
#include "telemetry.h"

enum {
  COMMAND_CONFIG = 1,
  COMMAND_PWM,
  COMMAND_CONTACTOR,
  COMMAND_HEARTBEAT,
  COMMAND_LOCK,
  COMMAND_RCM_TEST,
  COMMAND_CLEAR,
  COMMAND_STATUS,
  COMMAND_INFO,
  COMMAND_SETPOINT,
  COMMAND_SET_SAFE,
  COMMAND_SAFE,
  COMMAND_KEEP,
  COMMAND_KEPT,
  COMMAND_LAST = COMMAND_KEPT,
};

/* Payload bytes by command. */
static const uint8_t lengths[COMMAND_LAST] = {3, 2, 1, 1, 3, 2, 2, 0, 0, 6, 4, 0, 3, 0};

struct answer {
  uint8_t result;
  uint16_t arg;
};

static struct answer answer(uint8_t result, uint16_t arg) { return (struct answer){result, arg}; }

static uint16_t word(const uint8_t *at) { return at[0] | (uint16_t)at[1] << 7; }

static uint16_t flags_of_board(void) {
  uint16_t now;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { now = flags; }
  return now & (uint16_t)~FLAGS_FEEDBACK;
}

static struct answer refused(void) { return answer(RESULT_REFUSED, flags_of_board()); }

static struct answer drive_pilot(uint16_t duty) {
  if (!duty_allowed(duty)) return answer(RESULT_VALUE, duty);
  if (duty_oscillates(duty) && !grant_allows_pwm()) return refused();
  pilot_drive(duty);
  return answer(RESULT_OK, duty);
}

static void open_as_told(void) {
  contactor_open(OPENED_BY_HOST);
  contactor_forget_local_open();
}

static struct answer switch_contactors(uint8_t mask) {
  if (mask > (BIT_K1 | BIT_K2)) return answer(RESULT_VALUE, mask);
  if (mask == 0) {
    open_as_told();
  } else if (!contactor_close(mask)) {
    return refused();
  }
  return answer(RESULT_OK, mask);
}

/* Heartbeat, pilot and contactors in one, for their own time: opening first, closing last. */
static struct answer grant(const uint8_t *payload) {
  const uint16_t duty = word(payload), ttl_ms = word(payload + 3);
  const uint8_t mask = payload[2];
  if (!duty_allowed(duty)) return answer(RESULT_VALUE, duty);
  if (mask > (BIT_K1 | BIT_K2)) return answer(RESULT_VALUE, mask);
  if (ttl_ms < GRANT_TTL_MIN_MS || ttl_ms > GRANT_TTL_MAX_MS) return answer(RESULT_VALUE, ttl_ms);
  grant_for(payload[5], ttl_ms);
  if (mask == 0) {
    open_as_told();
  } else {
    contactor_keep_only(mask);
  }
  if (duty_oscillates(duty) && !grant_allows_pwm()) return refused();
  pilot_drive(duty);
  /* A permission, not an order: when the car does not ask, nothing closes and nothing is refused. */
  if (mask != contactor_mask()) contactor_close(mask);
  return answer(RESULT_OK, contactor_mask());
}

static struct answer drive_lock(uint8_t direction, uint16_t pulse_ms) {
  if (direction == LOCK_STOP) {
    lock_stop();
    return answer(RESULT_OK, 0);
  }
  if (direction > LOCK_UNLOCK || pulse_ms < 1 || pulse_ms > config_get(CONFIG_LOCK_MAX_MS)) {
    return answer(RESULT_VALUE, pulse_ms);
  }
  if (direction == LOCK_UNLOCK && contactor_mask() != 0) return refused();
  if (lock_busy()) return answer(RESULT_BUSY, pulse_ms);
  lock_start(direction, pulse_ms);
  return answer(RESULT_OK, pulse_ms);
}

static struct answer test_rcm(uint16_t pulse_ms) {
  if (pulse_ms < RCM_TEST_MIN_MS || pulse_ms > RCM_TEST_MAX_MS) return answer(RESULT_VALUE, pulse_ms);
  const uint16_t blocking = FLAG_RCM_TRIP | FLAG_RCM_LINE | FLAG_RCM_TESTING;
  if (contactor_mask() != 0 || (flags_of_board() & blocking) != 0) return refused();
  rcm_start_test(pulse_ms);
  return answer(RESULT_OK, pulse_ms);
}

/* Only latches, and only those whose cause is gone. */
static struct answer clear(uint16_t mask) {
  uint16_t allowed = mask & FLAGS_LATCHED, after;
  const bool silent = grant_left_ms() == 0;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    if (rcm_line_bad()) allowed &= (uint16_t)~FLAG_RCM_TRIP;
    if (silent) allowed &= (uint16_t)~FLAG_WD_TRIP;
    if (flags & FLAG_K_FB) allowed &= (uint16_t)~FLAG_WELD;
    flags &= ~allowed;
    after = flags;
  }
  return answer(RESULT_OK, after);
}

/* What is stored is the installer's: nothing of it changes while a car is connected. */
static bool may_store(void) { return pilot_state() == CP_A && contactor_mask() == 0; }

static struct answer set_safe(uint16_t current_deci_a, uint16_t grace_s) {
  if (!safe_current_allowed(current_deci_a)) return answer(RESULT_VALUE, current_deci_a);
  if (!safe_grace_allowed(current_deci_a, grace_s)) return answer(RESULT_VALUE, grace_s);
  if (!may_store()) return refused();
  return answer(safe_store(current_deci_a, grace_s) ? RESULT_OK : RESULT_STORE, current_deci_a);
}

static struct answer configure(uint8_t id, uint16_t value) {
  return answer(config_set(id, value) ? RESULT_OK : RESULT_VALUE, value);
}

static struct answer keep(uint8_t id, uint16_t value) {
  if (!config_keepable(id, value)) return answer(RESULT_VALUE, value);
  if (!may_store()) return refused();
  return answer(config_keep(id, value) ? RESULT_OK : RESULT_STORE, value);
}

static void execute(uint8_t command, const uint8_t *payload) {
  struct answer given;
  switch (command) {
    case COMMAND_CONFIG: given = configure(payload[0], word(payload + 1)); break;
    case COMMAND_PWM: given = drive_pilot(word(payload)); break;
    case COMMAND_CONTACTOR: given = switch_contactors(payload[0]); break;
    case COMMAND_HEARTBEAT: grant_heartbeat(payload[0]); return;
    case COMMAND_LOCK: given = drive_lock(payload[0], word(payload + 1)); break;
    case COMMAND_RCM_TEST: given = test_rcm(word(payload)); break;
    case COMMAND_CLEAR: given = clear(word(payload)); break;
    case COMMAND_STATUS: telemetry_status(); return;
    case COMMAND_INFO: telemetry_info(); return;
    case COMMAND_SETPOINT: given = grant(payload); break;
    case COMMAND_SET_SAFE: given = set_safe(word(payload), word(payload + 2)); break;
    case COMMAND_SAFE: telemetry_safe(); return;
    case COMMAND_KEEP: given = keep(payload[0], word(payload + 1)); break;
    default: telemetry_kept(); return;
  }
  telemetry_ack(command, given.result, given.arg);
}

#ifdef HOOKS
/* In a test build only: the processor stands still, to see what its watchdog does. */
#define COMMAND_HANG 0x3F
static void hang(void) {
  cli();
  for (;;) {
  }
}
#endif

void evse_command(const uint8_t *bytes, uint8_t length) {
  const uint8_t command = length > 0 ? bytes[0] : 0;
  uint8_t crc = 0;
  for (uint8_t i = 0; i + 1 < length; i++) crc = crc7(crc, bytes[i]);
  if (length < 2 || crc != bytes[length - 1]) {
    telemetry_ack(command, RESULT_CRC, 0);
#ifdef HOOKS
  } else if (command == COMMAND_HANG) {
    hang();
#endif
  } else if (command < COMMAND_CONFIG || command > COMMAND_LAST) {
    telemetry_ack(command, RESULT_UNKNOWN, 0);
  } else if (length - 2 != lengths[command - 1]) {
    telemetry_ack(command, RESULT_LENGTH, 0);
  } else {
    execute(command, bytes + 1);
  }
}

void evse_system_reset(void) {
  contactor_open(OPENED_BY_RESET);
  pilot_drive(DUTY_POSITIVE);
  lock_stop();
}
