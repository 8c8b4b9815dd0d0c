// SPDX-License-Identifier: MIT
/*
 * Kicks and interrupts: before, during and after enter, HLT, the order of
 * vectors, exceptions.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "zxtest.h"

GUEST_BLOB(spin_cli);
GUEST_BLOB(spin_sti);
GUEST_BLOB(halt_sti);
GUEST_BLOB(halt_cli);
GUEST_BLOB(halt_loop);
GUEST_BLOB(window);
GUEST_BLOB(open);
GUEST_BLOB(until);
GUEST_BLOB(until_go);
GUEST_BLOB(shadow);

#define DEADLINE	20		/* seconds, of every wait */

/* A thread that does something to a vCPU that another thread runs. */
struct poker {
	struct vm *vm;
	pthread_t thread;
	int vcpu_tid;
	uint32_t vector;
	int rounds;
};

static void poker_start(struct poker *poker, struct vm *vm,
			void *(*fn)(void *))
{
	poker->vm = vm;
	poker->vcpu_tid = thread_id();
	thread_start(&poker->thread, fn, poker);
}

/* Until the guest is seen running: its counter moves. */
static void wait_running(struct vm *vm)
{
	uint64_t seen = vm->mail->progress;

	ASSERT_TRUE(wait_until(DEADLINE, vm->mail->progress > seen + 2));
}

/* Until the guest said that it will halt, and its thread sleeps. */
static void wait_halted(struct poker *poker)
{
	ASSERT_TRUE(wait_until(DEADLINE, poker->vm->mail->flag == 1));
	ASSERT_TRUE(wait_until(DEADLINE,
			       zxtest_thread_sleeps(poker->vcpu_tid)));
}

static void post(struct vm *vm, uint32_t vector)
{
	ASSERT_OK(zx_vcpu_interrupt(vm->vcpu, vector));
}

/* The vectors that the guest took so far, in order. */
static void expect_log(struct vm *vm, const uint8_t *vectors, uint64_t count)
{
	EXPECT_EQ(count, vm->mail->irqs);
	for (uint64_t i = 0; i < count; i++)
		EXPECT_EQ(vectors[i], vm->mail->irq_log[i]);
}

#define EXPECT_VECTORS(vm, ...) do {					\
	static const uint8_t vectors_[] = { __VA_ARGS__ };		\
									\
	expect_log(vm, vectors_, sizeof(vectors_));			\
} while (0)

/* ---- kick ------------------------------------------------------------- */

TEST(a_kick_before_enter_cancels_it_at_once)
{
	struct vm vm;

	vm_start(&vm, spin_cli);
	ASSERT_OK(zx_vcpu_kick(vm.vcpu));
	vm_expect_status(&vm, ZX_ERR_CANCELED);
	EXPECT_EQ(0ull, vm.mail->progress);
	vm_destroy(&vm);
}

TEST(several_kicks_are_one)
{
	struct vm vm;

	vm_start(&vm, window);
	for (int i = 0; i < 5; i++)
		ASSERT_OK(zx_vcpu_kick(vm.vcpu));
	vm_expect_status(&vm, ZX_ERR_CANCELED);
	vm_expect_report(&vm, 1);
	vm_expect_report(&vm, 2);
	vm_destroy(&vm);
}

TEST(a_kick_after_a_packet_cancels_the_next_enter)
{
	struct vm vm;

	vm_start(&vm, window);
	vm_expect_report(&vm, 1);
	ASSERT_OK(zx_vcpu_kick(vm.vcpu));
	vm_expect_status(&vm, ZX_ERR_CANCELED);
	vm_expect_report(&vm, 2);
	vm_destroy(&vm);
}

static void *kick_running(void *arg)
{
	struct poker *poker = arg;

	for (int i = 0; i < poker->rounds; i++) {
		wait_running(poker->vm);
		ASSERT_OK(zx_vcpu_kick(poker->vm->vcpu));
		/* The owner acknowledges each one. */
		ASSERT_TRUE(wait_until(DEADLINE,
				       poker->vm->mail->go == i + 1u));
	}
	return NULL;
}

