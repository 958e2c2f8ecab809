/* What the board tells its host in the EVSE set: answers, reports, events. */
#ifndef TELEMETRY_H
#define TELEMETRY_H

#include <stdint.h>

enum { RESULT_OK, RESULT_VALUE, RESULT_LENGTH, RESULT_UNKNOWN, RESULT_REFUSED, RESULT_BUSY, RESULT_CRC, RESULT_STORE };

uint8_t crc7(uint8_t crc, uint8_t byte);
void telemetry_ack(uint8_t command, uint8_t result, uint16_t arg);
void telemetry_status(void);
void telemetry_info(void);
void telemetry_safe(void);
void telemetry_kept(void);
void telemetry_report_interval_changed(void);
/* Events first, then a report if one is due. */
void telemetry_run(void);

#endif
