// SPDX-License-Identifier: MIT
/*
 * The end of things: killed and exiting VMMs, exec, handles closed in any
 * order. Whatever happens, the live object counters come back.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "abi.h"
#include "guest/vm.h"
#include "zxtest.h"

GUEST_BLOB(busy);
GUEST_BLOB(asleep);
GUEST_BLOB(talks);

#define PAGE		4096ull
#define DEADLINE	30		/* seconds until all is freed */

/* Of a VMM in a process of its own, and the test that watches it. */
struct shared {
	atomic_int ready;		/* the VMM is where it should be */
	atomic_int steps;		/* so far */
};

FIXTURE(vmm) {
	struct zxtest_objects before;
	struct shared *shared;
	pid_t pid;
};

FIXTURE_SETUP(vmm)
{
	if (!zxtest_objects_read(&self->before))
		SKIP("no debugfs");
	self->shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->shared);
}

/* Everything is freed, and the device can be opened and closed. */
FIXTURE_TEARDOWN(vmm)
{
	EXPECT_TRUE(zxtest_objects_settle(&self->before, DEADLINE));
	EXPECT_EQ(0, close(abi_open()));
}

/* Starts a VMM; this process must not have used libzx before. */
static void fork_vmm(struct fixture_vmm *self, void (*fn)(struct shared *))
{
	atomic_store(&self->shared->ready, 0);
	atomic_store(&self->shared->steps, 0);
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid) {
		fn(self->shared);
		_exit(zxtest_failed() ? KSFT_FAIL : KSFT_PASS);
	}
}

/* For tests that make their objects in this process. */
static void need_counters(void)
{
	if (zxtest_objects_of("guest") < 0)
		SKIP("no debugfs");
	ASSERT_EQ(0l, zxtest_objects_of("guest"));
}

static void wait_ready(struct fixture_vmm *self)
{
	ASSERT_TRUE(wait_until(DEADLINE, atomic_load(&self->shared->ready)));
}

static int reap(struct fixture_vmm *self)
{
	int status;

	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	return status;
}

