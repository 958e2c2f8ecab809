/* The residual-current monitor: its line, and the self test of it. */
#ifndef RCM_H
#define RCM_H

#include <stdbool.h>
#include <stdint.h>

#define RCM_TEST_MIN_MS 10
#define RCM_TEST_MAX_MS 500
/* Added to the event of a test that did not trip the monitor. */
#define RCM_TEST_FAILED 0x2000

void rcm_init(void);
bool rcm_line_bad(void);
bool rcm_test_output(void);
void rcm_start_test(uint16_t pulse_ms);
void rcm_tick(void);

#endif
