/* Records in EEPROM, each with a checksum: what outlives resets and power cuts. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* Where the records begin. */
#define MEMORY_SAFE 0
#define MEMORY_CONFIG 16

/* What was found in a record. */
enum { STORED_BLANK, STORED_VALID, STORED_DAMAGED };

/* Fills in what the cells hold, right or wrong, and tells which. */
uint8_t memory_read(uint8_t at, void *content, uint8_t length);
/* Writes the cells that differ; 3.4 ms each. Only reading tells whether they took it. */
void memory_write(uint8_t at, const void *content, uint8_t length);

#endif
