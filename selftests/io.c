// SPDX-License-Identifier: MIT
/*
 * IO traps: the packets of OUT and IN, how an IN is answered, what has no trap.
 */
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "zxtest.h"

GUEST_BLOB(out8);
GUEST_BLOB(out16);
GUEST_BLOB(out32);
GUEST_BLOB(out8dx);
GUEST_BLOB(out16dx);
GUEST_BLOB(out32dx);
GUEST_BLOB(in8);
GUEST_BLOB(in16);
GUEST_BLOB(in32);
GUEST_BLOB(in8dx);
GUEST_BLOB(in16dx);
GUEST_BLOB(in32dx);
GUEST_BLOB(outsb);
GUEST_BLOB(repoutsb);
GUEST_BLOB(insb);
GUEST_BLOB(repinsl);
GUEST_BLOB(outloop);

#define RAX	0x1122334455667788ull

struct form {
	const char *name;
	const uint8_t *code, *end;
	uint16_t port;
	uint8_t size;
};

#define FORM(n, port, size) { #n, guest_##n, guest_##n##_end, port, size }

/* A guest with one form of IN or OUT at its entry, and RAX and RDX set. */
static void start(struct vm *vm, const struct form *form)
{
	zx_vcpu_state_t state;

	zxtest_row("%s", form->name);
	vm_create(vm);
	vm_load(vm, GUEST_CODE, form->code, form->end);
	vm_vcpu(vm);
	vcpu_read(vm->vcpu, &state);
	state.rax = RAX;
	state.rdx = form->port;
	vcpu_write(vm->vcpu, &state);
}

static void set_io(struct vm *vm, uint64_t port, uint64_t len, uint64_t key)
{
	ASSERT_OK(zx_guest_set_trap(vm->guest, ZX_GUEST_TRAP_IO, port, len, 0,
				    key));
}

/* The packet of an access, every byte of it. */
static void expect_packet(const zx_port_packet_t *packet, uint64_t key,
			  uint16_t port, uint8_t size, bool input,
			  uint32_t data)
{
	zx_port_packet_t want;

	memset(&want, 0, sizeof(want));
	want.key = key;
	want.type = ZX_PKT_TYPE_GUEST_IO;
	want.guest_io.port = port;
	want.guest_io.access_size = size;
	want.guest_io.input = input;
	want.guest_io.u32 = data;
	EXPECT_EQ(key, packet->key);
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_IO, packet->type);
	EXPECT_EQ(port, packet->guest_io.port);
	EXPECT_EQ(size, packet->guest_io.access_size);
	EXPECT_EQ(input, packet->guest_io.input);
	EXPECT_EQ(data, packet->guest_io.u32);
	EXPECT_BYTES(&want, packet, sizeof(want));
}

/* ---- OUT -------------------------------------------------------------- */

static const struct form out_forms[] = {
	FORM(out8, PORT_DATA, 1),
	FORM(out16, PORT_DATA, 2),
	FORM(out32, PORT_DATA, 4),
	FORM(out8dx, 0x3f8, 1),
	FORM(out16dx, 0x1234, 2),
	FORM(out32dx, 0xcf8, 4),
	FORM(out8dx, 0xfffe, 1),
	FORM(out8dx, 0, 1),
};

TEST_TIMEOUT(out_gives_its_low_bytes_and_its_port, 60)
{
	for (size_t i = 0; i < ARRAY_SIZE(out_forms); i++) {
		const struct form *f = &out_forms[i];
		uint32_t mask = f->size == 4 ? ~0u : (1u << 8 * f->size) - 1;
		zx_vcpu_state_t before, after;
		zx_port_packet_t packet;
		struct vm vm;

		start(&vm, f);
		set_io(&vm, f->port, 1, KEY_IO);
		vcpu_read(vm.vcpu, &before);
		ASSERT_OK(vm_enter(&vm, &packet));
		expect_packet(&packet, KEY_IO, f->port, f->size, false,
			      (uint32_t)RAX & mask);
		vcpu_read(vm.vcpu, &after);
		EXPECT_BYTES(&before, &after, sizeof(after));
		vm_expect_done(&vm);
		vm_destroy(&vm);
	}
}

TEST(the_packet_carries_the_key_of_its_trap)
{
	static const uint64_t keys[] = { 0, 1, KEY_IO, UINT64_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		zx_port_packet_t packet;
		struct vm vm;

		start(&vm, &out_forms[2]);
		zxtest_row("key %#llx", (unsigned long long)keys[i]);
		set_io(&vm, PORT_DATA - 2, 2, 0x1111);
		set_io(&vm, PORT_DATA, 1, keys[i]);
		set_io(&vm, PORT_DATA + 1, 8, 0x2222);
		ASSERT_OK(vm_enter(&vm, &packet));
		EXPECT_EQ(keys[i], packet.key);
		vm_destroy(&vm);
	}
}

