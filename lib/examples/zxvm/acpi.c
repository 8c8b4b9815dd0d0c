// SPDX-License-Identifier: MIT
/* ACPI tables: local APICs, the I/O APIC, the registers that switch off and reset. */
#include <string.h>

#include "zxvm.h"

#define TABLES	0xe0000		/* in the area that kernels search for the RSDP */

/* Name (\_S5, Package () { 5, 5, 0, 0 }): the sleep type that legacy.c knows */
static const uint8_t aml[] = {
	0x08, '_', 'S', '5', '_', 0x12, 0x08, 0x04, 0x0a, 0x05, 0x0a, 0x05, 0x00, 0x00,
};

/* Members of the fixed table that are not zero, but for addresses of tables. */
static const struct { uint8_t offset, size; uint32_t value; } fadt[] = {
	{ 46, 2, IRQ_SCI },
	{ 56, 4, PM1_EVT_PORT }, { 148, 4, 0x2001 }, { 152, 4, PM1_EVT_PORT },
	{ 64, 4, PM1_CNT_PORT }, { 172, 4, 0x1001 }, { 176, 4, PM1_CNT_PORT },
	{ 88, 1, 4 }, { 89, 1, 2 },		/* bytes of the two blocks */
	{ 96, 2, 0xfff }, { 98, 2, 0xfff },	/* no C2, no C3 */
	{ 108, 1, 0x32 },			/* the clock's century */
	{ 109, 2, 0x0005 },			/* ISA devices; no VGA */
	{ 112, 4, 0x0435 },			/* WBINVD, C1, no buttons, reset register: */
	{ 116, 4, 0x0801 }, { 120, 4, 0x64 }, { 128, 1, 0xfe },
};

/* A table under construction, in guest memory. */
struct table {
	uint8_t *ram;
	uint32_t start, next;
};

static void put(struct table *t, uint64_t value, unsigned int size)
{
	memcpy(t->ram + t->next, &value, size);	/* little-endian, both */
	t->next += size;
}

static void checksum(uint8_t *p, unsigned int len, unsigned int at)
{
	for (p[at] = 0; len--; )
		p[at] -= len == at ? 0 : p[len];
}

static void begin(struct table *t, const char *signature, uint8_t revision)
{
	t->start = t->next = (t->next + 63) & ~63u;
	memcpy(t->ram + t->start, signature, 4);
	t->ram[t->start + 8] = revision;
	memcpy(t->ram + t->start + 10, "ZXHYP ZXVM    \1\0\0\0ZXVM\1\0\0\0", 26);
	t->next += 36;
}

static uint32_t end(struct table *t)
{
	uint32_t len = t->next - t->start;

	memcpy(t->ram + t->start + 4, &len, 4);
	checksum(t->ram + t->start, len, 9);
	return t->start;
}

static uint32_t build_fadt(struct table *t, uint32_t facs, uint32_t dsdt)
{
	unsigned int i;

	begin(t, "FACP", 3);
	put(t, facs, 4);
	put(t, dsdt, 4);
	for (i = 0; i < sizeof(fadt) / sizeof(fadt[0]); i++)
		memcpy(t->ram + t->start + fadt[i].offset, &fadt[i].value, fadt[i].size);
	t->next = t->start + 244;
	return end(t);
}

static uint32_t build_madt(struct table *t, unsigned int cpus)
{
	unsigned int i;

	begin(t, "APIC", 3);
	put(t, 0xfee00000, 4);
	put(t, 1, 4);			/* there are PICs as well */
	for (i = 0; i < cpus; i++) {
		put(t, 0x0800 | i << 16 | i << 24, 4);	/* local APIC: type, length, ids */
		put(t, 1, 4);				/* enabled */
	}
	put(t, 0x0c01, 4);		/* the I/O APIC */
	put(t, IOAPIC_BASE, 8);
	put(t, 0x0a02, 4);		/* ISA interrupt 0 is on pin 2 */
	put(t, 2, 6);
	put(t, 0x0a02 | IRQ_SCI << 24, 4);	/* ACPI's is active high, level */
	put(t, IRQ_SCI | 0xdull << 32, 6);
	return end(t);
}

/* Writes the tables; returns the guest-physical address of the first, the RSDP. */
uint64_t acpi_build(struct vm *vm)
{
	struct table t = { .ram = vm->ram, .next = TABLES + 128 };
	uint8_t *rsdp = vm->ram + TABLES;
	uint32_t dsdt, fixed, madt, xsdt;

	memcpy(rsdp + 64, "FACS\x40", 5);
	begin(&t, "DSDT", 2);
	memcpy(t.ram + t.next, aml, sizeof(aml));
	t.next += sizeof(aml);
	dsdt = end(&t);
	fixed = build_fadt(&t, TABLES + 64, dsdt);
	madt = build_madt(&t, vm->cpus);
	begin(&t, "XSDT", 1);
	put(&t, fixed, 8);
	put(&t, madt, 8);
	xsdt = end(&t);
	memcpy(rsdp, "RSD PTR \0ZXHYP \2\0\0\0\0\x24", 21);
	memcpy(rsdp + 24, &xsdt, sizeof(xsdt));
	checksum(rsdp, 20, 8);
	checksum(rsdp, 36, 32);
	return TABLES;
}
