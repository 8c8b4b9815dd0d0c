// SPDX-License-Identifier: MIT
/*
 * Code for guests of the fuzzer. See guestcode.h.
 */
#include <stdbool.h>
#include <string.h>

#include "fuzz/guestcode.h"
#include "guest/layout.h"
#include "zxtest.h"

/* What follows the bytes of a snippet. */
enum { NOTHING, BYTE, PORT, NUMBER, ADDRESS, RDMSR, WRMSR, OPERAND };

static const struct snippet {
	uint8_t len;
	uint8_t bytes[4];
	uint8_t then;
} snippets[] = {
	/* registers: eax ecx edx ebx esi edi */
	{ 1, { 0xb8 }, NUMBER }, { 1, { 0xb8 }, ADDRESS },
	{ 1, { 0xb9 }, NUMBER }, { 1, { 0xba }, NUMBER },
	{ 2, { 0x31, 0xd2 } }, { 1, { 0xbb }, ADDRESS },
	{ 1, { 0xbe }, ADDRESS }, { 1, { 0xbf }, ADDRESS },
	/* ports */
	{ 1, { 0xe4 }, PORT }, { 1, { 0xe5 }, PORT }, { 1, { 0xe6 }, PORT },
	{ 1, { 0xe7 }, PORT }, { 2, { 0x66, 0xe7 }, PORT },
	{ 1, { 0xec } }, { 1, { 0xef } }, { 1, { 0x6c } }, { 2, { 0xf3, 0x6f } },
	/* MSRs, whose number is put into ecx, and cpuid */
	{ 1, { 0xb9 }, RDMSR }, { 1, { 0xb9 }, RDMSR }, { 1, { 0xb9 }, RDMSR },
	{ 1, { 0xb9 }, WRMSR }, { 1, { 0xb9 }, WRMSR }, { 1, { 0xb9 }, WRMSR },
	{ 1, { 0xb9 }, WRMSR }, { 1, { 0xb9 }, WRMSR }, { 2, { 0x0f, 0xa2 } },
	{ 2, { 0x0f, 0x30 } },
	/* halt, interrupts, exceptions */
	{ 1, { 0xf4 } }, { 1, { 0xfb } }, { 1, { 0xfa } }, { 2, { 0xfb, 0xf4 } },
	{ 2, { 0x0f, 0x0b } }, { 1, { 0xcc } }, { 1, { 0xcd }, BYTE },
	{ 2, { 0xeb, 0xfe } }, { 1, { 0xeb }, BYTE },
	/* what hypervisors see: vmcall, vmmcall, xsetbv, invd, monitor */
	{ 3, { 0x0f, 0x01, 0xc1 } }, { 3, { 0x0f, 0x01, 0xd9 } },
	{ 3, { 0x0f, 0x01, 0xd1 } }, { 2, { 0x0f, 0x08 } },
	{ 3, { 0x0f, 0x01, 0xc8 } },
	/* cr0, cr3, cr4 from eax; iret; hlt in a shadow */
	{ 3, { 0x0f, 0x22, 0xc0 } }, { 3, { 0x0f, 0x22, 0xd8 } },
	{ 3, { 0x0f, 0x22, 0xe0 } }, { 2, { 0x48, 0xcf } },
	/* memory: moves, arithmetic, read-modify-write, strings, SSE, x87 */
	{ 1, { 0x8b }, OPERAND }, { 1, { 0x89 }, OPERAND },
	{ 1, { 0x8a }, OPERAND }, { 1, { 0x88 }, OPERAND },
	{ 2, { 0x48, 0x8b }, OPERAND }, { 2, { 0x66, 0x89 }, OPERAND },
	{ 2, { 0x0f, 0xb6 }, OPERAND }, { 2, { 0x0f, 0xbf }, OPERAND },
	{ 1, { 0x01 }, OPERAND }, { 2, { 0xf0, 0x01 }, OPERAND },
	{ 1, { 0x03 }, OPERAND }, { 1, { 0x87 }, OPERAND },
	{ 3, { 0xf0, 0x0f, 0xb1 }, OPERAND }, { 1, { 0x85 }, OPERAND },
	{ 1, { 0x80 }, OPERAND }, { 1, { 0x81 }, OPERAND },
	{ 1, { 0xc6 }, OPERAND }, { 1, { 0xc7 }, OPERAND },
	{ 1, { 0xf7 }, OPERAND }, { 1, { 0xff }, OPERAND },
	{ 1, { 0xa4 } }, { 2, { 0xf3, 0xa5 } }, { 1, { 0xaa } }, { 1, { 0xad } },
	{ 2, { 0x0f, 0x28 }, OPERAND }, { 2, { 0x0f, 0x11 }, OPERAND },
	{ 3, { 0x66, 0x0f, 0x6f }, OPERAND }, { 1, { 0xdd }, OPERAND },
	{ 2, { 0xc5, 0xf9 }, OPERAND }, { 2, { 0x0f, 0xae }, OPERAND },
	{ 3, { 0x0f, 0x38, 0xf0 }, OPERAND }, { 2, { 0x0f, 0x01 }, OPERAND },
	{ 2, { 0x67, 0x8b }, OPERAND }, { 2, { 0x64, 0x8b }, OPERAND },
};

