/* Values the host may change; every boot starts with the initial ones. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stdint.h>

enum {
  CONFIG_WATCHDOG_MS = 1,
  CONFIG_REPORT_MS,
  CONFIG_DEBOUNCE_MS,
  CONFIG_ALLOW_D,
  CONFIG_GRACE_MS,
  CONFIG_STEADY_MS,
  CONFIG_LOCK_MAX_MS,
  CONFIG_THRESHOLD_AB,
  CONFIG_THRESHOLD_BC,
  CONFIG_THRESHOLD_CD,
  CONFIG_THRESHOLD_DE,
  CONFIG_THRESHOLD_DIODE,
  CONFIG_COUNT = CONFIG_THRESHOLD_DIODE,
};

void config_init(void);
uint16_t config_get(uint8_t id);
/* false: no such id, or the value is out of its range. */
bool config_set(uint8_t id, uint16_t value);

/* Voltages on the wire: 10 mV steps, 8192 = 0 V. */
#define VOLT_OFFSET 8192

#endif
