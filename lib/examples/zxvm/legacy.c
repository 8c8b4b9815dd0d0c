// SPDX-License-Identifier: MIT
/* The rest of a PC that a kernel looks for; of it, only what it needs. */
#include <time.h>

#include "zxvm.h"

#define BCD(n)		((n) / 10 << 4 | (n) % 10)
#define PIT_HZ		1193182ull

enum { GATE2 = 0x01, OUT2 = 0x20 };	/* of port 0x61 */
/* SCI_EN says ACPI mode, as always; the sleep type is that of \_S5 in acpi.c */
enum { PM1_SCI_EN = 1, PM1_SLEEP_TYPE = 0x1c00, PM1_SLEEP_EN = 0x2000, PM1_SOFT_OFF = 5 << 10 };

/* Masks are remembered. Ports: command, data; an initialisation takes data words. */
static uint64_t pic_access(void *dev, uint64_t at, int size, bool write, uint64_t value)
{
	struct pic *pic = dev;

	if (!write)
		return at ? pic->mask : 0;
	if (!at && (value & 0x10))
		pic->init_words = value & 1 ? 3 : 2;
	else if (at && pic->init_words)
		pic->init_words--;
	else if (at)
		pic->mask = value;
	return 0;
}

/* In 128 bits: the product outgrows 64. */
static uint64_t pit_ticks(const struct pit_channel *ch)
{
	return (unsigned __int128)(zx_clock_get_monotonic() - ch->start_ns) * PIT_HZ / 1000000000;
}

/* Counts run, low byte first, but raise no interrupt: ticks are the local APIC's. */
static uint64_t pit_access(void *dev, uint64_t at, int size, bool write, uint64_t value)
{
	struct pit_channel *ch = &((struct legacy *)dev)->pit[at < 3 ? at : value >> 6 & 3];
	bool high = ch->second;

	ch->second = at < 3 && !high;
	if (at == 3)	/* a mode or a latch: either starts with the low byte */
		return 0xff;
	if (!write && !high)
		ch->sample = ch->reload - pit_ticks(ch);
	if (!write)
		return high ? ch->sample >> 8 : ch->sample;
	ch->reload = high ? (ch->reload & 0xff) | value << 8 : value & 0xff;
	ch->start_ns = zx_clock_get_monotonic();
	return 0;
}

static uint64_t port61_access(void *dev, uint64_t at, int size, bool write, uint64_t value)
{
	struct legacy *l = dev;

	if (!write)
		return l->port61 | (pit_ticks(&l->pit[2]) >= l->pit[2].reload ? OUT2 : 0);
	if (value & ~l->port61 & GATE2)
		l->pit[2].start_ns = zx_clock_get_monotonic();
	l->port61 = value & 3;
	return 0;
}

/* A clock of binary-coded decimals, as nearly all are. */
static uint64_t cmos_access(void *dev, uint64_t at, int size, bool write, uint64_t value)
{
	struct legacy *l = dev;
	time_t now = time(NULL);
	struct tm tm;

	if (write && !at)
		l->cmos_index = value & 0x7f;
	gmtime_r(&now, &tm);
	switch (l->cmos_index) {
	case 0x00: return BCD(tm.tm_sec);
	case 0x02: return BCD(tm.tm_min);
	case 0x04: return BCD(tm.tm_hour);
	case 0x06: return BCD(tm.tm_wday + 1);
	case 0x07: return BCD(tm.tm_mday);
	case 0x08: return BCD(tm.tm_mon + 1);
	case 0x09: return BCD(tm.tm_year % 100);
	case 0x32: return BCD(19 + tm.tm_year / 100);
	case 0x0a: return 0x26;		/* 32768 Hz, no update in progress */
	case 0x0b: return 0x02;		/* 24 hours */
	case 0x0d: return 0x80;		/* the battery is good */
	default: return 0;
	}
}

/* Of the keyboard controller only the command to reset; its status is ready. */
static uint64_t kbd_access(void *dev, uint64_t at, int size, bool write, uint64_t value)
{
	if (write && value == 0xfe)
		vm_stop(((struct legacy *)dev)->vm, ZXVM_RESET);
	return 0;
}

/* Address and data ports; the bridge is an i440FX, which kernels leave alone. */
static uint64_t pci_access(void *dev, uint64_t at, int size, bool write, uint64_t value)
{
	struct legacy *l = dev;
	uint32_t reg = l->pci_address & 0xfc;

	if (at == 0 && size == 4) {
		if (write)
			l->pci_address = value;
		return l->pci_address;
	}
	if (at < 4 || (l->pci_address & ~0xffu) != 1u << 31)
		return ~0ull;
	return (reg == 0 ? 0x12378086u : reg == 8 ? 0x06000000u : 0) >> 8 * (at - 4);
}

/* ACPI's event block, and the control block, through which the guest goes off. */
static uint64_t pm1_access(void *dev, uint64_t at, int size, bool write, uint64_t value)
{
	struct legacy *l = dev;

	if (!write)
		return at == 2 ? l->pm1_enable : at == 4 ? l->pm1_control | PM1_SCI_EN : 0;
	if (at == 2)
		l->pm1_enable = value;
	if (at != 4)
		return 0;
	l->pm1_control = value & ~PM1_SLEEP_EN;
	if ((value & (PM1_SLEEP_EN | PM1_SLEEP_TYPE)) == (PM1_SLEEP_EN | PM1_SOFT_OFF))
		vm_stop(l->vm, ZXVM_POWERED_OFF);
	return 0;
}

void legacy_init(struct legacy *l, struct vm *vm)
{
	l->vm = vm;
	bus_add(&vm->io, "pic", 0x20, 2, pic_access, &l->pic[0]);
	bus_add(&vm->io, "pic", 0xa0, 2, pic_access, &l->pic[1]);
	bus_add(&vm->io, "pit", 0x40, 4, pit_access, l);
	bus_add(&vm->io, "port61", 0x61, 1, port61_access, l);
	bus_add(&vm->io, "kbd", 0x64, 1, kbd_access, l);
	bus_add(&vm->io, "cmos", 0x70, 2, cmos_access, l);
	bus_add(&vm->io, "pci", 0xcf8, 8, pci_access, l);
	bus_add(&vm->io, "acpi", PM1_EVT_PORT, 6, pm1_access, l);
}
