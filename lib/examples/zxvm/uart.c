// SPDX-License-Identifier: MIT
/* A 16550A at COM1: sends at once, receives what the main thread hands it. */
#include <sys/eventfd.h>

#include "zxvm.h"

enum { DATA, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCRATCH };
enum { IER_RX = 0x01, IER_TX = 0x02 };
enum { IIR_NONE = 0x01, IIR_TX = 0x02, IIR_RX = 0x04, IIR_FIFO = 0xc0 };
enum { FCR_ENABLE = 0x01, FCR_CLEAR_RX = 0x02, LCR_DLAB = 0x80, MCR_OUT2 = 0x08, MCR_LOOP = 0x10 };
enum { LSR_DATA = 0x01, LSR_TX_EMPTY = 0x60, MSR_READY = 0xb0 };

static const uint8_t writable[] = { 0, 0x0f, 0xff, 0xff, 0x1f, 0, 0, 0xff };

/* Room for input; none before a driver listens, whose probing would lose it. */
unsigned int uart_room(const struct uart *u)
{
	bool listens = (u->reg[IER] & IER_RX) && (u->reg[MCR] & MCR_OUT2) &&
		       !(u->reg[MCR] & MCR_LOOP);

	return listens ? sizeof(u->rx) - u->rx_count : 0;
}

/* Why the UART interrupts; reception goes first. */
static uint8_t reason(const struct uart *u)
{
	if ((u->reg[IER] & IER_RX) && u->rx_count)
		return IIR_RX;
	return (u->reg[IER] & IER_TX) && u->sent ? IIR_TX : IIR_NONE;
}

static void update(struct uart *u)
{
	ioapic_set_line(&u->vm->ioapic, IRQ_UART, reason(u) != IIR_NONE);
	if (u->input_waits && uart_room(u)) {
		u->input_waits = false;
		eventfd_write(u->vm->room_event, 1);
	}
}

static void push(struct uart *u, uint8_t byte)
{
	if (u->rx_count < sizeof(u->rx))
		u->rx[(u->rx_head + u->rx_count++) % sizeof(u->rx)] = byte;
}

void uart_receive(struct uart *u, const uint8_t *data, unsigned int len)
{
	while (len--)
		push(u, *data++);
	update(u);
}

static uint8_t read_register(struct uart *u, unsigned int reg)
{
	uint8_t mcr = u->reg[MCR], iir = reason(u);

	if (reg <= IER && (u->reg[LCR] & LCR_DLAB))
		return u->divisor[reg];
	switch (reg) {
	case DATA:
		if (!u->rx_count)
			return 0;
		u->rx_count--;
		return u->rx[u->rx_head++ % sizeof(u->rx)];
	case IIR_FCR:	/* reading it takes the transmitter's interrupt back */
		if (iir == IIR_TX)
			u->sent = false;
		return iir | (u->reg[IIR_FCR] & FCR_ENABLE ? IIR_FIFO : 0);
	case LSR:
		return LSR_TX_EMPTY | (u->rx_count ? LSR_DATA : 0);
	case MSR:	/* in loop mode the modem's outputs are its inputs */
		return mcr & MCR_LOOP ? (mcr & 0x0c) << 4 | (mcr & 2) << 3 | (mcr & 1) << 5 :
			MSR_READY;
	default:
		return u->reg[reg];
	}
}

static void write_register(struct uart *u, unsigned int reg, uint8_t value)
{
	if (reg <= IER && (u->reg[LCR] & LCR_DLAB)) {
		u->divisor[reg] = value;
		return;
	}
	if (reg == DATA && (u->reg[MCR] & MCR_LOOP))
		push(u, value);
	else if (reg == DATA)
		console_output(value);
	if (reg == DATA || (reg == IER && (value & ~u->reg[IER] & IER_TX)))
		u->sent = true;
	if (reg == IIR_FCR && (value & FCR_CLEAR_RX))
		u->rx_count = 0;
	u->reg[reg] = value & writable[reg];
}

static uint64_t uart_access(void *dev, uint64_t at, int size, bool write, uint64_t value)
{
	if (write)
		write_register(dev, at, value);
	else
		value = read_register(dev, at);
	update(dev);
	return value;
}

void uart_init(struct uart *u, struct vm *vm)
{
	u->vm = vm;
	bus_add(&vm->io, "uart", 0x3f8, 8, uart_access, u);
}
