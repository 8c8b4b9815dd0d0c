// SPDX-License-Identifier: GPL-2.0-only
/*
 * The length of an x86 instruction that has a memory operand.
 *
 * KVM does not tell how long the instruction of an MMIO read is. The CPU has
 * begun to execute it, so it is a valid one: this need not tell good from bad,
 * only find the end. Forms that cannot touch data memory are of no interest.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "insn.h"

/* What follows the opcode. */
#define M	BIT(0)		/* ModRM */
#define B	BIT(1)		/* immediate byte */
#define Z	BIT(2)		/* immediate of 2 or 4 bytes, by operand size */
#define O	BIT(3)		/* offset of the size of an address */
#define G	BIT(4)		/* immediate only for /0 and /1: group 3 */
#define W	BIT(5)		/* immediate of 2 bytes */

struct zxh_insn {
	const u8 *bytes;
	unsigned int n, pos;
	unsigned int operand_size, address_size;
};

static int zxh_insn_next(struct zxh_insn *in)
{
	return in->pos < in->n ? in->bytes[in->pos++] : -1;
}

static bool zxh_mode_64(const struct zxh_mode *mode)
{
	return (mode->efer & EFER_LMA) && mode->cs_l;
}

/* Of the opcodes without 0f. */
static unsigned int zxh_insn_form(u8 op)
{
	switch (op) {
	case 0x00 ... 0x3f:
		/* add, or, adc, sbb, and, sub, xor, cmp */
		return (op & 7) < 4 ? M : (op & 7) == 4 ? B : (op & 7) == 5 ? Z : 0;
	case 0x62 ... 0x63:
	case 0x84 ... 0x8f:
	case 0xc4 ... 0xc5:
	case 0xd0 ... 0xd3:
	case 0xd8 ... 0xdf:
	case 0xfe ... 0xff:
		return M;
	case 0x69:
	case 0x81:
	case 0xc7:
		return M | Z;
	case 0x6b:
	case 0x80:
	case 0x82 ... 0x83:
	case 0xc0 ... 0xc1:
	case 0xc6:
		return M | B;
	case 0xf6:
		return M | B | G;
	case 0xf7:
		return M | Z | G;
	case 0x68:
	case 0xe8:
		return Z;
	case 0x9a:
		return Z | W;
	case 0xc2:
	case 0xca:
		return W;
	case 0xc8:
		return W | B;
	case 0x6a:
	case 0xcd:
		return B;
	case 0xa0 ... 0xa3:
		return O;
	default:
		return 0;
	}
}

/* Of the opcodes after 0f; those after 0f 38 have ModRM, after 0f 3a a byte more. */
static unsigned int zxh_insn_form_0f(u8 op)
{
	switch (op) {
	case 0x05 ... 0x0b:
	case 0x30 ... 0x37:
	case 0x77:
	case 0xa0 ... 0xa2:
	case 0xa8 ... 0xaa:
	case 0xc8 ... 0xcf:
		return 0;
	case 0x80 ... 0x8f:
		return Z;
	case 0x70 ... 0x73:
	case 0xa4:
	case 0xac:
	case 0xba:
	case 0xc2:
	case 0xc4 ... 0xc6:
		return M | B;
	default:
		return M;
	}
}

/* Prefixes, which also settle the sizes. Return: the opcode's first byte, or -1. */
static int zxh_insn_prefixes(struct zxh_insn *in, const struct zxh_mode *mode)
{
	bool m64 = zxh_mode_64(mode);
	bool big = m64 || mode->cs_db;
	bool opsize = false, adsize = false, wide = false;
	int b;

	for (;;) {
		b = zxh_insn_next(in);
		if (b == 0x66)
			opsize = true;
		else if (b == 0x67)
			adsize = true;
		else if (b != 0xf0 && b != 0xf2 && b != 0xf3 && b != 0x26 && b != 0x2e &&
			 b != 0x36 && b != 0x3e && b != 0x64 && b != 0x65 &&
			 !(m64 && (b & 0xf0) == 0x40))
			break;
		/* REX counts as the last prefix only. */
		wide = m64 && (b & 0xf8) == 0x48;
	}
	in->operand_size = wide ? 8 : big != opsize ? 4 : 2;
	if (m64)
		in->address_size = adsize ? 4 : 8;
	else
		in->address_size = big != adsize ? 4 : 2;
	return b;
}

