/* Bytes from and to the host. */
#ifndef UART_H
#define UART_H

#include <stdbool.h>
#include <stdint.h>

void uart_init(void);
/* -1: none waits. */
int16_t uart_read(void);
bool uart_waiting(void);
uint8_t uart_room(void);
/* The caller has asked for room. */
void uart_write(uint8_t byte);

#endif
