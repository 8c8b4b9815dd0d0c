// SPDX-License-Identifier: MIT
/* zxvm's decoder: what an instruction does to registers, flags and the device. */
#include <string.h>

/* The tests are of this file, which no library holds. */
#include "../../lib/examples/zxvm/decode.c"

#include "unit.h"

#define FLAGS_MASK (CF | PF | AF | ZF | SF | OF)

/* The device: one place, and what was done to it. */
static struct {
	uint64_t value;
	uint64_t at;
	int size;
	int reads, writes;
} device;

static uint64_t device_access(void *dev, uint64_t at, int size, bool write, uint64_t value)
{
	ck_assert_ptr_eq(dev, &device);
	device.at = at;
	device.size = size;
	if (!write) {
		device.reads++;
		return device.value;
	}
	device.writes++;
	device.value = value;
	return 0;
}

static zx_vcpu_state_t state;

/* Decodes the whole of @code, carries it out at address 0x1234. */
static void run_code(const uint8_t *code, size_t len)
{
	struct insn insn;

	ck_assert(insn_decode(code, len, &insn));
	ck_assert_uint_eq(insn.length, len);
	insn_execute(&insn, &state, device_access, &device, 0x1234);
	ck_assert_uint_eq(device.at, 0x1234);
}

#define RUN(...) run_code((const uint8_t[]){ __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ }))

static bool known(const uint8_t *code, size_t len)
{
	struct insn insn;

	return insn_decode(code, len, &insn);
}

#define KNOWN(...) known((const uint8_t[]){ __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ }))

START_TEST(mov_stores_the_register_in_each_width)
{
	state.rcx = 0x1122334455667788;
	RUN(0x88, 0x08);			/* mov %cl,(%rax) */
	ck_assert_uint_eq(device.value, 0x88);
	ck_assert_int_eq(device.size, 1);
	RUN(0x66, 0x89, 0x08);			/* mov %cx,(%rax) */
	ck_assert_uint_eq(device.value, 0x7788);
	RUN(0x89, 0x08);			/* mov %ecx,(%rax) */
	ck_assert_uint_eq(device.value, 0x55667788);
	RUN(0x48, 0x89, 0x08);			/* mov %rcx,(%rax) */
	ck_assert_uint_eq(device.value, 0x1122334455667788);
	ck_assert_int_eq(device.size, 8);
	ck_assert_int_eq(device.reads, 0);
}
END_TEST

START_TEST(mov_load_of_4_bytes_clears_the_upper_half)
{
	state.rdx = ~0ull;
	device.value = 0x89abcdef;
	RUN(0x8b, 0x10);			/* mov (%rax),%edx */
	ck_assert_uint_eq(state.rdx, 0x89abcdef);
	ck_assert_int_eq(device.writes, 0);
}
END_TEST

START_TEST(mov_load_of_1_and_2_bytes_keeps_the_rest)
{
	state.rdx = 0x1111111111111111;
	device.value = 0xffffffffffffffff;
	RUN(0x8a, 0x10);			/* mov (%rax),%dl */
	ck_assert_uint_eq(state.rdx, 0x11111111111111ff);
	RUN(0x66, 0x8b, 0x10);			/* mov (%rax),%dx */
	ck_assert_uint_eq(state.rdx, 0x111111111111ffff);
}
END_TEST

START_TEST(mov_reaches_the_high_byte_registers_only_without_rex)
{
	state.rax = 0x1234;
	state.rsp = 0x5678;
	RUN(0x88, 0x23);			/* mov %ah,(%rbx) */
	ck_assert_uint_eq(device.value, 0x12);
	RUN(0x40, 0x88, 0x23);			/* mov %spl,(%rbx) */
	ck_assert_uint_eq(device.value, 0x78);
	device.value = 0xee;
	RUN(0x8a, 0x23);			/* mov (%rbx),%ah */
	ck_assert_uint_eq(state.rax, 0xee34);
}
END_TEST

