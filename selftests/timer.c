// SPDX-License-Identifier: MIT
/*
 * The APIC's timer: one-shot, periodic, TSC deadline. Nothing here asserts that
 * a timer is punctual, only that it is never early and always comes.
 */
#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "zxtest.h"

GUEST_BLOB(oneshot);
GUEST_BLOB(oneshot_spin);
GUEST_BLOB(armed_spin);
GUEST_BLOB(armed_until);
GUEST_BLOB(late_window);
GUEST_BLOB(periodic);
GUEST_BLOB(neglected);
GUEST_BLOB(mask_armed);
GUEST_BLOB(deadline);
GUEST_BLOB(deadline_past);
GUEST_BLOB(deadline_cancel);

#define ONESHOT		0x00000
#define MASKED		0x10000
#define PERIODIC	0x20000
#define DIVIDE_1	0xb
#define COUNT		2000000		/* ticks */
#define DEADLINE	20		/* seconds, of every wait */

/* What the guest code's arm_chosen takes. */
static void choose(struct vm *vm, uint32_t lvt, uint32_t divider,
		   uint32_t count)
{
	zx_vcpu_state_t state;

	vm_expect_report(vm, 1);
	vcpu_read(vm->vcpu, &state);
	state.rbx = lvt;
	state.rcx = divider;
	state.rdx = count;
	vcpu_write(vm->vcpu, &state);
}

TEST(a_one_shot_wakes_hlt_not_early)
{
	static const uint32_t counts[] = { 1, 1000, 100000, COUNT };
	struct vm vm;

	vm_start(&vm, oneshot);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		zxtest_row("count %u", counts[i]);
		choose(&vm, ONESHOT | 0x40 | i, DIVIDE_1, counts[i]);
		vm_expect_report(&vm, 2);
		EXPECT_EQ((uint8_t)(0x40 | i), vm.mail->irq_log[0]);
		EXPECT_LE((uint64_t)counts[i], vm.mail->value[0]);
	}
	vm_destroy(&vm);
}

TEST(the_divider_multiplies_the_count)
{
	static const struct {
		uint32_t code, by;
	} rows[] = {
		{ 0xb, 1 }, { 0x0, 2 }, { 0x1, 4 }, { 0x2, 8 }, { 0x3, 16 },
		{ 0x8, 32 }, { 0x9, 64 }, { 0xa, 128 },
	};
	struct vm vm;

	vm_start(&vm, oneshot);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("divider %u", rows[i].by);
		choose(&vm, ONESHOT | 0x40, rows[i].code, 100000);
		vm_expect_report(&vm, 2);
		EXPECT_LE(100000ull * rows[i].by, vm.mail->value[0]);
	}
	vm_destroy(&vm);
}

TEST(a_one_shot_reaches_a_spinning_guest_once)
{
	struct vm vm;

	vm_start(&vm, oneshot_spin);
	choose(&vm, ONESHOT | 0xef, DIVIDE_1, COUNT);
	vm_expect_report(&vm, 2);
	EXPECT_EQ(0xef, vm.mail->irq_log[0]);
	vm_expect_done(&vm);
	EXPECT_EQ(1ull, vm.mail->irqs);
	vm_destroy(&vm);
}

TEST(a_masked_timer_delivers_nothing)
{
	struct vm vm;

	vm_start(&vm, armed_spin);
	choose(&vm, MASKED | ONESHOT | 0x40, DIVIDE_1, COUNT);
	vm_expect_done(&vm);
	EXPECT_EQ(0ull, vm.mail->irqs);
	vm_destroy(&vm);

	vm_start(&vm, armed_spin);
	choose(&vm, MASKED | PERIODIC | 0x40, DIVIDE_1, COUNT);
	vm_expect_done(&vm);
	EXPECT_EQ(0ull, vm.mail->irqs);
	vm_destroy(&vm);
}

/*
 * A host that is busy may let the timer fire before the guest gets to take it
 * back: such a run says nothing, and another is made.
 */
#define TRIES	20

TEST_TIMEOUT(masking_an_armed_timer_suppresses_it, 60)
{
	const uint64_t count = 40000000;
	bool in_time = false;
	struct vm vm;

	for (int i = 0; i < TRIES && !in_time; i++) {
		vm_start(&vm, mask_armed);
		choose(&vm, ONESHOT | 0x40, DIVIDE_1, count);
		vm_expect_done(&vm);
		in_time = vm.mail->value[1] < count;
		if (in_time)
			EXPECT_EQ(0ull, vm.mail->irqs);
		vm_destroy(&vm);
	}
	EXPECT_TRUE(in_time);
}

