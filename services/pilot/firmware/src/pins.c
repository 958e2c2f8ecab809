#include "pins.h"

#include <avr/io.h>
#include <avr/pgmspace.h>
#include <util/atomic.h>

#include "firmata.h"
#include "pilot.h"
#include "tick.h"
#include "uart.h"

#define PIN_COUNT 20
#define PORT_COUNT 3
/* A0..A5 are pins 14..19. */
#define FIRST_ANALOG 14
#define CHANNEL_COUNT 6
#define SAMPLING_DEFAULT_MS 19
#define SAMPLING_LEAST_MS 5

enum { MODE_INPUT, MODE_OUTPUT, MODE_ANALOG, MODE_PWM, MODE_PULLUP = 0x0B, MODE_IGNORE = 0x7F };
enum { CAN_DIGITAL = 1, CAN_PWM = 2, CAN_ANALOG = 4 };

/* Reserved pins can nothing: no Firmata message reaches pilot, contactors, RCM or lock. */
static const uint8_t abilities[PIN_COUNT] PROGMEM = {
    [3] = CAN_DIGITAL | CAN_PWM,   [5] = CAN_DIGITAL | CAN_PWM,     [6] = CAN_DIGITAL | CAN_PWM,
    [11] = CAN_DIGITAL | CAN_PWM,  [13] = CAN_DIGITAL,              [14] = CAN_ANALOG,
    [15] = CAN_ANALOG,             [18] = CAN_DIGITAL | CAN_ANALOG, [19] = CAN_DIGITAL | CAN_ANALOG,
};

static uint8_t modes[PIN_COUNT], states[PIN_COUNT];
static uint8_t reported_ports, reported_channels, last_values[PORT_COUNT];
static uint16_t sampling_ms, sampled_ms;

static uint8_t ability(uint8_t pin) { return pin < PIN_COUNT ? pgm_read_byte(&abilities[pin]) : 0; }

static volatile uint8_t *port_of(uint8_t pin) { return pin < 8 ? &PORTD : pin < FIRST_ANALOG ? &PORTB : &PORTC; }

static uint8_t bit_of(uint8_t pin) {
  return (uint8_t)(1 << (pin < 8 ? pin : pin < FIRST_ANALOG ? pin - 8 : pin - FIRST_ANALOG));
}

/* The ports are shared with contactors and lock, which interrupts release: a change must not undo that. */
static void put(volatile uint8_t *reg, uint8_t mask, bool on) {
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    if (on) {
      *reg |= mask;
    } else {
      *reg &= (uint8_t)~mask;
    }
  }
}

/* PINx, DDRx and PORTx follow each other. */
static void put_level(uint8_t pin, bool high) { put(port_of(pin), bit_of(pin), high); }
static void put_direction(uint8_t pin, bool output) { put(port_of(pin) - 1, bit_of(pin), output); }
static bool level(uint8_t pin) { return (*(port_of(pin) - 2) & bit_of(pin)) != 0; }

/* Timer0 and Timer2: fast PWM, 976 Hz. 0 and 255 are levels, because the timer would leave a spike. */
static void put_pwm(uint8_t pin, uint8_t value) {
  volatile uint8_t *control = pin == 5 || pin == 6 ? &TCCR0A : &TCCR2A;
  const uint8_t connect = pin == 6 || pin == 11 ? _BV(COM0A1) : _BV(COM0B1);
  volatile uint8_t *compare = pin == 6 ? &OCR0A : pin == 5 ? &OCR0B : pin == 11 ? &OCR2A : &OCR2B;
  put_level(pin, value == 255);
  if (value == 0 || value == 255) {
    *control &= (uint8_t)~connect;
    return;
  }
  TCCR0A |= _BV(WGM01) | _BV(WGM00);
  TCCR0B = _BV(CS01) | _BV(CS00);
  TCCR2A |= _BV(WGM21) | _BV(WGM20);
  TCCR2B = _BV(CS22);
  *compare = value;
  *control |= connect;
}

static void follow_analog(void) {
  uint8_t channels = 0;
  for (uint8_t channel = 4; channel < CHANNEL_COUNT; channel++) {
    if (modes[FIRST_ANALOG + channel] == MODE_ANALOG) channels |= (uint8_t)(1 << channel);
  }
  pilot_read_also(channels);
}

static void adopt(uint8_t pin, uint8_t mode) {
  if (modes[pin] == MODE_PWM) put_pwm(pin, 0);
  modes[pin] = mode;
  states[pin] = mode == MODE_PULLUP;
  put_level(pin, mode == MODE_PULLUP);
  put_direction(pin, mode == MODE_OUTPUT || mode == MODE_PWM);
  follow_analog();
}

void pins_reset(void) {
  for (uint8_t pin = 0; pin < PIN_COUNT; pin++) {
    const uint8_t can = ability(pin);
    if (can == 0) {
      modes[pin] = MODE_IGNORE;
    } else {
      adopt(pin, can == CAN_ANALOG ? MODE_ANALOG : MODE_INPUT);
    }
  }
  reported_ports = reported_channels = 0;
  sampling_ms = SAMPLING_DEFAULT_MS;
}

