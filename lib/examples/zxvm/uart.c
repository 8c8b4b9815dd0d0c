// SPDX-License-Identifier: MIT
/* A 16550A at COM1: sends at once, receives from the terminal. */
#include "zxvm.h"

#define IER_RX		0x01
#define IER_TX		0x02
#define IIR_NONE	0x01
#define IIR_TX		0x02
#define IIR_RX		0x04
#define IIR_FIFO	0xc0
#define LCR_DLAB	0x80
#define MCR_OUT2	0x08
#define MCR_LOOP	0x10
#define LSR_DATA	0x01
#define LSR_TX_IDLE	0x60

enum { RBR_THR, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCRATCH };

static void update_irq(struct uart *u)
{
	bool rx = (u->ier & IER_RX) && u->rx_count;
	bool tx = (u->ier & IER_TX) && u->thr_empty_irq;

	ioapic_set_line(&u->vm->ioapic, ZXVM_IRQ_UART, rx || tx);
	if (u->input_waits && uart_room(u)) {
		u->input_waits = false;
		vm_signal(u->vm->room_event);
	}
}

/*
 * Until the guest's driver asks for receive interrupts it would throw away
 * what arrives; the main thread keeps the input until then.
 */
unsigned int uart_room(struct uart *u)
{
	bool listens = (u->ier & IER_RX) && (u->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;

	return listens ? sizeof(u->rx) - u->rx_count : 0;
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
	update_irq(u);
}

static uint8_t read_data(struct uart *u)
{
	uint8_t byte = 0;

	if (u->rx_count) {
		byte = u->rx[u->rx_head];
		u->rx_head = (u->rx_head + 1) % sizeof(u->rx);
		u->rx_count--;
	}
	return byte;
}

static uint8_t read_iir(struct uart *u)
{
	uint8_t fifo = u->fcr & 1 ? IIR_FIFO : 0;

	if ((u->ier & IER_RX) && u->rx_count)
		return fifo | IIR_RX;
	if ((u->ier & IER_TX) && u->thr_empty_irq) {
		u->thr_empty_irq = false;
		return fifo | IIR_TX;
	}
	return fifo | IIR_NONE;
}

/* Carrier and clear-to-send are there; in loop mode the outputs come back. */
static uint8_t read_msr(const struct uart *u)
{
	if (!(u->mcr & MCR_LOOP))
		return 0xb0;
	return (u->mcr & 0x0c) << 4 | (u->mcr & 0x02) << 3 | (u->mcr & 0x01) << 5;
}

static uint64_t uart_read(void *dev, uint64_t offset, unsigned int size)
{
	struct uart *u = dev;
	uint8_t value = 0;

	(void)size;
	switch (offset) {
	case RBR_THR:
		value = u->lcr & LCR_DLAB ? u->divisor[0] : read_data(u);
		break;
	case IER:
		value = u->lcr & LCR_DLAB ? u->divisor[1] : u->ier;
		break;
	case IIR_FCR:
		value = read_iir(u);
		break;
	case LCR:
		value = u->lcr;
		break;
	case MCR:
		value = u->mcr;
		break;
	case LSR:
		value = LSR_TX_IDLE | (u->rx_count ? LSR_DATA : 0);
		break;
	case MSR:
		value = read_msr(u);
		break;
	case SCRATCH:
		value = u->scratch;
		break;
	}
	update_irq(u);
	return value;
}

static void send(struct uart *u, uint8_t byte)
{
	if (u->mcr & MCR_LOOP)
		push(u, byte);
	else
		vm_console_output(u->vm, byte);
	u->thr_empty_irq = true;
}

static void uart_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct uart *u = dev;
	uint8_t byte = value;

	(void)size;
	switch (offset) {
	case RBR_THR:
		if (u->lcr & LCR_DLAB)
			u->divisor[0] = byte;
		else
			send(u, byte);
		break;
	case IER:
		if (u->lcr & LCR_DLAB) {
			u->divisor[1] = byte;
			break;
		}
		if (byte & ~u->ier & IER_TX)
			u->thr_empty_irq = true;
		u->ier = byte & 0x0f;
		break;
	case IIR_FCR:
		u->fcr = byte;
		if (byte & 2)
			u->rx_count = 0;
		break;
	case LCR:
		u->lcr = byte;
		break;
	case MCR:
		u->mcr = byte & 0x1f;
		break;
	case SCRATCH:
		u->scratch = byte;
		break;
	}
	update_irq(u);
}

void uart_init(struct uart *u, struct vm *vm)
{
	u->vm = vm;
	bus_add(&vm->io, &(struct bus_region){ .name = "uart", .base = 0x3f8, .size = 8,
					       .dev = u, .read = uart_read, .write = uart_write });
}