TEST(a_count_of_zero_starts_nothing)
{
	struct vm vm;

	vm_start(&vm, armed_spin);
	choose(&vm, ONESHOT | 0x40, DIVIDE_1, 0);
	vm_expect_done(&vm);
	EXPECT_EQ(0ull, vm.mail->irqs);
	vm_destroy(&vm);
}

TEST(a_timer_that_fires_without_if_waits_for_sti)
{
	struct vm vm;

	vm_start(&vm, late_window);
	choose(&vm, ONESHOT | 0x99, DIVIDE_1, COUNT);
	vm_expect_done(&vm);
	EXPECT_EQ(0ull, vm.mail->value[0]);
	EXPECT_EQ(1ull, vm.mail->irqs);
	EXPECT_EQ(0x99, vm.mail->irq_log[0]);
	vm_destroy(&vm);
}

TEST(a_periodic_timer_ticks_until_it_is_stopped)
{
	struct vm vm;

	vm_start(&vm, periodic);
	choose(&vm, PERIODIC | 0x50, DIVIDE_1, COUNT);
	vm_expect_done(&vm);
	for (int i = 0; i < 20; i++)
		EXPECT_EQ(0x50, vm.mail->irq_log[i]);
	EXPECT_LE(20ull * COUNT, vm.mail->value[0]);
	EXPECT_EQ(0ull, vm.mail->irqs);
	vm_destroy(&vm);
}

/* Fifty milliseconds are dozens of its periods. */
TEST(a_periodic_timer_of_a_vcpu_that_is_not_entered_goes_on_when_it_is)
{
	uint64_t start;
	struct vm vm;

	vm_start(&vm, neglected);
	choose(&vm, PERIODIC | 0x50, DIVIDE_1, COUNT);
	vm_expect_report(&vm, 2);
	start = zxtest_now();
	EXPECT_TRUE(wait_until(DEADLINE, zxtest_now() - start > 50000000));
	vm_expect_done(&vm);
	/* One was pending, and those that came while the guest took it. */
	EXPECT_LE(1ull, vm.mail->value[0]);
	EXPECT_GE(2 + vm.mail->value[1] / COUNT, vm.mail->value[0]);
	EXPECT_LE(20ull, vm.mail->irqs);
	for (int i = 0; i < 20; i++)
		EXPECT_EQ(0x50, vm.mail->irq_log[i]);
	vm_destroy(&vm);
}

TEST(a_tsc_deadline_wakes_hlt_not_early)
{
	static const uint64_t ticks[] = { 1000, 100000, COUNT, 10 * COUNT };
	zx_vcpu_state_t state;
	struct vm vm;

	vm_start(&vm, deadline);
	vm_expect_report(&vm, 1);
	for (size_t i = 0; i < ARRAY_SIZE(ticks); i++) {
		zxtest_row("%llu ticks", (unsigned long long)ticks[i]);
		vcpu_read(vm.vcpu, &state);
		state.rbx = ticks[i];
		vcpu_write(vm.vcpu, &state);
		vm_expect_report(&vm, 1);
		EXPECT_EQ(0x41, vm.mail->irq_log[0]);
		EXPECT_LE(0ll, (int64_t)vm.mail->value[0]);
	}
	vm_destroy(&vm);
}

TEST(a_tsc_deadline_that_has_passed_fires_at_once)
{
	struct vm vm;

	vm_start(&vm, deadline_past);
	vm_expect_done(&vm);
	EXPECT_EQ(0x42, vm.mail->irq_log[0]);
	vm_destroy(&vm);
}

TEST_TIMEOUT(a_tsc_deadline_of_zero_takes_the_last_back, 60)
{
	bool in_time = false;
	struct vm vm;

	for (int i = 0; i < TRIES && !in_time; i++) {
		vm_start(&vm, deadline_cancel);
		vm_expect_done(&vm);
		/* The deadline, and when it had been taken back. */
		in_time = vm.mail->value[1] < vm.mail->value[0];
		if (in_time)
			EXPECT_EQ(0ull, vm.mail->irqs);
		vm_destroy(&vm);
	}
	EXPECT_TRUE(in_time);
}

/* An armed timer of a vCPU that goes away: nothing of it may be left. */
TEST(an_armed_timer_dies_with_its_vcpu)
{
	struct vm vm;

	for (int i = 0; i < 10; i++) {
		vm_start(&vm, armed_until);
		choose(&vm, PERIODIC | 0x50, DIVIDE_1, 10000);
		vm_expect_done(&vm);
		EXPECT_LT(0ull, vm.mail->irqs);
		vm_destroy(&vm);
	}
}

TEST_HARNESS_MAIN
