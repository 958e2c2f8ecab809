#include "memory.h"

#include <avr/eeprom.h>
#include <avr/wdt.h>
#include <util/crc16.h>

#define MAGIC 0xE5
#define LAYOUT 1
#define HEAD_BYTES 2
#define CRC_START 0xFFFF

static uint8_t *const cells = (uint8_t *)0;

uint8_t memory_read(uint8_t at, void *content, uint8_t length) {
  uint8_t *bytes = content;
  const uint8_t magic = eeprom_read_byte(cells + at), layout = eeprom_read_byte(cells + at + 1);
  uint16_t crc = _crc16_update(_crc16_update(CRC_START, magic), layout);
  bool blank = magic == 0xFF && layout == 0xFF;
  at += HEAD_BYTES;
  for (uint8_t i = 0; i < length; i++) {
    bytes[i] = eeprom_read_byte(cells + at + i);
    crc = _crc16_update(crc, bytes[i]);
    if (bytes[i] != 0xFF) blank = false;
  }
  if (blank) return STORED_BLANK;
  const uint16_t found = eeprom_read_word((const uint16_t *)(void *)(cells + at + length));
  return magic == MAGIC && layout == LAYOUT && found == crc ? STORED_VALID : STORED_DAMAGED;
}

static void write(uint8_t at, uint8_t byte) {
  eeprom_update_byte(cells + at, byte);
  eeprom_busy_wait();
  wdt_reset();
}

void memory_write(uint8_t at, const void *content, uint8_t length) {
  const uint8_t *bytes = content;
  uint16_t crc = _crc16_update(_crc16_update(CRC_START, MAGIC), LAYOUT);
  write(at, MAGIC);
  write(at + 1, LAYOUT);
  at += HEAD_BYTES;
  for (uint8_t i = 0; i < length; i++) {
    crc = _crc16_update(crc, bytes[i]);
    write(at + i, bytes[i]);
  }
  write(at + length, (uint8_t)crc);
  write(at + length + 1, (uint8_t)(crc >> 8));
}