static uint32_t msr(struct source *s)
{
	static const uint32_t known[] = {
		0x1b, 0x6e0, 0x1a0, 0x11, 0x12, 0x4b564d00, 0x4b564d01, 0x10,
		0xc0000080, 0x48, 0x200, 0x2ff, 0x277, 0x17, 0x34, 0xc0000083,
	};

	switch (below(s, 8)) {
	case 0:
		return odd(s);
	case 1 ... 3:
		return known[below(s, ARRAY_SIZE(known))];
	case 4:		/* ICR, timer: LVT, initial count, divider */
		return 0x830 + below(s, 3) * 2;
	default:	/* x2APIC */
		return 0x800 + below(s, 0x41);
	}
}

uint64_t guest_address(struct source *s)
{
	static const uint64_t bases[] = {
		0, GUEST_CODE, GUEST_MMIO, GUEST_HOLE, 0x40000000, 0x7fe00000,
		1ull << 32, 1ull << 39, 1ull << 46,
	};

	if (one_in(s, 16))
		return odd(s);
	return bases[below(s, ARRAY_SIZE(bases))] + below(s, 16) * 4096;
}

uint64_t guest_entry(struct source *s)
{
	uint64_t addr = one_in(s, 6) ? guest_address(s) : GUEST_CODE;

	return addr < GUEST_RAM_SIZE ? GUEST_CODE + (addr & 63) : addr;
}

/* Half of what the guest touches should be what it can reach. */
static uint32_t operand_address(struct source *s)
{
	static const uint32_t offsets[] = { 0, 1, 8, 0xffc, 0xffd, 0xfff, 0xff8 };

	if (one_in(s, 3))
		return guest_address(s);
	return (one_in(s, 3) ? 0x8000 : GUEST_MMIO) +
	       offsets[below(s, ARRAY_SIZE(offsets))] + below(s, 2) * 4096;
}

uint64_t guest_register(struct source *s)
{
	switch (below(s, 4)) {
	case 0:
		return odd(s);
	case 1:
		return msr(s);
	case 2:
		return draw(s);
	default:
		return operand_address(s);
	}
}

static unsigned int put32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, 4);
	return 4;
}

/* [disp32] without a base, then bytes that may be an immediate. */
static unsigned int put_operand(struct source *s, uint8_t *at)
{
	at[0] = below(s, 8) << 3 | 4;
	at[1] = 0x25;
	put32(at + 2, operand_address(s));
	return 6 + (one_in(s, 4) ? put32(at + 6, draw(s)) : 0);
}

/* What is written to an MSR: a mode of the timer, an address with a bit 0, or any. */
static uint32_t msr_value(struct source *s)
{
	static const uint32_t timer[] = {
		0x40, 0x20040, 0x40040, 0x60040, 0x10040, 0xb, 1, 1000000,
	};

	switch (below(s, 3)) {
	case 0:
		return timer[below(s, ARRAY_SIZE(timer))];
	case 1:
		return operand_address(s) | below(s, 2);
	default:
		return odd(s);
	}
}

/* The number of an MSR, for a write mostly its value, and the instruction. */
static unsigned int put_msr(struct source *s, uint8_t *at, bool write)
{
	unsigned int n = put32(at, msr(s));

	if (write && !one_in(s, 4)) {
		at[n++] = 0x31;		/* xor %edx,%edx */
		at[n++] = 0xd2;
	}
	if (write && !one_in(s, 4)) {
		at[n++] = 0xb8;		/* mov $...,%eax */
		n += put32(at + n, msr_value(s));
	}
	at[n++] = 0x0f;
	at[n++] = write ? 0x30 : 0x32;
	return n;
}

static unsigned int put_snippet(struct source *s, uint8_t *at)
{
	const struct snippet *snippet = &snippets[below(s, ARRAY_SIZE(snippets))];
	unsigned int n = snippet->len;

	memcpy(at, snippet->bytes, n);
	switch (snippet->then) {
	case BYTE:
		at[n] = draw(s);
		return n + 1;
	case PORT:
		at[n] = PORT_REPORT + below(s, 12);
		return n + 1;
	case NUMBER:
		return n + put32(at + n, odd(s));
	case ADDRESS:
		return n + put32(at + n, guest_address(s));
	case RDMSR:
	case WRMSR:
		return n + put_msr(s, at + n, snippet->then == WRMSR);
	case OPERAND:
		return n + put_operand(s, at + n);
	}
	return n;
}

void guest_code(struct source *s, uint8_t code[GUEST_CODE_SIZE])
{
	unsigned int n = 0;

	memset(code, GUEST_FILL, GUEST_CODE_SIZE);
	if (one_in(s, 2))
		code[n++] = 0xfb;	/* sti */
	for (int i = below(s, 8); i >= 0; i--)
		n += put_snippet(s, code + n);
	code[n] = 0xe9;		/* again */
	put32(code + n + 1, -(n + 5));
}