static void kick_rounds(struct vm *vm, int rounds)
{
	struct poker poker = { .rounds = rounds };

	poker_start(&poker, vm, kick_running);
	for (int i = 0; i < rounds; i++) {
		vm_expect_status(vm, ZX_ERR_CANCELED);
		vm->mail->go = i + 1;
	}
	thread_join(poker.thread);
	vm_destroy(vm);
}

TEST(a_kick_cancels_a_running_guest)
{
	struct vm vm;

	vm_start(&vm, spin_cli);
	kick_rounds(&vm, 1);
	vm_start(&vm, spin_sti);
	kick_rounds(&vm, 1);
}

TEST_TIMEOUT(a_hundred_kicks_cancel_a_hundred_enters, 60)
{
	struct vm vm;

	vm_start(&vm, spin_sti);
	kick_rounds(&vm, 100);
}

static void *kick_halted(void *arg)
{
	wait_halted(arg);
	ASSERT_OK(zx_vcpu_kick(((struct poker *)arg)->vm->vcpu));
	return NULL;
}

/* RIP is past the HLT by then. */
TEST(a_kick_wakes_a_halted_guest)
{
	struct poker poker = { 0 };
	struct vm vm;

	vm_start(&vm, halt_sti);
	poker_start(&poker, &vm, kick_halted);
	vm_expect_status(&vm, ZX_ERR_CANCELED);
	thread_join(poker.thread);
	EXPECT_EQ(0ull, vm.mail->irqs);
	vm_expect_report(&vm, 2);
	vm_destroy(&vm);
}

TEST(a_kick_wakes_a_guest_that_halted_without_interrupts)
{
	struct poker poker = { 0 };
	struct vm vm;

	vm_start(&vm, halt_cli);
	poker_start(&poker, &vm, kick_halted);
	vm_expect_status(&vm, ZX_ERR_CANCELED);
	thread_join(poker.thread);
	vm_expect_report(&vm, 2);
	vm_destroy(&vm);
}

/* Not into HLT: QEMU forgets the shadow of STI when its host takes a tick there. */
TEST(a_kick_comes_before_a_pending_interrupt)
{
	struct vm vm;

	vm_start(&vm, window);
	ASSERT_OK(zx_vcpu_kick(vm.vcpu));
	post(&vm, 64);
	vm_expect_status(&vm, ZX_ERR_CANCELED);
	EXPECT_EQ(0ull, vm.mail->irqs);
	vm_expect_report(&vm, 1);
	vm_expect_report(&vm, 2);
	EXPECT_EQ(0ull, vm.mail->irqs);
	vm_expect_report(&vm, 3);
	EXPECT_VECTORS(&vm, 64);
	vm_destroy(&vm);
}

/* ---- interrupts into HLT ---------------------------------------------- */

static void *post_halted(void *arg)
{
	struct poker *poker = arg;

	wait_halted(poker);
	post(poker->vm, poker->vector);
	return NULL;
}

TEST(an_interrupt_wakes_hlt_and_takes_its_vector)
{
	struct poker poker = { .vector = 0x51 };
	struct vm vm;

	vm_start(&vm, halt_sti);
	poker_start(&poker, &vm, post_halted);
	vm_expect_report(&vm, 2);
	thread_join(poker.thread);
	EXPECT_VECTORS(&vm, 0x51);
	vm_destroy(&vm);
}

TEST(an_interrupt_pending_before_hlt_is_not_waited_for)
{
	struct vm vm;

	vm_start(&vm, halt_sti);
	post(&vm, 0x99);
	vm_expect_report(&vm, 2);
	EXPECT_VECTORS(&vm, 0x99);
	vm_destroy(&vm);
}

/* Any vector wakes; without IF it stays pending until STI. */
TEST(an_interrupt_wakes_hlt_without_if_and_stays_pending)
{
	struct poker poker = { .vector = 0x52 };
	struct vm vm;

	vm_start(&vm, halt_cli);
	poker_start(&poker, &vm, post_halted);
	vm_expect_report(&vm, 2);
	thread_join(poker.thread);
	EXPECT_EQ(0ull, vm.mail->value[0]);
	vm_expect_report(&vm, 3);
	EXPECT_VECTORS(&vm, 0x52);
	vm_destroy(&vm);
}