void pins_set_mode(uint8_t pin, uint8_t mode) {
  const uint8_t can = ability(pin);
  const bool digital = mode == MODE_INPUT || mode == MODE_OUTPUT || mode == MODE_PULLUP;
  if ((digital && (can & CAN_DIGITAL)) || (mode == MODE_PWM && (can & CAN_PWM)) ||
      (mode == MODE_ANALOG && (can & CAN_ANALOG))) {
    adopt(pin, mode);
  }
}

void pins_write(uint8_t pin, bool high) {
  if (pin >= PIN_COUNT || modes[pin] != MODE_OUTPUT) return;
  states[pin] = high;
  put_level(pin, high);
}

void pins_write_port(uint8_t port, uint8_t bits) {
  for (uint8_t bit = 0; bit < 8; bit++) pins_write((uint8_t)(port * 8 + bit), bits >> bit & 1);
}

void pins_write_pwm(uint8_t pin, uint16_t value) {
  if (pin >= PIN_COUNT || modes[pin] != MODE_PWM) return;
  states[pin] = value > 255 ? 255 : (uint8_t)value;
  put_pwm(pin, states[pin]);
}

static uint8_t port_value(uint8_t port) {
  uint8_t value = 0;
  for (uint8_t bit = 0; bit < 8; bit++) {
    const uint8_t pin = (uint8_t)(port * 8 + bit);
    if (pin < PIN_COUNT && (modes[pin] == MODE_INPUT || modes[pin] == MODE_PULLUP) && level(pin)) {
      value |= (uint8_t)(1 << bit);
    }
  }
  return value;
}

static void send_port(uint8_t port) {
  last_values[port] = port_value(port);
  firmata_send3((uint8_t)(0x90 | port), last_values[port] & 0x7F, last_values[port] >> 7);
}

void pins_report_port(uint8_t port, bool on) {
  if (port >= PORT_COUNT) return;
  reported_ports &= (uint8_t) ~(1 << port);
  if (!on) return;
  reported_ports |= (uint8_t)(1 << port);
  send_port(port);
}

static void send_channel(uint8_t channel) {
  const uint16_t value = pilot_analog(channel);
  firmata_send3((uint8_t)(0xE0 | channel), value & 0x7F, (uint8_t)(value >> 7));
}

void pins_report_channel(uint8_t channel, bool on) {
  if (channel >= CHANNEL_COUNT || modes[FIRST_ANALOG + channel] != MODE_ANALOG) return;
  reported_channels &= (uint8_t) ~(1 << channel);
  if (on) {
    reported_channels |= (uint8_t)(1 << channel);
    send_channel(channel);
  }
  sampled_ms = tick_ms();
}

void pins_set_sampling(uint16_t interval_ms) {
  sampling_ms = interval_ms < SAMPLING_LEAST_MS ? SAMPLING_LEAST_MS : interval_ms;
  sampled_ms = tick_ms();
}

uint16_t pins_sampling(void) { return sampling_ms; }

void pins_answer_mapping(void) {
  if (!firmata_begin(0x6A, PIN_COUNT)) return;
  for (uint8_t pin = 0; pin < PIN_COUNT; pin++) uart_write(pin < FIRST_ANALOG ? 0x7F : pin - FIRST_ANALOG);
  uart_write(0xF7);
}

static void write_pair(uint8_t mode, uint8_t bits) {
  uart_write(mode);
  uart_write(bits);
}

void pins_answer_capabilities(void) {
  if (!firmata_begin(0x6C, 78)) return;
  for (uint8_t pin = 0; pin < PIN_COUNT; pin++) {
    const uint8_t can = ability(pin);
    if (can & CAN_DIGITAL) {
      write_pair(MODE_INPUT, 1);
      write_pair(MODE_OUTPUT, 1);
      write_pair(MODE_PULLUP, 1);
    }
    if (can & CAN_ANALOG) write_pair(MODE_ANALOG, 10);
    if (can & CAN_PWM) write_pair(MODE_PWM, 8);
    uart_write(0x7F);
  }
  uart_write(0xF7);
}

void pins_answer_state(uint8_t pin) {
  if (pin >= PIN_COUNT || !firmata_begin(0x6E, 4)) return;
  uart_write(pin);
  uart_write(modes[pin]);
  uart_write(states[pin] & 0x7F);
  uart_write(states[pin] >> 7);
  uart_write(0xF7);
}

void pins_run(void) {
  const uint16_t now = tick_ms();
  for (uint8_t port = 0; port < PORT_COUNT; port++) {
    if ((reported_ports & 1 << port) && port_value(port) != last_values[port]) send_port(port);
  }
  if (reported_channels == 0 || (uint16_t)(now - sampled_ms) < sampling_ms) return;
  sampled_ms = now;
  for (uint8_t channel = 0; channel < CHANNEL_COUNT; channel++) {
    if (reported_channels & 1 << channel) send_channel(channel);
  }
}
