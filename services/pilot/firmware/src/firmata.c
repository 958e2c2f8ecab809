#include "firmata.h"

#include <avr/pgmspace.h>
#include <util/atomic.h>

#include "board.h"
#include "evse.h"
#include "pins.h"
#include "uart.h"

enum { START_SYSEX = 0xF0, SET_MODE = 0xF4, SET_PIN = 0xF5, END_SYSEX = 0xF7, VERSION = 0xF9, RESET = 0xFF };
enum { DIGITAL = 0x90, REPORT_ANALOG = 0xC0, REPORT_DIGITAL = 0xD0, ANALOG = 0xE0 };

#define PROTOCOL_MAJOR 2
#define PROTOCOL_MINOR 6
#define FIRMWARE_MAJOR 1
#define FIRMWARE_MINOR 0
static const char name[] PROGMEM = "EvsePilotFirmata";
#define NAME_LETTERS (sizeof name - 1)

/* A sysex with more between F0 and F7 is skipped. */
#define MOST_SYSEX 48

static uint8_t sysex[MOST_SYSEX], sysex_length;
static bool in_sysex, too_long;
static uint8_t command, needed, have, data[2];

static bool room(uint8_t bytes) {
  if (uart_room() >= bytes) return true;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { flags |= FLAG_OVERRUN; }
  return false;
}

void firmata_send3(uint8_t first, uint8_t second, uint8_t third) {
  if (!room(3)) return;
  uart_write(first);
  uart_write(second);
  uart_write(third);
}

bool firmata_begin(uint8_t id, uint8_t bytes) {
  if (!room(bytes + 3)) return false;
  uart_write(START_SYSEX);
  uart_write(id);
  return true;
}

static void send_version(void) { firmata_send3(VERSION, PROTOCOL_MAJOR, PROTOCOL_MINOR); }

static void send_name(void) {
  if (!firmata_begin(0x79, 2 + 2 * NAME_LETTERS)) return;
  uart_write(FIRMWARE_MAJOR);
  uart_write(FIRMWARE_MINOR);
  for (uint8_t i = 0; i < NAME_LETTERS; i++) {
    uart_write(pgm_read_byte(&name[i]));
    uart_write(0);
  }
  uart_write(END_SYSEX);
}

static void send_sampling(void) {
  if (!firmata_begin(0x7C, 2)) return;
  uart_write(pins_sampling() & 0x7F);
  uart_write((uint8_t)(pins_sampling() >> 7));
  uart_write(END_SYSEX);
}

void firmata_announce(void) {
  pins_reset();
  send_version();
  send_name();
}

/* Unknown ids are ignored, as the protocol wants. */
static void finish_sysex(void) {
  const uint8_t *rest = sysex + 1;
  const uint8_t length = sysex_length - 1;
  switch (sysex[0]) {
    case EVSE_FEATURE: evse_command(rest, length); break;
    case 0x69: pins_answer_mapping(); break;
    case 0x6B: pins_answer_capabilities(); break;
    case 0x6D:
      if (length >= 1) pins_answer_state(rest[0]);
      break;
    case 0x6F:
      if (length >= 2) pins_write_pwm(rest[0], rest[1] | (length >= 3 ? (uint16_t)rest[2] << 7 : 0));
      break;
    case 0x79: send_name(); break;
    case 0x7A:
      if (length >= 2) pins_set_sampling(rest[0] | (uint16_t)rest[1] << 7);
      break;
    case 0x7C: send_sampling(); break;
  }
}

static void finish_short(void) {
  const uint8_t low = command & 0x0F;
  const uint16_t both = data[0] | (uint16_t)data[1] << 7;
  switch (command < 0xF0 ? command & 0xF0 : command) {
    case DIGITAL: pins_write_port(low, (uint8_t)both); break;
    case ANALOG: pins_write_pwm(low, both); break;
    case REPORT_ANALOG: pins_report_channel(low, data[0] != 0); break;
    case REPORT_DIGITAL: pins_report_port(low, data[0] != 0); break;
    case SET_MODE: pins_set_mode(data[0], data[1]); break;
    default: pins_write(data[0], data[1] != 0); break;
  }
}

static uint8_t data_bytes_of(uint8_t byte) {
  switch (byte < 0xF0 ? byte & 0xF0 : byte) {
    case DIGITAL:
    case ANALOG:
    case SET_MODE:
    case SET_PIN: return 2;
    case REPORT_ANALOG:
    case REPORT_DIGITAL: return 1;
    default: return 0;
  }
}

/* A command byte ends whatever was under way. */
static void take_command(uint8_t byte) {
  const bool was_sysex = in_sysex;
  in_sysex = false;
  needed = 0;
  switch (byte) {
    case END_SYSEX:
      if (was_sysex && sysex_length > 0 && !too_long) finish_sysex();
      break;
    case START_SYSEX:
      in_sysex = true;
      too_long = false;
      sysex_length = 0;
      break;
    case VERSION: send_version(); break;
    case RESET:
      pins_reset();
      evse_system_reset();
      break;
    default:
      command = byte;
      needed = data_bytes_of(byte);
      have = 0;
      data[1] = 0;
  }
}

void firmata_take(uint8_t byte) {
  if (byte >= 0x80) {
    take_command(byte);
  } else if (in_sysex) {
    if (sysex_length < MOST_SYSEX) {
      sysex[sysex_length++] = byte;
    } else {
      too_long = true;
    }
  } else if (needed > 0) {
    data[have++] = byte;
    if (have == needed) {
      needed = 0;
      finish_short();
    }
  }
}