TEST(an_access_inside_a_range_tells_its_own_port)
{
	zx_port_packet_t packet;
	struct vm vm;

	start(&vm, &out_forms[0]);
	set_io(&vm, PORT_DATA - 3, 8, KEY_IO);
	ASSERT_OK(vm_enter(&vm, &packet));
	expect_packet(&packet, KEY_IO, PORT_DATA, 1, false, RAX & 0xff);
	vm_destroy(&vm);
}

/* Zircon looks a trap up by the first port alone. */
TEST(an_access_that_starts_in_a_trap_belongs_to_it)
{
	zx_port_packet_t packet;
	struct vm vm;

	start(&vm, &out_forms[2]);
	set_io(&vm, PORT_DATA - 3, 4, KEY_IO);
	set_io(&vm, PORT_DATA + 1, 8, 0x2222);
	ASSERT_OK(vm_enter(&vm, &packet));
	expect_packet(&packet, KEY_IO, PORT_DATA, 4, false, (uint32_t)RAX);
	vm_destroy(&vm);
}

TEST(an_access_that_starts_before_a_trap_is_not_found)
{
	struct vm vm;

	start(&vm, &out_forms[2]);
	set_io(&vm, PORT_DATA + 1, 8, KEY_IO);
	vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	vm_destroy(&vm);
}

TEST(many_outs_come_in_order_and_none_is_lost)
{
	zx_port_packet_t packet;
	struct vm vm;

	vm_start(&vm, outloop);
	set_io(&vm, PORT_DATA, 4, KEY_IO);
	for (uint32_t i = 0; i < 2000; i++) {
		ASSERT_OK(vm_enter(&vm, &packet));
		ASSERT_EQ(i, packet.guest_io.u32);
	}
	vm_destroy(&vm);
}

/* ---- IN --------------------------------------------------------------- */

static const struct form in_forms[] = {
	FORM(in8, PORT_DATA, 1),
	FORM(in16, PORT_DATA, 2),
	FORM(in32, PORT_DATA, 4),
	FORM(in8dx, 0x3f8, 1),
	FORM(in16dx, 0x1234, 2),
	FORM(in32dx, 0xcfc, 4),
};

/* What the guest's RAX is after the IN, once it was answered. */
static uint64_t rax_after(struct vm *vm)
{
	zx_vcpu_state_t state;

	vm_expect_report(vm, 1);
	vcpu_read(vm->vcpu, &state);
	return state.r15;
}

static void answer(struct vm *vm, uint8_t size, uint32_t data)
{
	zx_vcpu_io_t io = { .access_size = size, .u32 = data };

	ASSERT_OK(zx_vcpu_write_state(vm->vcpu, ZX_VCPU_IO, &io, sizeof(io)));
}

static void start_in(struct vm *vm, const struct form *form)
{
	zx_port_packet_t packet;

	start(vm, form);
	set_io(vm, form->port, 1, KEY_IO);
	ASSERT_OK(vm_enter(vm, &packet));
	expect_packet(&packet, KEY_IO, form->port, form->size, true, 0);
}

/* One and two bytes keep the rest of RAX; four bytes clear its upper half. */
TEST_TIMEOUT(in_takes_the_answer_into_its_low_bytes, 60)
{
	static const uint64_t want[] = {
		[1] = 0x11223344556677d4, [2] = 0x112233445566c3d4,
		[4] = 0x00000000a1b2c3d4,
	};

	for (size_t i = 0; i < ARRAY_SIZE(in_forms); i++) {
		struct vm vm;

		start_in(&vm, &in_forms[i]);
		answer(&vm, in_forms[i].size, 0xa1b2c3d4);
		EXPECT_EQ(want[in_forms[i].size], rax_after(&vm));
		vm_destroy(&vm);
	}
}

TEST_TIMEOUT(in_without_an_answer_keeps_rax_or_reads_zero, 60)
{
	static const uint64_t want[] = { [1] = RAX, [2] = RAX, [4] = 0 };

	for (size_t i = 0; i < 3; i++) {
		zx_vcpu_state_t state;
		struct vm vm;

		start_in(&vm, &in_forms[i]);
		/* Already visible before the answer. */
		vcpu_read(vm.vcpu, &state);
		EXPECT_EQ(want[in_forms[i].size], state.rax);
		EXPECT_EQ(want[in_forms[i].size], rax_after(&vm));
		vm_destroy(&vm);
	}
}

TEST(in_can_be_answered_twice_and_the_last_counts)
{
	struct vm vm;

	start_in(&vm, &in_forms[0]);
	answer(&vm, 1, 0x11);
	answer(&vm, 1, 0x22);
	EXPECT_EQ(0x1122334455667722ull, rax_after(&vm));
	vm_destroy(&vm);
}

/* The kernel keeps no account of what the IN asked for. */
TEST(an_answer_of_another_size_is_taken_as_it_is)
{
	struct vm vm;

	start_in(&vm, &in_forms[0]);
	answer(&vm, 4, 0xa1b2c3d4);
	EXPECT_EQ(0x11223344a1b2c3d4ull, rax_after(&vm));
	vm_destroy(&vm);

	start_in(&vm, &in_forms[2]);
	answer(&vm, 2, 0xa1b2c3d4);
	EXPECT_EQ(0xc3d4ull, rax_after(&vm));
	vm_destroy(&vm);
}