static void kill_and_reap(struct fixture_vmm *self)
{
	int status;

	ASSERT_EQ(0, kill(self->pid, SIGKILL));
	status = reap(self);
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- VMMs that never end ---------------------------------------------- */

/* What a thread beside the vCPU's watches for. */
struct watch {
	struct vm *vm;
	struct shared *shared;
	int vcpu_tid;
};

static void *watch_progress(void *arg)
{
	struct watch *w = arg;

	ASSERT_TRUE(wait_until(DEADLINE, w->vm->mail->progress > 1000));
	atomic_store(&w->shared->ready, 1);
	return NULL;
}

static void *watch_halt(void *arg)
{
	struct watch *w = arg;

	ASSERT_TRUE(wait_until(DEADLINE, w->vm->mail->flag == 1));
	ASSERT_TRUE(wait_until(DEADLINE, zxtest_thread_sleeps(w->vcpu_tid)));
	atomic_store(&w->shared->ready, 1);
	return NULL;
}

/* More of everything than the guest needs. */
static void map_everything(struct vm *vm)
{
	for (uint64_t i = 0; i < 16; i++) {
		zx_handle_t vmo;
		zx_vaddr_t addr;
		uint8_t *map;

		ASSERT_OK(zx_vmo_create(64 * PAGE, 0, &vmo));
		ASSERT_OK(zx_vmar_map(vm->vmar, RW | ZX_VM_SPECIFIC,
				      0x10000000 * (i + 1), vmo, 0, 64 * PAGE,
				      &addr));
		map = map_self(vmo, 64 * PAGE);
		for (uint64_t p = 0; p < 64; p++)
			map[p * PAGE] = 1;
		ASSERT_OK(zx_guest_set_trap(vm->guest, ZX_GUEST_TRAP_MEM,
					    0x10000000 * (i + 1) + 8 * PAGE,
					    PAGE, 0, i));
		ASSERT_OK(zx_guest_set_trap(vm->guest, ZX_GUEST_TRAP_IO,
					    0x1000 + 16 * i, 8, 0, i));
	}
}

static void enter_for_ever(struct vm *vm)
{
	zx_port_packet_t packet;

	for (;;)
		(void)zx_vcpu_enter(vm->vcpu, &packet);
}

static void busy_vmm(struct shared *shared)
{
	struct vm vm;
	struct watch w = { &vm, shared, thread_id() };
	pthread_t thread;

	vm_start(&vm, busy);
	map_everything(&vm);
	thread_start(&thread, watch_progress, &w);
	enter_for_ever(&vm);
}

static void sleeping_vmm(struct shared *shared)
{
	struct vm vm;
	struct watch w = { &vm, shared, thread_id() };
	pthread_t thread;

	vm_start(&vm, asleep);
	map_everything(&vm);
	thread_start(&thread, watch_halt, &w);
	enter_for_ever(&vm);
}

TEST_F_TIMEOUT(vmm, killed_with_a_running_vcpu_and_everything_mapped, 90)
{
	fork_vmm(self, busy_vmm);
	wait_ready(self);
	EXPECT_EQ(1l, zxtest_objects_of("guest"));
	EXPECT_EQ(1l, zxtest_objects_of("vcpu"));
	kill_and_reap(self);
}

TEST_F_TIMEOUT(vmm, killed_with_a_halted_vcpu, 90)
{
	fork_vmm(self, sleeping_vmm);
	wait_ready(self);
	kill_and_reap(self);
}

static void idle_vmm(struct shared *shared)
{
	struct vm vm;

	vm_start(&vm, talks);
	map_everything(&vm);
	vm_expect_report(&vm, 1);
	atomic_store(&shared->ready, 1);
	for (;;)
		pause();
}

TEST_F_TIMEOUT(vmm, killed_with_a_packet_not_yet_answered, 90)
{
	fork_vmm(self, idle_vmm);
	wait_ready(self);
	kill_and_reap(self);
}

static void several_guests(struct shared *shared)
{
	enum { GUESTS = 4 };
	static struct vm vm[GUESTS];

	for (int i = 0; i < GUESTS; i++)
		vm_create(&vm[i]);
	atomic_store(&shared->ready, 1);
	for (;;)
		pause();
}

TEST_F_TIMEOUT(vmm, killed_with_several_guests, 90)
{
	fork_vmm(self, several_guests);
	wait_ready(self);
	EXPECT_EQ(4l, zxtest_objects_of("guest"));
	kill_and_reap(self);
}

/* ---- VMMs that end by themselves -------------------------------------- */

static void *exit_when_running(void *arg)
{
	struct watch *w = arg;

	ASSERT_TRUE(wait_until(DEADLINE, w->vm->mail->progress > 1000));
	atomic_store(&w->shared->ready, 1);
	_exit(0);
}

static void exiting_vmm(struct shared *shared)
{
	struct vm vm;
	struct watch w = { &vm, shared, thread_id() };
	pthread_t thread;

	vm_start(&vm, busy);
	thread_start(&thread, exit_when_running, &w);
	enter_for_ever(&vm);
}

TEST_F_TIMEOUT(vmm, exits_while_another_thread_is_in_enter, 90)
{
	fork_vmm(self, exiting_vmm);
	EXPECT_EQ(0, reap(self));
	EXPECT_EQ(1, atomic_load(&self->shared->ready));
}

static void careless_vmm(struct shared *shared)
{
	struct vm vm;

	vm_start(&vm, talks);
	map_everything(&vm);
	vm_expect_report(&vm, 1);
	atomic_store(&shared->ready, 1);
}

TEST_F(vmm, exits_without_closing_anything)
{
	fork_vmm(self, careless_vmm);
	EXPECT_EQ(0, reap(self));
	EXPECT_EQ(1, atomic_load(&self->shared->ready));
}

static void exec_vmm(struct shared *shared)
{
	struct vm vm;

	vm_start(&vm, talks);
	map_everything(&vm);
	vm_expect_report(&vm, 1);
	atomic_store(&shared->ready, 1);
	execl("/proc/self/exe", "lifetime", "--pause", NULL);
	_exit(99);
}

/* The new program lives on; what the old one had is gone. */
TEST_F_TIMEOUT(vmm, exec_frees_everything, 90)
{
	fork_vmm(self, exec_vmm);
	wait_ready(self);
	EXPECT_TRUE(zxtest_objects_settle(&self->before, DEADLINE));
	EXPECT_EQ(0, waitpid(self->pid, NULL, WNOHANG));
	kill_and_reap(self);
}

/* ---- fork ------------------------------------------------------------- */

TEST(a_child_of_the_vmm_does_no_harm)
{
	int status;
	struct vm vm;
	pid_t pid;

	vm_start(&vm, talks);
	vm_expect_report(&vm, 1);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		uint64_t size;

		EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
			      zx_vmo_get_size(vm.vmo, &size));
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_vcpu_kick(vm.vcpu));
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(vm.guest));
		vcpu_expect_status(vm.vcpu, ZX_ERR_BAD_HANDLE);
		_exit(zxtest_failed());
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	vm.mail->value[0] = 1;
	vm_expect_status(&vm, ZX_ERR_NOT_FOUND);	/* GUEST_MMIO, untrapped */
	vm_destroy(&vm);
}