static void *wake_many(void *arg)
{
	struct poker *poker = arg;
	struct vm *vm = poker->vm;

	for (int i = 0; i < poker->rounds; i++) {
		ASSERT_TRUE(wait_until(DEADLINE,
				       vm->mail->progress == i + 1u));
		post(vm, 0x40 + i % 0x80);
	}
	ASSERT_TRUE(wait_until(DEADLINE,
			       vm->mail->progress == poker->rounds + 1u));
	ASSERT_OK(zx_vcpu_kick(vm->vcpu));
	return NULL;
}

/* Posted while the guest is just about to halt: no wake-up may get lost. */
TEST_TIMEOUT(no_wakeup_is_lost_in_a_thousand_halts, 120)
{
	struct poker poker = { .rounds = 1000 };
	struct vm vm;

	vm_start(&vm, halt_loop);
	poker_start(&poker, &vm, wake_many);
	vm_expect_status(&vm, ZX_ERR_CANCELED);
	thread_join(poker.thread);
	EXPECT_EQ(1000ull, vm.mail->irqs);
	vm_destroy(&vm);
}

/* ---- interrupts into a running guest ---------------------------------- */

static void *post_running(void *arg)
{
	struct poker *poker = arg;
	struct vm *vm = poker->vm;

	for (int i = 0; i < poker->rounds; i++) {
		wait_running(vm);
		post(vm, poker->vector);
		ASSERT_TRUE(wait_until(DEADLINE, vm->mail->irqs == i + 1u));
	}
	return NULL;
}

/* The guest never exits by itself: the interrupt must fetch it out. */
TEST_TIMEOUT(an_interrupt_reaches_a_spinning_guest_promptly, 60)
{
	struct poker poker = { .vector = 0x77, .rounds = 100 };
	zx_vcpu_state_t state;
	struct vm vm;

	vm_start(&vm, until);
	vm_expect_report(&vm, 1);
	vcpu_read(vm.vcpu, &state);
	state.rbx = poker.rounds;
	vcpu_write(vm.vcpu, &state);
	poker_start(&poker, &vm, post_running);
	vm_expect_report(&vm, 2);
	thread_join(poker.thread);
	EXPECT_EQ((uint64_t)poker.rounds, vm.mail->irqs);
	EXPECT_EQ(0x77, vm.mail->irq_log[0]);
	vm_destroy(&vm);
}

TEST(an_interrupt_before_the_first_enter_is_kept)
{
	struct vm vm;

	vm_start(&vm, window);
	post(&vm, 0x20);
	vm_expect_report(&vm, 1);
	vm_expect_report(&vm, 2);
	EXPECT_EQ(0ull, vm.mail->irqs);
	vm_expect_report(&vm, 3);
	EXPECT_VECTORS(&vm, 0x20);
	vm_destroy(&vm);
}

TEST(without_if_an_interrupt_waits_for_sti)
{
	struct vm vm;

	vm_start(&vm, window);
	vm_expect_report(&vm, 1);
	post(&vm, 0xff);
	vm_expect_report(&vm, 2);
	EXPECT_EQ(0ull, vm.mail->value[0]);
	EXPECT_EQ(0ull, vm.mail->irqs);
	vm_expect_report(&vm, 3);
	EXPECT_VECTORS(&vm, 0xff);
	vm_expect_done(&vm);
	EXPECT_EQ(1ull, vm.mail->irqs);
	vm_destroy(&vm);
}

TEST(the_shadow_of_sti_holds_an_interrupt_back)
{
	struct vm vm;

	vm_start(&vm, shadow);
	vm_expect_report(&vm, 1);
	post(&vm, 0x40);
	vm_expect_report(&vm, 2);
	EXPECT_VECTORS(&vm, 0x40);
	EXPECT_EQ(0ull, vm.mail->value[0]);
	vm_destroy(&vm);
}

