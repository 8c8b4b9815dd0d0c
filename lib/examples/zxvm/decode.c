// SPDX-License-Identifier: MIT
/* A packet says where memory was touched; only the instruction says with what. */
#include <string.h>

#include "zxvm.h"

enum { MAX_LEN = 15, REX_W = 8, REX_R = 4 };
enum { CF = 1 << 0, PF = 1 << 2, AF = 1 << 4, ZF = 1 << 6, SF = 1 << 7, OF = 1 << 11 };
enum { TAKE_FLAGS = 1 << 1 };	/* makes zx_vcpu_write_state() take them */

/* Bytes of ModRM, SIB and displacement; 0 when the operand is a register. */
static unsigned int modrm_length(const uint8_t *p)
{
	unsigned int mod = p[0] >> 6, sib = (p[0] & 7) == 4, base = p[sib] & 7;

	if (mod == 3)
		return 0;
	return 1 + sib + (mod == 1 ? 1 : mod == 2 || base == 5 ? 4 : 0);
}

/* What an opcode does; returns the bytes of its immediate, or -1 if unknown. */
static int classify(struct insn *in, unsigned int opcode, unsigned int group, unsigned int full)
{
	unsigned int size = opcode & 1 ? full : 1;

	in->mem_size = in->reg_size = size;
	in->op = INSN_MOV;
	if (opcode < 0x40 && (opcode & 7) < 4) {
		in->op = (enum insn_op)(opcode >> 3);
		in->to_memory = !(opcode & 2);
		return 0;
	}
	switch (opcode) {
	case 0x80: case 0x81: case 0x83: case 0xc6: case 0xc7: case 0xf6: case 0xf7:
		in->op = opcode < 0x84 ? (enum insn_op)group : opcode < 0xf6 ? INSN_MOV : INSN_TEST;
		in->to_memory = in->has_imm = true;
		if (opcode > 0x83 && group)
			return -1;
		return opcode == 0x83 ? 1 : size < 4 ? size : 4;
	case 0x84: case 0x85: case 0x86: case 0x87:
		in->op = opcode < 0x86 ? INSN_TEST : INSN_XCHG;
		/* fall through */
	case 0x88: case 0x89: case 0xa2: case 0xa3:
		in->to_memory = true;
		return 0;
	case 0x8a: case 0x8b: case 0xa0: case 0xa1:
		return 0;
	case 0x63: case 0x0fb6: case 0x0fb7: case 0x0fbe: case 0x0fbf:
		in->mem_size = opcode == 0x63 ? 4 : opcode & 1 ? 2 : 1;
		in->reg_size = full;
		in->sign_extend = opcode == 0x63 || opcode & 8;
		return 0;
	default:
		return -1;
	}
}

/* Decodes 64-bit code; false when its @len bytes are cut short or not known to zxvm. */
bool insn_decode(const uint8_t *code, size_t len, struct insn *in)
{
	/* operand size; segments, address size and lock, which change nothing here */
	static const uint8_t prefixes[] = { 0x66, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x67, 0xf0 };
	uint8_t buf[MAX_LEN + 16] = { 0 }, *p = buf, rex, field;
	bool operand16 = false, moffs;
	unsigned int opcode, tail;
	uint64_t imm = 0;
	int imm_size;

	len = len < MAX_LEN ? len : MAX_LEN;
	memcpy(buf, code, len);	/* zeroes behind it: reading on does no harm */
	*in = (struct insn){ 0 };
	for (; memchr(prefixes, *p, sizeof(prefixes)); p++)
		operand16 |= *p == 0x66;
	rex = (*p & 0xf0) == 0x40 ? *p++ : 0;
	opcode = *p++;
	if (opcode == 0x0f)
		opcode = 0x0f00 | *p++;
	moffs = opcode >= 0xa0 && opcode <= 0xa3;
	field = moffs ? 0 : (*p >> 3) & 7;
	tail = moffs ? 8 : modrm_length(p);
	imm_size = classify(in, opcode, field, rex & REX_W ? 8 : operand16 ? 2 : 4);
	if (!tail || imm_size < 0 || p + tail + imm_size > buf + len)
		return false;
	p += tail;
	in->length = p + imm_size - buf;
	/* Without REX the byte registers 4 to 7 are the high halves of 0 to 3. */
	in->reg_high = in->reg_size == 1 && !rex && field >= 4;
	in->reg = (in->reg_high ? field - 4 : field) | (rex & REX_R ? 8 : 0);
	memcpy(&imm, p, imm_size);
	in->imm = (int64_t)(imm << (64 - 8 * imm_size) % 64) >> (64 - 8 * imm_size) % 64;
	return true;
}