/* The rest of a VEX prefix, whose first byte was @b. Return: the form, or -1. */
static int zxh_insn_vex(struct zxh_insn *in, int b)
{
	int map = 1, op;

	if (b == 0xc4)
		map = zxh_insn_next(in) & 0x1f;
	zxh_insn_next(in);
	op = zxh_insn_next(in);
	if (op < 0)
		return -1;
	if (map == 1)
		return zxh_insn_form_0f(op);
	return map == 3 ? M | B : M;
}

/* Return: what follows the opcode that starts with @b, or -1. */
static int zxh_insn_opcode(struct zxh_insn *in, const struct zxh_mode *mode, int b)
{
	if (b < 0)
		return -1;
	/* Outside 64-bit mode these are LES and LDS unless a register follows. */
	if ((b == 0xc4 || b == 0xc5) &&
	    (zxh_mode_64(mode) || (in->pos < in->n && in->bytes[in->pos] >= 0xc0)))
		return zxh_insn_vex(in, b);
	if (b != 0x0f)
		return zxh_insn_form(b);
	b = zxh_insn_next(in);
	if (b < 0)
		return -1;
	if (b == 0x38 || b == 0x3a) {
		if (zxh_insn_next(in) < 0)
			return -1;
		return b == 0x3a ? M | B : M;
	}
	return zxh_insn_form_0f(b);
}

/* Skip ModRM, SIB and displacement. Return: the reg field, or -1. */
static int zxh_insn_modrm(struct zxh_insn *in)
{
	int modrm = zxh_insn_next(in), sib;
	unsigned int mod, rm;

	if (modrm < 0)
		return -1;
	mod = modrm >> 6;
	rm = modrm & 7;
	if (mod == 3)
		return (modrm >> 3) & 7;
	if (in->address_size == 2) {
		in->pos += mod == 1 ? 1 : mod == 2 || rm == 6 ? 2 : 0;
		return (modrm >> 3) & 7;
	}
	if (rm == 4) {
		sib = zxh_insn_next(in);
		if (sib < 0)
			return -1;
		rm = sib & 7;
	}
	in->pos += mod == 1 ? 1 : mod == 2 || rm == 5 ? 4 : 0;
	return (modrm >> 3) & 7;
}

/**
 * zxh_insn_length() - how long an instruction is
 * @bytes: its first bytes
 * @n: how many there are
 * @mode: the mode that the CPU executes it in
 *
 * Return: its length in bytes, or 0 when it does not end within @bytes.
 */
unsigned int zxh_insn_length(const u8 *bytes, unsigned int n, const struct zxh_mode *mode)
{
	struct zxh_insn in = { .bytes = bytes, .n = min_t(unsigned int, n, ZXH_MAX_INSN) };
	int form = zxh_insn_opcode(&in, mode, zxh_insn_prefixes(&in, mode));
	int reg = 0;

	if (form < 0)
		return 0;
	if (form & M)
		reg = zxh_insn_modrm(&in);
	if (reg < 0)
		return 0;
	if ((form & G) && reg > 1)
		form &= ~(B | Z);
	if (form & B)
		in.pos += 1;
	if (form & Z)
		in.pos += min(in.operand_size, 4U);
	if (form & W)
		in.pos += 2;
	if (form & O)
		in.pos += in.address_size;
	return in.pos <= in.n ? in.pos : 0;
}

/**
 * zxh_insn_operand_size() - the default operand size, as Zircon's packets have it
 * @mode: the mode
 *
 * Return: 4 in 64-bit mode, else 4 or 2 by CS.D.
 */
unsigned int zxh_insn_operand_size(const struct zxh_mode *mode)
{
	return zxh_mode_64(mode) || mode->cs_db ? 4 : 2;
}