START_TEST(rex_r_names_the_upper_registers)
{
	device.value = 0x42;
	RUN(0x44, 0x8b, 0x38);			/* mov (%rax),%r15d */
	ck_assert_uint_eq(state.r15, 0x42);
	ck_assert_uint_eq(state.rdi, 0);
}
END_TEST

START_TEST(mov_immediate_is_sign_extended_to_8_bytes)
{
	RUN(0x48, 0xc7, 0x00, 0xfe, 0xff, 0xff, 0xff);	/* movq $-2,(%rax) */
	ck_assert_uint_eq(device.value, 0xfffffffffffffffe);
	RUN(0xc7, 0x00, 0x78, 0x56, 0x34, 0x12);
	ck_assert_uint_eq(device.value, 0x12345678);
	RUN(0x66, 0xc7, 0x00, 0x34, 0x12);
	ck_assert_uint_eq(device.value, 0x1234);
	RUN(0xc6, 0x00, 0x80);
	ck_assert_uint_eq(device.value, 0x80);
}
END_TEST

START_TEST(movzx_and_movsx_widen_what_they_load)
{
	device.value = 0x8081;
	state.rdx = state.rcx = ~0ull;
	RUN(0x0f, 0xb6, 0x10);			/* movzbl (%rax),%edx */
	ck_assert_uint_eq(state.rdx, 0x81);
	ck_assert_int_eq(device.size, 1);
	RUN(0x48, 0x0f, 0xb7, 0x08);		/* movzwq (%rax),%rcx */
	ck_assert_uint_eq(state.rcx, 0x8081);
	RUN(0x0f, 0xbe, 0x10);			/* movsbl (%rax),%edx */
	ck_assert_uint_eq(state.rdx, 0xffffff81);
	RUN(0x48, 0x0f, 0xbf, 0x08);		/* movswq (%rax),%rcx */
	ck_assert_uint_eq(state.rcx, 0xffffffffffff8081);
	device.value = 0x80000000;
	RUN(0x48, 0x63, 0x10);			/* movslq (%rax),%rdx */
	ck_assert_uint_eq(state.rdx, 0xffffffff80000000);
}
END_TEST

START_TEST(mov_with_an_absolute_address_takes_the_accumulator)
{
	state.rax = 0xcafe;
	RUN(0xa3, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0);
	ck_assert_uint_eq(device.value, 0xcafe);
	device.value = 0x12345678;
	RUN(0xa1, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0);
	ck_assert_uint_eq(state.rax, 0x12345678);
}
END_TEST

START_TEST(each_form_of_address_has_its_length)
{
	RUN(0x89, 0x48, 0x10);				/* disp8 */
	RUN(0x89, 0x88, 1, 2, 3, 4);			/* disp32 */
	RUN(0x89, 0x0d, 1, 2, 3, 4);			/* rip-relative */
	RUN(0x89, 0x0c, 0x24);				/* SIB */
	RUN(0x89, 0x4c, 0x24, 8);			/* SIB, disp8 */
	RUN(0x89, 0x8c, 0x24, 1, 2, 3, 4);		/* SIB, disp32 */
	RUN(0x89, 0x0c, 0x25, 1, 2, 3, 4);		/* SIB without a base */
	RUN(0x41, 0x89, 0x4d, 0);			/* r13 */
	RUN(0x65, 0x67, 0x89, 0x08);			/* prefixes */
	RUN(0xc7, 0x40, 0x10, 1, 2, 3, 4);		/* disp8 and immediate */
}
END_TEST

START_TEST(test_sets_flags_and_writes_nothing)
{
	device.value = 0x80;
	state.rcx = 0x80;
	RUN(0x84, 0x08);			/* test %cl,(%rax) */
	ck_assert_uint_eq(state.rflags & FLAGS_MASK, SF);
	RUN(0xf6, 0x00, 0x7f);			/* testb $0x7f,(%rax) */
	ck_assert_uint_eq(state.rflags & FLAGS_MASK, ZF | PF);
	ck_assert_int_eq(device.writes, 0);
}
END_TEST

