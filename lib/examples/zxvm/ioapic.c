// SPDX-License-Identifier: MIT
/*
 * The I/O APIC: pins to vectors.
 *
 * The local APIC is in the hypervisor, which does not report the end of an
 * interrupt. A version 0x20 part has an EOI register for the guest to write,
 * and Linux does so whenever it finds the trigger-mode register of its local
 * APIC clear, as the hypervisor's always is: level interrupts stay exact.
 */
#include "zxvm.h"

#define REG_SELECT	0x00
#define REG_WINDOW	0x10
#define REG_EOI		0x40

#define INDEX_ID	0x00
#define INDEX_VERSION	0x01
#define INDEX_REDIRECT	0x10

#define VERSION		(0x20 | (IOAPIC_PINS - 1) << 16)

#define RTE_VECTOR	0xffull
#define RTE_MODE	(7ull << 8)
#define RTE_LOGICAL	(1ull << 11)
#define RTE_REMOTE_IRR	(1ull << 14)
#define RTE_LEVEL	(1ull << 15)
#define RTE_MASKED	(1ull << 16)
#define RTE_READ_ONLY	(RTE_REMOTE_IRR | 1ull << 12)

#define MODE_FIXED	0
#define MODE_LOWEST	(1ull << 8)
#define MODE_NMI	(4ull << 8)
#define NMI_VECTOR	2

static void deliver(struct ioapic *io, unsigned int pin)
{
	uint64_t rte = io->redirect[pin];
	uint8_t dest = rte >> 56;
	uint64_t mask;

	if (rte & RTE_LOGICAL)
		mask = dest;
	else if (dest == 0xff)
		mask = ~0ull;
	else
		mask = dest < 64 ? 1ull << dest : 0;
	switch (rte & RTE_MODE) {
	case MODE_LOWEST:
		mask &= -mask;
		/* fall through */
	case MODE_FIXED:
		vcpu_interrupt_mask(io->vm, mask, rte & RTE_VECTOR);
		break;
	case MODE_NMI:
		vcpu_interrupt_mask(io->vm, mask, NMI_VECTOR);
		break;
	}
}

/* Delivers what a pin that is high still owes: on an edge, or level-triggered. */
static void service(struct ioapic *io, unsigned int pin, bool edge)
{
	uint64_t *rte = &io->redirect[pin];

	if (!io->line[pin] || (*rte & RTE_MASKED))
		return;
	if (*rte & RTE_LEVEL) {
		if (*rte & RTE_REMOTE_IRR)
			return;
		*rte |= RTE_REMOTE_IRR;
	} else if (!edge) {
		return;
	}
	deliver(io, pin);
}

void ioapic_set_line(struct ioapic *io, unsigned int pin, bool level)
{
	bool edge = level && !io->line[pin];

	io->line[pin] = level;
	service(io, pin, edge);
}

static void end_of_interrupt(struct ioapic *io, uint8_t vector)
{
	unsigned int pin;

	for (pin = 0; pin < IOAPIC_PINS; pin++) {
		if ((io->redirect[pin] & RTE_VECTOR) != vector ||
		    !(io->redirect[pin] & RTE_REMOTE_IRR))
			continue;
		io->redirect[pin] &= ~RTE_REMOTE_IRR;
		service(io, pin, false);
	}
}

static uint32_t read_window(const struct ioapic *io)
{
	unsigned int pin = (io->select - INDEX_REDIRECT) / 2;

	if (io->select == INDEX_VERSION)
		return VERSION;
	if (io->select < INDEX_REDIRECT || pin >= IOAPIC_PINS)
		return 0;
	return io->redirect[pin] >> (io->select & 1 ? 32 : 0);
}

static void write_window(struct ioapic *io, uint32_t value)
{
	unsigned int pin = (io->select - INDEX_REDIRECT) / 2;
	uint64_t *rte;

	if (io->select < INDEX_REDIRECT || pin >= IOAPIC_PINS)
		return;
	rte = &io->redirect[pin];
	if (io->select & 1) {
		*rte = (uint32_t)*rte | (uint64_t)value << 32;
		return;
	}
	*rte = (*rte & (~0xffffffffull | RTE_READ_ONLY)) | (value & ~RTE_READ_ONLY);
	if (!(*rte & RTE_LEVEL))
		*rte &= ~RTE_REMOTE_IRR;
	service(io, pin, false);
}

static uint64_t ioapic_read(void *dev, uint64_t offset, unsigned int size)
{
	struct ioapic *io = dev;

	(void)size;
	if (offset == REG_SELECT)
		return io->select;
	return offset == REG_WINDOW ? read_window(io) : 0;
}

static void ioapic_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct ioapic *io = dev;

	(void)size;
	if (offset == REG_SELECT)
		io->select = value & 0xff;
	else if (offset == REG_WINDOW)
		write_window(io, value);
	else if (offset == REG_EOI)
		end_of_interrupt(io, value);
}

void ioapic_init(struct ioapic *io, struct vm *vm)
{
	unsigned int pin;

	io->vm = vm;
	for (pin = 0; pin < IOAPIC_PINS; pin++)
		io->redirect[pin] = RTE_MASKED;
	bus_add(&vm->mmio, &(struct bus_region){ .name = "ioapic", .base = ZXVM_IOAPIC_BASE,
						 .size = 0x1000, .dev = io,
						 .read = ioapic_read, .write = ioapic_write });
}
