// SPDX-License-Identifier: MIT
/*
 * ACPI tables: the vCPUs' local APICs, the I/O APIC, the registers that switch
 * the machine off and reset it. Offsets are those of the ACPI specification.
 */
#include <string.h>

#include "zxvm.h"

#define TABLES		0xe0000	/* in the area that kernels search for the RSDP */
#define HEADER		36
#define FADT_SIZE	244	/* revision 3 */
#define FACS_SIZE	64

#define MADT_PCAT_COMPAT	1
#define MADT_ENABLED		1
#define ACTIVE_HIGH_LEVEL	0xd

#define FADT_LEGACY_DEVICES	(1u << 0)
#define FADT_NO_VGA		(1u << 2)
#define FADT_WBINVD		(1u << 0)
#define FADT_PROC_C1		(1u << 2)
#define FADT_NO_POWER_BUTTON	(1u << 4)
#define FADT_NO_SLEEP_BUTTON	(1u << 5)
#define FADT_RESET_REGISTER	(1u << 10)

#define SPACE_IO	1

/* Name (\_S5, Package () { 5, 5, 0, 0 }): the sleep type that legacy.c knows */
static const uint8_t dsdt_code[] = {
	0x08, '_', 'S', '5', '_', 0x12, 0x08, 0x04, 0x0a, 0x05, 0x0a, 0x05, 0x00, 0x00,
};

/* Where the next table goes. */
struct area {
	uint8_t *ram;
	uint64_t next;
};

static void put(uint8_t *p, uint64_t value, unsigned int size)
{
	memcpy(p, &value, size);	/* x86 is little-endian, as the tables are */
}

static void checksum(uint8_t *p, size_t len, size_t at)
{
	uint8_t sum = 0;
	size_t i;

	p[at] = 0;
	for (i = 0; i < len; i++)
		sum += p[i];
	p[at] = -sum;
}

static uint8_t *reserve(struct area *a, size_t len, uint64_t *address)
{
	*address = a->next;
	a->next = (a->next + len + 63) & ~63ull;
	memset(a->ram + *address, 0, len);
	return a->ram + *address;
}

/* Starts a table; the caller fills it and calls checksum() on it. */
static uint8_t *table(struct area *a, const char *signature, uint8_t revision, size_t len,
		      uint64_t *address)
{
	uint8_t *t = reserve(a, len, address);

	memcpy(t, signature, 4);
	put(t + 4, len, 4);
	t[8] = revision;
	memcpy(t + 10, "ZXHYP ZXVM    ", 14);
	put(t + 24, 1, 4);
	memcpy(t + 28, "ZXVM", 4);
	put(t + 32, 1, 4);
	return t;
}

static uint64_t build_dsdt(struct area *a)
{
	size_t len = HEADER + sizeof(dsdt_code);
	uint64_t address;
	uint8_t *t = table(a, "DSDT", 2, len, &address);

	memcpy(t + HEADER, dsdt_code, sizeof(dsdt_code));
	checksum(t, len, 9);
	return address;
}

static void put_io_register(uint8_t *p, uint16_t port, unsigned int bytes)
{
	p[0] = SPACE_IO;
	p[1] = bytes * 8;
	put(p + 4, port, 8);
}

static uint64_t build_fadt(struct area *a, uint64_t dsdt)
{
	uint64_t address, facs_address;
	uint8_t *facs = reserve(a, FACS_SIZE, &facs_address);
	uint8_t *t = table(a, "FACP", 3, FADT_SIZE, &address);

	memcpy(facs, "FACS", 4);
	put(facs + 4, FACS_SIZE, 4);
	facs[32] = 1;

	put(t + 36, facs_address, 4);
	put(t + 40, dsdt, 4);
	put(t + 46, ZXVM_IRQ_SCI, 2);
	put(t + 56, ZXVM_PM1_EVT_PORT, 4);
	put(t + 64, ZXVM_PM1_CNT_PORT, 4);
	t[88] = 4;			/* bytes of the event block */
	t[89] = 2;			/* and of the control block */
	put(t + 96, 0xfff, 2);		/* no C2 */
	put(t + 98, 0xfff, 2);		/* no C3 */
	t[108] = 0x32;			/* the clock's century register */
	put(t + 109, FADT_LEGACY_DEVICES | FADT_NO_VGA, 2);
	put(t + 112, FADT_WBINVD | FADT_PROC_C1 | FADT_NO_POWER_BUTTON | FADT_NO_SLEEP_BUTTON |
		     FADT_RESET_REGISTER, 4);
	put_io_register(t + 116, 0x64, 1);
	t[128] = 0xfe;			/* what resets, written there */
	put(t + 140, dsdt, 8);
	put_io_register(t + 148, ZXVM_PM1_EVT_PORT, 4);
	put_io_register(t + 172, ZXVM_PM1_CNT_PORT, 2);
	checksum(t, FADT_SIZE, 9);
	return address;
}

static uint64_t build_madt(struct area *a, unsigned int cpus)
{
	size_t len = HEADER + 8 + cpus * 8 + 12 + 2 * 10;
	uint64_t address;
	uint8_t *t = table(a, "APIC", 3, len, &address), *p = t + HEADER + 8;
	unsigned int i;

	put(t + 36, 0xfee00000, 4);
	put(t + 40, MADT_PCAT_COMPAT, 4);
	for (i = 0; i < cpus; i++, p += 8) {
		p[0] = 0;		/* a processor's local APIC */
		p[1] = 8;
		p[2] = i;
		p[3] = i;
		put(p + 4, MADT_ENABLED, 4);
	}
	p[0] = 1;			/* the I/O APIC */
	p[1] = 12;
	p[2] = 0;
	put(p + 4, ZXVM_IOAPIC_BASE, 4);
	p += 12;
	p[0] = 2;			/* ISA interrupt 0, the timer, is on pin 2 */
	p[1] = 10;
	put(p + 4, 2, 4);
	p += 10;
	p[0] = 2;			/* ACPI's interrupt is not ISA-like */
	p[1] = 10;
	p[3] = ZXVM_IRQ_SCI;
	put(p + 4, ZXVM_IRQ_SCI, 4);
	put(p + 8, ACTIVE_HIGH_LEVEL, 2);
	checksum(t, len, 9);
	return address;
}

uint64_t acpi_build(struct vm *vm)
{
	struct area a = { .ram = vm->ram, .next = TABLES };
	uint64_t rsdp_address, xsdt_address, fadt, madt;
	uint8_t *rsdp = reserve(&a, HEADER, &rsdp_address), *xsdt;

	fadt = build_fadt(&a, build_dsdt(&a));
	madt = build_madt(&a, vm->cpus);
	xsdt = table(&a, "XSDT", 1, HEADER + 16, &xsdt_address);
	put(xsdt + HEADER, fadt, 8);
	put(xsdt + HEADER + 8, madt, 8);
	checksum(xsdt, HEADER + 16, 9);

	memcpy(rsdp, "RSD PTR ", 8);
	memcpy(rsdp + 9, "ZXHYP ", 6);
	rsdp[15] = 2;
	put(rsdp + 20, HEADER, 4);
	put(rsdp + 24, xsdt_address, 8);
	checksum(rsdp, 20, 8);
	checksum(rsdp, HEADER, 32);
	return rsdp_address;
}
