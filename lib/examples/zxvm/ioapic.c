// SPDX-License-Identifier: MIT
/*
 * The I/O APIC: pins to vectors.
 *
 * The local APICs are in the hypervisor, which does not report the end of an
 * interrupt. A version 0x20 part has an EOI register, and Linux writes it
 * whenever its local APIC's trigger-mode register is clear, as the
 * hypervisor's always is: so level-triggered interrupts are exact as well.
 */
#include "zxvm.h"

enum { REG_SELECT = 0x00, REG_WINDOW = 0x10, REG_EOI = 0x40 };
enum { INDEX_VERSION = 0x01, INDEX_REDIRECT = 0x10, VERSION = 0x20 | (IOAPIC_PINS - 1) << 16 };
enum { MODE_FIXED, MODE_LOWEST, MODE_NMI = 4, NMI_VECTOR = 2 };

#define RTE_VECTOR	0xffull
#define RTE_LOGICAL	(1ull << 11)
#define RTE_REMOTE_IRR	(1ull << 14)
#define RTE_LEVEL	(1ull << 15)
#define RTE_MASKED	(1ull << 16)

static void deliver(struct ioapic *io, uint64_t rte)
{
	unsigned int dest = rte >> 56, mode = rte >> 8 & 7;
	uint64_t mask = rte & RTE_LOGICAL ? dest : dest == 0xff ? ~0ull :
			dest < 64 ? 1ull << dest : 0;

	if (mode == MODE_LOWEST)
		mask &= -mask;
	if (mode <= MODE_LOWEST || mode == MODE_NMI)
		vcpu_interrupt_mask(io->vm, mask, mode == MODE_NMI ? NMI_VECTOR : rte & RTE_VECTOR);
}

/* Delivers what a pin owes: at its edge, or as long as it is high. */
static void service(struct ioapic *io, unsigned int pin, bool edge)
{
	uint64_t *rte = &io->redirect[pin];

	if (!io->line[pin] || (*rte & (RTE_MASKED | RTE_REMOTE_IRR)))
		return;
	if (*rte & RTE_LEVEL)
		*rte |= RTE_REMOTE_IRR;
	else if (!edge)
		return;
	deliver(io, *rte);
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
		if ((io->redirect[pin] & RTE_VECTOR) == vector) {
			io->redirect[pin] &= ~RTE_REMOTE_IRR;
			service(io, pin, false);
		}
	}
}

static uint64_t window(struct ioapic *io, bool write, uint32_t value)
{
	unsigned int pin = (io->select - INDEX_REDIRECT) / 2, shift = io->select & 1 ? 32 : 0;
	uint64_t *rte = &io->redirect[pin], keep;

	if (io->select < INDEX_REDIRECT || pin >= IOAPIC_PINS)
		return io->select == INDEX_VERSION ? VERSION : 0;
	if (!write)
		return (uint32_t)(*rte >> shift);
	/* Remote IRR cannot be written, but goes with the level mode. */
	keep = shift ? 0xffffffff : ~0xffffffffull | (value & RTE_LEVEL ? RTE_REMOTE_IRR : 0);
	*rte = (*rte & keep) | ((uint64_t)value << shift & ~(keep | RTE_REMOTE_IRR));
	service(io, pin, false);
	return 0;
}

static uint64_t ioapic_access(void *dev, uint64_t at, int size, bool write, uint64_t value)
{
	struct ioapic *io = dev;

	if (at == REG_WINDOW)
		return window(io, write, value);
	if (at == REG_SELECT && write)
		io->select = value & 0xff;
	else if (at == REG_EOI && write)
		end_of_interrupt(io, value);
	return at == REG_SELECT ? io->select : 0;
}

void ioapic_init(struct ioapic *io, struct vm *vm)
{
	unsigned int pin;

	io->vm = vm;
	for (pin = 0; pin < IOAPIC_PINS; pin++)
		io->redirect[pin] = RTE_MASKED;
	bus_add(&vm->mmio, "ioapic", IOAPIC_BASE, PAGE_SIZE, ioapic_access, io);
}
