/* The board's wiring (Uno, ATmega328P, 16 MHz) and the numbers that every part of the firmware knows. */
#ifndef BOARD_H
#define BOARD_H

#include <avr/io.h>
#include <stdbool.h>
#include <stdint.h>

/* Port D: contactors and the residual-current line. */
#define K1 PD4
#define K2 PD7
#define RCM_LINE PD2
/* Port B: main contact feedback (low = closed), pilot, RCM test output, drive "lock". */
#define K_FEEDBACK PB0
#define PILOT PB1
#define RCM_TEST PB2
#define LOCK_DRIVE PB4
/* Port C: drive "unlock", lock feedback (low = locked). A0 and A1 are the pilot and the proximity input. */
#define UNLOCK_DRIVE PC2
#define LOCK_FEEDBACK PC3
#define ADC_CP 0
#define ADC_PP 1

/* Classes of the pilot (IEC 61851-1 table A.2) as they go over the wire. */
enum { CP_A, CP_B, CP_C, CP_D, CP_E, CP_F, CP_INVALID };

enum { BIT_K1 = 1, BIT_K2 = 2 };

enum {
  FLAG_WD_TRIP = 0x0001,
  FLAG_RCM_TRIP = 0x0002,
  FLAG_RCM_LINE = 0x0004,
  FLAG_LOCAL_OPEN = 0x0008,
  FLAG_DIODE = 0x0010,
  FLAG_RCM_TESTBAD = 0x0020,
  FLAG_WELD = 0x0040,
  FLAG_LOCK_FB = 0x0080,
  FLAG_WD_ARMED = 0x0100,
  FLAG_RCM_TESTING = 0x0200,
  FLAG_K_FB = 0x0400,
  FLAG_HW_WDT = 0x0800,
  FLAG_OVERRUN = 0x1000,
  FLAG_SAFE_CURRENT = 0x2000,
};

#define FLAGS_LATCHED (FLAG_WD_TRIP | FLAG_RCM_TRIP | FLAG_RCM_TESTBAD | FLAG_WELD | FLAG_HW_WDT | FLAG_OVERRUN)
/* With one of these no contactor closes. */
#define FLAGS_BLOCKING                                                                                       \
  (FLAG_WD_TRIP | FLAG_RCM_TRIP | FLAG_RCM_LINE | FLAG_LOCAL_OPEN | FLAG_DIODE | FLAG_RCM_TESTBAD | FLAG_WELD | \
   FLAG_RCM_TESTING | FLAG_SAFE_CURRENT)
#define FLAGS_FEEDBACK (FLAG_LOCK_FB | FLAG_K_FB)

/* What holds now. Written with interrupts off. */
extern volatile uint16_t flags;
/* Why the board booted: MCUSR as it was found. */
extern uint8_t boot_cause;

/* Duty in 0.1 %. */
#define DUTY_NEGATIVE 0
#define DUTY_LEAST 50
#define DUTY_MOST 970
#define DUTY_POSITIVE 1000

static inline bool duty_oscillates(uint16_t duty) { return duty >= DUTY_LEAST && duty <= DUTY_MOST; }
static inline bool duty_allowed(uint16_t duty) {
  return duty == DUTY_NEGATIVE || duty == DUTY_POSITIVE || duty_oscillates(duty);
}

#endif