START_TEST(or_and_xor_change_memory_and_clear_carry)
{
	state.rflags = CF | OF;
	device.value = 0x0f;
	RUN(0x83, 0x08, 0x30);			/* orl $0x30,(%rax) */
	ck_assert_uint_eq(device.value, 0x3f);
	ck_assert_uint_eq(state.rflags & (CF | OF), 0);
	RUN(0x83, 0x20, 0xf0);			/* andl $-16,(%rax) */
	ck_assert_uint_eq(device.value, 0x30);
	state.rcx = 0x30;
	RUN(0x31, 0x08);			/* xor %ecx,(%rax) */
	ck_assert_uint_eq(device.value, 0);
	ck_assert(state.rflags & ZF);
	ck_assert_int_eq(device.writes, 3);
}
END_TEST

START_TEST(arithmetic_with_memory_as_source_changes_the_register)
{
	device.value = 0xf0;
	state.rdx = 0x3c;
	RUN(0x22, 0x10);			/* and (%rax),%dl */
	ck_assert_uint_eq(state.rdx, 0x30);
	RUN(0x2a, 0x10);			/* sub (%rax),%dl */
	ck_assert_uint_eq(state.rdx, 0x40);
	ck_assert(state.rflags & CF);
	ck_assert_int_eq(device.writes, 0);
}
END_TEST

START_TEST(cmp_subtracts_in_the_order_of_its_operands)
{
	device.value = 5;
	RUN(0x83, 0x38, 0x06);			/* cmpl $6,(%rax) */
	ck_assert_uint_eq(state.rflags & FLAGS_MASK, CF | SF | AF | PF);
	state.rcx = 6;
	RUN(0x3b, 0x08);			/* cmp (%rax),%ecx */
	ck_assert_uint_eq(state.rflags & FLAGS_MASK, 0);
	ck_assert_int_eq(device.writes, 0);
}
END_TEST

/* Flags after "op b, a" with the carry flag set to carry; lea spares the red zone. */
#define CPU_FLAGS(text) ({ \
	uint64_t flags; \
	__asm__("bt $0, %k3\n\t" text " %2, %1\n\tlea -128(%%rsp), %%rsp\n\t" \
		"pushfq\n\tpop %0\n\tlea 128(%%rsp), %%rsp" \
		: "=&r"(flags), "+&r"(a) : "r"(b), "r"((uint32_t)carry) : "cc", "memory"); \
	flags; \
})

/* What the CPU itself says about an operation on four bytes. */
static uint64_t cpu_flags(enum insn_op op, uint32_t a, uint32_t b, bool carry)
{
	switch (op) {
	case INSN_ADD: return CPU_FLAGS("addl");
	case INSN_ADC: return CPU_FLAGS("adcl");
	case INSN_SUB: return CPU_FLAGS("subl");
	case INSN_SBB: return CPU_FLAGS("sbbl");
	case INSN_CMP: return CPU_FLAGS("cmpl");
	case INSN_AND: return CPU_FLAGS("andl");
	case INSN_OR: return CPU_FLAGS("orl");
	default: return CPU_FLAGS("xorl");
	}
}

START_TEST(flags_are_the_cpus_own)
{
	static const uint32_t values[] = { 0, 1, 7, 8, 0x0f, 0x7fffffff, 0x80000000, 0xfffffff8,
					   0xffffffff, 0x12345678 };
	const size_t n = sizeof(values) / sizeof(values[0]);
	size_t i;

	for (i = 0; i < 8 * n * n * 2; i++) {
		enum insn_op op = (enum insn_op)(i % 8);
		uint32_t a = values[i / 8 % n], b = values[i / 8 / n % n];
		bool carry = i / 8 / n / n;
		/* AF is undefined for the logic operations. */
		uint64_t care = op == INSN_AND || op == INSN_OR || op == INSN_XOR ?
					FLAGS_MASK & ~AF :
					FLAGS_MASK;

		device.value = a;
		state.rcx = b;
		state.rflags = carry ? CF : 0;
		RUN((uint8_t)(op << 3 | 1), 0x08);	/* op %ecx,(%rax) */
		ck_assert_msg((state.rflags & care) == (cpu_flags(op, a, b, carry) & care),
			      "operation %d of %#x and %#x, carry %d", op, a, b, carry);
	}
}
END_TEST

