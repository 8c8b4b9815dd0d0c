// SPDX-License-Identifier: MIT
/* Decode and carry out an instruction that touched device memory. */
#include "decode.h"

#include <string.h>

#define FLAG_CF	(1u << 0)
#define FLAG_PF	(1u << 2)
#define FLAG_AF	(1u << 4)
#define FLAG_ZF	(1u << 6)
#define FLAG_SF	(1u << 7)
#define FLAG_OF	(1u << 11)
#define FLAGS_ALU (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)
#define FLAGS_TAKE (1u << 1)

#define REX_W	8
#define REX_R	4

/* The bytes that are left, and the prefixes seen so far. */
struct cursor {
	const uint8_t *code;
	size_t len, pos;
	uint8_t rex;
	bool operand16;
};

static bool next_byte(struct cursor *c, uint8_t *byte)
{
	if (c->pos >= c->len)
		return false;
	*byte = c->code[c->pos++];
	return true;
}

/* Reads a sign-extended little-endian number of 1, 2, 4 or 8 bytes. */
static bool next_number(struct cursor *c, unsigned int size, int64_t *value)
{
	unsigned int shift = 64 - 8 * size;
	uint64_t raw = 0;

	if (c->len - c->pos < size)
		return false;
	memcpy(&raw, c->code + c->pos, size);
	c->pos += size;
	*value = (int64_t)(raw << shift) >> shift;
	return true;
}

/* Reads prefixes and the first opcode byte. REP forms are not for devices. */
static bool next_opcode(struct cursor *c, uint8_t *opcode)
{
	while (next_byte(c, opcode)) {
		switch (*opcode) {
		case 0x66:
			c->operand16 = true;
			break;
		case 0x26: case 0x2e: case 0x36: case 0x3e:
		case 0x64: case 0x65: case 0x67: case 0xf0:
			break;
		default:
			if ((*opcode & 0xf0) == 0x40) {
				c->rex = *opcode;
				return next_byte(c, opcode);
			}
			return true;
		}
	}
	return false;
}

/* Skips ModRM, SIB and displacement; false for a register operand. */
static bool next_modrm(struct cursor *c, uint8_t *reg_field)
{
	uint8_t modrm, sib, mod, rm;
	unsigned int disp = 0;

	if (!next_byte(c, &modrm))
		return false;
	mod = modrm >> 6;
	rm = modrm & 7;
	*reg_field = (modrm >> 3) & 7;
	if (mod == 3)
		return false;
	if (rm == 4) {
		if (!next_byte(c, &sib))
			return false;
		rm = sib & 7;
	}
	if (mod == 1)
		disp = 1;
	else if (mod == 2 || (mod == 0 && rm == 5))
		disp = 4;
	if (c->len - c->pos < disp)
		return false;
	c->pos += disp;
	return true;
}

static void set_reg(struct insn *insn, const struct cursor *c, uint8_t reg_field)
{
	insn->reg = reg_field | (c->rex & REX_R ? 8 : 0);
	/* Without REX the byte registers 4 to 7 are the high halves of 0 to 3. */
	if (insn->reg_size == 1 && !c->rex && reg_field >= 4) {
		insn->reg -= 4;
		insn->reg_high = true;
	}
}

/* op r/m, r and op r, r/m: @opcode's low bits are direction and width. */
static bool decode_reg_form(struct cursor *c, struct insn *insn, enum insn_op op, bool to_memory)
{
	uint8_t reg_field;

	insn->op = op;
	insn->to_memory = to_memory;
	if (!next_modrm(c, &reg_field))
		return false;
	set_reg(insn, c, reg_field);
	return true;
}

