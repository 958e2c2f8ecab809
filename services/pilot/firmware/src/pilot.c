#include "pilot.h"

#include <avr/interrupt.h>
#include <util/atomic.h>

#include "board.h"
#include "sampling.h"

/*
 * Timer1, mode 14 at 2 MHz: 2000 ticks of 0.5 us are one period, two ticks are 0.1 %. OCR1A is taken over by the
 * hardware when a period begins, so what is written in one period is driven in the next.
 */
#define TICKS_PER_PERIOD 2000
/* From the compare to the middle of sample and hold: interrupt, then 1 to 2.5 ADC clocks of 8 us. */
#define SAMPLE_DELAY_TICKS 36
#define EARLIEST_TICK 4

static volatile uint16_t wanted = DUTY_POSITIVE;
static uint16_t driven = DUTY_POSITIVE, loaded = DUTY_POSITIVE;
static bool high_next;

void pilot_init(void) {
  /* Steady +12 V by the port; the pull-up holds the same level while the pin is an input. */
  PORTB |= _BV(PILOT);
  /* The compare unit shall start from "high" when it takes over the pin: set it by a forced match, pin still an input. */
  TCCR1A = _BV(COM1A1) | _BV(COM1A0);
  TCCR1C = _BV(FOC1A);
  TCCR1A = 0;
  DDRB |= _BV(PILOT);
  ICR1 = TICKS_PER_PERIOD - 1;
  OCR1A = TICKS_PER_PERIOD - 1;
  OCR1B = TICKS_PER_PERIOD / 2;
  TCCR1A = _BV(WGM11);
  TCCR1B = _BV(WGM13) | _BV(WGM12) | _BV(CS11);
  TIMSK1 = _BV(OCIE1B) | _BV(TOIE1);
  sampling_init();
}

void pilot_drive(uint16_t duty) {
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { wanted = duty; }
}

uint16_t pilot_duty(void) {
  uint16_t duty;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { duty = wanted; }
  return duty;
}

static void drive_steady(uint16_t duty) {
  if (duty == DUTY_NEGATIVE) {
    PORTB &= (uint8_t)~_BV(PILOT);
  } else {
    PORTB |= _BV(PILOT);
  }
  TCCR1A = _BV(WGM11);
  driven = loaded = duty;
}

static void drive_pwm(uint16_t duty) {
  /* What was loaded in the last period has begun now: from here on the compare unit drives the pin. */
  if (duty_oscillates(loaded)) {
    PORTB |= _BV(PILOT);
    TCCR1A = _BV(WGM11) | _BV(COM1A1);
    driven = loaded;
  }
  OCR1A = 2 * duty - 1;
  loaded = duty;
}

/* Middle of the part that is read in the next period; early enough that the sample still falls into it. */
static uint16_t sample_tick(void) {
  if (!duty_oscillates(loaded)) return TICKS_PER_PERIOD / 2;
  const uint16_t middle = high_next ? loaded : TICKS_PER_PERIOD / 2 + loaded;
  return middle > SAMPLE_DELAY_TICKS + EARLIEST_TICK ? middle - SAMPLE_DELAY_TICKS : EARLIEST_TICK;
}

void pilot_cycle(void) {
  const uint16_t duty = wanted;
  if (duty_oscillates(duty)) {
    drive_pwm(duty);
  } else {
    drive_steady(duty);
  }
  sampling_drives(driven, high_next);
  high_next = !high_next;
  OCR1B = sample_tick();
}
