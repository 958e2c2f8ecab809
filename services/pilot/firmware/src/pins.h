/* The pins that the pilot leaves free, as Firmata sees them. */
#ifndef PINS_H
#define PINS_H

#include <stdbool.h>
#include <stdint.h>

void pins_reset(void);
void pins_set_mode(uint8_t pin, uint8_t mode);
void pins_write(uint8_t pin, bool high);
void pins_write_port(uint8_t port, uint8_t bits);
void pins_write_pwm(uint8_t pin, uint16_t value);
void pins_report_port(uint8_t port, bool on);
void pins_report_channel(uint8_t channel, bool on);
void pins_set_sampling(uint16_t interval_ms);
uint16_t pins_sampling(void);
void pins_answer_mapping(void);
void pins_answer_capabilities(void);
void pins_answer_state(uint8_t pin);
/* Reports what changed and what is due. */
void pins_run(void);

#endif