/* op r/m, imm: mov, test, and the arithmetic group, told apart by @opcode. */
static bool decode_imm_form(struct cursor *c, struct insn *insn, uint8_t opcode)
{
	unsigned int imm_size = insn->mem_size > 4 ? 4 : insn->mem_size;
	uint8_t reg_field;

	insn->to_memory = true;
	insn->has_imm = true;
	if (!next_modrm(c, &reg_field))
		return false;
	if (opcode == 0xc6 || opcode == 0xc7) {
		insn->op = INSN_MOV;
		if (reg_field != 0)
			return false;
	} else if (opcode == 0xf6 || opcode == 0xf7) {
		insn->op = INSN_TEST;
		if (reg_field > 1)
			return false;
	} else {
		insn->op = (enum insn_op)reg_field;
		if (opcode == 0x83)
			imm_size = 1;
	}
	return next_number(c, imm_size, &insn->imm);
}

/* mov between the accumulator and a 64-bit address. */
static bool decode_moffs(struct cursor *c, struct insn *insn, bool to_memory)
{
	int64_t address;

	insn->op = INSN_MOV;
	insn->to_memory = to_memory;
	return next_number(c, 8, &address);
}

/* movzx, movsx, movsxd: the register is wider than the memory operand. */
static bool decode_extend(struct cursor *c, struct insn *insn, unsigned int mem_size, bool sign)
{
	insn->mem_size = mem_size;
	insn->sign_extend = sign;
	return decode_reg_form(c, insn, INSN_MOV, false);
}

static bool decode_0f(struct cursor *c, struct insn *insn)
{
	uint8_t opcode;

	if (!next_byte(c, &opcode))
		return false;
	switch (opcode) {
	case 0xb6: case 0xb7:
		return decode_extend(c, insn, opcode == 0xb6 ? 1 : 2, false);
	case 0xbe: case 0xbf:
		return decode_extend(c, insn, opcode == 0xbe ? 1 : 2, true);
	default:
		return false;
	}
}

static bool decode_opcode(struct cursor *c, struct insn *insn, uint8_t opcode)
{
	/* add, or, adc, sbb, and, sub, xor, cmp with a register */
	if (opcode < 0x40 && (opcode & 7) < 4)
		return decode_reg_form(c, insn, (enum insn_op)(opcode >> 3), !(opcode & 2));
	switch (opcode) {
	case 0x63:
		return decode_extend(c, insn, 4, true);
	case 0x80: case 0x81: case 0x83:
	case 0xc6: case 0xc7: case 0xf6: case 0xf7:
		return decode_imm_form(c, insn, opcode);
	case 0x84: case 0x85:
		return decode_reg_form(c, insn, INSN_TEST, true);
	case 0x86: case 0x87:
		return decode_reg_form(c, insn, INSN_XCHG, true);
	case 0x88: case 0x89:
		return decode_reg_form(c, insn, INSN_MOV, true);
	case 0x8a: case 0x8b:
		return decode_reg_form(c, insn, INSN_MOV, false);
	case 0xa0: case 0xa1:
		return decode_moffs(c, insn, false);
	case 0xa2: case 0xa3:
		return decode_moffs(c, insn, true);
	default:
		return false;
	}
}

bool insn_decode(const uint8_t *code, size_t len, struct insn *insn)
{
	struct cursor c = { .code = code, .len = len < INSN_MAX_LEN ? len : INSN_MAX_LEN };
	unsigned int full;
	uint8_t opcode;
	bool ok;

	if (!next_opcode(&c, &opcode))
		return false;
	full = c.rex & REX_W ? 8 : c.operand16 ? 2 : 4;
	memset(insn, 0, sizeof(*insn));
	/* Nearly everywhere the lowest bit of the opcode is the width. */
	insn->mem_size = insn->reg_size = opcode & 1 || opcode == 0x0f ? full : 1;
	ok = opcode == 0x0f ? decode_0f(&c, insn) : decode_opcode(&c, insn, opcode);
	insn->length = c.pos;
	return ok;
}

/* The registers lie in zx_vcpu_state_t in the order of their numbers. */
_Static_assert(offsetof(zx_vcpu_state_t, rsp) == 4 * 8 && offsetof(zx_vcpu_state_t, r15) == 15 * 8,
	       "zx_vcpu_state_t holds the registers in x86's order");

