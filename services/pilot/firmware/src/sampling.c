#include "sampling.h"

#include <avr/interrupt.h>
#include <util/atomic.h>

#include "board.h"
#include "pilot.h"
#include "reading.h"

/* The ADC samples 12 to 20 us after it was started: 1.5 clocks of 8 us, and up to one until the first of them. */
#define SAMPLE_FIRST_TICKS 24
#define SAMPLE_LAST_TICKS 40
/* After an edge the line settles for this long. */
#define SETTLE_TICKS 16
#define TICKS_PER_PERIOD 2000
#define CHANNELS 6
/* AVCC is the reference: the front end is ratiometric. */
#define REFERENCE _BV(REFS0)

enum { PART_NONE, PART_HIGH, PART_LOW };

static uint16_t duty = DUTY_POSITIVE;
static bool high_turn;
static uint8_t part;
static bool reads_pilot;
static uint8_t channel = ADC_PP, also;
static uint16_t counts[CHANNELS];

void sampling_init(void) {
  DIDR0 = _BV(ADC0D) | _BV(ADC1D);
  ADCSRA = _BV(ADEN) | _BV(ADIE) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
}

void sampling_drives(uint16_t driven, bool high) {
  duty = driven;
  high_turn = high;
}

/* The part into which a conversion that starts at `tick` falls, whatever the interrupt was delayed by. */
static uint8_t part_at(uint16_t tick) {
  /* A steady pilot has one part; it is read as often as when it alternates with the other. */
  if (duty == DUTY_POSITIVE) return high_turn ? PART_HIGH : PART_NONE;
  if (duty == DUTY_NEGATIVE) return high_turn ? PART_NONE : PART_LOW;
  const uint16_t first = tick + SAMPLE_FIRST_TICKS;
  const uint16_t last = tick + SAMPLE_LAST_TICKS;
  const uint16_t edge = 2 * duty;
  if (first >= SETTLE_TICKS && last <= edge) return PART_HIGH;
  if (first >= edge + SETTLE_TICKS && last <= TICKS_PER_PERIOD) return PART_LOW;
  return PART_NONE;
}

ISR(TIMER1_COMPB_vect) {
  /* The slot after a change of the duty may come while a conversion still runs: it falls away. */
  if (ADCSRA & _BV(ADSC)) return;
  ADMUX = REFERENCE | ADC_CP;
  ADCSRA |= _BV(ADSC);
  const uint16_t tick = TCNT1;
  /* Delayed into the next period, of which nothing is known yet. */
  part = (TIFR1 & _BV(TOV1)) ? PART_NONE : part_at(tick);
  reads_pilot = true;
}

static void start_other(void) {
  do {
    channel = channel + 1 < CHANNELS ? channel + 1 : ADC_PP;
  } while (channel != ADC_PP && !(also & _BV(channel)));
  ADMUX = REFERENCE | channel;
  ADCSRA |= _BV(ADSC);
}

ISR(ADC_vect) {
  const uint16_t count = ADC;
  if (!reads_pilot) {
    counts[channel] = count;
    return;
  }
  reads_pilot = false;
  start_other();
  if (part == PART_HIGH) {
    counts[ADC_CP] = count;
    reading_high(count, duty == DUTY_POSITIVE);
  } else if (part == PART_LOW) {
    reading_low(count);
  }
}

uint16_t pilot_analog(uint8_t wanted) {
  uint16_t count;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { count = counts[wanted]; }
  return count;
}

void pilot_read_also(uint8_t channels) { also = channels; }