/* ---- order of closing ------------------------------------------------- */

TEST(a_vcpu_keeps_its_guest_alive)
{
	zx_handle_t vmo;
	zx_vaddr_t addr;
	struct vm vm;

	need_counters();
	vm_start(&vm, talks);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	ASSERT_OK(zx_handle_close(vm.guest));
	EXPECT_EQ(1l, zxtest_objects_of("guest"));
	vm_expect_report(&vm, 1);
	vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	EXPECT_OK(zx_vmar_map(vm.vmar, RW | ZX_VM_SPECIFIC, GUEST_MMIO, vmo, 0,
			      PAGE, &addr));
	vm_expect_report(&vm, 1);
	ASSERT_OK(zx_handle_close(vm.vcpu));
	EXPECT_TRUE(wait_until(DEADLINE, zxtest_objects_of("guest") == 0));
	EXPECT_STATUS(ZX_ERR_BAD_STATE,
		      zx_vmar_map(vm.vmar, RW | ZX_VM_SPECIFIC, GUEST_HOLE,
				  vmo, 0, PAGE, &addr));
	EXPECT_OK(zx_handle_close(vmo));
	vm.guest = 0;
	vm.vcpu = 0;
	vm_destroy(&vm);
}

TEST(a_vmar_does_not_keep_its_guest_alive)
{
	zx_handle_t guest, vmar;

	need_counters();
	guest_create(&guest, &vmar);
	EXPECT_EQ(1l, zxtest_objects_of("guest"));
	ASSERT_OK(zx_handle_close(guest));
	EXPECT_TRUE(wait_until(DEADLINE, zxtest_objects_of("guest") == 0));
	ASSERT_OK(zx_handle_close(vmar));
}

TEST(a_guest_runs_without_its_vmar_handle)
{
	struct vm vm;

	vm_start(&vm, talks);
	ASSERT_OK(zx_handle_close(vm.vmar));
	vm.vmar = 0;
	vm_expect_report(&vm, 1);
	vm_destroy(&vm);
}

static void *leave_a_vcpu(void *arg)
{
	struct vm *vm = arg;

	vm_vcpu(vm);
	vm_expect_report(vm, 1);
	return NULL;
}

TEST(a_thread_exits_without_closing_its_vcpu)
{
	pthread_t thread;
	struct vm vm;

	need_counters();
	vm_create(&vm);
	VM_LOAD(&vm, GUEST_CODE, talks);
	thread_start(&thread, leave_a_vcpu, &vm);
	thread_join(thread);
	EXPECT_EQ(1l, zxtest_objects_of("vcpu"));
	vm_expect_status(&vm, ZX_ERR_BAD_STATE);
	vm_destroy(&vm);
	EXPECT_TRUE(wait_until(DEADLINE, zxtest_objects_of("vcpu") == 0));
}

static void *close_running(void *arg)
{
	struct vm *vm = arg;

	ASSERT_TRUE(wait_until(DEADLINE, vm->mail->progress > 1000));
	ASSERT_OK(zx_handle_close(vm->guest));
	ASSERT_OK(zx_handle_close(vm->vmar));
	ASSERT_OK(zx_vmar_unmap(zx_vmar_root_self(),
				(zx_vaddr_t)vm->mem + 16 * PAGE, PAGE));
	ASSERT_OK(zx_vcpu_kick(vm->vcpu));
	return NULL;
}

TEST(handles_are_closed_under_a_running_vcpu)
{
	pthread_t thread;
	struct vm vm;

	vm_start(&vm, busy);
	thread_start(&thread, close_running, &vm);
	vm_expect_status(&vm, ZX_ERR_CANCELED);
	thread_join(thread);
	ASSERT_OK(zx_vcpu_kick(vm.vcpu));
	vm_expect_status(&vm, ZX_ERR_CANCELED);
	EXPECT_OK(zx_handle_close(vm.vcpu));
}

/* The call that is inside holds the vCPU; a kick cannot name it any more. */
static void *close_vcpu_running(void *arg)
{
	struct vm *vm = arg;

	ASSERT_TRUE(wait_until(DEADLINE, vm->mail->progress > 1000));
	ASSERT_OK(zx_handle_close(vm->vcpu));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_vcpu_kick(vm->vcpu));
	_exit(zxtest_failed());
}

static void close_own_vcpu(struct shared *shared)
{
	pthread_t thread;
	struct vm vm;

	atomic_store(&shared->ready, 1);
	vm_start(&vm, busy);
	thread_start(&thread, close_vcpu_running, &vm);
	enter_for_ever(&vm);
}