TEST(the_same_vector_twice_is_delivered_once)
{
	struct vm vm;

	vm_start(&vm, window);
	post(&vm, 0x80);
	post(&vm, 0x80);
	vm_expect_report(&vm, 1);
	post(&vm, 0x80);
	vm_expect_report(&vm, 2);
	vm_expect_report(&vm, 3);
	EXPECT_VECTORS(&vm, 0x80);
	vm_expect_done(&vm);
	EXPECT_EQ(1ull, vm.mail->irqs);
	vm_destroy(&vm);
}

/* No EOI was written, and none is needed. */
TEST(a_vector_can_come_again_without_eoi)
{
	struct vm vm;

	vm_start(&vm, open);
	post(&vm, 0x80);
	vm_expect_report(&vm, 1);
	post(&vm, 0x80);
	vm_expect_report(&vm, 2);
	post(&vm, 0x40);
	vm_expect_done(&vm);
	EXPECT_VECTORS(&vm, 0x80, 0x80, 0x40);
	vm_destroy(&vm);
}

TEST(the_highest_vector_comes_first)
{
	struct vm vm;

	vm_start(&vm, open);
	vm_expect_report(&vm, 1);
	post(&vm, 0x31);
	post(&vm, 0xf0);
	post(&vm, 0x20);
	post(&vm, 0x80);
	post(&vm, 0xff);
	vm_expect_report(&vm, 2);
	EXPECT_VECTORS(&vm, 0xff, 0xf0, 0x80, 0x31, 0x20);
	vm_destroy(&vm);
}

TEST(all_vectors_from_32_to_255_are_delivered)
{
	struct vm vm;

	vm_start(&vm, open);
	vm_expect_report(&vm, 1);
	for (uint32_t v = 32; v < 256; v++)
		post(&vm, v);
	vm_expect_report(&vm, 2);
	EXPECT_EQ(224ull, vm.mail->irqs);
	for (uint32_t i = 0; i < 224; i++)
		EXPECT_EQ(255 - i, vm.mail->irq_log[i]);
	vm_destroy(&vm);
}

TEST(a_handler_returns_to_the_interrupted_registers)
{
	zx_vcpu_state_t before, after;
	struct vm vm;

	vm_start(&vm, open);
	vm_expect_report(&vm, 1);
	vcpu_read(vm.vcpu, &before);
	before.rcx = 0x1234567812345678;
	before.r15 = 0x8765432187654321;
	before.rflags = 2 | 0x8d5;
	vcpu_write(vm.vcpu, &before);
	post(&vm, 0x60);
	vm_expect_report(&vm, 2);
	vcpu_read(vm.vcpu, &after);
	before.rax = 2;
	before.rflags = 0x8d5;
	EXPECT_BYTES(&before, &after, sizeof(after));
	vm_destroy(&vm);
}

/* ---- exceptions and NMI ----------------------------------------------- */

/* Each is delivered although IF is clear, with error code 0 where it has one. */
TEST_TIMEOUT(exceptions_are_injected_without_if, 60)
{
	static const uint8_t vectors[] = {
		0, 1, 5, 6, 7, 10, 11, 12, 13, 14, 16, 17, 19,
	};

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct vm vm;

		zxtest_row("vector %u", vectors[i]);
		vm_start(&vm, window);
		vm_expect_report(&vm, 1);
		vm.mail->error = 99;
		post(&vm, vectors[i]);
		vm_expect_report(&vm, 2);
		expect_log(&vm, &vectors[i], 1);
		EXPECT_EQ(0ull, vm.mail->error);
		EXPECT_EQ(1ull, vm.mail->value[0]);
		vm_destroy(&vm);
	}
}

TEST(an_nmi_is_injected_without_if)
{
	struct vm vm;

	vm_start(&vm, window);
	vm_expect_report(&vm, 1);
	post(&vm, 2);
	vm_expect_report(&vm, 2);
	EXPECT_VECTORS(&vm, 2);
	vm_destroy(&vm);
}

