/* The contactors: who may close them, and what opens them. */
#ifndef CONTACTOR_H
#define CONTACTOR_H

#include <stdbool.h>
#include <stdint.h>

/* Why they opened. */
enum { OPENED_BY_HOST, OPENED_BY_CP, OPENED_BY_RCM, OPENED_BY_WATCHDOG, OPENED_BY_DIODE, OPENED_BY_STEADY, OPENED_BY_RESET };

void contactor_init(void);
/* What is driven: bit 0 K1, bit 1 K2. */
uint8_t contactor_mask(void);
/* Opens both, from wherever it is called. */
void contactor_open(uint8_t why);
/* The host told to open: a board that had opened by itself may close again. */
void contactor_forget_local_open(void);
/* Checks every interlock and closes, in one go: false = refused. */
bool contactor_close(uint8_t mask);
/* Lets go of what is not in the mask; needs no permission. */
void contactor_keep_only(uint8_t mask);
void contactor_tick(void);

#endif