TEST_F_TIMEOUT(vmm, a_vcpu_is_closed_while_it_runs, 90)
{
	fork_vmm(self, close_own_vcpu);
	EXPECT_EQ(0, reap(self));
}

/* ---- stop and continue ------------------------------------------------ */

static void *finish_after_stop(void *arg)
{
	struct watch *w = arg;
	uint64_t seen;

	ASSERT_TRUE(wait_until(DEADLINE, w->vm->mail->progress > 1000));
	atomic_store(&w->shared->ready, 1);
	/* The test stops and continues this process, then takes a step. */
	ASSERT_TRUE(wait_until(DEADLINE, atomic_load(&w->shared->steps)));
	seen = w->vm->mail->progress;
	ASSERT_TRUE(wait_until(DEADLINE, w->vm->mail->progress > seen + 10));
	ASSERT_OK(zx_vcpu_kick(w->vm->vcpu));
	return NULL;
}

static void stopped_vmm(struct shared *shared)
{
	struct vm vm;
	struct watch w = { &vm, shared, thread_id() };
	pthread_t thread;

	vm_start(&vm, busy);
	thread_start(&thread, finish_after_stop, &w);
	vm_expect_status(&vm, ZX_ERR_CANCELED);
	thread_join(thread);
	vm_destroy(&vm);
}

TEST_F_TIMEOUT(vmm, a_stopped_vmm_goes_on_when_it_is_continued, 90)
{
	int status;

	fork_vmm(self, stopped_vmm);
	wait_ready(self);
	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(0, kill(self->pid, SIGSTOP));
		ASSERT_EQ(self->pid, waitpid(self->pid, &status, WUNTRACED));
		ASSERT_TRUE(WIFSTOPPED(status));
		ASSERT_EQ(0, kill(self->pid, SIGCONT));
	}
	atomic_store(&self->shared->steps, 1);
	EXPECT_EQ(0, reap(self));
}

/* ---- killed anywhere -------------------------------------------------- */

/* The vCPU of the moment, of churning_vmm(). */
static _Atomic zx_handle_t poked;

static void *poke_for_ever(void *arg)
{
	for (uint32_t i = 0;; i++) {
		(void)zx_vcpu_kick(atomic_load(&poked));
		(void)zx_vcpu_interrupt(atomic_load(&poked), 32 + i % 200);
		zxtest_relax();
	}
	return arg;
}

/* Makes, uses and destroys; each step is counted for the one that kills. */
static void churning_vmm(struct shared *shared)
{
	pthread_t thread;

	thread_start(&thread, poke_for_ever, NULL);
	for (;;) {
		zx_port_packet_t packet;
		zx_handle_t vmo;
		zx_vaddr_t addr;
		struct vm vm;

		vm_start(&vm, talks);
		atomic_store(&poked, vm.vcpu);
		atomic_fetch_add(&shared->steps, 1);
		ASSERT_OK(zx_guest_set_trap(vm.guest, ZX_GUEST_TRAP_MEM,
					    GUEST_MMIO, PAGE, 0, 1));
		for (int i = 0; i < 50; i++) {
			(void)zx_vcpu_enter(vm.vcpu, &packet);
			ASSERT_OK(zx_vmo_create(16 * PAGE, 0, &vmo));
			ASSERT_OK(zx_vmar_map(vm.vmar, RW | ZX_VM_SPECIFIC,
					      GUEST_HOLE + 0x100000 * i, vmo,
					      0, 16 * PAGE, &addr));
			ASSERT_OK(zx_handle_close(vmo));
			atomic_fetch_add(&shared->steps, 1);
		}
		ASSERT_OK(zx_vmar_unmap(vm.vmar, GUEST_HOLE,
					50 * 0x100000));
		atomic_fetch_add(&shared->steps, 1);
		vm_destroy(&vm);
		atomic_fetch_add(&shared->steps, 1);
	}
}

/* Killed after every count of steps up to a life's worth, in mixed order. */
TEST_F_TIMEOUT(vmm, killed_at_fifty_points, 540)
{
	zxtest_hurry_rcu();
	for (int round = 0; round < 50; round++) {
		int target = round * 37 % 110;

		zxtest_row("after %d steps", target);
		fork_vmm(self, churning_vmm);
		ASSERT_TRUE(wait_until(DEADLINE,
				       atomic_load(&self->shared->steps) >=
				       target));
		kill_and_reap(self);
		ASSERT_TRUE(zxtest_objects_settle(&self->before, DEADLINE));
	}
	zxtest_count("kills", 50);
}

TEST_HARNESS_MAIN
