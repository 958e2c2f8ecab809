#include "uart.h"

#include <avr/interrupt.h>
#include <util/atomic.h>

#include "board.h"

#ifndef BAUD
#define BAUD 57600
#endif
/* Double speed: 57600 within 0.8 %, 115200 within 2.1 % of what the usual adapters make of it. */
#define DIVISOR ((F_CPU + BAUD * 4UL) / (BAUD * 8UL) - 1)

#define RX_BYTES 128 /* 22 ms of a full line: longer than anything that keeps the main loop busy except EEPROM */
#define TX_BYTES 256

static volatile uint8_t rx[RX_BYTES], rx_head, rx_tail;
static volatile uint8_t tx[TX_BYTES], tx_head, tx_tail;

void uart_init(void) {
  UBRR0 = DIVISOR;
  UCSR0A = _BV(U2X0);
  UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
  UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
}

/* A full buffer drops bytes: the checksum finds it. */
ISR(USART_RX_vect) {
  const uint8_t byte = UDR0;
  const uint8_t next = (uint8_t)(rx_head + 1) % RX_BYTES;
  if (next == rx_tail) return;
  rx[rx_head] = byte;
  rx_head = next;
}

ISR(USART_UDRE_vect) {
  UDR0 = tx[tx_tail++];
  if (tx_head == tx_tail) UCSR0B &= (uint8_t)~_BV(UDRIE0);
}

bool uart_waiting(void) { return rx_head != rx_tail; }

int16_t uart_read(void) {
  const uint8_t at = rx_tail;
  if (rx_head == at) return -1;
  const uint8_t byte = rx[at];
  rx_tail = (uint8_t)(at + 1) % RX_BYTES;
  return byte;
}

uint8_t uart_room(void) { return (uint8_t)(tx_tail - tx_head - 1); }

void uart_write(uint8_t byte) {
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
    tx[tx_head++] = byte;
    UCSR0B |= _BV(UDRIE0);
  }
}