TEST(an_nmi_comes_first_and_drops_no_interrupt)
{
	struct vm vm;

	vm_start(&vm, open);
	vm_expect_report(&vm, 1);
	post(&vm, 0x40);
	post(&vm, 0xf0);
	post(&vm, 2);
	vm_expect_report(&vm, 2);
	EXPECT_VECTORS(&vm, 2, 0xf0, 0x40);
	vm_destroy(&vm);
}

TEST(the_highest_exception_drops_the_others)
{
	struct vm vm;

	vm_start(&vm, window);
	vm_expect_report(&vm, 1);
	post(&vm, 0);
	post(&vm, 6);
	post(&vm, 13);
	vm_expect_report(&vm, 2);
	vm_expect_report(&vm, 3);
	EXPECT_VECTORS(&vm, 13);
	vm_destroy(&vm);
}

TEST(an_interrupt_drops_pending_exceptions)
{
	struct vm vm;

	vm_start(&vm, open);
	vm_expect_report(&vm, 1);
	post(&vm, 6);
	post(&vm, 0x40);
	vm_expect_report(&vm, 2);
	vm_expect_done(&vm);
	EXPECT_VECTORS(&vm, 0x40);
	vm_destroy(&vm);
}

TEST(vectors_21_to_31_are_not_supported_and_consumed)
{
	struct vm vm;

	vm_start(&vm, open);
	vm_expect_report(&vm, 1);
	for (uint32_t v = 21; v < 32; v++) {
		zxtest_row("vector %u", v);
		post(&vm, v);
		vm_expect_status(&vm, ZX_ERR_NOT_SUPPORTED);
	}
	vm_expect_report(&vm, 2);
	EXPECT_EQ(0ull, vm.mail->irqs);
	vm_destroy(&vm);
}

/* ---- signals of the VMM ----------------------------------------------- */

static atomic_int handled;

static void count_signal(int sig)
{
	(void)sig;
	atomic_fetch_add(&handled, 1);
}

static void *signal_running(void *arg)
{
	struct poker *poker = arg;
	pid_t pid = getpid();

	for (int i = 0; i < poker->rounds; i++) {
		wait_running(poker->vm);
		ASSERT_EQ(0, tgkill(pid, poker->vcpu_tid, SIGUSR1));
		ASSERT_TRUE(wait_until(DEADLINE,
				       atomic_load(&handled) == i + 1));
	}
	poker->vm->mail->go = 1;
	return NULL;
}

/* enter goes on after the handler: a signal is no end of it. */
TEST_TIMEOUT(a_signal_runs_its_handler_while_enter_goes_on, 60)
{
	struct sigaction sa = { .sa_handler = count_signal };
	struct poker poker = { .rounds = 50 };
	struct vm vm;

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	vm_start(&vm, until_go);
	poker_start(&poker, &vm, signal_running);
	vm_expect_report(&vm, 2);
	thread_join(poker.thread);
	EXPECT_EQ(50, atomic_load(&handled));
	vm_destroy(&vm);
}

static void *signal_halted(void *arg)
{
	struct poker *poker = arg;

	for (int i = 0; i < poker->rounds; i++) {
		wait_halted(poker);
		ASSERT_EQ(0, tgkill(getpid(), poker->vcpu_tid, SIGUSR1));
		ASSERT_TRUE(wait_until(DEADLINE,
				       atomic_load(&handled) == i + 1));
	}
	wait_halted(poker);
	EXPECT_EQ(0ull, poker->vm->mail->irqs);
	post(poker->vm, 0x40);
	return NULL;
}

/* The guest sleeps on after the handler, and still wakes by its interrupt. */
TEST(a_signal_does_not_end_hlt)
{
	struct sigaction sa = { .sa_handler = count_signal };
	struct poker poker = { .rounds = 20 };
	struct vm vm;

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	vm_start(&vm, halt_sti);
	poker_start(&poker, &vm, signal_halted);
	vm_expect_report(&vm, 2);
	thread_join(poker.thread);
	EXPECT_VECTORS(&vm, 0x40);
	vm_destroy(&vm);
}

TEST_HARNESS_MAIN