START_TEST(flags_are_marked_for_write_state_only_when_they_change)
{
	RUN(0x89, 0x08);
	ck_assert_uint_eq(state.rflags & TAKE_FLAGS, 0);
	RUN(0x85, 0x08);
	ck_assert_uint_eq(state.rflags & TAKE_FLAGS, TAKE_FLAGS);
}
END_TEST

START_TEST(xchg_swaps_memory_and_register)
{
	device.value = 0xaa;
	state.rcx = 0xbb;
	RUN(0x87, 0x08);
	ck_assert_uint_eq(device.value, 0xbb);
	ck_assert_uint_eq(state.rcx, 0xaa);
}
END_TEST

START_TEST(what_is_not_known_is_refused)
{
	ck_assert(!KNOWN(0x90));				/* nop */
	ck_assert(!KNOWN(0x89, 0xc8));				/* mov %ecx,%eax */
	ck_assert(!KNOWN(0xf3, 0xa4));				/* rep movsb */
	ck_assert(!KNOWN(0x0f, 0x11, 0x00));			/* movups */
	ck_assert(!KNOWN(0xf7, 0x18));				/* negl (%rax) */
	ck_assert(!KNOWN(0xc7, 0x08, 0, 0, 0, 0));		/* no such group member */
}
END_TEST

START_TEST(what_is_cut_short_is_refused)
{
	static const uint8_t code[] = { 0x66, 0x41, 0xc7, 0x84, 0x24, 1, 2, 3, 4, 0x34, 0x12 };
	size_t len;

	ck_assert(known(code, sizeof(code)));
	for (len = 0; len < sizeof(code); len++)
		ck_assert_msg(!known(code, len), "%zu bytes", len);
}
END_TEST

START_TEST(fifteen_prefixes_are_no_instruction)
{
	uint8_t code[32];

	memset(code, 0x66, sizeof(code));
	ck_assert(!known(code, sizeof(code)));
}
END_TEST

static const struct unit_test tests[] = {
	UNIT_TEST(mov_stores_the_register_in_each_width),
	UNIT_TEST(mov_load_of_4_bytes_clears_the_upper_half),
	UNIT_TEST(mov_load_of_1_and_2_bytes_keeps_the_rest),
	UNIT_TEST(mov_reaches_the_high_byte_registers_only_without_rex),
	UNIT_TEST(rex_r_names_the_upper_registers),
	UNIT_TEST(mov_immediate_is_sign_extended_to_8_bytes),
	UNIT_TEST(movzx_and_movsx_widen_what_they_load),
	UNIT_TEST(mov_with_an_absolute_address_takes_the_accumulator),
	UNIT_TEST(each_form_of_address_has_its_length),
	UNIT_TEST(test_sets_flags_and_writes_nothing),
	UNIT_TEST(or_and_xor_change_memory_and_clear_carry),
	UNIT_TEST(arithmetic_with_memory_as_source_changes_the_register),
	UNIT_TEST(cmp_subtracts_in_the_order_of_its_operands),
	UNIT_TEST(flags_are_the_cpus_own),
	UNIT_TEST(flags_are_marked_for_write_state_only_when_they_change),
	UNIT_TEST(xchg_swaps_memory_and_register),
	UNIT_TEST(what_is_not_known_is_refused),
	UNIT_TEST(what_is_cut_short_is_refused),
	UNIT_TEST(fifteen_prefixes_are_no_instruction),
};

int main(void)
{
	return unit_run("zxvm_decode", tests, UNIT_COUNT(tests));
}
