/* Values the host may change; every boot starts with those the installer keeps in EEPROM, or the firmware's own. */
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
  /* From here on they belong to the lock and the front end that are fitted, and may be kept. */
  CONFIG_KEPT_FIRST = CONFIG_LOCK_MAX_MS,
};

void config_init(void);
uint16_t config_get(uint8_t id);
/* false: no such id, or the value is out of its range. */
bool config_set(uint8_t id, uint16_t value);
/* What a boot starts with. */
uint16_t config_initial(uint8_t id);
/* 0 gives the firmware's own value back. */
bool config_keepable(uint8_t id, uint16_t value);
/* Stores it and sets it; false: what is read back is not what was written. Takes up to 60 ms. */
bool config_keep(uint8_t id, uint16_t value);
/* As memory_read tells it. */
uint8_t config_stored(void);

/* Voltages on the wire: 10 mV steps, 8192 = 0 V. */
#define VOLT_OFFSET 8192

#endif
