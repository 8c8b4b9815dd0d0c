// SPDX-License-Identifier: MIT
/*
 * The rest of a PC that a kernel looks for: interrupt controllers that only
 * remember their masks, the clock, the reset line of the keyboard controller,
 * PCI configuration space with a lone host bridge, and ACPI's power button
 * block, through which the guest switches itself off.
 */
#include "zxvm.h"

#define PIC_ICW1	0x10
#define PIC_ICW1_ICW4	0x01

static uint64_t pic_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pic *pic = dev;

	(void)size;
	return offset ? pic->mask : 0;	/* nothing requested, nothing in service */
}

static void pic_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct pic *pic = dev;

	(void)size;
	if (!offset && (value & PIC_ICW1)) {
		pic->init_words = value & PIC_ICW1_ICW4 ? 3 : 2;
		pic->mask = 0;
	} else if (offset && pic->init_words) {
		pic->init_words--;
	} else if (offset) {
		pic->mask = value;
	}
}

static uint8_t bcd(int value)
{
	return value / 10 << 4 | value % 10;
}

static uint8_t cmos_value(uint8_t index)
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	switch (index) {
	case 0x00: return bcd(tm.tm_sec);
	case 0x02: return bcd(tm.tm_min);
	case 0x04: return bcd(tm.tm_hour);
	case 0x06: return bcd(tm.tm_wday + 1);
	case 0x07: return bcd(tm.tm_mday);
	case 0x08: return bcd(tm.tm_mon + 1);
	case 0x09: return bcd(tm.tm_year % 100);
	case 0x0a: return 0x26;		/* 32768 Hz, no update in progress */
	case 0x0b: return 0x02;		/* 24 hours, BCD, no interrupts */
	case 0x0d: return 0x80;		/* the battery is good */
	case 0x32: return bcd(19 + tm.tm_year / 100);
	default: return 0;
	}
}

static uint64_t cmos_read(void *dev, uint64_t offset, unsigned int size)
{
	struct legacy *legacy = dev;

	(void)size;
	return offset ? cmos_value(legacy->cmos_index) : 0xff;
}

static void cmos_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct legacy *legacy = dev;

	(void)size;
	if (!offset)
		legacy->cmos_index = value & 0x7f;
}

/* No keyboard: status 0, so that the controller takes commands at once. */
static uint64_t kbd_read(void *dev, uint64_t offset, unsigned int size)
{
	(void)dev, (void)offset, (void)size;
	return 0;
}

static void kbd_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct legacy *legacy = dev;

	(void)offset, (void)size;
	if (value == 0xfe)	/* pulse the reset line */
		vm_stop(legacy->vm, ZXVM_RESET);
}

static uint32_t pci_config(uint32_t address)
{
	if (!(address & 1u << 31) || address & 0x00ffff00)
		return ~0u;
	switch (address & 0xfc) {
	case 0x00: return 0x12378086;	/* i440FX, which kernels know and need not touch */
	case 0x08: return 0x06000000;	/* host bridge */
	default: return 0;
	}
}

static uint64_t pci_read(void *dev, uint64_t offset, unsigned int size)
{
	struct legacy *legacy = dev;

	if (offset == 0 && size == 4)
		return legacy->pci_address;
	if (offset < 4)
		return ~0ull;
	return pci_config(legacy->pci_address) >> 8 * (offset - 4);
}

static void pci_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct legacy *legacy = dev;

	if (offset == 0 && size == 4)
		legacy->pci_address = value;
}

#define PM1_SCI_EN	0x0001
#define PM1_SLEEP_TYPE	0x1c00
#define PM1_SLEEP_EN	0x2000
#define PM1_SOFT_OFF	(5u << 10)	/* as \_S5 in acpi.c says */

static uint64_t pm1_read(void *dev, uint64_t offset, unsigned int size)
{
	struct legacy *legacy = dev;

	(void)size;
	switch (offset) {
	case 2: return legacy->pm1_enable;
	case 4: return legacy->pm1_control | PM1_SCI_EN;
	default: return 0;
	}
}

static void pm1_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct legacy *legacy = dev;

	(void)size;
	if (offset == 2)
		legacy->pm1_enable = value;
	if (offset != 4)
		return;
	legacy->pm1_control = value & ~PM1_SLEEP_EN;
	if ((value & PM1_SLEEP_EN) && (value & PM1_SLEEP_TYPE) == PM1_SOFT_OFF)
		vm_stop(legacy->vm, ZXVM_POWERED_OFF);
}

void legacy_init(struct legacy *l, struct vm *vm)
{
	const struct bus_region regions[] = {
		{ "pic1", 0x20, 2, &l->pic[0], pic_read, pic_write, 0, 0 },
		{ "pic2", 0xa0, 2, &l->pic[1], pic_read, pic_write, 0, 0 },
		{ "rtc", 0x70, 2, l, cmos_read, cmos_write, 0, 0 },
		{ "keyboard", 0x64, 1, l, kbd_read, kbd_write, 0, 0 },
		{ "pci", 0xcf8, 8, l, pci_read, pci_write, 0, 0 },
		{ "acpi", ZXVM_PM1_EVT_PORT, 6, l, pm1_read, pm1_write, 0, 0 },
	};
	unsigned int i;

	l->vm = vm;
	for (i = 0; i < sizeof(regions) / sizeof(regions[0]); i++)
		bus_add(&vm->io, &regions[i]);
}