TEST(an_answer_is_seen_by_read_state)
{
	zx_vcpu_state_t state;
	struct vm vm;

	start_in(&vm, &in_forms[1]);
	answer(&vm, 2, 0xbeef);
	vcpu_read(vm.vcpu, &state);
	EXPECT_EQ(0x112233445566beefull, state.rax);
	vm_destroy(&vm);
}

TEST(in_can_be_answered_by_writing_the_registers)
{
	zx_vcpu_state_t state;
	struct vm vm;

	start_in(&vm, &in_forms[2]);
	vcpu_read(vm.vcpu, &state);
	state.rax = 0x8877665544332211;
	vcpu_write(vm.vcpu, &state);
	EXPECT_EQ(0x8877665544332211ull, rax_after(&vm));
	vm_destroy(&vm);
}

TEST(registers_written_before_an_answer_keep_it)
{
	zx_vcpu_state_t state;
	struct vm vm;

	start_in(&vm, &in_forms[0]);
	vcpu_read(vm.vcpu, &state);
	state.rax = ~0ull;
	state.rbx = 0xb0b;
	vcpu_write(vm.vcpu, &state);
	answer(&vm, 1, 0);
	EXPECT_EQ(~0xffull, rax_after(&vm));
	vcpu_read(vm.vcpu, &state);
	EXPECT_EQ(0xb0bull, state.rbx);
	vm_destroy(&vm);
}

/* An answer with nothing outstanding writes RAX all the same. */
TEST(an_answer_without_an_in_writes_rax)
{
	zx_port_packet_t packet;
	struct vm vm;

	start(&vm, &out_forms[2]);
	set_io(&vm, PORT_DATA, 1, KEY_IO);
	answer(&vm, 2, 0x5a5a);
	ASSERT_OK(vm_enter(&vm, &packet));
	EXPECT_EQ(0x55665a5au, packet.guest_io.u32);
	vm_destroy(&vm);
}

TEST(a_kick_between_in_and_answer_loses_nothing)
{
	struct vm vm;

	start_in(&vm, &in_forms[0]);
	ASSERT_OK(zx_vcpu_kick(vm.vcpu));
	vm_expect_status(&vm, ZX_ERR_CANCELED);
	answer(&vm, 1, 0x42);
	EXPECT_EQ(0x1122334455667742ull, rax_after(&vm));
	vm_destroy(&vm);
}

/* ---- what has no packet ----------------------------------------------- */

TEST_TIMEOUT(an_untrapped_port_is_not_found_and_can_be_repeated, 60)
{
	static const struct form forms[] = {
		FORM(out8, PORT_DATA, 1), FORM(out32dx, 0xffff, 4),
		FORM(in8, PORT_DATA, 1), FORM(in32, PORT_DATA, 4),
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		zx_vcpu_state_t before, after;
		struct vm vm;

		start(&vm, &forms[i]);
		vcpu_read(vm.vcpu, &before);
		for (int n = 0; n < 3; n++)
			vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
		vcpu_read(vm.vcpu, &after);
		EXPECT_BYTES(&before, &after, sizeof(after));
		vm_destroy(&vm);
	}
}

TEST(a_trap_set_after_not_found_takes_the_same_instruction)
{
	zx_port_packet_t packet;
	struct vm vm;

	start(&vm, &out_forms[1]);
	vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	set_io(&vm, PORT_DATA, 2, KEY_IO);
	ASSERT_OK(vm_enter(&vm, &packet));
	expect_packet(&packet, KEY_IO, PORT_DATA, 2, false, RAX & 0xffff);
	vm_expect_done(&vm);
	vm_destroy(&vm);

	start(&vm, &in_forms[1]);
	vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	set_io(&vm, PORT_DATA, 2, KEY_IO);
	ASSERT_OK(vm_enter(&vm, &packet));
	expect_packet(&packet, KEY_IO, PORT_DATA, 2, true, 0);
	answer(&vm, 2, 0x1234);
	EXPECT_EQ(0x1122334455661234ull, rax_after(&vm));
	vm_destroy(&vm);
}

TEST_TIMEOUT(string_forms_are_not_supported, 60)
{
	static const struct form forms[] = {
		FORM(outsb, PORT_DATA, 1), FORM(repoutsb, PORT_DATA, 1),
		FORM(insb, PORT_DATA, 1), FORM(repinsl, PORT_DATA, 4),
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct mailbox before;
		struct vm vm;

		start(&vm, &forms[i]);
		set_io(&vm, PORT_DATA, 4, KEY_IO);
		memcpy(&before, (void *)vm.mail, sizeof(before));
		vm_expect_status(&vm, ZX_ERR_NOT_SUPPORTED);
		vm_expect_status(&vm, ZX_ERR_NOT_SUPPORTED);
		EXPECT_BYTES(&before, (void *)vm.mail, sizeof(before));
		vm_destroy(&vm);
	}
}

TEST_HARNESS_MAIN
