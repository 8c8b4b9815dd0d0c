// SPDX-License-Identifier: MIT
/*
 * The I/O APIC: pins to vectors. All lines are edges, as ISA's are: the end of
 * an interrupt, which a level needs, stays in the hypervisor's local APIC.
 */
#include "zxvm.h"

enum { REG_SELECT = 0x00, REG_WINDOW = 0x10, INDEX_VERSION = 0x01, INDEX_REDIRECT = 0x10 };
enum { MODE_FIXED, MODE_LOWEST, MODE_NMI = 4, NMI_VECTOR = 2 };
enum { RTE_VECTOR = 0xff, RTE_LOGICAL = 1 << 11, RTE_READ_ONLY = 0x5000, RTE_MASKED = 1 << 16 };

void ioapic_set_line(struct ioapic *io, unsigned int pin, bool level)
{
	uint64_t rte = io->redirect[pin], mask;
	unsigned int dest = rte >> 56, mode = rte >> 8 & 7;
	bool edge = level && !io->line[pin];

	io->line[pin] = level;
	if (!edge || (rte & RTE_MASKED))
		return;
	mask = rte & RTE_LOGICAL ? dest : dest == 0xff ? ~0ull : dest < 64 ? 1ull << dest : 0;
	if (mode == MODE_LOWEST)
		mask &= -mask;
	if (mode <= MODE_LOWEST || mode == MODE_NMI)
		vcpu_interrupt_mask(io->vm, mask, mode == MODE_NMI ? NMI_VECTOR : rte & RTE_VECTOR);
}

static uint64_t window(struct ioapic *io, bool write, uint32_t value)
{
	unsigned int pin = (io->select - INDEX_REDIRECT) / 2, shift = io->select & 1 ? 32 : 0;

	if (io->select == INDEX_VERSION)
		return 0x11 | (IOAPIC_PINS - 1) << 16;
	if (io->select < INDEX_REDIRECT || pin >= IOAPIC_PINS)
		return 0;
	if (write) {
		io->redirect[pin] &= ~(0xffffffffull << shift);
		io->redirect[pin] |= (uint64_t)(shift ? value : value & ~RTE_READ_ONLY) << shift;
	}
	return (uint32_t)(io->redirect[pin] >> shift);
}

static uint64_t ioapic_access(void *dev, uint64_t at, int size, bool write, uint64_t value)
{
	struct ioapic *io = dev;

	if (at == REG_WINDOW)
		return window(io, write, value);
	if (at == REG_SELECT && write)
		io->select = value & 0xff;
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