static uint64_t *reg_slot(zx_vcpu_state_t *state, unsigned int reg)
{
	return (uint64_t *)state + reg;
}

static uint64_t size_mask(unsigned int size)
{
	return size == 8 ? ~0ull : (1ull << 8 * size) - 1;
}

static uint64_t read_reg(const struct insn *insn, zx_vcpu_state_t *state)
{
	uint64_t value = *reg_slot(state, insn->reg);

	return (insn->reg_high ? value >> 8 : value) & size_mask(insn->reg_size);
}

static void write_reg(const struct insn *insn, zx_vcpu_state_t *state, uint64_t value)
{
	unsigned int shift = insn->reg_high ? 8 : 0;
	uint64_t *slot = reg_slot(state, insn->reg);
	uint64_t mask = size_mask(insn->reg_size) << shift;

	/* A 4-byte result clears the upper half, a smaller one leaves the rest. */
	*slot = (insn->reg_size == 4 ? 0 : *slot & ~mask) | ((value << shift) & mask);
}

static uint64_t alu(enum insn_op op, uint64_t a, uint64_t b, uint64_t carry, unsigned int size,
		    uint64_t *flags)
{
	uint64_t mask = size_mask(size), sign = 1ull << (8 * size - 1), r, carries = 0, overflow = 0;

	switch (op) {
	case INSN_ADD: case INSN_ADC:
		r = (a + b + (op == INSN_ADC ? carry : 0)) & mask;
		carries = (a & b) | ((a | b) & ~r);
		overflow = (a ^ r) & (b ^ r);
		break;
	case INSN_SUB: case INSN_SBB: case INSN_CMP:
		r = (a - b - (op == INSN_SBB ? carry : 0)) & mask;
		carries = (~a & b) | ((~a | b) & r);
		overflow = (a ^ b) & (a ^ r);
		break;
	case INSN_OR:
		r = a | b;
		break;
	case INSN_XOR:
		r = a ^ b;
		break;
	default:
		r = a & b;
		break;
	}
	*flags = (carries & sign ? FLAG_CF : 0) | (overflow & sign ? FLAG_OF : 0) |
		 (carries & 8 ? FLAG_AF : 0) | (r & sign ? FLAG_SF : 0) | (r ? 0 : FLAG_ZF) |
		 (__builtin_parity(r & 0xff) ? 0 : FLAG_PF);
	return r;
}

void insn_execute(const struct insn *insn, zx_vcpu_state_t *state,
		  const struct insn_memory *memory)
{
	unsigned int size = insn->mem_size, shift = 64 - 8 * size;
	uint64_t mem, other, result, flags;

	other = (insn->has_imm ? (uint64_t)insn->imm : read_reg(insn, state)) & size_mask(size);
	if (insn->op == INSN_MOV && insn->to_memory) {
		memory->write(memory->ctx, other, size);
		return;
	}
	mem = memory->read(memory->ctx, size) & size_mask(size);
	if (insn->op == INSN_MOV) {
		if (insn->sign_extend)
			mem = (uint64_t)((int64_t)(mem << shift) >> shift);
		write_reg(insn, state, mem);
		return;
	}
	if (insn->op == INSN_XCHG) {
		memory->write(memory->ctx, other, size);
		write_reg(insn, state, mem);
		return;
	}
	result = alu(insn->op, insn->to_memory ? mem : other, insn->to_memory ? other : mem,
		     state->rflags & FLAG_CF, size, &flags);
	if (insn->op != INSN_CMP && insn->op != INSN_TEST) {
		if (insn->to_memory)
			memory->write(memory->ctx, result, size);
		else
			write_reg(insn, state, result);
	}
	state->rflags = (state->rflags & ~(uint64_t)FLAGS_ALU) | flags | FLAGS_TAKE;
}