/* The registers lie in zx_vcpu_state_t in the order of their numbers. */
_Static_assert(offsetof(zx_vcpu_state_t, rsp) == 4 * 8 && offsetof(zx_vcpu_state_t, r15) == 15 * 8,
	       "zx_vcpu_state_t does not hold the registers in x86's order");

static uint64_t size_mask(unsigned int size)
{
	return size == 8 ? ~0ull : (1ull << 8 * size) - 1;
}

/* A 4-byte result clears the upper half, a smaller one leaves the rest. */
static void write_reg(const struct insn *in, zx_vcpu_state_t *state, uint64_t value)
{
	uint64_t *slot = (uint64_t *)state + in->reg;
	uint64_t mask = size_mask(in->reg_size) << (in->reg_high ? 8 : 0);

	*slot = (in->reg_size == 4 ? 0 : *slot & ~mask) | (value << (in->reg_high ? 8 : 0) & mask);
}

/* Returns a op b, and replaces the arithmetic flags in @rflags. */
static uint64_t alu(enum insn_op op, uint64_t a, uint64_t b, unsigned int size, uint64_t *rflags)
{
	uint64_t sign = 1ull << (8 * size - 1), carry = *rflags & CF, carries = 0;
	uint64_t overflow = 0, r;

	if (op == INSN_ADD || op == INSN_ADC) {
		r = a + b + (op == INSN_ADC ? carry : 0);
		carries = (a & b) | ((a | b) & ~r);
		overflow = (a ^ r) & (b ^ r);
	} else if (op == INSN_SUB || op == INSN_SBB || op == INSN_CMP) {
		r = a - b - (op == INSN_SBB ? carry : 0);
		carries = (~a & b) | ((~a | b) & r);
		overflow = (a ^ b) & (a ^ r);
	} else {
		r = op == INSN_OR ? a | b : op == INSN_XOR ? a ^ b : a & b;
	}
	r &= size_mask(size);
	*rflags = (*rflags & ~(uint64_t)(CF | PF | AF | ZF | SF | OF)) | TAKE_FLAGS |
		  (carries & sign ? CF : 0) | (overflow & sign ? OF : 0) | (carries & 8 ? AF : 0) |
		  (r & sign ? SF : 0) | (r ? 0 : ZF) | (__builtin_parityll(r & 0xff) ? 0 : PF);
	return r;
}

/* Does what the instruction does: to @state, and by @access to memory. */
void insn_execute(const struct insn *in, zx_vcpu_state_t *state, access_fn *access, void *dev,
		  uint64_t at)
{
	unsigned int size = in->mem_size, unused = 64 - 8 * size;
	uint64_t reg = ((uint64_t *)state)[in->reg] >> (in->reg_high ? 8 : 0);
	uint64_t other = (in->has_imm ? (uint64_t)in->imm : reg) & size_mask(size);
	bool load = in->op != INSN_MOV || !in->to_memory;
	uint64_t mem = load ? access(dev, at, size, false, 0) & size_mask(size) : 0, result;

	if (in->op == INSN_MOV || in->op == INSN_XCHG) {
		if (in->to_memory)
			access(dev, at, size, true, other);
		if (in->sign_extend)
			mem = (uint64_t)((int64_t)(mem << unused) >> unused);
		if (load)
			write_reg(in, state, mem);
		return;
	}
	result = alu(in->op, in->to_memory ? mem : other, in->to_memory ? other : mem, size,
		     &state->rflags);
	if (in->op == INSN_CMP || in->op == INSN_TEST)
		return;
	if (in->to_memory)
		access(dev, at, size, true, result);
	else
		write_reg(in, state, result);
}
