// SPDX-License-Identifier: MIT
/*
 * Events at the edge of others: the task priority, the vectors of INT3 and
 * INTO, interrupts beside a #GP.
 */
#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "zxtest.h"

#define GUEST_LABEL(name) extern const uint8_t guest_##name[]

GUEST_BLOB(priority);
GUEST_BLOB(struck_cli);
GUEST_LABEL(struck_cli_here);
GUEST_BLOB(struck_sti);
GUEST_LABEL(struck_sti_here);
GUEST_BLOB(faulty_rdmsr);
GUEST_LABEL(faulty_rdmsr_gp);
GUEST_LABEL(faulty_rdmsr_irq);
GUEST_BLOB(faulty_wrmsr);
GUEST_LABEL(faulty_wrmsr_gp);
GUEST_LABEL(faulty_wrmsr_irq);
GUEST_BLOB(faulty_timer);
GUEST_LABEL(faulty_timer_gp);
GUEST_LABEL(faulty_timer_irq);

#define DEADLINE	20		/* seconds, of every wait */

/* Where a label of the code at GUEST_CODE lies. */
#define GPA_OF(name, label) \
	(GUEST_CODE + (uint64_t)(guest_##label - guest_##name))

/* ---- task priority ---------------------------------------------------- */

TEST(the_task_priority_can_be_raised_and_lowered)
{
	struct vm vm;

	vm_start(&vm, priority);
	vm_expect_report(&vm, 1);
	EXPECT_EQ(2ull, vm.mail->value[0]);
	vm_expect_report(&vm, 2);
	EXPECT_EQ(0ull, vm.mail->value[1]);
	vm_destroy(&vm);
}

/* ---- INT3 and INTO ---------------------------------------------------- */

/* One vector, at the instruction that the guest would have executed next. */
static void expect_struck(struct vm *vm, uint8_t vector, uint64_t here)
{
	vm_expect_report(vm, 1);
	ASSERT_OK(zx_vcpu_interrupt(vm->vcpu, vector));
	vm_expect_report(vm, 2);
	EXPECT_EQ(1ull, vm->mail->value[0]);
	EXPECT_EQ(vector, vm->mail->irq_log[0]);
	EXPECT_EQ(here, vm->mail->rip);
	EXPECT_EQ(0ull, vm->mail->error);
	vm_expect_done(vm);
	EXPECT_EQ(1ull, vm->mail->irqs);
	vm_destroy(vm);
}

static void breakpoint_or_overflow(uint8_t vector)
{
	struct vm vm;

	zxtest_row("IF clear");
	vm_start(&vm, struck_cli);
	expect_struck(&vm, vector, GPA_OF(struck_cli, struck_cli_here));
	zxtest_row("IF set");
	vm_start(&vm, struck_sti);
	expect_struck(&vm, vector, GPA_OF(struck_sti, struck_sti_here));
}

TEST(a_breakpoint_is_injected_where_the_guest_is)
{
	breakpoint_or_overflow(3);
}

TEST(an_overflow_is_injected_where_the_guest_is)
{
	breakpoint_or_overflow(4);
}

/* The same of one that no instruction raises by its own length. */
TEST(an_invalid_opcode_is_injected_where_the_guest_is)
{
	breakpoint_or_overflow(6);
}

/* ---- interrupts beside a #GP ------------------------------------------ */

#define VECTOR	0x40
#define ROUNDS	500

/* Has a vector go to an address in place of its stub. */
static void set_gate(struct vm *vm, uint8_t vector, uint64_t gpa)
{
	uint32_t *gate = (uint32_t *)(vm->mem + GUEST_IDT) + vector * 4;

	gate[0] = GUEST_CS << 16 | (gpa & 0xffff);
	gate[1] = (gpa & 0xffff0000) | 0x8e00;
}

/* One at a time: the next when the guest has taken the last. */
static void *post_one_by_one(void *arg)
{
	struct vm *vm = arg;
	uint64_t seen = vm->mail->flag;

	ASSERT_TRUE(wait_until(DEADLINE, vm->mail->flag > seen));
	for (uint64_t i = 0; i < ROUNDS; i++) {
		zxtest_row("interrupt %llu", (unsigned long long)i);
		ASSERT_OK(zx_vcpu_interrupt(vm->vcpu, VECTOR));
		ASSERT_TRUE(wait_until(DEADLINE, vm->mail->progress == i + 1));
	}
	zxtest_row_end();
	return NULL;
}

static void interrupt_faulting_guest(struct vm *vm, uint64_t gp, uint64_t irq)
{
	zx_vcpu_state_t state;
	pthread_t thread;

	set_gate(vm, 13, gp);
	set_gate(vm, VECTOR, irq);
	vm_expect_report(vm, 1);
	vcpu_read(vm->vcpu, &state);
	state.rbx = ROUNDS;
	vcpu_write(vm->vcpu, &state);
	thread_start(&thread, post_one_by_one, vm);
	vm_expect_report(vm, 2);
	thread_join(thread);
	EXPECT_EQ((uint64_t)ROUNDS, vm->mail->progress);
	/* Nor is a #GP lost beside an interrupt. */
	EXPECT_EQ(vm->mail->flag, vm->mail->irqs);
	vm_destroy(vm);
}

TEST_TIMEOUT(no_interrupt_is_lost_beside_the_fault_of_an_rdmsr, 120)
{
	struct vm vm;

	vm_start(&vm, faulty_rdmsr);
	interrupt_faulting_guest(&vm, GPA_OF(faulty_rdmsr, faulty_rdmsr_gp),
				 GPA_OF(faulty_rdmsr, faulty_rdmsr_irq));
}

TEST_TIMEOUT(no_interrupt_is_lost_beside_the_fault_of_a_wrmsr, 120)
{
	struct vm vm;

	vm_start(&vm, faulty_wrmsr);
	interrupt_faulting_guest(&vm, GPA_OF(faulty_wrmsr, faulty_wrmsr_gp),
				 GPA_OF(faulty_wrmsr, faulty_wrmsr_irq));
}

/* Also on a machine with one CPU, where no thread posts beside the vCPU's. */
TEST_TIMEOUT(no_timer_interrupt_is_lost_beside_a_fault, 120)
{
	zx_vcpu_state_t state;
	struct vm vm;

	vm_start(&vm, faulty_timer);
	set_gate(&vm, 13, GPA_OF(faulty_timer, faulty_timer_gp));
	set_gate(&vm, VECTOR, GPA_OF(faulty_timer, faulty_timer_irq));
	vm_expect_report(&vm, 1);
	vcpu_read(vm.vcpu, &state);
	state.rbx = ROUNDS;
	state.rdi = 20000;
	vcpu_write(vm.vcpu, &state);
	vm_expect_report(&vm, 2);
	EXPECT_EQ((uint64_t)ROUNDS, vm.mail->progress);
	vm_destroy(&vm);
}

TEST_HARNESS_MAIN
