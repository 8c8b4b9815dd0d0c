/* SPDX-License-Identifier: MIT */
/*
 * Decoder for the instructions with which kernels touch device memory.
 *
 * A MEM packet says where the guest touched memory and where the instruction
 * is; which register takes part, and how wide, only the instruction tells.
 */
#ifndef ZXVM_DECODE_H
#define ZXVM_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/syscalls/hypervisor.h>

#define INSN_MAX_LEN	15

/* The first eight are in the order in which x86 encodes them. */
enum insn_op {
	INSN_ADD, INSN_OR, INSN_ADC, INSN_SBB, INSN_AND, INSN_SUB, INSN_XOR, INSN_CMP,
	INSN_TEST, INSN_MOV, INSN_XCHG,
};

/**
 * struct insn - a decoded instruction with one memory operand
 * @op: what it does
 * @length: bytes
 * @mem_size: width of the memory operand, in bytes
 * @reg_size: width of the register operand; larger than @mem_size for movzx
 *	and movsx
 * @reg: number of the register, 0 (RAX) to 15
 * @reg_high: the register is AH, CH, DH or BH, and @reg 0 to 3
 * @to_memory: memory is the destination
 * @sign_extend: what is loaded is sign-extended to @reg_size
 * @has_imm: the other operand is @imm and not a register
 * @imm: immediate operand, sign-extended
 */
struct insn {
	enum insn_op op;
	uint8_t length;
	uint8_t mem_size;
	uint8_t reg_size;
	uint8_t reg;
	bool reg_high;
	bool to_memory;
	bool sign_extend;
	bool has_imm;
	int64_t imm;
};

/**
 * struct insn_memory - how insn_execute() reaches the memory operand
 * @ctx: first argument of both
 * @read: returns the operand
 * @write: stores the operand
 */
struct insn_memory {
	void *ctx;
	uint64_t (*read)(void *ctx, unsigned int size);
	void (*write)(void *ctx, uint64_t value, unsigned int size);
};

/**
 * insn_decode() - decode one instruction of 64-bit code
 * @code: its bytes
 * @len: how many of them are known, at most INSN_MAX_LEN
 * @insn: result
 *
 * Return: true, or false when @len bytes do not hold a whole instruction or it
 * is none that zxvm knows.
 */
bool insn_decode(const uint8_t *code, size_t len, struct insn *insn);

/**
 * insn_execute() - do what an instruction does
 * @insn: from insn_decode()
 * @state: the vCPU's registers; changed as the instruction changes them. When
 *	flags change, bit 1 of rflags is set, which is what makes
 *	zx_vcpu_write_state() take the flags.
 * @memory: the memory operand
 */
void insn_execute(const struct insn *insn, zx_vcpu_state_t *state,
		  const struct insn_memory *memory);

#endif /* ZXVM_DECODE_H */
